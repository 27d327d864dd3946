from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crackseg_desktop.inbox import Inbox
from crackseg_desktop.readings import AlertState

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import AlertEvent

SHOW = {"command": "show"}
ADD = {"command": "add_runs", "folders": ["/data"]}


def test_that_messages_wait_until_there_is_a_window() -> None:
    inbox, received = Inbox(), list[dict[str, Any]]()
    assert inbox(SHOW) == {"ok": True}
    inbox(ADD)
    inbox.attach(received.append)
    assert received == [SHOW, ADD]
    inbox(SHOW)
    assert received == [SHOW, ADD, SHOW]


def test_that_nothing_is_passed_on_after_the_end_and_whoever_hands_in_is_told_once() -> None:
    inbox, received, told = Inbox(), list[dict[str, Any]](), list[str]()
    inbox.on_close = lambda: told.append("closing")
    inbox.attach(received.append)
    inbox.close()
    inbox.close()
    inbox(SHOW)
    assert received == []
    assert told == ["closing"]


def test_that_the_open_alerts_are_told(make_alert: Callable[..., AlertEvent]) -> None:
    inbox = Inbox()
    inbox.on_event(make_alert())
    inbox.on_event(make_alert(rule="gpu_memory", state=AlertState.PENDING))
    (alert,) = inbox({"command": "alerts"})["alerts"]
    assert alert["rule"] == "gpu_temperature"
    assert alert["state"] == "firing"
    assert alert["labels"] == {"gpu": "GPU-1"}
    assert (alert["value"], alert["limit"]) == (86, 80)
    inbox.on_event(make_alert(state=AlertState.RESOLVED))
    assert inbox({"command": "alerts"}) == {"alerts": []}


def test_that_an_unknown_command_is_said_to_be_one() -> None:
    assert "dance" in Inbox()({"command": "dance"})["error"]
    assert "error" in Inbox()({})


def test_that_where_there_is_no_window_it_says_so_and_still_takes_folders() -> None:
    inbox, received = Inbox("there is no window"), list[dict[str, Any]]()
    inbox.attach(received.append)
    assert inbox(SHOW) == {"error": "there is no window"}
    assert inbox(ADD) == {"ok": True}
    assert received == [ADD]
