from __future__ import annotations

import threading
from array import array
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Slot

from crackseg_desktop.readings import CurvePoints, RunRemoved
from crackseg_desktop.ui.bridge import Bridge

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.readings import AlertEvent, Run, Sample

SIGNALS = (
    "sample_ready",
    "points_ready",
    "run_changed",
    "run_removed",
    "alert_changed",
    "snapshot_ready",
    "message_received",
)


class Listener(QObject):
    """Notes what arrives, and in which thread."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self.received: list[object] = []
        self.threads: list[QThread] = []
        for name in SIGNALS:
            getattr(bridge, name).connect(self.receive)

    @Slot(object)
    def receive(self, thing: object) -> None:
        self.received.append(thing)
        self.threads.append(QThread.currentThread())


def elsewhere(function: Callable[..., None], *arguments: Any) -> None:
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join(10)


def points() -> CurvePoints:
    return CurvePoints("0123456789", "Loss/val", "val/loss", array("q", [1]), array("d", [1.0]), array("d", [0.5]))


def test_that_everything_arrives_in_the_gui_thread_and_in_order(
    qtbot: QtBot,
    make_sample: Callable[..., Sample],
    make_run: Callable[..., Run],
    make_alert: Callable[..., AlertEvent],
) -> None:
    bridge = Bridge()
    bridge.watching_curves = True
    listener = Listener(bridge)
    events = [make_sample(), make_run(), points(), make_alert(), RunRemoved("0123456789")]
    for event in events:
        elsewhere(bridge.publish, event)
    elsewhere(bridge.receive, {"command": "show"})
    assert listener.received == [], "nothing may run in the thread that tells"
    qtbot.waitUntil(lambda: len(listener.received) == len(events) + 1)
    assert listener.received == [*events, {"command": "show"}]
    assert set(listener.threads) == {bridge.thread()}


def test_that_points_are_let_pass_while_nobody_looks(qtbot: QtBot, make_run: Callable[..., Run]) -> None:
    bridge = Bridge()
    listener = Listener(bridge)
    elsewhere(bridge.publish, points())
    elsewhere(bridge.publish, make_run())
    qtbot.waitUntil(lambda: bool(listener.received))
    assert listener.received == [make_run()]


def test_that_a_snapshot_comes_from_the_monitor(
    qtbot: QtBot, make_core: Callable[..., Any], make_sample: Callable[..., Sample]
) -> None:
    core, bridge = make_core(), Bridge()
    listener = Listener(bridge)
    bridge.request_snapshot()
    bridge.attach(core.monitor)
    core.start()
    sample = make_sample()
    core.publish(sample)
    core.settle()
    with qtbot.waitSignal(bridge.snapshot_ready) as answered:
        bridge.request_snapshot()
    assert answered.args[0].sample == sample
    assert listener.received[0] == sample
    assert set(listener.threads) == {bridge.thread()}
    core.stop()


def test_that_an_answer_to_a_notification_arrives_in_the_gui_thread(qtbot: QtBot) -> None:
    bridge = Bridge()
    with qtbot.waitSignal(bridge.notification_answered) as answered:
        elsewhere(bridge.answer_notification, "gpu_temperature:gpu=GPU-1", "snooze")
    assert answered.args == ["gpu_temperature:gpu=GPU-1", "snooze"]
