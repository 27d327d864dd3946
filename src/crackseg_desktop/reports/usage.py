"""What the hardware did for the runs of a period: energy, idle and throttled time, by run and in all. Pure."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.insight.coverage import clipped, length_of, seconds_of
from crackseg_desktop.insight.energy import EnergyUsed, added, cost_of, energy_in
from crackseg_desktop.insight.forecast import WINDOWS, forecast_disk
from crackseg_desktop.insight.usage import heat_map, idle_spans, mean_of, peak_of, throttled_seconds
from crackseg_desktop.reports.past import ROWS, subjects
from crackseg_desktop.reports.report import EnergyUse, Figure
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.reports.past import Past, Span
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.reports.report import Health, RunReport
    from crackseg_desktop.series import Buckets
    from crackseg_desktop.settings import Energy

NO_GPU = "no GPU was read in this period"
NOT_LINKED = "the run was not seen on a GPU"
NO_TARIFF = "no tariff is set"
_NO_POWER = "no readings of its power"
_SOON_SECONDS = 7 * 86_400.0
_UTILIZATION, _HELD = "gpu_utilization_ratio", "training_gpu_memory_used_bytes"


@dataclass(frozen=True, slots=True)
class Usage:
    """Asks the history for sums over spans; ``settings`` tell what a kWh costs."""

    period: Period
    past: Past
    settings: Energy

    def energy(self) -> EnergyUse:
        """Return the energy of all GPUs in the period."""
        return self._energy(self._gpus(), self.period.since, self.period.until)

    def joules(self, since: float, until: float) -> Figure:
        """Return the energy of all GPUs over a span."""
        return self._energy(self._gpus(), since, until).joules

    def utilization(self, since: float, until: float) -> Figure:
        """Return the mean utilization of all GPUs over a span."""
        columns = self._utilization(since, until)
        mean = mean_of(columns.means, clipped(columns.times, columns.seconds, since, until))
        return Figure(mean) if mean is not None else Figure(reason=NO_GPU)

    def idle(self, runs: Sequence[RunReport]) -> Figure:
        """Return for how long GPUs were idle while a run held them, in the period."""
        alive: dict[str, list[Span]] = {}
        for run in runs:
            begun, ended = self._life(run)
            for gpu in self._linked(run.id, begun, ended):
                alive.setdefault(gpu, []).append((max(begun, self.period.since), ended))
        if not alive:
            return Figure(reason="no run was seen on a GPU" if runs else "no run")
        return Figure(sum(self._idle(gpu, spans) for gpu, spans in sorted(alive.items())))

    def throttled(self) -> Figure:
        """Return for how long heat or power held GPUs back in the period."""
        return self._throttled(self._gpus("gpu_throttled"), self.period.since, self.period.until)

    def heat(self) -> tuple[tuple[tuple[float | None, ...], ...], str]:
        """Return the mean utilization by weekday and hour, or why there is none."""
        since, until = self.period.since, self.period.until
        columns = self._utilization(since, until)
        if not columns.times:
            return (), NO_GPU
        found = heat_map(columns.times, columns.means, columns.seconds, self.period.zone, since, until)
        return found.means, ""

    def forecast(self, rows: tuple[Health, ...]) -> tuple[Health, ...]:
        """Return the rows of the machine with what is likely to come of each disk."""
        return tuple(replace(row, forecast=self._forecast(row)) if row.kind == "disk" else row for row in rows)

    def of_run(self, run: RunReport) -> RunReport:
        """Return a run with what its hardware did from its start to its end, also before the period."""
        begun, ended = self._life(run)
        linked = self._linked(run.id, begun, ended)
        machine = self._gpus()
        gpus = linked or (machine if len(machine) == 1 else ())
        likely = not linked
        idle = Figure(reason=NOT_LINKED)
        if linked:
            idle = Figure(sum(self._idle(gpu, [(begun, ended)]) for gpu in linked))
        missing = NOT_LINKED if machine else NO_GPU
        spent = self._energy(gpus, begun, ended, missing)
        return replace(
            run,
            energy=replace(spent, joules=replace(spent.joules, likely=likely), cost=replace(spent.cost, likely=likely)),
            idle_seconds=idle,
            throttled_seconds=replace(self._throttled(gpus, begun, ended, missing), likely=likely),
            peak_memory_bytes=self._peak(run, linked, begun, ended),
        )

    def _life(self, run: RunReport) -> Span:
        begun = run.started if run.started is not None else self.period.since
        ended = run.ended if run.ended is not None else self.period.until
        return begun, min(ended, self.period.until)

    def _gpus(self, metric: str = "gpu_power_watts") -> tuple[str, ...]:
        return tuple(subjects(self.past, metric, "gpu", self.period.since))

    def _linked(self, run: str, since: float, until: float) -> tuple[str, ...]:
        """Return the GPUs on which a run held memory."""
        labels = (dict(key[1]) for key in self.past.series(_HELD, since))
        gpus = sorted(label["gpu"] for label in labels if label.get("run") == run and "gpu" in label)
        return tuple(gpu for gpu in gpus if len(self._held(run, gpu, since, until)))

    def _held(self, run: str, gpu: str, since: float, until: float) -> Buckets:
        return self.past.read(series_key(_HELD, {"run": run, "gpu": gpu}), since, until, ROWS)

    def _peak(self, run: RunReport, gpus: Sequence[str], since: float, until: float) -> Figure:
        held = (self._held(run.id, gpu, since, until) for gpu in gpus)
        peaks = [peak.value for item in held if (peak := peak_of(item.times, item.maxima)) is not None]
        return Figure(max(peaks)) if peaks else run.peak_memory_bytes

    def _idle(self, gpu: str, alive: Sequence[Span]) -> float:
        since, until = min(span[0] for span in alive), max(span[1] for span in alive)
        read = self.past.read(series_key(_UTILIZATION, {"gpu": gpu}), since, until, ROWS)
        return length_of(idle_spans(read.times, read.means, seconds_of(read), alive))

    def _throttled(self, gpus: Sequence[str], since: float, until: float, missing: str = NO_GPU) -> Figure:
        read = (self.past.read(series_key("gpu_throttled", {"gpu": gpu}), since, until, ROWS) for gpu in gpus)
        told = [throttled_seconds(item.means, clipped(item.times, seconds_of(item), since, until)) for item in read]
        known = [seconds for seconds in told if seconds is not None]
        return Figure(sum(known)) if known else Figure(reason=missing if not gpus else "no readings of it")

    def _utilization(self, since: float, until: float) -> _Columns:
        """Return the utilization of all GPUs below each other."""
        columns = _Columns(array("d"), array("d"), array("d"))
        for key in subjects(self.past, _UTILIZATION, "gpu", since).values():
            read = self.past.read(key, since, until, ROWS)
            columns.times.extend(read.times)
            columns.means.extend(read.means)
            columns.seconds.extend(seconds_of(read))
        return columns

    def _energy(self, gpus: Sequence[str], since: float, until: float, missing: str = NO_GPU) -> EnergyUse:
        parts = [self._energy_of(gpu, since, until) for gpu in gpus]
        used = added(parts)
        if used is None:
            return EnergyUse(Figure(reason=_NO_POWER if gpus else missing), Figure(reason=NO_TARIFF))
        cost = cost_of(used.joules, self.settings.tariff)
        covered = used.seconds_covered / (until - since) if until > since else None
        return EnergyUse(
            Figure(used.joules), Figure(cost) if cost is not None else Figure(reason=NO_TARIFF), used.source, covered
        )

    def _energy_of(self, gpu: str, since: float, until: float) -> EnergyUsed | None:
        power, counter = (
            self.past.read(series_key(metric, {"gpu": gpu}), since, until, ROWS)
            for metric in ("gpu_power_watts", "gpu_energy_joules_total")
        )
        return energy_in(power, counter, since, until)

    def _forecast(self, row: Health) -> str:
        """Say when a disk likely goes below its limit, where that is soon; "" else."""
        if row.limit is None:
            return ""
        until = self.period.until
        key = series_key("host_disk_free_bytes", {"mount": row.subject})
        read = self.past.read(key, until - max(WINDOWS), until, 1000)
        told = forecast_disk(read.times, read.means, row.limit, until)
        if told.time is None or told.time - until > _SOON_SECONDS:
            return ""
        limit = units.figure("bytes", row.limit)
        if told.bytes_per_hour is None:
            return f"below its limit of {limit}"
        pace = units.figure("bytes", told.bytes_per_hour)
        return f"likely below {limit} by {self.period.moment(told.time)}, it shrinks by {pace}/h"


@dataclass(frozen=True, slots=True)
class _Columns:
    times: array[float]
    means: array[float]
    seconds: array[float]
