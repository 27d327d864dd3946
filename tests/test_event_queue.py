"""A bounded queue under pressure."""

from __future__ import annotations

import threading
from array import array

from crackseg_desktop.event_queue import EventQueue
from crackseg_desktop.readings import CurvePoints, RunRemoved, Sample


def sample(number: int) -> Sample:
    return Sample(float(number), float(number), None)


def test_that_a_full_queue_drops_the_oldest_sample_and_counts_it() -> None:
    queue = EventQueue(capacity=3)
    for number in range(5):
        queue.put(sample(number))
    queue.close()
    assert [event.time for event in queue] == [2.0, 3.0, 4.0]
    assert queue.dropped_samples == 2


def test_that_points_wait_for_room_and_keep_their_order() -> None:
    queue = EventQueue(capacity=2)

    def write() -> None:
        for number in range(100):
            queue.put(RunRemoved(str(number)))

    writer = threading.Thread(target=write)
    writer.start()
    received = []
    for event in queue:
        received.append(event.run)
        if len(received) == 100:
            queue.close()
    writer.join(5)
    assert received == [str(number) for number in range(100)]


def test_that_closing_frees_a_writer_that_waits() -> None:
    queue = EventQueue(capacity=1)
    queue.put(RunRemoved("a"))
    writer = threading.Thread(target=queue.put, args=(RunRemoved("b"),))
    writer.start()
    queue.close()
    writer.join(5)
    assert not writer.is_alive()
    assert [event.run for event in queue] == ["a"]


def test_that_a_sample_never_waits_behind_points() -> None:
    queue = EventQueue(capacity=1)
    queue.put(RunRemoved("a"))
    queue.put(sample(1))
    queue.close()
    assert len(list(queue)) == 2


def test_that_what_a_person_asks_never_waits() -> None:
    queue = EventQueue(capacity=1)
    queue.put(RunRemoved("a"))
    queue.put_at_once("question")
    queue.close()
    queue.put_at_once("too late")
    assert list(queue) == [RunRemoved("a"), "question"]


def test_that_a_queue_full_of_points_lets_a_reader_wait() -> None:
    queue = EventQueue(most_points=4)
    column = array("d", [0.0] * 3)
    chunk = CurvePoints("run", "loss", "loss", array("q", [1, 2, 3]), column, column)
    queue.put(chunk)
    queue.put(chunk)
    writer = threading.Thread(target=queue.put, args=(RunRemoved("run"),))
    writer.start()
    writer.join(0.05)
    assert writer.is_alive()
    events = iter(queue)
    assert [next(events), next(events), next(events)] == [chunk, chunk, RunRemoved("run")]
    writer.join(5)
    assert not writer.is_alive()
