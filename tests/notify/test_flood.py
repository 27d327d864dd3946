from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.notify.flood import NATIVE_CAP, RECHECK_SECONDS, Gate
from crackseg_desktop.notify.words import Notification, Urgency


def alert(
    key: str, *, resolved: bool = False, group: str = "", critical: bool = False, about: str = "GPU 1"
) -> Notification:
    urgency = Urgency.CRITICAL if critical else Urgency.NORMAL
    return Notification(key, f"alert {key}", "", urgency, resolved=resolved, group=group or key, about=about)


def loud() -> bool:
    return False


def quiet() -> bool:
    return True


def titles(gate: Gate, now: float, *, hush: bool = False) -> list[str]:
    told = []
    while (due := gate.take(now, quiet if hush else loud)) is not None:
        told.append(due.title)
    return told


def told(gate: Gate, now: float, *notifications: Notification, hush: bool = False) -> list[str]:
    shown = []
    for notification in notifications:
        gate.put(notification, now)
        shown += titles(gate, now, hush=hush)
    return shown


def flooded(held: int = 0) -> Gate:
    gate = Gate()
    shown = [title for number in range(6 + held) for title in told(gate, float(number), alert(str(number)))]
    assert shown == [f"alert {number}" for number in range(6)]
    return gate


def test_that_six_in_a_minute_pass_and_no_more() -> None:
    gate = flooded(held=1)
    assert titles(gate, 6.0) == []
    assert gate.wait == 54.0
    assert titles(gate, 59.9) == []


def test_that_a_minute_later_the_rest_comes_as_one() -> None:
    gate = flooded(held=3)
    assert titles(gate, 60.0) == ["3 more alerts"]
    assert gate.wait is None
    assert titles(gate, 61.0) == []


def test_that_a_single_one_held_back_comes_as_itself() -> None:
    assert titles(flooded(held=1), 60.0) == ["alert 6"]


def test_that_nothing_overtakes_the_digest() -> None:
    gate = flooded(held=1)
    assert told(gate, 60.0, alert("late")) == ["2 more alerts"]
    assert told(gate, 71.0, alert("later")) == ["alert later"]


def test_that_the_digest_counts_as_one_of_six() -> None:
    gate = flooded(held=2)
    assert titles(gate, 66.0) == ["2 more alerts"]
    assert len(told(gate, 66.0, *(alert(f"n{number}") for number in range(6)))) == 5


def test_that_slow_alerts_all_pass() -> None:
    gate = Gate()
    assert sum(len(told(gate, 10.0 * number, alert(str(number)))) for number in range(50)) == 50


def test_that_what_came_and_went_unheard_is_left_out() -> None:
    gate = flooded()
    assert told(gate, 7.0, alert("brief")) == []
    assert told(gate, 8.0, alert("brief", resolved=True)) == []
    assert titles(gate, 70.0) == []


def test_that_a_recovery_of_what_was_shown_is_replaced_by_its_return() -> None:
    gate = flooded()
    gate.put(alert("0", resolved=True), 7.0)
    gate.put(alert("0"), 8.0)
    assert titles(gate, 70.0) == ["alert 0"]


def test_that_lost_ones_are_counted() -> None:
    gate = Gate()
    gate.miss(4)
    assert titles(gate, 0.0) == ["4 more alerts"]
    assert titles(gate, 1.0) == []


def test_that_the_first_about_a_subject_is_told_at_once_and_what_follows_as_one() -> None:
    gate = Gate()
    assert told(gate, 0.0, alert("a", group="gpu=1")) == ["alert a"]
    assert told(gate, 3.0, *(alert(key, group="gpu=1") for key in "bcd")) == []
    assert gate.wait == 7.0
    assert told(gate, 4.0, alert("other", group="gpu=2")) == ["alert other"]
    assert titles(gate, 10.0) == ["3 alerts on GPU 1"]
    assert told(gate, 10.0, alert("e", group="gpu=1")) == ["alert e"]


def test_that_a_single_follower_comes_as_itself() -> None:
    gate = Gate()
    assert told(gate, 0.0, alert("a", group="g"), alert("b", group="g")) == ["alert a"]
    assert titles(gate, 10.0) == ["alert b"]


