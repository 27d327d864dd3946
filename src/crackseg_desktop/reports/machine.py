"""What the machine was in a period: memory, disks and temperature beside their limits, over time, and what is missing.

Pure: of the history and of one sample of now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crackseg_desktop.insight import coverage
from crackseg_desktop.insight.usage import last_of, lowest_of, peak_of
from crackseg_desktop.reports.past import ROWS, subjects
from crackseg_desktop.reports.report import Coverage, Figure, Health, Lane, Points
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.alerts.rule import Rule
    from crackseg_desktop.readings import Reading, Sample
    from crackseg_desktop.reports.past import Past
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.series import Buckets, SeriesKey

MOST_DISKS = 6
_LANE_POINTS = 480
_MOST_LINES = 4
_WITNESSES = ("host_cpu_used_ratio", "host_memory_used_bytes", "gpu_temperature_celsius")
"""Series that are there whenever the program runs, the surest first."""
NO_FIGURES = "no readings in this period"
NOT_READ = "not read now"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where figures of the machine come from, and the limits that the rules set, by rule name."""

    past: Past
    sample: Sample | None
    rules: Mapping[str, Rule]

    def limit(self, rule: str, total: float | None = None) -> float | None:
        """Return the gravest fixed limit of a rule; of a share, as a part of the total."""
        known = self.rules.get(rule)
        if known is None:
            return None
        limit = next(level.limit for level in reversed(known.all_levels) if not level.relative_to)
        return limit if known.unit != "ratio" else limit * total if total is not None else None

    def gpus(self, metric: str, since: float) -> dict[str, tuple[str, SeriesKey]]:
        """Return the series of a GPU metric by UUID, with a name for a person; "" for the only one."""
        keys = subjects(self.past, metric, "gpu", since)
        indices = {gpu.uuid: gpu.index for gpu in self.sample.gpus} if self.sample is not None else {}
        ordered = sorted(keys, key=lambda uuid: (indices.get(uuid, len(indices)), uuid))
        single = len(ordered) == 1
        names = {uuid: f"GPU {indices[uuid]}" if uuid in indices else uuid[:12] for uuid in ordered}
        return {uuid: ("" if single else names[uuid], keys[uuid]) for uuid in ordered}

    def reading(self, **labels: str) -> Reading | None:
        """Return the reading of a thing in the sample of now."""
        readings = self.sample.readings() if self.sample is not None else ()
        return next((reading for reading in readings if dict(reading.labels) == labels), None)

    def now(self, metric: str, **labels: str) -> Figure:
        """Return what a thing says now, or why not."""
        reading = self.reading(**labels)
        value = reading.get(metric) if reading is not None else None
        if value is not None:
            return Figure(value)
        return Figure(reason=reading.unavailable.get(metric, NOT_READ) if reading is not None else NOT_READ)


def health_of(period: Period, machine: Machine) -> tuple[Health, ...]:
    """Return the rows of the guide's "System Health"."""
    return (
        *_gpu_rows(period, machine, "gpu_memory_used_bytes"),
        *_memory_row(period, machine),
        *_disk_rows(period, machine),
        *_gpu_rows(period, machine, "gpu_temperature_celsius"),
    )


def lanes_of(period: Period, machine: Machine) -> tuple[Lane, ...]:
    """Return the plots of the period: temperature and memory of the GPUs; without a GPU, the memory of the machine."""
    lanes = []
    gpus = machine.gpus("gpu_temperature_celsius", period.since)
    if lines := _lines(period, machine, gpus.values()):
        limit = machine.limit("gpu_temperature")
        lanes.append(Lane("temperature", "GPU temperature", "celsius", lines, limit))
    gpus = machine.gpus("gpu_memory_used_bytes", period.since)
    if lines := _lines(period, machine, gpus.values()):
        totals = [machine.now("gpu_memory_total_bytes", gpu=uuid).value for uuid in gpus]
        known = [total for total in totals if total is not None]
        total = max(known) if len(set(known)) == 1 or (len(lines) == 1 and known) else None
        lanes.append(Lane("memory", "GPU memory", "bytes", lines, machine.limit("gpu_memory", total), total))
    if not lanes and (lines := _lines(period, machine, [("", series_key("host_memory_used_bytes", {}))])):
        total = machine.now("host_memory_total_bytes").value
        lanes.append(Lane("memory", "System memory", "bytes", lines, machine.limit("host_memory", total), total))
    return tuple(lanes)


