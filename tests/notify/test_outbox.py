from __future__ import annotations

import sqlite3
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.notify.channels import Rest
from crackseg_desktop.notify.flood import Held
from crackseg_desktop.notify.outbox import FILE_NAME, MOST_WAITING, Outbox, backlogs, open_outbox, outbox_in_memory
from crackseg_desktop.notify.words import Notification, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400.0


def message(key: str, *, group: str = "", critical: bool = False, resolved: bool = False) -> Notification:
    urgency = Urgency.CRITICAL if critical else Urgency.NORMAL
    return Notification(key, f"title {key}", "line 1\nline 2", urgency, (), resolved, group or key, "GPU 0")


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    box = outbox_in_memory()
    yield box
    box.close()


def keys(outbox: Outbox, channel: str = "mail") -> list[str]:
    return [item.notification.key for item in outbox.waiting(channel)]


def test_that_what_is_put_in_comes_out_as_it_was_and_in_order(outbox: Outbox) -> None:
    outbox.put("mail", message("b", critical=True), b"png", 100.0)
    outbox.put("mail", message("a", resolved=True), None, 101.0)
    outbox.put("chat", message("c"), None, 102.0)
    waiting = outbox.waiting("mail")
    assert [item.notification for item in waiting] == [message("b", critical=True), message("a", resolved=True)]
    assert [item.due for item in waiting] == [100.0, 101.0]
    uid, picture = outbox.take([waiting[0].number], 103.0)
    assert (len(uid), picture) == (32, b"png")
    assert keys(outbox) == ["a"]


def test_that_what_follows_about_a_subject_is_due_with_its_group(outbox: Outbox) -> None:
    for at, key in ((100.0, "a"), (104.0, "b"), (109.0, "c"), (110.0, "d")):
        outbox.put("mail", message(key, group="gpu=1"), None, at)
    assert [item.due for item in outbox.waiting("mail")] == [100.0, 110.0, 110.0, 110.0]


def test_that_what_arrived_is_forgotten_but_counted_for_an_hour(outbox: Outbox) -> None:
    outbox.put("mail", message("a"), b"png", 100.0)
    outbox.put("mail", message("b"), None, 100.0)
    outbox.take([1, 2], 101.0)
    outbox.done("mail", [1, 2], 0, 102.0)
    assert outbox.told("mail", 103.0) == [102.0]
    assert outbox.told("mail", 103.0 + 3600) == []
    outbox.expire(103.0 + 3600)
    assert outbox.told("mail", 103.0) == []


def test_that_what_failed_waits_again_with_the_same_identifier(outbox: Outbox) -> None:
    outbox.put("mail", message("a"), None, 100.0)
    first, _ = outbox.take([1], 101.0)
    assert outbox.put_back([1], refused=False) == 0
    assert outbox.put_back([1], refused=True) == 1
    assert outbox.take([1], 102.0)[0] == first


def test_that_two_as_one_have_an_identifier_of_their_own(outbox: Outbox) -> None:
    for key in "ab":
        outbox.put("mail", message(key), None, 100.0)
    both, _ = outbox.take([1, 2], 101.0)
    outbox.put_back([1, 2], refused=False)
    assert both not in (outbox.take([1], 102.0)[0], outbox.take([2], 102.0)[0])


def test_that_what_was_on_its_way_when_the_program_ended_is_sent_once_more(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put("mail", message("a"), None, 100.0)
    outbox.take([1], 101.0)
    outbox.close()
    again = open_outbox(tmp_path)
    assert (again.recover(), keys(again)) == (0, ["a"])
    again.take([1], 102.0)
    again.close()
    last = open_outbox(tmp_path)
    assert (last.recover(), keys(last)) == (1, [])
    last.close()


def test_that_it_expires_after_a_day(outbox: Outbox) -> None:
    outbox.put("mail", message("a"), None, 100.0)
    outbox.put("mail", message("b"), None, 200.0)
    assert outbox.expire(150.0 + DAY) == ["mail"]
    assert keys(outbox) == ["b"]


def test_that_what_the_person_knows_is_dropped(outbox: Outbox) -> None:
    outbox.put("mail", message("a", critical=True), None, 100.0)
    outbox.put("chat", message("a"), None, 100.0)
    outbox.put("mail", message("b"), None, 100.0)
    outbox.forget("a")
    assert (keys(outbox), keys(outbox, "chat")) == (["b"], [])


def test_that_what_came_and_went_while_it_was_held_is_left_out_unless_it_was_quiet(outbox: Outbox) -> None:
    outbox.put("mail", message("a"), None, 100.0)
    outbox.put("mail", message("b"), None, 100.0)
    outbox.hold([1], Held.CAP)
    outbox.hold([2], Held.QUIET)
    outbox.put("mail", message("a", resolved=True), None, 200.0)
    outbox.put("mail", message("b", resolved=True), None, 200.0)
    (left,) = outbox.waiting("mail")
    assert (left.notification, left.held) == (message("b", resolved=True), Held.QUIET)


def test_that_what_waits_to_be_sent_is_not_left_out_because_it_ended(outbox: Outbox) -> None:
    outbox.put("mail", message("a"), None, 100.0)
    outbox.put("mail", message("a", resolved=True), None, 200.0)
    assert keys(outbox) == ["a", "a"]


def test_that_a_flood_is_only_counted_but_for_what_is_critical(outbox: Outbox) -> None:
    for number in range(MOST_WAITING + 7):
        outbox.put("mail", message(str(number)), None, 100.0)
    outbox.put("mail", message("c", critical=True), None, 100.0)
    assert (len(keys(outbox)), keys(outbox)[-1], outbox.unnamed("mail")) == (MOST_WAITING + 1, "c", 7)
    outbox.done("mail", [], 7, 101.0)
    assert outbox.unnamed("mail") == 0


def test_that_how_a_channel_fares_is_kept(tmp_path: Path) -> None:
    rest = Rest(500.0, 3, "there was no answer")
    first = open_outbox(tmp_path)
    first.set_rest("mail", rest)
    first.put("mail", message("a"), None, 100.0)
    first.put("mail", message("b"), None, 150.0)
    first.close()
    second = open_outbox(tmp_path)
    assert (second.rest("mail"), second.rest("chat")) == (rest, Rest())
    seen = backlogs(tmp_path)["mail"]
    assert (seen.waiting, seen.since, seen.rest) == (2, 100.0, rest)
    second.close()
    assert backlogs(tmp_path)["mail"] == seen


@pytest.mark.skipif(sys.platform == "win32", reason="modes are for POSIX")
def test_that_only_its_owner_can_read_the_file_and_its_journals(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.put("mail", message("a"), None, 100.0)
    files = list(tmp_path.glob(f"{FILE_NAME}*"))
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    outbox.close()


def test_that_what_fails_within_a_batch_leaves_nothing(outbox: Outbox) -> None:
    with pytest.raises(sqlite3.OperationalError):
        _put_and_fail(outbox)
    assert keys(outbox) == []


def _put_and_fail(outbox: Outbox) -> None:
    with outbox.at_once():
        outbox.put("mail", message("a"), None, 100.0)
        raise sqlite3.OperationalError("the disk is full")


def test_that_there_is_nothing_without_a_file(tmp_path: Path) -> None:
    assert backlogs(tmp_path) == {}


def test_that_a_full_disk_is_named_in_a_transaction(outbox: Outbox) -> None:
    outbox._database.execute("PRAGMA max_page_count=1")
    with pytest.raises(sqlite3.OperationalError, match="full"), outbox.at_once():
        outbox.put("mail", message("x" * 100_000), None, 100.0)
