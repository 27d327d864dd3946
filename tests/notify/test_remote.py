"""The sending thread: with a service that a test plays, and with real ones on this machine."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from tests.notify.services import Endpoint, until

from crackseg_desktop.notify.channels import Channel, Outcome
from crackseg_desktop.notify.flood import Cap
from crackseg_desktop.notify.messages import message_of
from crackseg_desktop.notify.outbox import backlogs, open_outbox
from crackseg_desktop.notify.quiet import quiet_hours
from crackseg_desktop.notify.remote import Remote, try_channel
from crackseg_desktop.notify.sending import MESSAGE_HEADER, AppriseSender, Letter, picture_of
from crackseg_desktop.readings import AlertEvent, AlertState, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import FakeClock

MAIL = Channel("mail", "keyring:mail")


@dataclass
class Service:
    """Plays every service: answers as told, else takes the message. That of "mail" hangs while it is not ``free``."""

    sent: queue.Queue[tuple[str, Letter]] = field(default_factory=queue.Queue)
    outcomes: queue.SimpleQueue[Outcome | Exception] = field(default_factory=queue.SimpleQueue)
    free: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.free.set()

    def __call__(self, channel: Channel, letter: Letter) -> Outcome:
        self.sent.put((channel.name, letter))
        assert channel.name != "mail" or self.free.wait(10)
        try:
            outcome = self.outcomes.get_nowait()
        except queue.Empty:
            return Outcome()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def next(self) -> str:
        return self.sent.get(timeout=10)[1].notification.title


class Bench:
    """Starts remotes on one data folder, as restarts of the program."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.folder, self.clock = folder, clock
        self.service = Service()
        self.running: list[Remote] = []

    def start(self, *channels: Channel) -> Remote:
        remote = Remote(channels or (MAIL,), lambda: open_outbox(self.folder), self.service, self.clock, lambda: 1.0)
        remote.start()
        self.running.append(remote)
        return remote

    def advance(self, remote: Remote, seconds: float) -> None:
        self.clock.advance(seconds)
        remote.wake()

    def settled(self, remote: Remote, count: int) -> None:
        until(lambda: len(remote.deliveries) == count)

    def stop(self) -> None:
        self.service.free.set()
        while self.running:
            assert self.running.pop().stop(10)


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Iterator[Bench]:
    made = Bench(tmp_path, clock)
    yield made
    made.stop()


@pytest.fixture
def alert(make_alert: Callable[..., AlertEvent]) -> Callable[..., AlertEvent]:
    """Build an alert about a GPU of its own, so that none is gathered with another."""

    def make(name: str, severity: Severity = Severity.WARNING, state: AlertState = AlertState.FIRING) -> AlertEvent:
        return replace(make_alert(severity, state, title=f"alert {name}"), labels={"gpu": name}, subject=f"GPU {name}")

    return make


