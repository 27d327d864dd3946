"""Watching without a window, with a core that only remembers."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.headless import watch
from crackseg_desktop.history.health import Health, RecorderState
from crackseg_desktop.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Remembering:
    """Stands for the core; asks the process to end as soon as it has started, unless told not to."""

    def __init__(self, calls: list[str], *, ends_at_once: bool = True) -> None:
        self.calls, self.ends_at_once = calls, ends_at_once
        self.folders: list[Path] = []
        self.stuck: tuple[str, ...] = ()
        self.monitor = self
        self.recorder: Any = None

    def subscribe(self, subscriber: object) -> None:
        """Tell nobody anything."""

    def start(self) -> None:
        self.calls.append("start")
        if self.ends_at_once:
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


class Failing:
    """Stands for a recorder whose disk is full for a while; ends the process after the last look."""

    def __init__(self) -> None:
        full = Health(RecorderState.FULL, "The disk is full.")
        self.coming = [Health(RecorderState.OFF, "Not started."), full, full, Health(RecorderState.OK)]

    @property
    def health(self) -> Health:
        if len(self.coming) == 1:
            signal.raise_signal(signal.SIGTERM)
        return self.coming.pop(0)


def test_that_a_history_that_cannot_be_written_is_told_once_and_its_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("crackseg_desktop.headless._PAUSE_SECONDS", 0.001)
    core: Any = Remembering([], ends_at_once=False)
    core.recorder = Failing()
    assert watch(core, Inbox(), tmp_path / "logs") == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("history")]
    assert told == ["history: The disk is full.", "history: it is written again."]
