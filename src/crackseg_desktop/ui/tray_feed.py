"""Keeps the tray up to date with what the bridge tells: the last sample, active runs, open alerts, the snooze."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from crackseg_desktop.export.gpu_lines import gpu_line, process_names, use_of
from crackseg_desktop.readings import OPEN, Severity
from crackseg_desktop.ui import glance, snoozes
from crackseg_desktop.ui.tray_menu import menu_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.monitor import Snapshot
    from crackseg_desktop.readings import AlertEvent, Run, RunRemoved, Sample, Silence, SilencesChanged
    from crackseg_desktop.ui.tray import Tray
    from crackseg_desktop.ui.tray_menu import TrayMenu

UPDATE_SECONDS = 2.0
"""Shells copy every icon and some leak it, so that changes are handed on no more often."""
_HOLDERS = 4
_SEVERITIES = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


class TrayFeed(QObject):
    """Turns what is told into what the tray shows. Lives in the GUI thread."""

    def __init__(self, tray: Tray, menu: TrayMenu, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tray, self._menu, self._clock = tray, menu, clock
        self._sample: Sample | None = None
        self._runs: dict[str, Run] = {}
        self._alerts: dict[str, AlertEvent] = {}
        self._silences: tuple[Silence, ...] = ()
        self._updated: float | None = None
        self._stopped = False
        self._named: set[int] = set()
        self._names: dict[int, str] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show)

    def stop(self) -> None:
        """Change nothing any more, whatever is still told."""
        self._stopped = True
        self._timer.stop()

    @Slot(object)
    def on_silences(self, changed: SilencesChanged) -> None:
        """Take over what is snoozed; shown at once, for a person waits for it."""
        self._silences = changed.silences
        self._show()

    @Slot(object)
    def on_sample(self, sample: Sample) -> None:
        """Take over a sample."""
        self._sample = sample
        self.refresh()

    @Slot(object)
    def on_run(self, run: Run) -> None:
        """Take over a run; those that have ended are none of the tray's business."""
        if run.active:
            self._runs[run.id] = run
        elif self._runs.pop(run.id, None) is None:
            return
        self.refresh()

    @Slot(object)
    def on_removed(self, removed: RunRemoved) -> None:
        """Forget a run."""
        if self._runs.pop(removed.run, None) is not None:
            self.refresh()

    @Slot(object)
    def on_alert(self, alert: AlertEvent) -> None:
        """Take over an alert."""
        if alert.state in OPEN:
            self._alerts[alert.key] = alert
        else:
            self._alerts.pop(alert.key, None)
        self.refresh()

    @Slot(object)
    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Take over what is snoozed: a silence that was kept over a restart is told by a snapshot alone."""
        if snapshot.silences != self._silences:
            self._silences = snapshot.silences
            self._show()

    @Slot()
    def refresh(self) -> None:
        """Bring the tray up to date, now or as soon as its last change is two seconds old."""
        wait = 0.0 if self._updated is None else self._updated + UPDATE_SECONDS - self._clock.monotonic()
        if wait <= 0:
            self._show()
        elif not self._timer.isActive() and not self._stopped:
            self._timer.start(max(1, round(wait * 1000)))

    @Slot()
    def _show(self) -> None:
        self._timer.stop()
        if self._stopped:
            return
        now = self._clock.time()
        runs = sorted(self._runs.values(), key=lambda run: run.facts.started or 0.0, reverse=True)
        alerts = sorted(self._alerts.values(), key=lambda alert: (_SEVERITIES.index(alert.severity), -alert.since))
        silences = snoozes.in_force(self._silences, now)
        until = snoozes.of_everything(silences, now)
        state = glance.icon_state(self._sample, runs, alerts, snoozed=until is not None)
        if self._tray.show_look(state, glance.tooltip(self._sample, runs, alerts, until, now)):
            self._updated = self._clock.monotonic()
        simulated = glance.is_simulated(self._sample, runs)
        self._menu.show_content(menu_content(runs, alerts, silences, self._gpu_lines(runs), simulated=simulated))

    def _gpu_lines(self, runs: Sequence[Run]) -> list[str]:
        """Return what uses each GPU, a line each."""
        sample = self._sample
        if sample is None:
            return []
        names = self._names_of(sample) | process_names(runs, sample.processes, sample.table)
        return [gpu_line(use_of(gpu, names), _HOLDERS) for gpu in sample.gpus]

    def _names_of(self, sample: Sample) -> dict[int, str]:
        """Return the names of the processes on the GPUs; asked for when others are there than before."""
        pids = {item.pid for gpu in sample.gpus for item in gpu.processes}
        if sample.simulated or not pids:
            return {}
        if pids != self._named:
            from crackseg_desktop.hardware.process_names import read_names  # psutil comes with it

            self._named, self._names = pids, read_names(pids)
        return self._names