def test_that_an_alert_is_sent_once_and_recorded(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    remote = bench.start()
    remote.post(alert("a"))
    assert bench.service.next() == "alert a"
    bench.settled(remote, 1)
    assert [(told.notifier, told.error) for told in remote.deliveries] == [("mail", None)]
    bench.stop()
    again = bench.start()
    again.post(alert("b"))
    assert bench.service.next() == "alert b"


def test_that_without_a_channel_there_is_no_thread_and_no_file(
    tmp_path: Path, clock: FakeClock, alert: Callable[..., AlertEvent]
) -> None:
    before = threading.active_count()
    remote = Remote((), lambda: open_outbox(tmp_path), Service(), clock)
    remote.start()
    remote.post(alert("a"))
    assert threading.active_count() == before
    assert remote.stop()
    assert list(tmp_path.iterdir()) == []


def test_that_a_channel_can_be_added_while_it_runs(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    remote = Remote((), lambda: open_outbox(bench.folder), bench.service, bench.clock)
    remote.start()
    bench.running.append(remote)
    remote.configure([MAIL])
    remote.post(alert("a"))
    assert bench.service.next() == "alert a"


def test_that_each_channel_gets_what_is_meant_for_it(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    remote = bench.start(MAIL, Channel("phone", "", Severity.CRITICAL))
    remote.post(alert("a"))
    remote.post(alert("b", Severity.CRITICAL))
    bench.settled(remote, 3)
    sent = sorted((name, letter.notification.title) for name, letter in bench.service.sent.queue)
    assert sent == [("mail", "alert a"), ("mail", "alert b"), ("phone", "alert b")]


def test_that_a_failure_is_tried_again_after_a_pause_in_order(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    bench.service.outcomes.put(Outcome("offline"))
    remote = bench.start()
    remote.post(alert("a"))
    remote.post(alert("b"))
    first = bench.service.sent.get(timeout=10)[1]
    bench.settled(remote, 1)
    bench.advance(remote, 4.9)
    bench.advance(remote, 0.2)
    again = bench.service.sent.get(timeout=10)[1]
    assert again == first
    assert bench.service.next() == "alert b"
    bench.settled(remote, 3)
    assert [told.error for told in remote.deliveries] == ["offline", None, None]


def test_that_retry_after_is_kept_also_over_a_restart(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    bench.service.outcomes.put(Outcome("too many", retry_after=1000.0))
    remote = bench.start()
    remote.post(alert("a"))
    bench.service.next()
    bench.settled(remote, 1)
    bench.stop()
    remote = bench.start()
    bench.advance(remote, 999.0)
    remote.post(alert("b"))
    until(lambda: backlogs(bench.folder)["mail"].waiting == 2)
    assert bench.service.sent.empty()
    bench.advance(remote, 102.0)
    assert [bench.service.next(), bench.service.next()] == ["alert a", "alert b"]


def test_that_a_full_queue_survives_a_restart_in_order(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    bench.service.outcomes.put(Outcome("offline"))
    remote = bench.start()
    for number in range(20):
        remote.post(alert(str(number)))
    bench.settled(remote, 1)
    bench.stop()
    bench.service.sent.get()
    assert backlogs(bench.folder)["mail"].waiting == 20
    bench.clock.advance(60.0)
    bench.start()
    assert [bench.service.next() for _ in range(20)] == [f"alert {number}" for number in range(20)]


def test_that_thirty_an_hour_are_sent_and_then_one_digest(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    remote = bench.start()
    for number in range(45):
        remote.post(alert(str(number)))
    assert [bench.service.next() for _ in range(30)] == [f"alert {number}" for number in range(30)]
    bench.settled(remote, 30)
    remote.post(alert("c", Severity.CRITICAL))
    assert bench.service.next() == "alert c"
    bench.settled(remote, 31)
    bench.stop()
    bench.clock.advance(3601.0)
    remote = bench.start()
    assert bench.service.next() == "15 more alerts"
    remote.post(alert("later"))
    assert bench.service.next() == "alert later"


def test_that_quiet_hours_hold_all_but_what_is_critical(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    hours = quiet_hours("00:00", "23:59")
    remote = bench.start(replace(MAIL, quiet=hours))
    remote.post(alert("a"))
    remote.post(alert("b"))
    remote.post(alert("c", Severity.CRITICAL))
    assert bench.service.next() == "alert c"
    bench.settled(remote, 1)
    remote.configure([MAIL])
    assert bench.service.next() == "2 alerts while it was to be quiet"


def test_that_what_follows_about_one_gpu_comes_as_one(bench: Bench, make_alert: Callable[..., AlertEvent]) -> None:
    remote = bench.start()
    for rule in ("hot", "full", "slow"):
        remote.post(make_alert(rule=rule, title=rule))
    assert bench.service.next() == "hot"
    bench.settled(remote, 1)
    bench.advance(remote, 10.0)
    assert bench.service.next() == "2 alerts on GPU 0"


def test_that_what_the_person_acknowledged_is_no_longer_sent(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    bench.service.outcomes.put(Outcome("offline"))
    remote = bench.start()
    remote.post(alert("a", Severity.CRITICAL))
    bench.settled(remote, 1)
    remote.post(replace(alert("a", state=AlertState.ACKNOWLEDGED), notify=False))
    remote.post(alert("b"))
    bench.service.sent.get()
    bench.advance(remote, 10.0)
    assert bench.service.next() == "alert b"


def test_that_a_message_that_is_refused_three_times_blocks_no_other(
    bench: Bench, alert: Callable[..., AlertEvent]
) -> None:
    for _ in range(3):
        bench.service.outcomes.put(Outcome("bad request", refused=True))
    remote = bench.start()
    remote.post(alert("bad"))
    for tries in range(1, 4):
        assert bench.service.next() == "alert bad"
        bench.settled(remote, tries)
        bench.advance(remote, 60.0)
    remote.post(alert("good"))
    assert bench.service.next() == "alert good"


def test_that_what_could_not_be_sent_within_a_day_is_given_up(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    bench.service.outcomes.put(Outcome("offline"))
    remote = bench.start()
    remote.post(alert("old"))
    bench.settled(remote, 1)
    bench.service.sent.get()
    bench.advance(remote, 86_401.0)
    remote.post(alert("new"))
    assert bench.service.next() == "alert new"


def test_that_a_hanging_channel_holds_up_no_other(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    phone = Channel("phone", "", Severity.CRITICAL)
    bench.service.free.clear()
    remote = bench.start(MAIL, phone)
    remote.post(alert("a"))
    bench.service.next()
    remote.post(alert("b", Severity.CRITICAL))
    assert bench.service.sent.get(timeout=10)[0] == "phone"
    bench.settled(remote, 1)
    assert bench.service.sent.empty()
    bench.service.free.set()
    assert bench.service.sent.get(timeout=10)[0] == "mail"


def test_that_a_stop_does_not_wait_for_a_hanging_channel(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    bench.service.free.clear()
    remote = bench.start()
    remote.post(alert("a"))
    bench.service.next()
    assert not remote.stop(0.01)


def test_that_a_crash_while_sending_sends_it_once_more_with_the_same_identifier(
    bench: Bench, alert: Callable[..., AlertEvent]
) -> None:
    outbox = open_outbox(bench.folder)
    outbox.put("mail", message_of(alert("a")), None, bench.clock.time())
    uid, _ = outbox.take([1], bench.clock.time())
    outbox.close()
    bench.start()
    letter = bench.service.sent.get(timeout=10)[1]
    assert (letter.notification.title, letter.uid) == ("alert a", uid)


def test_that_a_sender_that_breaks_is_a_failure_like_any(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    bench.service.outcomes.put(ZeroDivisionError("slack://TokenA/TokenB"))
    remote = bench.start()
    remote.post(alert("a"))
    bench.settled(remote, 1)
    assert remote.deliveries[0].error == "ZeroDivisionError while sending"


def test_that_the_curve_is_drawn_once_and_attached(bench: Bench, alert: Callable[..., AlertEvent]) -> None:
    remote = bench.start()
    drawn: list[str] = []

    def draw(event: AlertEvent) -> bytes:
        drawn.append(event.key)
        return b"png"

    remote.picture = draw
    remote.post(alert("a"))
    assert bench.service.sent.get(timeout=10)[1].attachment == picture_of(b"png")
    remote.post(alert("a", state=AlertState.RESOLVED))
    bench.settled(remote, 1)
    assert len(drawn) == 1


def test_that_a_curve_that_cannot_be_drawn_does_not_stop_the_words(
    bench: Bench, alert: Callable[..., AlertEvent]
) -> None:
    def broken(event: AlertEvent) -> bytes:
        raise ZeroDivisionError(event.key)

    remote = bench.start()
    remote.picture = broken
    remote.post(alert("a"))
    assert bench.service.sent.get(timeout=10)[1].attachment is None


def test_that_a_folder_that_cannot_be_written_is_no_reason_to_be_silent(
    tmp_path: Path, clock: FakeClock, alert: Callable[..., AlertEvent]
) -> None:
    (tmp_path / "file").write_text("")
    service = Service()
    remote = Remote([MAIL], lambda: open_outbox(tmp_path / "file"), service, clock)
    remote.start()
    remote.post(alert("a"))
    assert service.next() == "alert a"
    assert remote.stop(10)


def test_that_a_test_goes_past_the_queue(bench: Bench) -> None:
    assert try_channel(MAIL, bench.service, bench.clock).error is None
    assert bench.service.next() == "Test from CrackSeg Desktop"
    bench.service.free.clear()
    assert try_channel(MAIL, bench.service, bench.clock, 0.01).error == "there was no answer within 0 s"


@pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")
def test_that_offline_then_online_everything_arrives_once_and_in_order(
    tmp_path: Path, clock: FakeClock, alert: Callable[..., AlertEvent]
) -> None:
    pytest.importorskip("apprise")
    endpoint = Endpoint()
    endpoint.start()
    port, url = endpoint.port, endpoint.url("/hook?rto=0.1")
    endpoint.stop()
    channel = Channel("hook", "keyring:hook", cap=Cap(30, 3600.0))
    remote = Remote([channel], lambda: open_outbox(tmp_path), AppriseSender(lambda name: url, clock), clock)
    remote.start()
    for number in range(5):
        remote.post(alert(str(number)))
    until(lambda: len(remote.deliveries) == 1)
    online = Endpoint()
    online.start(port)
    failures = 1
    for answer in ("close", (500, {}), (429, {"Retry-After": "30"}), "hang"):
        online.answers.put(answer)
        clock.advance(1000.0)
        remote.wake()
        failures += 1
        _until_delivered(remote, failures)
    failed = [online.next() for _ in range(4)]
    clock.advance(1000.0)
    remote.wake()
    arrived = [online.next() for _ in range(5)]
    assert [asked.document["title"] for asked in arrived] == [f"alert {number}" for number in range(5)]
    assert {asked.headers[MESSAGE_HEADER] for asked in failed} == {arrived[0].headers[MESSAGE_HEADER]}
    assert len({asked.headers[MESSAGE_HEADER] for asked in arrived}) == 5
    assert remote.stop(10)
    online.stop()
    assert online.asked.empty()


def _until_delivered(remote: Remote, count: int) -> None:
    until(lambda: len(remote.deliveries) == count)
