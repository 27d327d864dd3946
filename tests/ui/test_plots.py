from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent

from crackseg_desktop.ui.plots import CurvePlot, Plot, Series
from crackseg_desktop.ui.theme import Theme, tokens
from crackseg_desktop.ui.time_plot import TimePlot
from crackseg_desktop.ui.time_range import TimeView
from crackseg_desktop.ui.widgets.text import metrics

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from crackseg_desktop.ui.plots import XKind

AGES = np.arange(-3600.0, 1.0)
GIB = 1024.0**3


@pytest.fixture
def theme() -> Theme:
    return Theme("dark")


def shown(qtbot: QtBot, plot: Plot) -> Plot:
    qtbot.addWidget(plot)
    plot.resize(300, 120)
    plot.show()
    plot.grab()  # lays it out
    return plot


@pytest.fixture
def memory(qtbot: QtBot, theme: Theme) -> TimePlot:
    return cast("TimePlot", shown(qtbot, TimePlot(theme, "GPU memory", "bytes")))


@pytest.fixture
def curve(qtbot: QtBot, theme: Theme) -> CurvePlot:
    return cast("CurvePlot", shown(qtbot, CurvePlot(theme, "Loss")))


def used(values: float = 6.6 * GIB) -> Series:
    return Series(AGES, np.full(len(AGES), values), "s1", filled=True)


def put_memory(plot: TimePlot, series: list[Series]) -> None:
    plot.put(series, TimeView(3600, 1.8e9), high=8 * GIB, limit=7.5 * GIB)


def test_that_hardware_is_drawn_to_its_last_value_with_its_limit_as_a_tick(memory: TimePlot) -> None:
    put_memory(memory, [used()])
    assert memory.tick_texts("left")[-1] == "7.5 GiB"
    assert memory.tick_texts("bottom")[-1] == "now"
    assert memory.frame.limit == 7.5 * GIB
    assert [(dot.x, dot.y) for dot in memory.frame.dots] == [(0.0, 6.6 * GIB)]
    assert memory.series[0].y[-1] == 6.6 * GIB


def test_that_an_hour_is_thinned_to_the_pixels_there_are(memory: TimePlot) -> None:
    noisy = Series(AGES, np.random.default_rng(1).random(len(AGES)) * GIB, "s1")
    put_memory(memory, [noisy])
    assert len(memory.series[0].x) <= 2 * memory.area_width()


def test_that_a_gap_is_shaded_and_no_line_crosses_it(memory: TimePlot) -> None:
    values = np.full(len(AGES), 6 * GIB)
    values[1000:1600] = math.nan
    put_memory(memory, [Series(AGES, values, "s1")])
    assert memory.frame.gaps == [(AGES[999], AGES[1600], "no data")]
    drawn = memory.series[0]
    inside = (drawn.x > AGES[999]) & (drawn.x < AGES[1600])
    assert np.isnan(drawn.y[inside]).all()
    assert inside.any()


def test_that_an_old_last_value_has_no_dot(memory: TimePlot) -> None:
    values = np.full(len(AGES), 6 * GIB)
    values[-600:] = math.nan
    put_memory(memory, [Series(AGES, values, "s1")])
    assert memory.frame.dots == []


def test_that_nothing_is_drawn_while_it_is_hidden(memory: TimePlot) -> None:
    memory.hide()
    put_memory(memory, [used()])
    assert memory.frames_drawn == 0
    memory.show()
    put_memory(memory, [used()])
    assert memory.frames_drawn == 1


def test_that_an_empty_series_is_no_trouble(memory: TimePlot, curve: CurvePlot) -> None:
    put_memory(memory, [])
    curve.put([], x_range=(1, 1))
    memory.grab()
    curve.grab()
    assert memory.series == curve.series == []


def test_that_a_line_is_reused_and_hidden_where_there_is_none(memory: TimePlot) -> None:
    put_memory(memory, [used(), used(GIB)])
    put_memory(memory, [used()])
    assert len(memory.pens) == 1


