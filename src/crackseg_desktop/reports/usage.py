"""What the hardware did for the runs of a period: energy, idle and throttled time, by run and in all. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.reports.past import mean, subjects
from crackseg_desktop.reports.report import EnergyUse, Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.reports.past import Past
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.reports.report import Health, RunReport
    from crackseg_desktop.settings import Energy

_KWH = 3.6e6
NO_GPU = "no GPU was read in this period"
NOT_LINKED = "the run is not linked to a GPU"
NO_TARIFF = "no tariff is set"


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
        keys = subjects(self.past, "gpu_utilization_ratio", "gpu", since).values()
        means = [value for key in keys if (value := mean(self.past.read(key, since, until, 1000))) is not None]
        return Figure(sum(means) / len(means)) if means else Figure(reason=NO_GPU)

    def idle(self, runs: Sequence[RunReport]) -> Figure:
        """Return for how long GPUs were idle while a run held them, over all runs that are linked to one."""
        return Figure(reason=NOT_LINKED)

    def throttled(self) -> Figure:
        """Return for how long heat or power held GPUs back in the period."""
        return Figure(reason=NO_GPU)

    def heat(self) -> tuple[tuple[tuple[float | None, ...], ...], str]:
        """Return the mean utilization by weekday and hour, or why there is none."""
        return (), NO_GPU

    def forecast(self, rows: tuple[Health, ...]) -> tuple[Health, ...]:
        """Return the rows of the machine with what is likely to come of each disk."""
        return rows

    def of_run(self, run: RunReport, begun: float, ended: float | None) -> RunReport:
        """Return a run with what its hardware did from its start to its end, in the period and before it."""
        until = ended if ended is not None and ended < self.period.until else self.period.until
        return run

    def _gpus(self) -> tuple[str, ...]:
        return tuple(subjects(self.past, "gpu_power_watts", "gpu", self.period.since))

    def _energy(self, gpus: Sequence[str], since: float, until: float) -> EnergyUse:
        return EnergyUse(Figure(reason=NO_GPU), Figure(reason=NO_TARIFF))
