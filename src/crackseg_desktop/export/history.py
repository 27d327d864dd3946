"""The stored figures as JSON, as CSV, and as the table that nvidia-smi prints. Written series by series.

A month of every series does not fit into memory; one series of it does.
"""

from __future__ import annotations

import csv
import heapq
import json
import math
from dataclasses import dataclass
from itertools import groupby, repeat
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from crackseg_desktop.export.documents import strict
from crackseg_desktop.series import series_key
from crackseg_desktop.units import local_time

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator, Sequence

    from crackseg_desktop.series import Buckets, SeriesKey

    Cell = tuple[float, int, int, float]
    """A figure of the table: its time, the place of its GPU, its column, its value."""

SMI_HEADER = "timestamp, name, temperature.gpu, utilization.gpu [%], memory.used [MiB], memory.total [MiB]"
_SMI_METRICS = (
    "gpu_temperature_celsius",
    "gpu_utilization_ratio",
    "gpu_memory_used_bytes",
    "gpu_memory_total_bytes",
)
_SMI_MISSING = "[N/A]"
_MIB = 1024**2
FINEST_SECONDS = 1.0
"""Up to here a bucket is one sample."""

_CSV_FIGURES = ("value", "min", "max", "count")


class Past(Protocol):
    """The history as it is read; see ``history.archive``."""

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        """Return the series whose metric name matches a GLOB."""
        ...

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        """Return what one series was."""
        ...


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some series of the history from one moment to another, in Unix seconds."""

    past: Past
    keys: Sequence[SeriesKey]
    since: float
    until: float

    def buckets(self) -> Iterator[Buckets]:
        """Yield what each series was, without those of which nothing is known then."""
        for key in self.keys:
            found = self.past.read(key, self.since, self.until)
            if len(found):
                yield found


def excerpt(past: Past, globs: Iterable[str], since: float, until: float) -> Excerpt:
    """Choose the series whose metric name matches one of the globs (none given: all), sorted."""
    keys = {key for glob in (tuple(globs) or ("*",)) for key in past.series(glob, since)}
    return Excerpt(past, sorted(keys), since, until)


def write_json(out: TextIO, chosen: Excerpt) -> None:
    """Write one strict JSON document, as ``COMMANDS`` promises it."""
    out.write('{"series": [')
    for number, found in enumerate(chosen.buckets()):
        out.write(", " if number else "")
        out.write(json.dumps(_document(found), allow_nan=False, ensure_ascii=False))
    out.write("]}\n")


def write_csv(out: TextIO, chosen: Excerpt) -> None:
    """Write a row for each bucket: when it begins, its metric, a column for each label there is, and its figures.

    Times are Unix seconds. ``value`` is the mean of a bucket; one that is a single sample has it as ``min`` and
    ``max``, too.
    """
    labels = sorted({name for _, pairs in chosen.keys for name, _ in pairs})
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("time", "metric", *labels, *_CSV_FIGURES))
    for found in chosen.buckets():
        metric, pairs = found.key
        identity = (metric, *(dict(pairs).get(name, "") for name in labels))
        figures = (found.means, found.minima, found.maxima, found.counts)
        writer.writerows(zip(found.times, *map(repeat, identity), *figures, strict=False))


def write_nvidia_smi(out: TextIO, past: Past, since: float, until: float) -> None:
    """Write what ``nvidia-smi --query-gpu=timestamp,name,… --format=csv`` would have printed, in local time."""
    out.write(f"{SMI_HEADER}\n")
    gpus = _gpus(past, since)
    cells = (_cells(past, uuid, place, since, until) for place, uuid in enumerate(gpus))
    names = list(gpus.values())
    for (time, place), row in groupby(
        heapq.merge(*(column for columns in cells for column in columns)), _moment_and_gpu
    ):
        figures = {column: value for _, _, column, value in row}
        if figures.keys() != {_SMI_METRICS.index("gpu_memory_total_bytes")}:
            out.write(", ".join((_timestamp(time), names[place], *_smi_figures(figures))) + "\n")


def _document(found: Buckets) -> dict[str, Any]:
    metric, pairs = found.key
    document = {
        "metric": metric,
        "labels": dict(pairs),
        "times": found.times.tolist(),
        "values": _numbers(found.means),
    }
    if found.period > FINEST_SECONDS:
        document |= {"min": _numbers(found.minima), "max": _numbers(found.maxima), "count": found.counts.tolist()}
    return document


def _numbers(column: array[float]) -> list[Any]:
    """Return a column for JSON; one pass in C tells whether anything in it needs a word."""
    values = column.tolist()
    return values if math.isfinite(sum(values)) else list(map(strict, values))


def _gpus(past: Past, since: float) -> dict[str, str]:
    """Return the names of the GPUs by UUID, in the order of their indices; one without a name is called by its UUID."""
    told = {}
    for _, pairs in past.series("gpu_info"):
        labels = dict(pairs)
        told[labels["gpu"]] = (labels.get("index", ""), labels.get("name", ""))
    found = {dict(pairs)["gpu"] for metric in _SMI_METRICS for _, pairs in past.series(metric, since)}
    ordered = sorted(found, key=lambda uuid: (told.get(uuid, ("",))[0].zfill(4), uuid))
    return {uuid: told.get(uuid, ("", ""))[1] or uuid for uuid in ordered}


def _cells(past: Past, uuid: str, place: int, since: float, until: float) -> Iterator[Iterator[Cell]]:
    for column, metric in enumerate(_SMI_METRICS):
        found = past.read(series_key(metric, {"gpu": uuid}), since, until)
        yield zip(found.times, repeat(place), repeat(column), found.means, strict=False)


def _moment_and_gpu(cell: Cell) -> tuple[float, int]:
    return cell[:2]


def _timestamp(time: float) -> str:
    local = local_time(time)
    return _SMI_MISSING if local is None else f"{local:%Y/%m/%d %H:%M:%S}.{local.microsecond // 1000:03d}"


def _smi_figures(figures: dict[int, float]) -> Iterator[str]:
    """Write figures as nvidia-smi does, from those that there are, by column."""
    for column, (scale, unit) in enumerate(((1.0, ""), (100.0, " %"), (1 / _MIB, " MiB"), (1 / _MIB, " MiB"))):
        value = figures.get(column, math.nan)
        yield f"{round(value * scale)}{unit}" if math.isfinite(value) else _SMI_MISSING
