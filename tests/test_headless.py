"""Watching without a window, with a core that only remembers."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.headless import watch
from crackseg_desktop.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Remembering:
    """Stands for the core: asks the process to end as soon as it has started."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls
        self.folders: list[Path] = []
        self.stuck: tuple[str, ...] = ()
        self.monitor = self

    def subscribe(self, subscriber: object) -> None:
        """Tell nobody anything."""

    def start(self) -> None:
        self.calls.append("start")
        signal.raise_signal(signal.SIGTERM)

    def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture(autouse=True)
def handlers_put_back() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    yield
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)


def test_that_messages_are_refused_before_the_orderly_stop_begins(tmp_path: Path) -> None:
    calls: list[str] = []
    core: Any = Remembering(calls)
    inbox = Inbox()
    inbox.on_close = lambda: calls.append("refuse")
    assert watch(core, inbox, tmp_path / "logs") == 0
    assert calls == ["start", "refuse", "stop"]
