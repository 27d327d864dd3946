from __future__ import annotations

import queue
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import time
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.notify.notifier import Delivery, NotifyError
from crackseg_desktop.notify.quiet import QuietHours
from crackseg_desktop.notify.router import NATIVE, QUEUE_LENGTH, Router
from crackseg_desktop.readings import AlertEvent, AlertState, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crackseg_desktop.notify.words import Notification


@dataclass
class FakeClock:
    now: float = 1000.0

    def time(self) -> float:
        return self.now + 1e9

    def monotonic(self) -> float:
        return self.now


@dataclass
class FakeNotifier:
    """Records what it is asked; fails, raises or blocks on demand."""

    name: str = "fake"
    obstacle: str | None = None
    error: Exception | None = None
    free: threading.Event = field(default_factory=threading.Event)
    events: queue.Queue[tuple[str, str]] = field(default_factory=queue.Queue)
    probed: int = 0

    def __post_init__(self) -> None:
        self.free.set()

    def probe(self) -> str | None:
        self.probed += 1
        return self.obstacle

    def show(self, notification: Notification) -> None:
        assert self.free.wait(10)
        if self.error is not None:
            raise self.error
        self.events.put(("show", notification.title))

    def withdraw(self, key: str) -> None:
        self.events.put(("withdraw", key))

    def next(self) -> tuple[str, str]:
        return self.events.get(timeout=10)


class TalkingNotifier(FakeNotifier):
    """Answers through a socket, as the D-Bus notifier does."""

    on_action: Callable[[str, str], None]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.theirs, self.ours = socket.socketpair()
        self.closed = False

    def listen(self, on_action: Callable[[str, str], None]) -> None:
        self.on_action = on_action

    def fileno(self) -> int | None:
        return self.ours.fileno()

    def pump(self) -> None:
        self.on_action("a:", self.ours.recv(64).decode())

    def close(self) -> None:
        self.closed = True
        self.ours.close()
        self.theirs.close()


@dataclass
class ConsiderateNotifier(FakeNotifier):
    """Knows whether the person wants to be left alone."""

    left_alone: bool | None = None
    asked: int = 0

    def do_not_disturb(self) -> bool | None:
        self.asked += 1
        return self.left_alone


def event(
    rule: str = "a",
    state: AlertState = AlertState.FIRING,
    *,
    notify: bool = True,
    severity: Severity = Severity.WARNING,
    channels: tuple[str, ...] = (),
) -> AlertEvent:
    return AlertEvent(
        rule=rule,
        subject=f"subject of {rule}",
        labels={},
        state=state,
        severity=severity,
        channels=channels,
        metric="gpu_temperature_celsius",
        value=86.0,
        limit=80.0,
        since=0.0,
        time=0.0,
        title=f"title {rule}",
        summary="",
        notify=notify,
    )


@contextmanager
def running(*notifiers: FakeNotifier, clock: FakeClock | None = None, backend: str = "auto") -> Iterator[Router]:
    router = Router(notifiers, clock or FakeClock(), backend)
    router.start()
    try:
        yield router
    finally:
        assert router.stop(10)


def test_that_a_breach_is_shown_and_recorded() -> None:
    fake = FakeNotifier()
    with running(fake) as router:
        assert fake.probed == 0
        router.post(event())
        assert fake.next() == ("show", "title a")
    assert router.deliveries == (Delivery(1e9 + 1000.0, "a", "fake", None),)
    assert fake.probed == 1


def test_that_what_is_not_to_be_told_is_not_shown() -> None:
    fake = FakeNotifier()
    with running(fake) as router:
        router.post(event("quiet", AlertState.PENDING, notify=False))
        router.post(event("quiet", AlertState.FIRING, notify=False))
        router.post(event("loud"))
        assert fake.next() == ("show", "title loud")


def test_that_what_is_over_without_a_word_is_taken_back_once() -> None:
    fake = FakeNotifier()
    with running(fake) as router:
        router.post(event())
        router.post(event(state=AlertState.ACKNOWLEDGED, notify=False))
        router.post(event(state=AlertState.RESOLVED, notify=False))
    assert list(fake.events.queue) == [("show", "title a"), ("withdraw", "a")]


def test_that_the_next_notifier_takes_over_and_the_failed_one_rests() -> None:
    first, second, clock = FakeNotifier("first", error=NotifyError("gone")), FakeNotifier("second"), FakeClock()
    with running(first, second, clock=clock) as router:
        router.post(event("a"))
        assert second.next() == ("show", "title a")
        first.error = None
        router.post(event("b"))
        assert second.next() == ("show", "title b")
        clock.now += 300.0
        router.post(event("c"))
        assert first.next() == ("show", "title c")
    assert [(told.key, told.notifier, told.error) for told in router.deliveries] == [
        ("a", "first", "gone"),
        ("a", "second", None),
        ("b", "second", None),
        ("c", "first", None),
    ]
    assert first.probed == 2


