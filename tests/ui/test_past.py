from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Slot
from tests.ui import story
from tests.ui.past_story import StoryPast

from crackseg_desktop.series import Buckets, SeriesKey, series_key
from crackseg_desktop.ui.past import PastReader
from crackseg_desktop.ui.timeline import Found, Wanted

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

POWER = series_key("gpu_power_watts", {"gpu": story.GPU})


def wanted(hours: float, *keys: SeriesKey) -> Wanted:
    return Wanted(frozenset(keys or (POWER,)), story.NOW - hours * 3600, story.NOW, 1000)


class SlowPast(StoryPast):
    """A history that waits before each read until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on, self.reading = threading.Semaphore(0), threading.Event()
        self.threads: set[int] = set()

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        self.threads.add(threading.get_ident())
        self.reading.set()
        assert self.go_on.acquire(timeout=10)
        return super().read(key, since, until, most)


class Listener(QObject):
    """Notes answers and the thread in which they come."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Found] = []
        self.threads: list[Any] = []

    @Slot(object)
    def on_found(self, found: Found) -> None:
        self.found.append(found)
        self.threads.append(QThread.currentThread())


def test_that_an_answer_is_read_in_a_thread_and_told_in_the_gui(qtbot: QtBot, qapp: Any) -> None:
    past, listener = SlowPast(), Listener()
    reader = PastReader(lambda: past)
    reader.found.connect(listener.on_found)
    past.go_on.release(5)
    reader.request(wanted(6))
    qtbot.waitUntil(lambda: bool(listener.found))
    reader.rest()
    assert listener.threads == [qapp.thread()]
    assert past.threads
    assert threading.get_ident() not in past.threads
    assert len(listener.found[0].tracks[POWER].times) > 100
    assert listener.found[0].covered is not None
    assert past.closed


def test_that_only_the_newest_request_is_answered(qtbot: QtBot) -> None:
    past, listener = SlowPast(), Listener()
    reader = PastReader(lambda: past)
    reader.found.connect(listener.on_found)
    reader.request(wanted(1))
    assert past.reading.wait(10)
    newest = wanted(9)
    for hours in (2, 3, 4):
        reader.request(wanted(hours))
    reader.request(newest)
    past.go_on.release(5)
    qtbot.waitUntil(lambda: bool(listener.found))
    reader.rest()
    assert [found.wanted for found in listener.found] == [newest]
    assert len(past.reads) == 2


def test_that_an_outdated_request_of_many_series_is_given_up(qtbot: QtBot) -> None:
    past, listener = SlowPast(), Listener()
    reader = PastReader(lambda: past)
    reader.found.connect(listener.on_found)
    keys = [series_key("gpu_power_watts", {"gpu": f"GPU-{index}"}) for index in range(50)]
    reader.request(wanted(1, *keys))
    assert past.reading.wait(10)
    reader.request(wanted(2))
    past.go_on.release(60)
    qtbot.waitUntil(lambda: bool(listener.found))
    reader.rest()
    assert len(past.reads) == 2


def test_that_waiting_is_told_after_a_while_and_not_before(qtbot: QtBot) -> None:
    past = SlowPast()
    reader = PastReader(lambda: past)
    with qtbot.waitSignal(reader.delayed, timeout=5000):
        reader.request(wanted(1))
    past.go_on.release(5)
    with qtbot.waitSignal(reader.found, timeout=5000):
        reader.request(wanted(2))
    with qtbot.assertNotEmitted(reader.delayed):
        pass
    reader.rest()


def test_that_a_history_that_cannot_be_read_is_a_reason(qtbot: QtBot) -> None:
    class Broken(StoryPast):
        def read(self, *_: Any) -> Buckets:
            raise sqlite3.DatabaseError("file is not a database")

    reader = PastReader(Broken)
    with qtbot.waitSignal(reader.found, timeout=5000) as told:
        reader.request(wanted(1))
    reader.rest()
    assert told.args is not None
    assert told.args[0].problem == "The history cannot be read: file is not a database"


def test_that_resting_ends_the_thread_and_asking_begins_anew(qtbot: QtBot) -> None:
    made: list[StoryPast] = []

    def open_past() -> StoryPast:
        made.append(StoryPast())
        return made[-1]

    reader = PastReader(open_past)
    for count in (1, 2):
        with qtbot.waitSignal(reader.found, timeout=5000):
            reader.request(wanted(1))
        reader.rest()
        assert len(made) == count
        assert made[-1].closed
        assert "past" not in {thread.name for thread in threading.enumerate()}


def test_that_a_picture_is_answered_in_place(qtbot: QtBot) -> None:
    listener, past = Listener(), StoryPast()
    reader = PastReader(lambda: past, threaded=False)
    reader.found.connect(listener.on_found)
    reader.request(wanted(1))
    assert len(listener.found) == 1
    assert past.closed
