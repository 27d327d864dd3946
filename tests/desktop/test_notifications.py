"""Notifications as a real notification server receives them."""

from __future__ import annotations

import select
import threading
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.notify.dbus import DBusNotifier
from crackseg_desktop.notify.portable import PlyerNotifier
from crackseg_desktop.notify.words import Action, Notification, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.desktop.harness import Desktop

pytestmark = pytest.mark.desktop

HOT = Notification(
    key="gpu_temperature:gpu=GPU-1",
    title="GPU 0 above its limit: 86 °C",
    body="Above 80 °C for 2 min & rising <now>.",
    urgency=Urgency.CRITICAL,
    actions=tuple(Action),
)
COOL = Notification(
    key=HOT.key, title="Resolved: GPU 0 above its limit", body="74 °C.", urgency=Urgency.NORMAL, resolved=True
)


@pytest.fixture
def on_bus(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """Put this process on the desktop's session bus."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY"):
        monkeypatch.setenv(name, desktop.env[name])
    return desktop


@pytest.fixture
def notifier(on_bus: Desktop) -> Iterator[DBusNotifier]:
    notifier = DBusNotifier()
    yield notifier
    notifier.close()


def test_that_a_notification_arrives_as_the_specification_wants_it(notifier: DBusNotifier, on_bus: Desktop) -> None:
    assert notifier.probe() is None
    notifier.show(HOT)
    seen = on_bus.wait_for_notification(lambda seen: seen.summary == HOT.title)
    assert seen.signature == "susssasa{sv}i"
    assert seen.app_name == "CrackSeg Desktop"
    assert seen.replaces_id == 0
    assert seen.body == "Above 80 °C for 2 min &amp; rising &lt;now&gt;."
    assert seen.urgency == Urgency.CRITICAL
    assert seen.timeout == 0
    assert seen.hints["desktop-entry"] == ("s", "crackseg-desktop")
    assert seen.actions[2:] == ("acknowledge", "Acknowledge", "snooze", "Snooze 1 h", "show", "Open")
    notifier.withdraw(HOT.key)


def test_that_a_recovery_replaces_the_open_notification_and_is_withdrawn(
    notifier: DBusNotifier, on_bus: Desktop
) -> None:
    before = len(on_bus.notifications())
    notifier.show(HOT)
    notifier.show(COOL)
    on_bus.wait_for_notification(lambda seen: seen.summary == COOL.title)
    first, second = on_bus.notifications()[before:]
    assert first.identifier is not None
    assert second.replaces_id == first.identifier == second.identifier
    assert (second.urgency, second.timeout) == (Urgency.NORMAL, -1)
    notifier.withdraw(HOT.key)
    assert on_bus.withdrawn()[-1] == first.identifier


def test_that_a_person_can_answer(notifier: DBusNotifier, on_bus: Desktop) -> None:
    answered = threading.Event()
    answers: list[tuple[str, str]] = []

    def on_action(key: str, action: str) -> None:
        answers.append((key, action))
        answered.set()

    notifier.listen(on_action)
    notifier.show(HOT)
    on_bus.run("dunstctl", "action", "0")
    _pump_until(notifier, answered)
    assert answers == [(HOT.key, "show")]


def test_that_plyer_reaches_the_same_server(on_bus: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", on_bus.env["PATH"])
    plyer = PlyerNotifier()
    assert plyer.probe() is None
    words = Notification(key="k", title="-v is no option", body=r"C:\new <b> & 'so on'", urgency=Urgency.NORMAL)
    plyer.show(words)
    seen = on_bus.wait_for_notification(lambda seen: seen.summary.endswith("-v is no option"))
    assert seen.signature == "susssasa{sv}i"
    assert seen.app_name == "CrackSeg Desktop"
    assert seen.body == r"C:\new &lt;b&gt; &amp; 'so on'"
    plyer.withdraw("k")


def _pump_until(notifier: DBusNotifier, done: threading.Event) -> None:
    descriptor = notifier.fileno()
    assert descriptor is not None
    while not done.is_set():
        ready, _, _ = select.select([descriptor], [], [], 10)
        assert ready, "nothing came"
        notifier.pump()