def test_that_a_change_of_theme_changes_the_pens_and_the_ground(memory: TimePlot, theme: Theme) -> None:
    put_memory(memory, [used()])
    assert memory.pens[0].color() == tokens("dark")["s1"]
    theme.choose("light")
    assert memory.pens[0].color() == tokens("light")["s1"]
    assert memory.backgroundBrush().color() == tokens("light")["card"]


def test_that_the_limit_band_and_the_line_are_where_the_figures_say(memory: TimePlot) -> None:
    put_memory(memory, [used()])
    image = memory.grab().toImage()
    area = memory.area()
    middle = int(area.center().x())

    def row(value: float) -> int:
        return round(area.bottom() - value / (8 * GIB) * area.height())

    assert image.pixelColor(middle, row(3 * GIB)) != tokens("dark")["card"]  # the fill
    assert _near(image.pixelColor(middle, row(6.6 * GIB)), tokens("dark")["s1"])
    assert image.pixelColor(middle, row(7.8 * GIB)).red() > tokens("dark")["card"].red() + 10  # the band


def test_that_curves_end_where_the_run_is_and_the_planned_epochs_stay_empty(curve: CurvePlot) -> None:
    epochs = np.arange(1.0, 24.0)
    curve.put([Series(epochs, epochs / 40, "s1", label="IoU 0.575")], x_range=(1, 50), target=(0.75, "target 0.75"))
    assert curve.frame.x_range == (1, 50)
    assert curve.tick_texts("bottom")[0] == "1"
    assert curve.tick_texts("bottom")[-1] == "50"
    assert curve.frame.dots[0].x == 23
    assert curve.frame.target == (0.75, "target 0.75")
    assert curve.frame.y_range[1] >= 0.75


def test_that_a_second_curve_is_dashed(curve: CurvePlot) -> None:
    epochs = np.arange(1.0, 24.0)
    curve.put([Series(epochs, epochs, "s3"), Series(epochs, epochs + 1, "s2", dashed=True)], x_range=(1, 50))
    assert [pen.style() for pen in curve.pens] == [Qt.PenStyle.SolidLine, Qt.PenStyle.CustomDashLine]


def test_that_nan_and_infinity_in_a_loss_are_no_trouble(curve: CurvePlot) -> None:
    epochs = np.arange(1.0, 6.0)
    curve.put([Series(epochs, np.array([0.9, 0.8, math.nan, math.inf, math.nan]), "s1")], x_range=(1, 5))
    curve.grab()
    assert curve.frame.y_range[1] < 2
    assert curve.frame.dots[0].x == 2
    curve.put([Series(epochs, np.full(5, math.nan), "s1")], x_range=(1, 5))
    curve.grab()
    assert curve.frame.dots == []


def test_that_a_long_curve_is_drawn_with_a_thin_line(curve: CurvePlot) -> None:
    steps = np.arange(100_000.0)
    curve.put([Series(steps, np.sin(steps), "s1")], x_range=(0, 1e5), kind="step")
    assert curve.pens[0].widthF() == 1


def test_that_the_same_columns_are_not_drawn_twice(curve: CurvePlot) -> None:
    epochs = np.arange(1.0, 24.0)
    for _ in range(3):
        curve.put([Series(epochs, epochs, "s1")], x_range=(1, 50))
    assert curve.frames_drawn == 1
    curve.put([Series(epochs, epochs.copy(), "s1")], x_range=(1, 50))
    assert curve.frames_drawn == 2


def test_that_the_pointer_is_told_as_a_place_on_the_x_axis(qtbot: QtBot, curve: CurvePlot) -> None:
    epochs = np.arange(1.0, 24.0)
    curve.put([Series(epochs, epochs, "s1")], x_range=(1, 50))
    area = curve.area()
    seen: list[float | None] = []
    curve.hovered.connect(seen.append)
    move(curve, area.left() + area.width() * 22 / 49, area.center().y())
    move(curve, 2, 2)
    assert seen[0] == pytest.approx(23, abs=0.2)
    assert seen[1] is None


