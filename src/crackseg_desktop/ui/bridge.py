"""The bridge from the core's threads into the GUI thread: what arrives there leaves here as Qt signals."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from crackseg_desktop.readings import AlertEvent, CurvePoints, Run, RunRemoved, RunResumed, Sample, SilencesChanged

if TYPE_CHECKING:
    from crackseg_desktop.monitor import Monitor, Published, Snapshot


class Bridge(QObject):
    """The one subscriber of the GUI. Lives in the GUI thread, is called in others, and only ever emits.

    Connect its signals to bound methods of QObjects of the GUI thread alone: PySide runs any other callable in the
    thread that emits.

    Attributes:
        watching_curves: whether a window is there to draw curves; without one their points are let pass.
    """

    sample_ready = Signal(object)
    points_ready = Signal(object)
    run_changed = Signal(object)
    run_removed = Signal(object)
    alert_changed = Signal(object)
    silences_changed = Signal(object)
    run_resumed = Signal(object)
    snapshot_ready = Signal(object)
    curves_ready = Signal(str, object)
    notification_answered = Signal(str, str)
    channel_tested = Signal(str, str)
    message_received = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.watching_curves = False
        self._monitor: Monitor | None = None

    def attach(self, monitor: Monitor) -> None:
        """Subscribe to a Monitor."""
        self._monitor = monitor
        monitor.subscribe(self.publish)

    def detach(self) -> None:
        """Ask nothing more of the Monitor; it must be stopped before the bridge is destroyed."""
        self._monitor = None

    def request_snapshot(self) -> None:
        """Ask the Monitor for everything there is to show; before it runs there is nothing."""
        if self._monitor is not None:
            self._monitor.snapshot(self._answer)

    def request_curves(self, run_id: str) -> None:
        """Ask the Monitor for the curves of one run."""
        if self._monitor is not None:
            self._monitor.curves(run_id, partial(self.curves_ready.emit, run_id))

    def publish(self, event: Published) -> None:
        """Carry over what the Monitor tells. Runs in the Monitor thread."""
        match event:
            case Sample():
                self.sample_ready.emit(event)
            case CurvePoints():
                if self.watching_curves:
                    self.points_ready.emit(event)
            case Run():
                self.run_changed.emit(event)
            case RunRemoved():
                self.run_removed.emit(event)
            case RunResumed():
                self.run_resumed.emit(event)
            case AlertEvent():
                self.alert_changed.emit(event)
            case SilencesChanged():
                self.silences_changed.emit(event)

    def answer_notification(self, key: str, action: str) -> None:
        """Carry over what a person chose on a notification. Runs in a notifier's thread."""
        self.notification_answered.emit(key, action)

    def tell_channel(self, channel: str, error: str) -> None:
        """Carry over why something with a channel failed, or nothing where a test was sent. Runs in any thread."""
        self.channel_tested.emit(channel, error)

    def receive(self, message: dict[str, Any]) -> None:
        """Carry over a message of another process. Runs in the thread of the single instance."""
        self.message_received.emit(message)

    def _answer(self, snapshot: Snapshot) -> None:
        self.snapshot_ready.emit(snapshot)
