from __future__ import annotations

from dataclasses import replace

from crackseg_desktop.notify.flood import FloodGate
from crackseg_desktop.notify.words import Notification, Urgency


def alert(key: str, *, resolved: bool = False) -> Notification:
    return Notification(key, f"alert {key}", "", Urgency.NORMAL, resolved=resolved)


def flooded(held: int = 0) -> FloodGate:
    gate = FloodGate()
    admitted = [gate.admit(alert(str(number)), float(number)) for number in range(6 + held)]
    assert admitted == [True] * 6 + [False] * held
    return gate


def test_that_six_in_a_minute_pass_and_no_more() -> None:
    gate = flooded(held=1)
    assert gate.wait(6.0) == 54.0
    assert gate.digest(59.9) is None


def test_that_a_minute_later_the_rest_comes_as_one() -> None:
    gate = flooded(held=3)
    digest = gate.digest(60.0)
    assert digest is not None
    assert digest.title == "3 more alerts"
    assert gate.wait(60.0) is None
    assert gate.digest(61.0) is None


def test_that_nothing_overtakes_the_digest() -> None:
    gate = flooded(held=1)
    assert not gate.admit(alert("late"), 70.0)
    digest = gate.digest(70.0)
    assert digest is not None
    assert digest.title == "2 more alerts"
    assert gate.admit(alert("later"), 71.0)


def test_that_the_digest_counts_as_one_of_six() -> None:
    gate = flooded(held=1)
    assert gate.digest(66.0) is not None
    assert [gate.admit(alert(f"n{number}"), 66.0) for number in range(6)] == [True] * 5 + [False]


def test_that_slow_alerts_all_pass() -> None:
    gate = FloodGate()
    assert all(gate.admit(alert(str(number)), 10.0 * number) for number in range(50))


def test_that_what_came_and_went_unheard_is_left_out() -> None:
    gate = flooded()
    gate.admit(alert("brief"), 7.0)
    gate.admit(alert("brief", resolved=True), 8.0)
    assert gate.wait(9.0) is None


def test_that_a_recovery_of_what_was_shown_is_counted() -> None:
    gate = flooded()
    gate.admit(alert("0", resolved=True), 7.0)
    gate.admit(alert("0"), 8.0)
    digest = gate.digest(60.0)
    assert digest is not None
    assert digest.title == "1 more alert"
    assert digest.body == replace(alert("0")).title


def test_that_lost_ones_are_counted() -> None:
    gate = FloodGate()
    gate.miss(4)
    assert gate.wait(0.0) == 0.0
    digest = gate.digest(0.0)
    assert digest is not None
    assert digest.title == "4 more alerts"