def test_that_the_wheel_is_left_to_the_page(curve: CurvePlot) -> None:
    at = QPointF(100, 50)
    none, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(
        at, at, QPointF(0, 0).toPoint(), QPointF(0, 120).toPoint(), Qt.MouseButton.NoButton, none, phase, False
    )
    event.accept()
    curve.wheelEvent(event)
    assert not event.isAccepted()


def move(plot: Plot, x: float, y: float) -> None:
    """Move the pointer over a plot."""
    none, buttons = Qt.MouseButton.NoButton, Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(x, y), QPointF(x, y), none, buttons, Qt.KeyboardModifier.NoModifier
    )
    plot.mouseMoveEvent(event)


def _near(one: QColor, other: QColor) -> bool:
    parts = (one.red() - other.red(), one.green() - other.green(), one.blue() - other.blue())
    return all(abs(part) < 40 for part in parts)


@pytest.mark.parametrize("kind", ["epoch", "step", "elapsed", "clock"])
@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan, 1e300, -1e300, 1.7e308])
def test_that_an_x_that_cannot_be_drawn_fails_no_plot(curve: CurvePlot, kind: XKind, odd: float) -> None:
    times = np.array([1.79e9, odd, 1.79e9 + 3600, 1.79e9 + 7200, odd])
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    curve.put([Series(times, values, "s1", filled=True)], x_range=(1.79e9, 1.79e9 + 7200), kind=kind)
    curve.grab()
    curve.put([Series(times, values, "s1")], x_range=(odd, odd), kind=kind)
    curve.grab()
    curve.put([Series(times, values, "s1")], x_range=(-1.7e308, odd), kind=kind, y_range=(-1.7e308, 1.7e308))
    curve.grab()


def test_that_the_points_beside_one_without_a_place_are_drawn(curve: CurvePlot) -> None:
    x, y = np.array([1.0, math.inf, 3.0]), np.array([0.9, 0.8, 0.7])
    curve.put([Series(x, y, "s1")], x_range=(1, 3))
    assert list(curve.series[0].x) == [1, 3]
    assert list(curve.series[0].y) == [0.9, 0.7]
    assert curve.frame.dots[0].x == 3


@pytest.mark.parametrize("top", [1e30, 1e300, 1.7e308, 5e-324])
def test_that_values_beyond_all_bounds_fail_no_plot(curve: CurvePlot, top: float) -> None:
    steps = np.arange(5.0)
    curve.put([Series(steps, np.array([0.0, top, -top, top, 1.0]), "s1")], x_range=(0, 4))
    curve.grab()
    assert all(map(math.isfinite, curve.frame.y_range))


@pytest.mark.parametrize("last", [0.0, 0.3, 0.7, 0.73, 0.75, 0.77, 0.8, 1.0])
@pytest.mark.parametrize("target", [0.04, 0.75, 0.97])
@pytest.mark.parametrize("epochs", [2, 20, 30])
def test_that_no_label_crosses_the_line_or_the_words_of_the_target(
    curve: CurvePlot, last: float, target: float, epochs: int
) -> None:
    curve.resize(400, 160)
    curve.grab()
    steps = np.arange(1.0, epochs + 1)
    iou = Series(steps, np.linspace(0, 0.74, epochs), "s1", label="IoU 0.740")
    loss = Series(steps, np.linspace(1, last, epochs), "s6", label="val loss 0.750")
    words = "IoU target 0.75"
    curve.put([iou, loss], x_range=(1, 50), y_range=(0, 1), target=(target, words))
    overlay = curve._layers[1]
    area = overlay.area()
    line = area.bottom() - target * area.height()
    measure, words_begin = metrics("caption", 600), area.right() - metrics("caption").horizontalAdvance(words) - 2
    labels = overlay._labels(area)
    assert len(labels) == 2
    for dot, place in labels:
        top, baseline = place.y() - measure.capHeight(), place.y()
        assert not top < line < baseline, "it crosses the line"
        end = place.x() + measure.horizontalAdvance(dot.label)
        beside_words = abs((top + baseline) / 2 - line) > 14
        assert beside_words or end < words_begin or baseline > line, "it crosses the words"
        assert area.top() - 8 <= baseline <= area.bottom()
    assert labels[1][1].y() - labels[0][1].y() >= 13.9
