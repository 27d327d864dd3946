"""Which of the watched folders lie on a file system that does not answer: a server that is gone, a hung FUSE daemon.

A call on such a file system may never return, so nothing here touches one outside a thread of its own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.mount_points import Attempt, is_remote_point, look_into, mount_table, remote_point

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from crackseg_desktop.clock import Clock

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 2.0
RECHECK_SECONDS = 10.0


class Silence(NamedTuple):
    """A mount point that does not answer, and since when (Unix seconds)."""

    point: Path
    since: float


class Mounts:
    """Says whether the file system of a folder answers. Belongs to one thread.

    A file system of this machine always does. One of another is tried in a daemon thread: one at most for each mount
    point, since one that hangs cannot be ended.

    Args:
        table: says of every mount point whether it answers over a network; must not touch the mounts.
        probe: touches a folder; what it raises is an answer too.
        deadline: seconds that a file system has for its answer.
    """

    def __init__(
        self,
        clock: Clock,
        table: Callable[[], Mapping[str, bool]] | None = None,
        probe: Callable[[Path], None] | None = None,
        deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._clock = clock
        self._read_table = table or mount_table
        self._probe = probe or look_into
        self._deadline = deadline
        self._remote: frozenset[str] = frozenset()
        self._read_again = float("-inf")
        self._points: dict[Path, Path | None] = {}
        self._watched: dict[Path, _Watched] = {}

    def answers(self, path: Path) -> bool:
        """Say whether the file system of a folder answers; takes up to the deadline where it just fell silent."""
        point = self._point_of(path)
        if point is None:
            return True
        watched = self._watched.setdefault(point, _Watched(point))
        self._take(watched)
        if watched.probe is None and self._clock.monotonic() >= watched.due:
            self._ask(watched, path)
        return watched.since is None

    def silent(self) -> tuple[Silence, ...]:
        """Return the mount points that do not answer."""
        for watched in self._watched.values():
            self._take(watched)
        return tuple(Silence(item.point, item.since) for item in self._watched.values() if item.since is not None)

    def _point_of(self, path: Path) -> Path | None:
        """Return the mount point of another machine's file system that a folder lies on, or None."""
        if self._clock.monotonic() >= self._read_again:
            self._read_again = self._clock.monotonic() + RECHECK_SECONDS
            self._remote = frozenset(point for point, is_remote in self._read_table().items() if is_remote)
            self._points.clear()
            self._watched = {point: it for point, it in self._watched.items() if is_remote_point(point, self._remote)}
        if not self._remote and not path.drive:
            return None
        if path not in self._points:
            self._points[path] = remote_point(path, self._remote)
        return self._points[path]

    def _ask(self, watched: _Watched, path: Path) -> None:
        began = self._clock.time()
        watched.probe = Attempt(partial(self._probe, path), self._clock.monotonic)
        # What is known to be silent is not waited for again.
        if watched.probe.done.wait(self._deadline if watched.since is None else 0.0):
            self._take(watched)
        elif watched.since is None:
            watched.since = began
            log.warning("%s does not answer", watched.point)

    def _take(self, watched: _Watched) -> None:
        """Take over what a probe brought back. A failure in time is an answer; a late one is a server still gone."""
        probe = watched.probe
        if probe is None or not probe.done.is_set():
            return
        watched.probe, watched.due = None, self._clock.monotonic() + RECHECK_SECONDS
        if probe.error is not None and probe.seconds > self._deadline:
            return
        if watched.since is not None:
            watched.since = None
            log.warning("%s answers again", watched.point)


@dataclass(slots=True)
class _Watched:
    """What is known of one mount point; ``due`` is the monotonic time of the next probe."""

    point: Path
    probe: Attempt[None] | None = None
    due: float = field(default=float("-inf"))
    since: float | None = None