def test_that_what_is_critical_does_not_wait_for_the_group_of_what_is_not() -> None:
    gate = Gate()
    assert told(gate, 0.0, alert("a", group="g"), alert("b", group="g", critical=True)) == ["alert a", "alert b"]


def test_that_a_follower_that_came_and_went_is_left_out_unless_it_is_critical() -> None:
    gate = Gate()
    told(gate, 0.0, alert("a", group="g"), alert("c", group="g", critical=True))
    told(gate, 1.0, alert("b", group="g"), alert("b", group="g", resolved=True))
    told(gate, 1.0, alert("d", group="g", critical=True), alert("d", group="g", resolved=True))
    assert titles(gate, 11.0) == ["alert d", "alert d"]


def test_that_quiet_hours_hold_all_but_what_is_critical_for_one_digest() -> None:
    gate = Gate()
    assert told(gate, 0.0, alert("a"), alert("b"), alert("c", critical=True), hush=True) == ["alert c"]
    assert gate.wait == RECHECK_SECONDS
    assert titles(gate, 60.0, hush=True) == []
    assert titles(gate, 120.0) == ["2 alerts while it was to be quiet"]


def test_that_what_happened_and_ended_in_the_quiet_hours_is_told_as_over() -> None:
    gate = Gate()
    assert told(gate, 0.0, alert("a"), alert("b"), hush=True) == []
    assert told(gate, 500.0, alert("a", resolved=True), hush=True) == []
    assert titles(gate, 600.0) == ["2 alerts while it was to be quiet"]


def test_that_what_is_critical_passes_a_full_cap() -> None:
    gate = flooded(held=3)
    assert told(gate, 9.0, alert("c", critical=True)) == ["alert c"]
    assert titles(gate, 70.0) == ["3 more alerts"]


def test_that_an_escalation_takes_the_place_of_what_was_held() -> None:
    gate = flooded()
    told(gate, 7.0, alert("memory"))
    assert told(gate, 8.0, alert("memory", critical=True)) == ["alert memory"]
    assert titles(gate, 100.0) == []


def test_that_what_the_person_knows_is_not_told() -> None:
    gate = Gate()
    told(gate, 0.0, alert("a", critical=True, group="g"), alert("b", critical=True, group="g"), hush=True)
    gate.forget("b", even_critical=False)
    assert [left.key for left in gate.urgent()] == ["b"]
    gate.forget("b")
    assert (gate.urgent(), titles(gate, 20.0)) == ([], [])


def test_that_a_flood_is_only_counted() -> None:
    gate = flooded()
    told(gate, 7.0, *(alert(f"n{number}") for number in range(10_000)))
    assert titles(gate, 70.0) == ["10000 more alerts"]


EVENTS = st.lists(
    st.tuples(
        st.floats(0.0, 20.0),  # seconds since the one before
        st.sampled_from("abcdefgh"),
        st.sampled_from(["g", "h", "i"]),
        st.booleans(),  # resolved
        st.sampled_from([False, False, False, True]),  # critical
        st.booleans(),  # quiet
    ),
    max_size=60,
)


@given(EVENTS)
def test_that_the_cap_holds_nothing_critical_is_lost_and_all_is_told_in_the_end(
    events: list[tuple[float, str, str, bool, bool, bool]],
) -> None:
    gate, now, shown = Gate(), 0.0, list[tuple[float, Notification]]()
    critical = 0
    for gap, key, group, resolved, is_critical, hush in events:
        now += gap
        is_urgent = is_critical and not resolved
        critical += is_urgent
        gate.put(alert(f"{group}{key}", resolved=resolved, group=group, critical=is_urgent), now)
        while (due := gate.take(now, quiet if hush else loud)) is not None:
            assert due.urgency == Urgency.CRITICAL or not hush
            shown.append((now, due))
    while (due := gate.take(now, loud)) is not None or gate.wait is not None:
        if due is not None:
            shown.append((now, due))
        now += gate.wait or 0.0
    assert sum(counted(due) for _, due in shown if due.urgency == Urgency.CRITICAL) == critical
    others = [moment for moment, due in shown if due.urgency != Urgency.CRITICAL]
    assert all(
        sum(start <= moment < start + NATIVE_CAP.seconds for moment in others) <= NATIVE_CAP.limit for start in others
    )
    assert gate.urgent() == []


def counted(due: Notification) -> int:
    return int(due.title.split()[0]) if due.title.split()[0].isdigit() else 1