def test_that_an_obstacle_is_the_error() -> None:
    first, second = FakeNotifier("first", obstacle="not for this system"), FakeNotifier("second")
    with running(first, second) as router:
        router.post(event())
        second.next()
    assert router.deliveries[0].error == "not for this system"


def test_that_where_all_rest_all_are_tried_again() -> None:
    only = FakeNotifier("only", error=NotifyError("gone"))
    with running(only) as router:
        router.post(event("a"))
        _until(lambda: len(router.deliveries) == 1)
        only.error = None
        router.post(event("b"))
        assert only.next() == ("show", "title b")


def test_that_a_broken_notifier_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    first, second = FakeNotifier("first", error=ZeroDivisionError("oops")), FakeNotifier("second")
    with running(first, second) as router:
        router.post(event("a"))
        assert second.next() == ("show", "title a")
    assert router.deliveries[0].error == "ZeroDivisionError: oops"
    assert "Notifier first broke" in caplog.text


def test_that_a_blocked_notifier_blocks_nobody_and_nothing_is_lost_uncounted() -> None:
    slow, clock = FakeNotifier(), FakeClock()
    slow.free.clear()
    router = Router([slow], clock)
    router.start()
    for number in range(1 + QUEUE_LENGTH + 5):
        router.post(event(str(number)))
    assert not router.stop(0.01)
    slow.free.set()
    assert router.stop(10)
    shown = [title for _, title in slow.events.queue]
    assert shown == [f"title {number}" for number in range(6)]


def test_that_the_seventh_waits_for_a_digest() -> None:
    fake, clock = FakeNotifier(), FakeClock()
    with running(fake, clock=clock) as router:
        for number in range(8):
            router.post(event(str(number)))
        for number in range(6):
            assert fake.next() == ("show", f"title {number}")
        router.post(event("0", AlertState.RESOLVED))
        assert fake.next() == ("withdraw", "0")
        clock.now += 60.0
        router.post(event("9"))
        assert fake.next() == ("show", "4 more alerts")


def test_that_what_follows_about_a_subject_comes_as_one_and_an_end_replaces_its_alert_at_once() -> None:
    fake, clock = FakeNotifier(), FakeClock()
    with running(fake, clock=clock) as router:
        router.post(replace(event("a"), subject="GPU 1"))
        assert fake.next() == ("show", "title a")
        router.post(replace(event("b"), subject="GPU 1"))
        router.post(replace(event("c"), subject="GPU 1"))
        router.post(replace(event("a", AlertState.RESOLVED), subject="GPU 1"))
        assert fake.next() == ("show", "Resolved: title a")
        clock.now += 10.0
        router.post(event("other"))
        assert [fake.next() for _ in range(2)] == [("show", "2 alerts on GPU 1"), ("show", "title other")]


def test_that_what_is_critical_is_not_lost_where_the_thread_is_behind() -> None:
    slow, clock = FakeNotifier(), FakeClock()
    slow.free.clear()
    router = Router([slow], clock)
    router.start()
    for number in range(1 + QUEUE_LENGTH):
        router.post(event(str(number)))
    router.post(event("critical", severity=Severity.CRITICAL))
    slow.free.set()
    assert router.stop(10)
    assert ("show", "title critical") in slow.events.queue


def test_that_what_is_critical_and_waits_for_its_group_is_shown_at_the_end() -> None:
    fake = FakeNotifier()
    with running(fake) as router:
        for rule in "ab":
            router.post(replace(event(rule, severity=Severity.CRITICAL), subject="GPU 1"))
    assert [title for _, title in fake.events.queue] == ["title a", "title b"]


def test_that_the_quiet_hours_hold_all_but_what_is_critical() -> None:
    fake, clock = FakeNotifier(), FakeClock()
    with running(fake, clock=clock) as router:
        router.quiet = QuietHours(time(0), time(23, 59, 59))
        for rule in "ab":
            router.post(event(rule))
        router.post(event("c", severity=Severity.CRITICAL))
        assert fake.next() == ("show", "title c")
        router.quiet = None
        router.post(event("d"))
        assert fake.next() == ("show", "3 alerts while it was to be quiet")


def test_that_do_not_disturb_is_followed_where_the_desktop_tells() -> None:
    fake, clock = ConsiderateNotifier(left_alone=True), FakeClock()
    with running(fake, clock=clock) as router:
        router.post(event("a"))
        router.post(event("b", severity=Severity.CRITICAL))
        assert fake.next() == ("show", "title b")
        fake.left_alone = False
        clock.now += 60.0
        router.post(event("c", severity=Severity.CRITICAL))
        assert [fake.next() for _ in range(2)] == [("show", "title a"), ("show", "title c")]


