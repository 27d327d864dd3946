from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip
from tests.ui import story

from crackseg_desktop.readings import AlertState
from crackseg_desktop.settings import Settings
from crackseg_desktop.ui.dashboard import Dashboard
from crackseg_desktop.ui.model import Model
from crackseg_desktop.ui.pages.alert_marks import run_marks, time_marks
from crackseg_desktop.ui.plots import Plot
from crackseg_desktop.ui.theme import Theme, load_fonts

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from crackseg_desktop.ui.plots import XKind

STALLED = story.run_alert("stalled", title="swinv2-crack500-360 is silent")


def model(*alerts: Any) -> Model:
    made = Model()
    made.load(story.snapshot(window=story.recent(900, 5).window(), alerts=alerts))
    return made


def test_that_hardware_is_marked_from_the_beginning_of_an_alert_to_its_end() -> None:
    heat = story.alerts()[2]
    shown = model(heat)
    (mark,) = time_marks(shown.alerts_on("gpu_temperature_celsius", {"gpu": story.GPU}), shown.window, story.NOW)
    assert (mark.x, mark.end) == (-2700.0, -2480.0)
    assert (mark.glyph, mark.title) == ("warning-over", heat.title)
    firing = replace(heat, state=AlertState.FIRING)
    (mark,) = time_marks([firing], model(firing).window, story.NOW)
    assert (mark.end, mark.glyph, mark.colour) == (0.0, "warning", "warning_shape")


def test_that_only_its_own_plot_is_marked() -> None:
    shown = model(*story.many_alerts())
    assert [alert.rule for alert in shown.alerts_on("gpu_memory_used_bytes", {"gpu": story.GPU})] == ["gpu_memory"]
    assert shown.alerts_on("gpu_memory_used_bytes", {"gpu": "GPU-other"}) == ()
    assert shown.alerts_on("gpu_power_watts", {"gpu": story.GPU}) == ()


def test_that_what_was_over_before_the_plot_begins_is_left_out() -> None:
    old = replace(story.alerts()[2], since=story.NOW - 9000, time=story.NOW - 8000)
    assert time_marks([old], model(old).window, story.NOW) == []


@pytest.mark.parametrize(
    ("kind", "x"), [("epoch", (5220 - 1800) / 226), ("elapsed", 5220.0 - 1800), ("clock", story.NOW - 1800)]
)
def test_that_curves_are_marked_where_the_alert_began(kind: XKind, x: float) -> None:
    shown = model(STALLED, *story.alerts())
    run = shown.runs[0]
    (mark,) = run_marks(run, shown.curve_columns(run.id), shown, kind)
    assert mark.x == pytest.approx(x)
    assert mark.title == STALLED.title


def test_that_a_run_that_logs_by_steps_is_marked_at_its_step() -> None:
    logged = story.curve("train/loss", [1.0, 0.9, 0.8, 0.7], story.NOW - 2000.0, 400.0)
    logged.axis = "step"
    shown = Model()
    shown.load(story.snapshot(window=None, alerts=(STALLED,), curves={"a1b2c3d4e5": {"train/loss": logged}}))
    (mark,) = run_marks(shown.runs[0], shown.curve_columns("a1b2c3d4e5"), shown, "step")
    assert mark.x == pytest.approx(1.0)
    later = replace(STALLED, since=story.NOW - 1000)
    shown.load(story.snapshot(window=None, alerts=(later,), curves={"a1b2c3d4e5": {"train/loss": logged}}))
    (mark,) = run_marks(shown.runs[0], shown.curve_columns("a1b2c3d4e5"), shown, "step")
    assert mark.x == pytest.approx(2.5)


def test_that_a_run_without_times_has_no_marks() -> None:
    shown = model(STALLED)
    assert run_marks(shown.runs[0], {}, shown, "step") == []


def test_that_the_pointer_on_a_mark_is_told_its_alert(
    qtbot: QtBot, actions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_fonts()
    dashboard = Dashboard(Theme("dark"), actions, Settings())
    qtbot.addWidget(dashboard)
    dashboard.show_full("gpus")
    dashboard.load(story.snapshot(window=story.recent(3600, 5).window()))
    for _ in range(2):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        dashboard.refresh()
    plot = next(part for part in dashboard.findChildren(Plot) if part.frame.marks)
    mark = plot.frame.marks[0]
    place = plot.frame.place(plot.area(), mark.x, 0).toPoint()
    assert plot.marked_at(place.x()) == [mark.title]
    assert plot.marked_at(place.x() + 60) == []
    told: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _widget: told.append(text))
    for point in (place, QPoint(1, 1)):
        event = QHelpEvent(QEvent.Type.ToolTip, point, plot.mapToGlobal(point))
        QCoreApplication.sendEvent(plot.viewport(), event)
    assert told == [mark.title, ""]
