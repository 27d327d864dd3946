"""Do-not-disturb, asked of servers that say so in their own ways."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.notify.bus import BusLostError
from crackseg_desktop.notify.dbus import DBusNotifier
from crackseg_desktop.notify.disturb import do_not_disturb
from crackseg_desktop.notify.notifier import Considerate, NotifyError

if TYPE_CHECKING:
    from tests.notify.conftest import StrictServer


@dataclass
class Desk:
    """A bus on which services answer as told."""

    answer: Any = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    has_service: bool = True

    def call(self, *words: Any, interface: str | None = None) -> Any:
        self.asked.append((*words, interface))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def reaches(self, service: str) -> bool:
        return self.has_service


@pytest.mark.parametrize(
    ("server", "answer", "known"),
    [
        ("Plasma", (("b", True),), True),
        ("Plasma", (("b", False),), False),
        ("dunst", (("b", True),), True),
        ("Xfce Notify Daemon", (("b", True),), True),
        ("Xfce Notify Daemon", NotifyError("PropertyNotFound"), False),
        ("Xfce Notify Daemon", NotifyError("nobody answers"), None),
        ("other", NotifyError("InvalidArgs: no such property"), None),
        ("other", (("s", "yes"),), None),
    ],
)
def test_that_each_desktop_is_asked_in_its_own_way(server: str, answer: Any, known: bool | None) -> None:
    assert do_not_disturb(Desk(answer), server) is known  # type: ignore[arg-type]


def test_that_a_lost_bus_is_told() -> None:
    with pytest.raises(BusLostError):
        do_not_disturb(Desk(BusLostError("gone")), "Plasma")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("output", "code", "known"), [("true\n", 0, False), ("false\n", 0, True), ("", 1, None), ("maybe", 0, None)]
)
def test_that_gnome_is_asked_for_its_banners(
    monkeypatch: pytest.MonkeyPatch, output: str, code: int, known: bool | None
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    asked: list[list[str]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, code, output, "")

    assert do_not_disturb(Desk(), "gnome-shell", run) is known  # type: ignore[arg-type]
    assert asked == [["/bin/gsettings", "get", "org.gnome.desktop.notifications", "show-banners"]]


def test_that_a_gnome_that_does_not_answer_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **options: Any) -> Any:
        raise subprocess.TimeoutExpired(command, 2.0)

    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    assert do_not_disturb(Desk(), "gnome-shell", run) is None  # type: ignore[arg-type]
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert do_not_disturb(Desk(), "gnome-shell", run) is None  # type: ignore[arg-type]


def test_that_a_real_server_without_the_property_is_unknown(server: StrictServer) -> None:
    notifier = DBusNotifier()
    assert isinstance(notifier, Considerate)
    assert notifier.do_not_disturb() is None
    assert "Get" in server.members()
    notifier.close()


def test_that_without_a_bus_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus")
    assert DBusNotifier().do_not_disturb() is None
