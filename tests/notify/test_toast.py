"""The contract with desktop-notifier 6, held against a stand-in with its public names."""

from __future__ import annotations

import asyncio
import enum
import sys
import threading
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.notify import toast
from crackseg_desktop.notify.desktop import native_notifiers
from crackseg_desktop.notify.notifier import NotifyError
from crackseg_desktop.notify.toast import MacNotification, ToastNotifier, WindowsToast, identifier_of
from crackseg_desktop.notify.words import Action, Notification, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOT = Notification("gpu:gpu=1", "GPU 0", "86 °C", Urgency.CRITICAL, tuple(Action))


class FakeUrgency(enum.Enum):
    Critical = "critical"
    Normal = "normal"
    Low = "low"


@dataclass(frozen=True)
class FakeButton:
    title: str
    identifier: str


@dataclass(frozen=True)
class FakeNotification:
    title: str
    message: str
    urgency: FakeUrgency
    buttons: tuple[FakeButton, ...]
    identifier: str


class FakeCenter:
    """Behaves as the library documents: coroutines, failures only logged, callbacks in the loop's thread."""

    made: list[FakeCenter]
    on_dispatched: Callable[[str], Any]
    on_clicked: Callable[[str], Any]
    on_button_pressed: Callable[[str, str], Any]

    def __init__(self, app_name: str, app_icon: object) -> None:
        self.app_name = app_name
        self.loop = asyncio.get_running_loop()
        self.sent: list[FakeNotification] = []
        self.cleared: list[str] = []
        self.capabilities, self.authorised, self.failing, self.hanging = frozenset({"TITLE"}), True, False, False
        self.made.append(self)

    async def get_capabilities(self) -> frozenset[str]:
        return self.capabilities

    async def request_authorisation(self) -> bool:
        return self.authorised

    async def send_notification(self, notification: FakeNotification) -> str:
        if self.hanging:
            await asyncio.sleep(3600)
        if not self.failing:
            self.sent.append(notification)
            self.on_dispatched(notification.identifier)
        return notification.identifier

    async def clear(self, identifier: str) -> None:
        self.cleared.append(identifier)


@pytest.fixture
def centers(monkeypatch: pytest.MonkeyPatch) -> list[FakeCenter]:
    FakeCenter.made = []
    module = types.ModuleType("desktop_notifier")
    names = {
        "DesktopNotifier": FakeCenter,
        "Notification": FakeNotification,
        "Button": FakeButton,
        "Urgency": FakeUrgency,
    }
    vars(module).update(names)
    monkeypatch.setitem(sys.modules, "desktop_notifier", module)
    return FakeCenter.made


class HereToast(ToastNotifier):
    platform = sys.platform


@pytest.fixture
def notifier() -> Iterator[ToastNotifier]:
    notifier = HereToast()
    yield notifier
    notifier.close()


def test_that_a_toast_has_words_urgency_and_buttons(centers: list[FakeCenter], notifier: ToastNotifier) -> None:
    assert notifier.probe() is None
    notifier.show(HOT)
    assert centers[0].app_name == "CrackSeg Desktop"
    assert centers[0].sent == [
        FakeNotification(
            "GPU 0",
            "86 °C",
            FakeUrgency.Critical,
            (FakeButton("Acknowledge", "acknowledge"), FakeButton("Snooze 1 h", "snooze"), FakeButton("Open", "show")),
            identifier_of(HOT.key),
        )
    ]


def test_that_the_same_key_has_the_same_short_identifier() -> None:
    assert identifier_of("k" * 500) == identifier_of("k" * 500)
    assert identifier_of("k") != identifier_of("l")
    assert len(identifier_of("k" * 500)) <= 64


def test_that_a_toast_is_withdrawn(centers: list[FakeCenter], notifier: ToastNotifier) -> None:
    notifier.withdraw(HOT.key)
    notifier.show(HOT)
    notifier.withdraw(HOT.key)
    notifier.withdraw("never shown")
    assert centers[0].cleared == [identifier_of(HOT.key)]


def test_that_clicks_are_told_with_the_key(centers: list[FakeCenter], notifier: ToastNotifier) -> None:
    answers: list[tuple[str, str]] = []
    done = threading.Event()
    notifier.listen(lambda key, action: answers.append((key, action)))
    notifier.show(HOT)
    center = centers[0]
    center.loop.call_soon_threadsafe(center.on_button_pressed, identifier_of(HOT.key), "snooze")
    center.loop.call_soon_threadsafe(center.on_clicked, identifier_of(HOT.key))
    center.loop.call_soon_threadsafe(center.on_clicked, "of another run of the program")
    center.loop.call_soon_threadsafe(done.set)
    assert done.wait(10)
    assert answers == [(HOT.key, "snooze"), (HOT.key, "show")]


def test_that_a_failure_that_is_only_logged_is_noticed(centers: list[FakeCenter], notifier: ToastNotifier) -> None:
    notifier.probe()
    centers[0].failing = True
    with pytest.raises(NotifyError, match="did not take"):
        notifier.show(HOT)


def test_that_a_hanging_system_is_given_up(
    centers: list[FakeCenter], notifier: ToastNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier.probe()
    monkeypatch.setattr(toast, "ANSWER_SECONDS", 0.1)
    centers[0].hanging = True
    with pytest.raises(NotifyError, match="did not answer"):
        notifier.show(HOT)


def test_that_an_unsigned_application_is_told_why(centers: list[FakeCenter], notifier: ToastNotifier) -> None:
    notifier.probe()
    centers[0].capabilities = frozenset()
    assert notifier.probe() == "notifications need a signed application bundle"


def test_that_a_refused_permission_is_told(centers: list[FakeCenter], notifier: ToastNotifier) -> None:
    notifier.probe()
    centers[0].authorised = False
    assert notifier.probe() == "notifications of this application are switched off in the system's settings"


def test_that_it_can_be_used_again_after_closing(centers: list[FakeCenter], notifier: ToastNotifier) -> None:
    notifier.show(HOT)
    notifier.close()
    notifier.close()
    notifier.show(HOT)
    assert len(centers) == 2


def test_that_a_missing_library_is_a_reason(notifier: ToastNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "desktop_notifier", None)
    assert notifier.probe() == "desktop-notifier is not installed"


@pytest.mark.parametrize("elsewhere", [WindowsToast, MacNotification])
def test_that_a_toast_is_only_for_its_own_system(elsewhere: type[ToastNotifier]) -> None:
    if sys.platform != elsewhere.platform:
        assert elsewhere().probe() == "not for this system"


def test_that_every_system_has_plyer_as_the_last() -> None:
    names = [notifier.name for notifier in native_notifiers()]
    assert names == (["dbus", "plyer"] if sys.platform == "linux" else ["toast", "plyer"])
