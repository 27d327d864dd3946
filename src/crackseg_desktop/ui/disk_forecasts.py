"""When disks will likely be full: what is asked of the history, and how it is answered.

Plain Python without widgets. The question is put in the GUI thread, answered where the history is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.insight.forecast import DiskForecast, forecast_from
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crackseg_desktop.series import Buckets, SeriesKey
    from crackseg_desktop.ui.model import Model

AGAIN_SECONDS = 300.0
_MOST_BUCKETS = 200
_METRIC = "host_disk_free_bytes"


@dataclass(frozen=True, slots=True)
class DiskQuestion:
    """Of which mounts, when less than ``limit`` bytes are free, seen from ``now`` (Unix seconds)."""

    mounts: tuple[str, ...]
    limit: float
    now: float


@dataclass(frozen=True, slots=True)
class DiskAnswer:
    """The forecasts by mount."""

    question: DiskQuestion
    forecasts: Mapping[str, DiskForecast] = field(default_factory=dict)


def disk_question(model: Model, limit: float | None) -> DiskQuestion | None:
    """Return what to ask now: the same for five minutes; None where there is no history, or no disk.

    Without a limit it is asked when nothing is free any more.
    """
    host = model.sample.host if model.sample is not None else None
    if host is None or model.timeline.off:
        return None
    mounts = tuple(sorted(disk.labels.get("mount", "") for disk in host.disks if disk.get(_METRIC) is not None))
    return DiskQuestion(mounts, limit or 0.0, _rounded(model.now)) if mounts else None


def forecast(
    question: DiskQuestion,
    read: Callable[[SeriesKey, float, float, int], Buckets],
    is_given_up: Callable[[], bool] = bool,
) -> DiskAnswer:
    """Answer from the history; takes a while, and stops between two disks where nobody waits for it any more."""
    told: dict[str, DiskForecast] = {}
    for mount in question.mounts:
        if is_given_up():
            break
        free = _reader(read, series_key(_METRIC, {"mount": mount}))
        told[mount] = forecast_from(free, question.limit, question.now)
    return DiskAnswer(question, told)


def _reader(
    read: Callable[[SeriesKey, float, float, int], Buckets], key: SeriesKey
) -> Callable[[float, float], Buckets]:
    return lambda since, until: read(key, since, until, _MOST_BUCKETS)


def _rounded(now: float) -> float:
    """Return the next full five minutes: of what comes until then nothing is known, and nothing is left out."""
    return (now // AGAIN_SECONDS + 1) * AGAIN_SECONDS
