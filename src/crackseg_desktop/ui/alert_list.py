"""The alerts as the pages show them. Plain Python without widgets.

A flood brings thousands, and every page asks several times a refresh: what is asked for is worked out once, and again
only after an alert has changed.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.readings import OPEN, AlertState, Severity
from crackseg_desktop.series import series_key
from crackseg_desktop.ui import snoozes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.readings import AlertEvent, Silence
    from crackseg_desktop.series import SeriesKey

_RESOLVED_KEPT = 100
_MARKED = OPEN | {AlertState.RESOLVED}
_PLOTTED = {
    "gpu_memory_used_ratio": "gpu_memory_used_bytes",
    "host_memory_used_ratio": "host_memory_used_bytes",
    "gpu_throttled_by_heat": "gpu_temperature_celsius",
    "gpu_idle": "gpu_utilization_ratio",
}
"""The series on whose plot an alert is marked, where that is not its own."""
_STAGES = {
    AlertState.FIRING: 0,
    AlertState.NO_DATA: 1,
    AlertState.PENDING: 2,
    AlertState.SNOOZED: 3,
    AlertState.ACKNOWLEDGED: 4,
    AlertState.RESOLVED: 5,
}
_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


class _Entry(NamedTuple):
    """An alert with its place in the order and the series whose plot marks it."""

    place: tuple[int, int, float]
    series: SeriesKey
    alert: AlertEvent


class AlertList:
    """Alerts by key, those that are open and the last that are over. Belongs to the GUI thread."""

    def __init__(self, alerts: Iterable[AlertEvent] = ()) -> None:
        alerts = tuple(alerts)
        self._open = {alert.key: _entry(alert) for alert in reversed(alerts) if alert.state != AlertState.RESOLVED}
        self._over = tuple(_entry(alert) for alert in alerts if alert.state == AlertState.RESOLVED)
        self._all: tuple[AlertEvent, ...] | None = None
        self._marked: tuple[AlertEvent, ...] | None = None
        self._firing: tuple[tuple[Silence, ...], tuple[AlertEvent, ...]] | None = None
        self._by_series: dict[SeriesKey, list[AlertEvent]] | None = None

    def take(self, event: AlertEvent) -> None:
        """Take over a change of an alert; a resolved one goes behind those that are open."""
        self._open.pop(event.key, None)
        if event.state == AlertState.RESOLVED:
            self._over = (_entry(event), *self._over)[:_RESOLVED_KEPT]
        else:
            self._open[event.key] = _entry(event)
        self._all = self._marked = self._firing = self._by_series = None

    def all(self) -> tuple[AlertEvent, ...]:
        """Return all: what fires, what is about to, what is known, what is over; the most severe and newest first."""
        if self._all is None:
            self._all = tuple(entry.alert for entry in self._sorted())
        return self._all

    def open(self) -> tuple[AlertEvent, ...]:
        """Return what is there and not over, the most severe first."""
        return tuple(alert for alert in self.all() if alert.state in OPEN)

    def firing(self, silences: tuple[Silence, ...], now: float) -> tuple[AlertEvent, ...]:
        """Return what nobody has looked after or snoozed, the most severe first; ``now`` is in Unix seconds."""
        silences = snoozes.in_force(silences, now)
        if self._firing is None or self._firing[0] != silences:
            firing = (alert for alert in self.all() if alert.state == AlertState.FIRING)
            loud = (alert for alert in firing if snoozes.covering(silences, alert, now) is None) if silences else firing
            self._firing = silences, tuple(loud)
        return self._firing[1]

    def marked(self) -> tuple[AlertEvent, ...]:
        """Return what plots mark: alerts that fire or fired."""
        if self._marked is None:
            self._marked = tuple(alert for alert in self.all() if alert.state in _MARKED)
        return self._marked

    def marked_on(self, metric: str, labels: Mapping[str, str]) -> tuple[AlertEvent, ...]:
        """Return the alerts to mark on the plot of a series: those about it or about what becomes of it."""
        if self._by_series is None:
            self._by_series = {}
            for entry in self._sorted():
                if entry.alert.state in _MARKED:
                    self._by_series.setdefault(entry.series, []).append(entry.alert)
        return tuple(self._by_series.get(series_key(metric, labels), ()))

    def _sorted(self) -> list[_Entry]:
        return sorted((*reversed(self._open.values()), *self._over), key=itemgetter(0))


def _entry(alert: AlertEvent) -> _Entry:
    if alert.state == AlertState.RESOLVED:
        place = _STAGES[alert.state], 0, -alert.time
    else:
        place = _STAGES[alert.state], _ORDER[alert.severity], -alert.since
    return _Entry(place, series_key(_PLOTTED.get(alert.metric, alert.metric), alert.labels), alert)
