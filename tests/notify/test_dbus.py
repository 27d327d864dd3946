from __future__ import annotations

import select
import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.notify import bus as bus_module
from crackseg_desktop.notify.bus import Bus, session_bus_address
from crackseg_desktop.notify.dbus import DBusNotifier
from crackseg_desktop.notify.notifier import NotifyError
from crackseg_desktop.notify.words import Action, Notification, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.notify.conftest import SessionBus, StrictServer

if sys.platform != "linux":
    pytest.skip("D-Bus notifications are for Linux", allow_module_level=True)

HOT = Notification("hot", "GPU 0 above its limit", "86 °C & <rising>", Urgency.CRITICAL, tuple(Action))
COOL = Notification("hot", "Resolved: GPU 0", "74 °C", Urgency.NORMAL, (Action.SHOW,), resolved=True)


@pytest.fixture
def notifier() -> Iterator[DBusNotifier]:
    notifier = DBusNotifier()
    yield notifier
    notifier.close()


@pytest.fixture
def mute_bus(tmp_path: Path) -> Iterator[str]:
    """Offer a bus that lets everybody in and then says nothing."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "mute"))
        listening.listen()

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(1024)
                client.sendall(b"OK 0123456789abcdef0123456789abcdef\r\n")
                while client.recv(1024):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"unix:path={tmp_path}/mute"
        thread.join(5)


def wait_readable(notifier: DBusNotifier) -> None:
    descriptor = notifier.fileno()
    assert descriptor is not None
    assert select.select([descriptor], [], [], 10)[0], "nothing came"


def test_that_the_call_has_the_types_of_the_specification(server: StrictServer, notifier: DBusNotifier) -> None:
    notifier.show(HOT)
    assert server.refused == []
    app_name, replaces, icon, summary, _, _, hints, timeout = server.notified()[0]
    assert (app_name, replaces, icon, summary) == ("CrackSeg Desktop", 0, "", HOT.title)
    assert hints["urgency"] == ("y", 2)
    assert hints["desktop-entry"] == ("s", "crackseg-desktop")
    assert timeout == 0


def test_that_the_server_refuses_other_types(server: StrictServer) -> None:
    bus = Bus()
    with pytest.raises(NotifyError, match="does not match expected type"):
        bus.call("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "CloseNotification", "i", (1,))
    bus.close()
    assert server.refused == ["CloseNotification(i)"]


def test_that_only_a_critical_notification_stays(server: StrictServer, notifier: DBusNotifier) -> None:
    notifier.show(COOL)
    assert server.notified()[0][7] == -1


def test_that_the_server_is_asked_once_what_it_can_do(server: StrictServer, notifier: DBusNotifier) -> None:
    assert notifier.probe() is None
    notifier.show(HOT)
    notifier.show(COOL)
    assert server.members() == ["GetServerInformation", "GetCapabilities", "Notify", "Notify"]


@pytest.mark.parametrize(
    ("capabilities", "body"),
    [(("body", "body-markup"), "86 °C &amp; &lt;rising&gt;"), (("body",), "86 °C & <rising>")],
)
def test_that_markup_is_escaped_only_where_it_is_read(
    start_server: Callable[..., StrictServer], notifier: DBusNotifier, capabilities: tuple[str, ...], body: str
) -> None:
    server = start_server(*capabilities)
    notifier.show(HOT)
    assert server.notified()[0][4] == body


def test_that_actions_are_offered_only_where_they_can_be_answered(
    start_server: Callable[..., StrictServer], notifier: DBusNotifier
) -> None:
    server = start_server("body")
    notifier.show(HOT)
    assert server.notified()[0][5] == []


def test_that_a_click_on_the_notification_itself_shows(server: StrictServer, notifier: DBusNotifier) -> None:
    notifier.show(HOT)
    assert server.notified()[0][5] == [
        *("default", "Open"),
        *("acknowledge", "Acknowledge"),
        *("snooze", "Snooze 1 h"),
        *("show", "Open"),
    ]


def test_that_a_recovery_replaces_the_open_notification(server: StrictServer, notifier: DBusNotifier) -> None:
    notifier.show(HOT)
    notifier.show(COOL)
    notifier.show(Notification("other", "Disk", "", Urgency.NORMAL))
    assert [call[1] for call in server.notified()] == [0, 1, 0]


def test_that_a_closed_notification_is_not_replaced(server: StrictServer, notifier: DBusNotifier) -> None:
    notifier.show(HOT)
    server.emit("NotificationClosed", "uu", 1, 2)
    wait_readable(notifier)
    notifier.show(COOL)
    assert [call[1] for call in server.notified()] == [0, 0]


def test_that_a_notification_is_withdrawn_once(server: StrictServer, notifier: DBusNotifier) -> None:
    notifier.show(HOT)
    notifier.withdraw("hot")
    notifier.withdraw("hot")
    notifier.withdraw("never shown")
    assert [body for member, body in server.calls if member == "CloseNotification"] == [(1,)]


@pytest.mark.parametrize(
    ("pressed", "told"), [("snooze", "snooze"), ("default", "show"), ("acknowledge", "acknowledge")]
)
def test_that_an_answer_is_told_with_the_key(
    server: StrictServer, notifier: DBusNotifier, pressed: str, told: str
) -> None:
    answers: list[tuple[str, str]] = []
    notifier.listen(lambda key, action: answers.append((key, action)))
    notifier.show(HOT)
    server.emit("ActionInvoked", "us", 99, pressed)  # of another application
    server.emit("ActionInvoked", "us", 1, pressed)
    while not answers:
        wait_readable(notifier)
        notifier.pump()
    assert answers == [("hot", told)]


def test_that_an_answer_counts_that_comes_after_the_closing(server: StrictServer, notifier: DBusNotifier) -> None:
    answers: list[tuple[str, str]] = []
    notifier.listen(lambda key, action: answers.append((key, action)))
    notifier.show(HOT)
    server.emit("NotificationClosed", "uu", 1, 2)
    server.emit("ActionInvoked", "us", 1, "show")
    while not answers:
        wait_readable(notifier)
        notifier.pump()
    assert answers == [("hot", "show")]


def test_that_a_new_server_is_asked_anew_and_gets_no_old_identifier(
    start_server: Callable[..., StrictServer], notifier: DBusNotifier
) -> None:
    old = start_server()
    notifier.show(HOT)
    old.stop()
    new = start_server("body")
    notifier.show(COOL)
    assert new.members() == ["GetServerInformation", "GetCapabilities", "Notify"]
    assert new.notified()[0][1] == 0
    assert new.notified()[0][5] == []


def test_that_a_bus_without_a_service_is_told(session_bus: SessionBus, notifier: DBusNotifier) -> None:
    assert notifier.probe() == "no notification service runs on the session bus"
    with pytest.raises(NotifyError, match="no notification service"):
        notifier.show(HOT)


def test_that_a_service_that_comes_later_is_found(
    session_bus: SessionBus, notifier: DBusNotifier, start_server: Callable[..., StrictServer]
) -> None:
    assert notifier.probe() is not None
    server = start_server()
    notifier.show(HOT)
    assert len(server.notified()) == 1


def test_that_a_hanging_service_is_given_up(
    server: StrictServer, notifier: DBusNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus_module, "REPLY_SECONDS", 0.2)
    assert notifier.probe() is None
    server.answering = False
    with pytest.raises(NotifyError, match="Notify was not answered"):
        notifier.show(HOT)


def test_that_a_dead_bus_is_an_error_and_then_no_connection(
    session_bus: SessionBus, notifier: DBusNotifier, start_server: Callable[..., StrictServer]
) -> None:
    start_server()
    notifier.show(HOT)
    session_bus.kill()
    wait_readable(notifier)
    with pytest.raises(NotifyError, match="session bus"):
        notifier.show(COOL)
    assert notifier.fileno() is None
    notifier.pump()
    notifier.withdraw("hot")


@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", "autolaunch:", "tcp:host=localhost,port=1", "?"])
def test_that_a_bad_address_is_a_reason(notifier: DBusNotifier, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    reason = notifier.probe()
    assert reason is not None
    assert reason.startswith("the session bus cannot be reached")


def test_that_no_bus_is_a_reason(notifier: DBusNotifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert notifier.probe() == "there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)"


def test_that_the_bus_of_the_runtime_folder_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "bus").touch()
    assert session_bus_address() == f"unix:path={tmp_path}/bus"


def test_that_a_bus_that_never_greets_is_given_up(
    notifier: DBusNotifier, monkeypatch: pytest.MonkeyPatch, mute_bus: str
) -> None:
    monkeypatch.setattr(bus_module, "REPLY_SECONDS", 0.2)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", mute_bus)
    reason = notifier.probe()
    assert reason is not None
    assert reason.startswith("the session bus cannot be reached")


def test_that_only_the_last_notifications_are_remembered(server: StrictServer, notifier: DBusNotifier) -> None:
    for number in range(260):
        notifier.show(Notification(f"k{number}", "t", "b", Urgency.LOW))
    notifier.show(Notification("k0", "t", "b", Urgency.LOW))
    notifier.show(Notification("k259", "t", "b", Urgency.LOW))
    assert [call[1] for call in server.notified()][-2:] == [0, 260]


def test_that_no_thread_is_needed_to_receive(server: StrictServer, notifier: DBusNotifier) -> None:
    before = threading.active_count()
    notifier.show(HOT)
    assert threading.active_count() == before
