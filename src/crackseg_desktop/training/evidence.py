"""What the files of a run tell beside their points, weighed: how it was planned, when it began, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.readings import Ending
from crackseg_desktop.training.formats.run_config import merged_config
from crackseg_desktop.training.formats.tfevents import event_writer
from crackseg_desktop.training.places import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crackseg_desktop.readings import RunConfig
    from crackseg_desktop.training.formats.base import Clues
    from crackseg_desktop.training.sources import Source

_PLANNING = (
    Kind.CONFIG_JSON,
    Kind.CONFIG_YAML,
    Kind.LOG,
    Kind.HYDRA_CONFIG,
    Kind.PLANNED,
    Kind.TRAINER_STATE,
    Kind.MMENGINE_LOG,
    Kind.TEXT_LOG,
)
_TELL_ENDS = (Kind.ERRORS, Kind.LOG, Kind.MMENGINE_LOG, Kind.TEXT_LOG, Kind.TRAINER_STATE)


_LATELY = 3600.0
_CLOCK_SLACK = 600.0
_HALF_HOUR, _MOST_HALF_HOURS = 1800.0, 28
_SAME_MOMENT = 30.0
"""Seconds between a logged time and the writing of its line; a chance hit among copied files is rare."""


class Evidence:
    """The clues of a run's files as they are now. Times are Unix seconds; None is unknown."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)

    def first_logged(self) -> float | None:
        """Return the oldest time in a text log, or in what was written when the run began."""
        return _oldest(clues for kind in (Kind.LOG, Kind.INFO) for clues in self._of(kind))

    def first_time(self) -> float | None:
        """Return the oldest time that any file tells."""
        return _oldest(source.clues for source in self._sources)

    def last_time(self) -> float | None:
        """Return the newest time that any file tells."""
        times = (source.clues.last_time for source in self._sources)
        return max((time for time in times if time is not None), default=None)

    def updated(self, now: float) -> float | None:
        """Return the last sign of life: the newest logged time, or when a file was last written where that is no time.

        A file that was written lately shows what the logged times are worth: none where they are later than that, or
        off by whole half hours. The clock is another's then, or in another zone (a container in UTC).
        """
        logged, modified = self.last_time(), self.modified()
        if logged is None or modified is None:
            return modified if logged is None else logged
        is_wrong = logged - modified > _CLOCK_SLACK or _is_of_another_zone(modified - logged)
        return modified if is_wrong and abs(now - modified) < _LATELY else logged

    def modified(self) -> float | None:
        """Return when a file was last written."""
        return max((source.modified for source in self._sources if source.modified is not None), default=None)

    def last_epoch(self) -> int | None:
        """Return the last epoch that a file names, counted from 1."""
        return max((source.clues.epoch or 0 for source in self._sources), default=0) or None

    def total_epochs(self) -> int | None:
        """Return the planned epochs, of the file that knows best."""
        planned = (clues.total_epochs for kind in _PLANNING for clues in self._of(kind))
        return next((total for total in planned if total is not None), None)

    def config(self) -> RunConfig | None:
        """Return the configuration, put together from all files that tell of it."""
        return merged_config(clues.config for kind in _PLANNING for clues in self._of(kind))

    def ending(self, epoch: int | None) -> Ending | None:
        """Return how a run whose last finished epoch is this one ended.

        A told error counts most, then the summary of a normal end, then what a log says.
        """
        told = [clues.ending for kind in _TELL_ENDS for clues in self._of(kind) if clues.ending is not None]
        certain = next((ending for ending in told if ending.kind != "closed"), None)
        if certain is not None:
            return certain
        planned = self.total_epochs()
        ran_short = epoch is not None and planned is not None and epoch < planned
        for clues in self._of(Kind.COMPLETE_SUMMARY):
            if clues.status == "complete":
                return Ending("early_stopping" if ran_short else "completed", None, clues.last_time)
        if told:
            return told[0]
        closed = any(clues.status == "completed" for clues in self._of(Kind.INFO))
        if not closed or any(self._of(Kind.LOG)):
            return None
        return Ending("closed" if ran_short or epoch is None or planned is None else "completed")

    def files(self) -> tuple[str, ...]:
        """Return the files that are there."""
        return tuple(sorted(str(source.path) for source in self._sources if source.modified is not None))

    def writer(self) -> tuple[str, int] | None:
        """Return the host and the PID that the name of the newest event file tells."""
        events = sorted(source.path for source in self._sources if source.rank == Kind.EVENTS.value)
        writers = [writer for path in events if (writer := event_writer(path.name)) is not None]
        return (writers[-1].host, writers[-1].pid) if writers else None

    def notes(self) -> Iterator[str]:
        """Yield what was passed over."""
        return (note for source in self._sources for note in source.clues.notes)

    def _of(self, kind: Kind) -> Iterator[Clues]:
        return (source.clues for source in self._sources if source.rank == kind.value)


def _is_of_another_zone(seconds: float) -> bool:
    half_hours = round(seconds / _HALF_HOUR)
    return 0 < abs(half_hours) <= _MOST_HALF_HOURS and abs(seconds - half_hours * _HALF_HOUR) < _SAME_MOMENT


def _oldest(clues: Iterable[Clues]) -> float | None:
    return min((item.first_time for item in clues if item.first_time is not None), default=None)
