"""The one queue between the sources and the Monitor thread: bounded, and fair to what must not be lost."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from crackseg_desktop.readings import CurvePoints, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator


class EventQueue:
    """A bounded queue that many threads fill and one drains.

    When it is full, a new sample pushes out the oldest one (``dropped_samples`` counts them: the next second brings
    another), while everything else waits for room, because a point of a curve comes only once.
    Points are counted too: a reader that is faster than the Monitor must not fill the memory with them.
    """

    def __init__(self, capacity: int = 1024, most_points: int = 1 << 20) -> None:
        self._capacity = capacity
        self._most_points = most_points
        self._points = 0
        self._events: deque[Any] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.dropped_samples = 0

    def put(self, event: object) -> None:
        """Add an event at the end. Waits for room, except with a sample; does nothing once the queue is closed."""
        with self._changed:
            if isinstance(event, Sample) and self._full():
                self._drop_oldest_sample()
            else:
                self._changed.wait_for(lambda: self._closed or not self._full())
            if not self._closed:
                self._events.append(event)
                self._points += _points_in(event)
                self._changed.notify_all()

    def put_at_once(self, event: object) -> None:
        """Add an event at the end without waiting, whatever the capacity: for what a person decides or asks."""
        with self._changed:
            if not self._closed:
                self._events.append(event)
                self._changed.notify_all()

    def close(self) -> None:
        """Let the reader finish what is there and everybody else go on at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Any]:
        """Yield events in order, waiting for the next; end when the queue is closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._events or self._closed)
                if not self._events:
                    return
                event = self._events.popleft()
                self._points -= _points_in(event)
                self._changed.notify_all()
            yield event

    def _full(self) -> bool:
        return len(self._events) >= self._capacity or self._points >= self._most_points

    def _drop_oldest_sample(self) -> None:
        """Make room; where no sample is queued the newcomer goes in beyond the capacity, once a second at most."""
        for index, event in enumerate(self._events):
            if isinstance(event, Sample):
                del self._events[index]
                self.dropped_samples += 1
                return


def _points_in(event: object) -> int:
    return len(event.steps) if isinstance(event, CurvePoints) else 0