@pytest.mark.parametrize("left_alone", [True, None])
def test_that_do_not_disturb_that_is_unknown_or_not_to_be_followed_changes_nothing(left_alone: bool | None) -> None:
    fake = ConsiderateNotifier(left_alone=left_alone)
    router = Router([fake], FakeClock())
    router.follow_do_not_disturb = left_alone is None
    router.start()
    router.post(event("a"))
    assert fake.next() == ("show", "title a")
    assert router.stop(10)


def test_that_a_flood_does_not_ask_the_desktop_for_each() -> None:
    fake = ConsiderateNotifier()
    with running(fake) as router:
        for number in range(50):
            router.post(event(str(number)))
    assert fake.asked == 1


def test_that_a_rule_that_names_other_channels_shows_nothing_here() -> None:
    fake = FakeNotifier()
    with running(fake) as router:
        router.post(event("a", channels=("phone",)))
        router.post(event("b", channels=("phone", NATIVE)))
        assert fake.next() == ("show", "title b")


def test_that_a_named_backend_is_the_only_one_used() -> None:
    first, second = FakeNotifier("first"), FakeNotifier("second")
    with running(first, second, backend="second") as router:
        router.post(event())
        assert second.next() == ("show", "title a")
    assert first.probed == 0


def test_that_a_backend_that_does_not_exist_is_recorded() -> None:
    with running(FakeNotifier(), backend="tray") as router:
        router.post(event())
    assert router.deliveries[-1] == Delivery(1e9 + 1000.0, "a", "tray", "there is no such notifier")


def test_that_a_notifier_can_come_later_and_go_first() -> None:
    late, early = FakeNotifier("late"), FakeNotifier("early", error=NotifyError("no"))
    with running() as router:
        router.add(late)
        router.add(early, first=True)
        router.post(event())
        late.next()
    assert [told.notifier for told in router.deliveries] == ["early", "late"]


def test_that_an_answer_on_a_socket_reaches_the_callback() -> None:
    talking = TalkingNotifier()
    answers: queue.Queue[tuple[str, str]] = queue.Queue()
    router = Router([talking], FakeClock(), on_action=lambda key, action: answers.put((key, action)))
    router.start()
    talking.theirs.send(b"snooze")
    assert answers.get(timeout=10) == ("a:", "snooze")
    assert router.stop(10)
    assert talking.closed


def test_that_a_callback_that_breaks_does_not_end_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    talking = TalkingNotifier()
    router = Router([talking], FakeClock(), on_action=_break)
    router.start()
    talking.theirs.send(b"snooze")
    router.post(event())
    assert talking.next() == ("show", "title a")
    _until(lambda: "A notification failed" in caplog.text)
    assert router.stop(10)


@pytest.mark.parametrize("started", [True, False])
def test_that_a_test_tells_what_happened_per_notifier(started: bool) -> None:
    good, bad = FakeNotifier("good"), FakeNotifier("bad", obstacle="no service")
    router = Router([good, bad], FakeClock())
    if started:
        router.start()
    results = router.test()
    assert [(told.notifier, told.error) for told in results] == [("good", None), ("bad", "no service")]
    assert [told.notifier for told in router.test("bad")] == ["bad"]
    assert router.test("pigeon")[0].error == "there is no such notifier"
    assert good.next() == ("show", "Test from CrackSeg Desktop")
    assert router.stop(10)


def test_that_a_test_of_a_stuck_notifier_is_given_up() -> None:
    stuck = FakeNotifier()
    stuck.free.clear()
    router = Router([stuck], FakeClock())
    router.start()
    with pytest.raises(TimeoutError):
        router.test(timeout=0.05)
    stuck.free.set()
    assert router.stop(10)


def test_that_only_the_last_deliveries_are_kept() -> None:
    fake, clock = FakeNotifier(), FakeClock()
    router = Router([fake], clock)
    for _ in range(60):
        router.test()
    assert len(router.deliveries) == 50
    assert router.stop()


def test_that_what_is_posted_before_the_start_and_at_the_end_is_shown() -> None:
    fake = FakeNotifier()
    router = Router([fake], FakeClock())
    router.post(event("before"))
    router.start()
    assert fake.next() == ("show", "title before")
    router.post(event("last"))
    assert router.stop(10)
    assert fake.next() == ("show", "title last")
    router.post(event("after the end"))


def _break(key: str, action: str) -> None:
    raise ZeroDivisionError(f"{key} {action}")


def _until(condition: Callable[[], bool]) -> None:
    ticking = threading.Event()
    for _ in range(1000):
        if condition():
            return
        ticking.wait(0.01)
    raise AssertionError("it did not come about")