def coverage_of(period: Period, past: Past) -> Coverage:
    """Return of how much of the period there is data: of the machine, else of its GPUs."""
    keys = [key for metric in _WITNESSES for key in past.series(metric, period.since)]
    if period.seconds <= 0 or not keys:
        return Coverage(Figure(reason="there is no history of it"))
    read = past.read(keys[0], period.since, period.until, ROWS)
    named = past.gaps(period.since, period.until)
    known = coverage.coverage_of(read.times, coverage.seconds_of(read), period.since, period.until, named)
    ordered = sorted(known.gaps, key=lambda gap: (gap.since - gap.until, gap.since))
    return Coverage(Figure(known.share), tuple(ordered))


def _gpu_rows(period: Period, machine: Machine, metric: str) -> list[Health]:
    rows = []
    for uuid, (name, key) in machine.gpus(metric, period.since).items():
        buckets = machine.past.read(key, period.since, period.until, ROWS)
        total = Figure()
        if metric == "gpu_memory_used_bytes":
            total = machine.now("gpu_memory_total_bytes", gpu=uuid)
            limit = machine.limit("gpu_memory", total.value)
            row = Health("gpu_memory", "GPU memory", "bytes", name, total=total, limit=limit)
        else:
            row = Health("temperature", "Temperature", "celsius", name, limit=machine.limit("gpu_temperature"))
        rows.append(_filled(row, period, machine, metric, buckets, {"gpu": uuid}))
    return rows


def _memory_row(period: Period, machine: Machine) -> list[Health]:
    metric = "host_memory_used_bytes"
    buckets = machine.past.read(series_key(metric, {}), period.since, period.until, ROWS)
    total = machine.now("host_memory_total_bytes")
    row = Health("host_memory", "System memory", "bytes", total=total, limit=machine.limit("host_memory", total.value))
    return [_filled(row, period, machine, metric, buckets, {})]


def _disk_rows(period: Period, machine: Machine) -> list[Health]:
    """Return the disks with the least free space first: the others are no news."""
    metric = "host_disk_free_bytes"
    rows = []
    for mount, key in subjects(machine.past, metric, "mount", period.since).items():
        buckets = machine.past.read(key, period.since, period.until, ROWS)
        total = machine.now("host_disk_total_bytes", mount=mount)
        row = Health("disk", "Disk", "bytes", mount, total=total, limit=machine.limit("disk_space"))
        rows.append(_filled(row, period, machine, metric, buckets, {"mount": mount}))
    known = [row for row in rows if row.peak.value is not None]
    return sorted(known, key=lambda row: (row.peak.value or 0.0, row.subject))[:MOST_DISKS]


def _filled(
    row: Health, period: Period, machine: Machine, metric: str, buckets: Buckets, labels: Mapping[str, str]
) -> Health:
    is_disk = row.kind == "disk"
    worst = lowest_of(buckets.times, buckets.minima) if is_disk else peak_of(buckets.times, buckets.maxima)
    last = last_of(buckets.times, buckets.lasts)
    peak = Figure(worst.value) if worst is not None else Figure(reason=NO_FIGURES)
    now = Figure(last.value) if last is not None else Figure(reason=NO_FIGURES)
    if not period.is_over and (read := machine.now(metric, **labels)).value is not None:
        now = read
    return replace(row, peak=peak, peak_at=worst.time if worst is not None else None, now=now)


def _lines(period: Period, machine: Machine, series: Iterable[tuple[str, SeriesKey]]) -> tuple[Points, ...]:
    lines = []
    for name, key in list(series)[:_MOST_LINES]:
        buckets = machine.past.read(key, period.since, period.until, _LANE_POINTS)
        if len(buckets):
            times, means = tuple(buckets.times), tuple(buckets.means)
            longest = max(2.5 * buckets.period, 30.0)
            lines.append(Points(name, times, means, tuple(buckets.minima), tuple(buckets.maxima), longest))
    return tuple(lines)
