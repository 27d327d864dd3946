"""What the visible pages draw: a copy of the core's state in the GUI thread, brought up to date event by event.

Plain Python without widgets. It is filled by a ``Snapshot`` when a window opens and emptied when it is hidden, so that
a hidden program keeps nothing twice. All times that pages show are relative to ``now``, the time of the newest sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from crackseg_desktop.alerts.observe import observations
from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.curves import add_points, by_name
from crackseg_desktop.history.recent import stored_figures
from crackseg_desktop.readings import AlertState
from crackseg_desktop.series import series_key
from crackseg_desktop.ui import snoozes
from crackseg_desktop.ui.alert_list import AlertList
from crackseg_desktop.ui.desk import Desk
from crackseg_desktop.ui.disk_forecasts import disk_question
from crackseg_desktop.ui.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from numpy import float64
    from numpy.typing import NDArray

    from crackseg_desktop.alerts.engine import Observation
    from crackseg_desktop.alerts.rule import Rule, RuleStatus
    from crackseg_desktop.curves import Curve, Curves
    from crackseg_desktop.history.health import Health
    from crackseg_desktop.history.recent import Window as RecentWindow
    from crackseg_desktop.insight.forecast import DiskForecast
    from crackseg_desktop.monitor import Snapshot
    from crackseg_desktop.readings import AlertEvent, CurvePoints, GpuReading, Run, RunRemoved, Sample, Silence
    from crackseg_desktop.series import SeriesKey
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.disk_forecasts import DiskAnswer, DiskQuestion
    from crackseg_desktop.ui.replaying import Answer, Question
    from crackseg_desktop.ui.time_range import TimeView, Window
    from crackseg_desktop.ui.tracks import Track

    Column = NDArray[float64]

KEEP = 3600
END_OF_CALENDAR = 253_402_300_800.0  # the year 10000; what a file tells beyond is no time


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the rules in force draw their lines, in base units; None: no rule."""

    gpu_memory_ratio: float | None = None
    gpu_temperature: float | None = None
    host_memory_ratio: float | None = None
    disk_free_bytes: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Read the limits from the rules that these settings put in force."""
        rules = {rule.name: _line(rule) for rule in rules_from(settings.rules)[0]}
        return cls(
            rules.get("gpu_memory"), rules.get("gpu_temperature"), rules.get("host_memory"), rules.get("disk_space")
        )


def _line(rule: Rule) -> float:
    """Return where the line of a rule is drawn: where it becomes most severe."""
    return [level.limit for level in rule.all_levels if not level.relative_to][-1]


class CurveColumns(NamedTuple):
    """One curve as columns of equal length, steps rising."""

    axis: str  # what a step counts: epoch or step
    steps: Column
    times: Column  # Unix seconds; NaN for what is no time
    values: Column


class Columns:
    """The last hour of every stored series as float64 columns over one column of times; NaN where nothing was read."""

    def __init__(self, keep: int = KEEP) -> None:
        self._keep = keep
        self._rows = 0
        self._times: Column | None = None
        self._values: dict[SeriesKey, Column] = {}

    def __len__(self) -> int:
        return self._rows

    def load(self, window: RecentWindow) -> None:
        """Take over a window of the history."""
        import numpy as np  # 17 MB that only an open window needs

        times = np.frombuffer(window.times, dtype=np.float64)[-self._keep :]
        self._rows = len(times)
        self._times = self._room(times)
        self._values = {
            key: self._room(np.frombuffer(column, dtype=np.float64)[-self._keep :])
            for key, column in window.values.items()
        }

    def append(self, sample: Sample) -> None:
        """Append a row; a gap is a row of NaN before it."""
        if sample.gap and self._rows and self._times is not None:
            self._append(float(self._times[self._rows - 1]), {})
        self._append(sample.time, stored_figures(sample))

    def times(self) -> Column:
        """Return the times of all rows (Unix seconds), a view."""
        return self._view(self._times)

    def values(self, metric: str, labels: Mapping[str, str]) -> Column:
        """Return the values of one series, a view as long as ``times``; empty where there is no such series."""
        return self._view(self._values.get(series_key(metric, labels)))

    def _append(self, time: float, figures: Mapping[SeriesKey, float]) -> None:
        import numpy as np

        if self._times is None:
            self._times = self._room(np.empty(0))
        if self._rows == len(self._times):
            self._forget()
        self._times[self._rows] = time
        for key, value in figures.items():
            if key not in self._values:
                self._values[key] = self._room(np.full(self._rows, math.nan))
            self._values[key][self._rows] = value
        for key in self._values.keys() - figures.keys():
            self._values[key][self._rows] = math.nan
        self._rows += 1

    def _room(self, column: Column) -> Column:
        """Copy a column into one with room to grow, so that appending moves nothing most of the time."""
        import numpy as np

        grown = np.full(max(2 * self._keep, len(column) + 1), math.nan)
        grown[: len(column)] = column
        return grown

    def _forget(self) -> None:
        start = self._rows - self._keep
        for column in (self._times, *self._values.values()):
            if column is not None:
                column[: self._keep] = column[start : self._rows]
                column[self._keep :] = math.nan
        self._rows = self._keep

    def _view(self, column: Column | None) -> Column:
        import numpy as np

        return np.empty(0) if column is None else column[max(0, self._rows - self._keep) : self._rows]


class Model:
    """The state behind the pages. Belongs to the GUI thread.

    Attributes:
        loaded: a snapshot has come; what is told before it is passed over, for the snapshot holds it.
        runs: newest first.
        selected_run_id, selected_gpu: what a person chose; None: the model chooses.
        timeline: the time that the plots show.
        health: how the history is doing; None: none is kept.
        channel_tests: why the last test of a channel failed, or an empty text.
    """

    def __init__(self) -> None:
        self.selected_run_id: str | None = None
        self.selected_gpu: str | None = None
        self.timeline = Timeline()
        self.channel_tests: dict[str, str] = {}
        self.replays: dict[Hashable, Answer] = {}
        self._question: Question | None = None
        self._questions: set[Hashable] = set()
        self.reports = Desk()
        self.clear()

    def clear(self) -> None:
        """Forget everything but what a person chose."""
        self.loaded = False
        self.sample: Sample | None = None
        self._observed: tuple[Observation, ...] | None = None
        self.columns = Columns()
        self.timeline.forget()
        self.health: Health | None = None
        self.runs: tuple[Run, ...] = ()
        self.curves: dict[str, Curves] = {}
        self.replays, self._questions = {}, set()
        self.disk_answer: DiskAnswer | None = None
        self._disks_asked: DiskQuestion | None = None
        self._disk_question: DiskQuestion | None = None
        self._missing: set[str] = set()
        self._asked: set[str] = set()
        self._alerts = AlertList()
        self.silences: tuple[Silence, ...] = ()
        self.rules: tuple[RuleStatus, ...] = ()
        self.loaded_at = 0.0
        self.dropped_samples = 0
        self._named: dict[str, dict[str, CurveColumns]] = {}
        self._revisions: dict[str, int] = {}

    def load(self, snapshot: Snapshot) -> None:
        """Take over everything there is."""
        self.clear()
        self.loaded = True
        self.sample = snapshot.sample
        if snapshot.window is not None:
            self.columns.load(snapshot.window)
        self.runs = snapshot.runs
        self.curves = {run: dict(curves) for run, curves in snapshot.curves.items()}
        self._alerts = AlertList(snapshot.alerts)
        self.silences = snapshot.silences
        self.rules = snapshot.rules
        self.health = snapshot.history
        self.timeline.trouble = "" if self.health is None else self.health.reason
        self.loaded_at = self.now
        self.dropped_samples = snapshot.dropped_samples

    def on_sample(self, sample: Sample) -> None:
        """Take over a new sample."""
        if self.loaded:
            self.sample, self._observed = sample, None
            self.columns.append(sample)

    def on_points(self, points: CurvePoints) -> None:
        """Take over new points of a curve; those of a run nobody has looked at are asked for when somebody does."""
        if self.loaded and points.run in self.curves:
            add_points(self.curves[points.run], points)
            self._changed(points.run)

    def on_curves(self, run_id: str, curves: Curves) -> None:
        """Take over the curves of a run that was asked for."""
        if self.loaded:
            self.curves[run_id] = curves
            self._changed(run_id)

    def on_resumed(self, run_id: str) -> None:
        """Forget the points of a run: they all come anew."""
        self.curves[run_id] = {}
        self._changed(run_id)

    def take_missing(self) -> set[str]:
        """Return the runs whose curves were looked for and are not here, each once."""
        missing, self._missing = self._missing - self._asked, set()
        self._asked |= missing
        return missing

    def on_run(self, run: Run) -> None:
        """Take over what became of a run."""
        if self.loaded:
            others = [other for other in self.runs if other.id != run.id]
            key = (run.facts.started or 0.0, run.facts.name)
            place = sum((other.facts.started or 0.0, other.facts.name) > key for other in others)
            self.runs = (*others[:place], run, *others[place:])

    def on_removed(self, removed: RunRemoved) -> None:
        """Forget a run whose files are gone."""
        self.runs = tuple(run for run in self.runs if run.id != removed.run)
        self.curves.pop(removed.run, None)
        self._named.pop(removed.run, None)

    def on_alert(self, event: AlertEvent) -> None:
        """Take over a change of an alert."""
        if self.loaded and event.state != AlertState.PENDING:
            self._alerts.take(event)

    @property
    def alerts(self) -> tuple[AlertEvent, ...]:
        """Return all alerts, those that are open first."""
        return self._alerts.all()

    def on_silences(self, silences: tuple[Silence, ...]) -> None:
        """Take over what is snoozed."""
        if self.loaded:
            self.silences = silences

    @property
    def snoozed_until(self) -> float | None:
        """Return until when everything is snoozed (Unix seconds), or None."""
        return snoozes.of_everything(self.silences, self.now)

    def silence_of(self, event: AlertEvent) -> Silence | None:
        """Return the snooze that keeps an alert quiet, or None."""
        return snoozes.covering(self.silences, event, self.now)

    def alerts_on(self, metric: str, labels: Mapping[str, str]) -> tuple[AlertEvent, ...]:
        """Return the alerts to mark on the plot of a series: those about it or about what becomes of it."""
        return self._alerts.marked_on(metric, labels)

    @property
    def marked_alerts(self) -> tuple[AlertEvent, ...]:
        """Return what plots mark: alerts that fire or fired."""
        return self._alerts.marked()

    def present(self, rule: Rule) -> tuple[tuple[str, float], ...]:
        """Return the newest value of each subject of a rule, by its name in words, the worst first.

        Of the hardware it is that of the newest sample, of trainings what the last snapshot told.
        """
        values = {each.subject: each.value for each in self._seen() if each.metric == rule.metric}
        if not values:
            values = dict(next((told.values for told in self.rules if told.rule.name == rule.name), {}))
        return tuple(sorted(values.items(), key=lambda item: item[1], reverse=rule.comparison == "above"))

    def replay_of(self, event: AlertEvent) -> Answer | None:
        """Return what the rule of an alert would have done lately, once the history has told; asks it, once."""
        from crackseg_desktop.ui.replaying import question_of

        question = None if self.timeline.off else question_of(event, self)
        if question is not None and question.identity not in self._questions:
            self._question = question
        return None if question is None else self.replays.get(question.identity)

    def take_question(self) -> Question | None:
        """Return what was asked of the history about a rule since the last call, each question once."""
        question, self._question = self._question, None
        if question is not None:
            self._questions.add(question.identity)
        return question

    def disk_forecast(self, mount: str, limit: float | None) -> DiskForecast | None:
        """Return when a disk likely crosses the limit (bytes free), once the history has told; asks it, now and then.

        None: it has not told yet, or there is no history to ask.
        """
        question = disk_question(self, limit)
        if question is not None and question != self._disks_asked:
            self._disks_asked = self._disk_question = question
        return None if self.disk_answer is None else self.disk_answer.forecasts.get(mount)

    def take_disk_question(self) -> DiskQuestion | None:
        """Return what was asked of the history about disks since the last call."""
        question, self._disk_question = self._disk_question, None
        return question

    def value_of(self, event: AlertEvent) -> float | None:
        """Return the newest value of what an open alert is about; of one that is over, the last."""
        if event.state == AlertState.RESOLVED:
            return event.value
        found = (seen.value for seen in self._seen() if seen.metric == event.metric and seen.labels == event.labels)
        return next(found, event.value)

    def _seen(self) -> tuple[Observation, ...]:
        """Return what rules would judge of the newest sample; made once a sample, and only where a page asks."""
        if self._observed is None:
            self._observed = tuple(observations(self.sample)) if self.sample is not None else ()
        return self._observed

    @property
    def now(self) -> float:
        """Return the time of the newest sample (Unix seconds), or of the newest sign of a run, or 0."""
        if self.sample is not None:
            return self.sample.time
        return max((run.facts.updated or run.facts.started or 0.0 for run in self.runs), default=0.0)

    @property
    def simulated(self) -> bool:
        """Say whether any of this is made up, for the label that says so."""
        made_up = self.sample is not None and self.sample.simulated
        return made_up or any(run.facts.simulated for run in self.runs)

    @property
    def selected_run(self) -> Run | None:
        """Return the chosen run, else the newest active one, else the newest."""
        chosen = next((run for run in self.runs if run.id == self.selected_run_id), None)
        return chosen or next((run for run in self.runs if run.active), next(iter(self.runs), None))

    @property
    def gpu(self) -> GpuReading | None:
        """Return the chosen GPU, else that of the selected run, else the first."""
        gpus = self.sample.gpus if self.sample is not None else ()
        chosen = next((gpu for gpu in gpus if gpu.uuid == self.selected_gpu), None)
        return chosen or self.gpu_of(self.selected_run) or next(iter(gpus), None)

    def gpu_of(self, run: Run | None) -> GpuReading | None:
        """Return the GPU on which a run's process holds memory."""
        if run is None or run.pid is None or self.sample is None:
            return None
        return next((gpu for gpu in self.sample.gpus if any(p.pid == run.pid for p in gpu.processes)), None)

    @property
    def open_alerts(self) -> tuple[AlertEvent, ...]:
        """Return what is there and not over, the most severe first."""
        return self._alerts.open()

    @property
    def firing(self) -> tuple[AlertEvent, ...]:
        """Return what nobody has looked after or snoozed yet, the most severe first."""
        return self._alerts.firing(self.silences, self.now)

    def firing_on(self, rule: str, **labels: str) -> AlertEvent | None:
        """Return the open alert of a rule about this subject."""
        return next((a for a in self.open_alerts if a.rule == rule and dict(a.labels) == labels), None)

    def curve_columns(self, run_id: str) -> dict[str, CurveColumns]:
        """Return the curves of a run as columns by our names, without superseded points; kept until points come."""
        if run_id not in self.curves:
            self._missing.add(run_id)
        if run_id not in self._named:
            named = by_name(self.curves.get(run_id, {}))
            self._named[run_id] = {name: _columns(curve) for name, curve in named.items() if len(curve)}
        return self._named[run_id]

    def _changed(self, run_id: str) -> None:
        self._named.pop(run_id, None)
        self._revisions[run_id] = self._revisions.get(run_id, 0) + 1

    def revision(self, run_id: str) -> int:
        """Return a number that changes with every point of the run."""
        return self._revisions.get(run_id, 0)

    @property
    def span(self) -> float:
        """Return how long the time shown is, in seconds."""
        return self.timeline.range.span

    @property
    def window(self) -> Window:
        """Return the time shown."""
        return self.timeline.range.window(self.now)

    @property
    def view(self) -> TimeView:
        """Return what plots of the time shown need to know of their axis."""
        return self.timeline.view(self.window, self.now, live=self.timeline.range.live)

    @property
    def oldest(self) -> float:
        """Return the oldest moment of which a figure is known (Unix seconds)."""
        times = self.columns.times()
        return self.timeline.oldest(float(times[0]) if len(times) else self.now)

    def recent(self, metric: str, labels: Mapping[str, str], span: float = KEEP) -> tuple[Column, Column]:
        """Return (seconds before now as negative numbers, values) of the last ``span`` seconds in memory."""
        import numpy as np

        values = self.columns.values(metric, labels)
        if not len(values):
            return values, values
        ages = self.columns.times() - self.now
        start = int(np.searchsorted(ages, -span))
        return ages[start:], values[start:]

    def history(self, metric: str, labels: Mapping[str, str], window: Window | None = None) -> Track:
        """Return a series over a window, by default the time shown; its times are seconds before the window's end.

        What is neither in memory nor here yet is noted for ``timeline.take_wanted``.
        """
        import numpy as np

        from crackseg_desktop.ui.tracks import EMPTY, Track

        window = self.window if window is None else window
        times, values = self.columns.times(), self.columns.values(metric, labels)
        known = bool(len(values))
        recent = Track(times, values if known else np.full(len(times), math.nan))
        if not known and self.timeline.covers(window, recent):
            return EMPTY
        return self.timeline.track(series_key(metric, labels), window, recent)

    def total_rate(self, metric: str) -> Track:
        """Return the sum of a metric over all its interfaces, as ``history`` does; the loopback is not counted."""
        from crackseg_desktop.ui.tracks import summed

        interfaces = self.sample.host.interfaces if self.sample is not None and self.sample.host else ()
        return summed([self.history(metric, item.labels) for item in counted(interfaces)])


def counted(interfaces: Any) -> list[Any]:
    """Return the interfaces that lead out of this machine."""
    return [item for item in interfaces if not item.labels.get("interface", "").startswith(("lo", "Loopback"))]


def _columns(curve: Curve) -> CurveColumns:
    """Copy the points of a curve that no later point supersedes; ``Curve.current`` for a million points at once."""
    import numpy as np

    steps = np.array(curve.steps, dtype=np.float64)
    lowest_after = np.append(np.minimum.accumulate(steps[::-1])[::-1][1:], math.inf)
    kept = steps < lowest_after
    times = np.array(curve.wall_times, dtype=np.float64)
    times[~(np.abs(times) < END_OF_CALENDAR)] = math.nan
    return CurveColumns(curve.axis, steps[kept], times[kept], np.array(curve.values, dtype=np.float64)[kept])
