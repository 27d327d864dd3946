"""The history as the Monitor has it: what of a moment is kept, and around what the details are kept longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crackseg_desktop.history.recent import stored_figures
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import AlertState
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.alerts.observation import Observation
    from crackseg_desktop.history.health import Health
    from crackseg_desktop.readings import AlertEvent, Run, Sample
    from crackseg_desktop.series import SeriesKey

AROUND_ALERT = 600.0
"""So long before and after an alert, in seconds, every sample is kept."""
RUN_PERIOD = 10.0
"""The tier that is kept of the time of a run, by its period in seconds."""
_MOST_RUNS = 50
_PIN_RUNS_EVERY = 600.0
_MARKING = frozenset({AlertState.FIRING, AlertState.RESOLVED})


class Historian(Protocol):
    """Where series are kept; see ``history.recorder``. Nothing here waits or raises."""

    @property
    def health(self) -> Health:
        """Return whether it can write, or why not."""
        ...

    def add(self, time: float, figures: Mapping[SeriesKey, float], gap: str = "") -> None:
        """Keep the figures of one moment; ``gap`` says why there are none before it."""
        ...

    def pin(self, since: float, until: float, period: float = 1.0) -> None:
        """Keep the tier of this period over a span longer than others."""
        ...


class Recording:
    """Hands over what is to be kept. Belongs to the Monitor thread."""

    def __init__(self, historian: Historian | None) -> None:
        self._historian = historian
        self._last: Sample | None = None
        self._pinned = 0.0

    @property
    def health(self) -> Health | None:
        """Return how the history is doing; None: none is kept."""
        return self._historian.health if self._historian is not None else None

    def on_sample(self, sample: Sample, trainings: Iterable[Observation], runs: Iterable[Run]) -> None:
        """Keep the stored series of a moment: those of the readings, and of the active runs."""
        if self._historian is None:
            return
        figures = stored_figures(sample) | training_figures(trainings)
        self._historian.add(sample.time, figures, self._gap(sample))
        self._last = sample
        if sample.monotonic - self._pinned >= _PIN_RUNS_EVERY:
            self._pinned = sample.monotonic
            for run in runs:
                self._pin_run(run, sample.time)

    def on_alert(self, event: AlertEvent) -> None:
        """Keep every sample around where an alert began and ended."""
        if self._historian is not None and event.state in _MARKING and not event.simulated:
            began = event.since if event.state == AlertState.FIRING else event.time
            self._historian.pin(began - AROUND_ALERT, event.time + AROUND_ALERT)

    def _pin_run(self, run: Run, now: float) -> None:
        if self._historian is not None and run.active and run.facts.started is not None:
            self._historian.pin(min(run.facts.started, now), now + _PIN_RUNS_EVERY, RUN_PERIOD)

    def _gap(self, sample: Sample) -> str:
        if not sample.gap or self._last is None:
            return ""
        return "clock set back" if sample.time < self._last.time else "suspended"


def training_figures(seen: Iterable[Observation]) -> dict[SeriesKey, float]:
    """Return what of the trainings is kept: stored series, of at most 50 runs."""
    runs: set[str] = set()
    figures: dict[SeriesKey, float] = {}
    for item in seen:
        run = item.labels.get("run")
        row = CATALOGUE.get(item.metric)
        if run is None or row is None or not row.stored or (run not in runs and len(runs) >= _MOST_RUNS):
            continue
        runs.add(run)
        figures[series_key(item.metric, item.labels)] = item.value
    return figures
