from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip
from tests.ui import story
from tests.ui.past_story import DAY, PEAK_AT, StoryPast

from crackseg_desktop.settings import History, Settings
from crackseg_desktop.ui.dashboard import OFF, Dashboard
from crackseg_desktop.ui.pages.run_bars import RunBars, run_bars
from crackseg_desktop.ui.past import PastReader
from crackseg_desktop.ui.plots import Plot
from crackseg_desktop.ui.theme import Theme, load_fonts
from crackseg_desktop.ui.time_range import HOUR, TimeRange, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.monitor import Snapshot


class Open(Protocol):
    def __call__(self, page: str = ..., shown: TimeRange = ..., past: Any = ..., size: Any = ...) -> Dashboard: ...


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return story.snapshot(window=story.recent(900).window())


@pytest.fixture
def opened(qtbot: QtBot, actions: Any, snapshot: Snapshot) -> Open:
    load_fonts()

    def show(
        page: str = "gpus",
        shown: TimeRange | None = None,
        past: Callable[[], Any] = StoryPast,
        size: tuple[int, int] = (1366, 768),
    ) -> Dashboard:
        dashboard = Dashboard(Theme("dark"), actions, Settings(), None, PastReader(past, threaded=False))
        qtbot.addWidget(dashboard)
        dashboard.model.timeline.range = shown or TimeRange()
        dashboard.show_full(page)
        dashboard.resize(*size)
        dashboard.load(snapshot)
        settle(dashboard)
        return dashboard

    return show


def settle(dashboard: Dashboard) -> None:
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        dashboard.refresh()


def current(dashboard: Dashboard) -> Any:
    assert dashboard.full_view is not None
    return dashboard.full_view.current


def plots(dashboard: Dashboard) -> list[Any]:
    return [plot for plot in current(dashboard).findChildren(Plot) if plot.isVisible()]


def drag(plot: Any, pixels: int) -> None:
    middle = plot.area().center().toPoint()
    port = plot.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=middle)
    for step in (pixels // 2, pixels):
        QTest.mouseMove(port, middle + QPoint(step, 0))
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=middle + QPoint(pixels, 0))


def wheel(plot: Any, notches: int, share: float = 0.5, across: int = 0) -> bool:
    area = plot.area()
    at = QPointF(area.left() + share * area.width(), area.center().y())
    none, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    delta = QPoint(across * 120, notches * 120)
    event = QWheelEvent(at, at, QPoint(), delta, Qt.MouseButton.NoButton, none, phase, False)
    plot.wheelEvent(event)
    return event.isAccepted()


def test_that_dragging_one_plot_moves_all_of_the_page_into_the_past(opened: Open) -> None:
    dashboard = opened()
    first, *others = plots(dashboard)
    drag(first, 100)
    shown = dashboard.model.timeline.range
    assert not shown.live
    assert shown.until == pytest.approx(story.NOW - 100 / first.area_width() * HOUR, abs=15)
    assert {plot.frame.x_range for plot in (first, *others)} == {(-HOUR, 0.0)}
    assert {tuple(tick.text for tick in plot.frame.x_ticks) for plot in others} == {tuple(first.tick_texts("bottom"))}
    assert "now" not in first.tick_texts("bottom")
    assert current(dashboard).detail.axis.bar.live.isVisible()


def test_that_the_wheel_zooms_about_the_pointer_and_reads_finer_figures(opened: Open) -> None:
    dashboard = opened(shown=TimeRange(DAY))
    plot = plots(dashboard)[1]
    assert wheel(plot, 1, share=0.25)
    shown = dashboard.model.timeline.range
    assert shown.span == pytest.approx(DAY / 1.25)
    assert shown.window(story.NOW).since == pytest.approx(story.NOW - DAY + 0.25 * (DAY - DAY / 1.25), rel=1e-6)
    assert wheel(plot, 0, across=1)
    assert dashboard.model.timeline.range.until is not None


def test_that_live_is_a_double_click_a_key_and_a_button_away(opened: Open) -> None:
    dashboard = opened()
    page, past = current(dashboard), TimeRange(HOUR, story.NOW - DAY)

    def go() -> None:
        dashboard.model.timeline.range = past
        dashboard.refresh()

    go()
    plot = plots(dashboard)[0]
    QTest.mouseDClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.area().center().toPoint())
    assert dashboard.model.timeline.range == TimeRange(HOUR)
    assert dashboard.model.timeline.pinned is None
    go()
    QTest.keyClick(plot, Qt.Key.Key_Home)
    assert dashboard.model.timeline.range == TimeRange(HOUR)
    go()
    page.detail.axis.bar.live.click()
    assert dashboard.model.timeline.range == TimeRange(HOUR)
    assert not page.detail.axis.bar.live.isVisible()


def test_that_keys_pan_and_zoom_and_others_are_the_pages(opened: Open) -> None:
    dashboard = opened(shown=TimeRange(HOUR, story.NOW - DAY))
    plot = plots(dashboard)[0]
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert dashboard.model.timeline.range.until == pytest.approx(story.NOW - DAY - 360)
    QTest.keyClick(plot, Qt.Key.Key_Right)
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    assert dashboard.model.timeline.range.span == pytest.approx(HOUR / 1.25)
    QTest.keyClick(plot, Qt.Key.Key_Minus)
    shown = dashboard.model.timeline.range
    assert (shown.span, shown.until) == pytest.approx((HOUR, story.NOW - DAY))
    QTest.keyClick(plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert plots(dashboard)[1].frame.cursor == pytest.approx(-HOUR / 2 - 36)


def test_that_a_day_shows_its_peak_its_gap_and_its_name(opened: Open) -> None:
    dashboard = opened(shown=TimeRange(DAY))
    card = current(dashboard).detail.cards["gpu_temperature_celsius"]
    (band,) = card.plot.frame.bands
    assert band.high[~(band.high != band.high)].max() == 93
    assert card.plot.frame.y_range[1] >= 93
    assert [hole.words for hole in card.plot.frame.gaps] == ["suspended"]
    card.plot.hovered.emit(-10 * HOUR)
    assert card.texts[1].startswith("suspended")
    card.plot.hovered.emit(PEAK_AT - story.NOW)
    assert "–93)" in card.texts[1]


def test_that_the_head_of_a_card_tells_of_the_time_shown(opened: Open) -> None:
    dashboard = opened(shown=TimeRange(2 * HOUR, PEAK_AT + HOUR))
    heat = current(dashboard).detail.cards["gpu_temperature_celsius"]
    assert "°C mean" in heat.texts[0]
    assert heat.texts[1].endswith("– 93 °C")
    assert heat.plot.frame.dots == []


def test_that_a_click_leaves_the_cursor_standing_on_every_page(opened: Open) -> None:
    dashboard = opened()
    plot = plots(dashboard)[0]
    area = plot.area()
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    pinned = dashboard.model.timeline.pinned
    assert pinned is not None
    assert pinned == pytest.approx(story.NOW - HOUR / 2, abs=20)
    plot.hovered.emit(None)
    assert plot.frame.cursor == pytest.approx(pinned - story.NOW)
    for page in ("system", "training"):
        dashboard.show_full(page)
        settle(dashboard)
        told = {plot.frame.cursor for plot in plots(dashboard)}
        assert None not in told
    dashboard.show_full("gpus")
    settle(dashboard)
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=area.center().toPoint())
    assert dashboard.model.timeline.pinned is None


def test_that_the_past_is_not_drawn_again_for_every_sample(opened: Open) -> None:
    dashboard = opened(shown=TimeRange(6 * HOUR, story.NOW - DAY))
    before = [plot.frames_drawn for plot in plots(dashboard)]
    for second in range(1, 5):
        dashboard.on_sample(story.sample(float(second)))
        dashboard.refresh()
    assert [plot.frames_drawn for plot in plots(dashboard)] == before


@pytest.mark.parametrize("page", ["gpus", "system"])
@pytest.mark.parametrize("size", [(1366, 768), (1100, 700), (1024, 640)])
@pytest.mark.parametrize("shown", [TimeRange(30 * DAY), TimeRange(3 * DAY, story.NOW - DAY)])
def test_that_nothing_is_cut_and_no_page_is_too_wide(
    opened: Open, page: str, size: tuple[int, int], shown: TimeRange
) -> None:
    dashboard = opened(page, shown, size=size)
    shown_page = current(dashboard)
    assert shown_page.minimumSizeHint().width() <= shown_page.width()
    bar = (shown_page.detail if page == "gpus" else shown_page).axis.bar
    assert not bar.words.is_cut()
    assert bar.spans.width() >= bar.spans.minimumSizeHint().width()


def test_that_no_history_is_said_in_words(opened: Open) -> None:
    dashboard = opened(shown=TimeRange(6 * HOUR, story.NOW - DAY), past=lambda: StoryPast((), None))
    assert {plot.frame.words for plot in plots(dashboard)} == {dashboard.model.view.words}
    assert "No history yet" in dashboard.model.view.words


def test_that_a_history_that_is_off_is_not_asked(qtbot: QtBot, actions: Any, snapshot: Snapshot) -> None:
    load_fonts()
    opened_times: list[int] = []

    def open_past() -> StoryPast:
        opened_times.append(1)
        return StoryPast()

    off = Settings(history=History(enabled=False))
    dashboard = Dashboard(Theme("dark"), actions, off, None, PastReader(open_past, threaded=False))
    qtbot.addWidget(dashboard)
    dashboard.model.timeline.range = TimeRange(7 * DAY)
    dashboard.show_full("gpus")
    dashboard.load(snapshot)
    settle(dashboard)
    assert opened_times == []
    assert plots(dashboard)[0].frame.gaps[-1].words == OFF.rstrip(".")


def test_that_a_hidden_window_asks_nothing_and_lets_go_of_the_file(
    qtbot: QtBot, actions: Any, snapshot: Snapshot
) -> None:
    load_fonts()
    made: list[StoryPast] = []

    def open_past() -> StoryPast:
        made.append(StoryPast())
        return made[-1]

    reader = PastReader(open_past)
    dashboard = Dashboard(Theme("dark"), actions, Settings(), None, reader)
    qtbot.addWidget(dashboard)
    dashboard.model.timeline.range = TimeRange(DAY)
    dashboard.show_full("gpus")
    with qtbot.waitSignal(reader.found, timeout=5000):
        dashboard.load(snapshot)
        settle(dashboard)
    dashboard.hide()
    assert [past.closed for past in made] == [True]
    dashboard.on_sample(story.sample(1.0))
    dashboard.refresh()
    assert len(made) == 1


def test_that_runs_at_the_same_time_stand_below_one_another() -> None:
    runs = story.runs()
    bars = run_bars(runs, Window(story.NOW - DAY, story.NOW), story.NOW)
    names = {bar.run.facts.name: bar for bar in bars}
    assert "segformer-crack500-b2" not in names
    assert "baseline-import" not in names
    assert names["deeplab-crack500-r50"].lane == 0
    assert names["swinv2-crack500-360"].lane == names["swinv2-pycrackdb-320"].lane == 1
    assert names["swinv2-crack500-360"].until == story.NOW
    many = [story.run(f"{index:010d}", f"run {index}") for index in range(9)]
    assert max(bar.lane for bar in run_bars(many, Window(story.NOW - DAY, story.NOW), story.NOW)) == 2


def test_that_a_bar_tells_its_run_and_chooses_it(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    dashboard = opened(shown=TimeRange(6 * HOUR))
    bars = next(part for part in dashboard.findChildren(RunBars) if part.isVisible())
    bar = next(bar for bar in bars.bars if bar.run.facts.name == "swinv2-pycrackdb-320")
    middle = bars.box(bar).center().toPoint()
    told: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _widget: told.append(text))
    QCoreApplication.sendEvent(bars, QHelpEvent(QEvent.Type.ToolTip, middle, bars.mapToGlobal(middle)))
    assert "Finished" in told[0]
    assert "2 h 51 min" in told[0]
    QTest.mouseClick(bars, Qt.MouseButton.LeftButton, pos=middle)
    assert dashboard.model.selected_run_id == "b000000002"


def test_that_the_lanes_stand_under_the_curves_on_their_axis(opened: Open) -> None:
    dashboard = opened("training")
    runs = current(dashboard).runs
    runs.axis.take("elapsed")
    runs.axis.chosen.emit("elapsed")
    settle(dashboard)
    lane, curve = runs.lanes.lanes[1].plot, runs.cards[0].plot
    assert lane.tick_texts("bottom") == curve.tick_texts("bottom")
    assert lane.frame.x_range == (-5220.0, 0.0)
    assert curve.frame.x_range == (0.0, 5220.0)
    assert lane.area().width() == curve.area().width()
    left = curve.mapTo(dashboard, curve.area().topLeft().toPoint()).x()
    assert lane.mapTo(dashboard, lane.area().topLeft().toPoint()).x() == left
    assert runs.lanes.lanes[0].texts == ("GPU memory 6.6 GiB", "GPU 0, same time axis")


def test_that_one_cursor_reads_curves_and_hardware(opened: Open) -> None:
    dashboard = opened("training")
    runs = current(dashboard).runs
    runs.cards[1].plot.hovered.emit(10.0)
    at = -5220 + 10 * 226.0
    assert [lane.plot.frame.cursor for lane in runs.lanes.lanes] == [pytest.approx(at)] * 4
    runs.lanes.lanes[2].plot.hovered.emit(at + 226)
    assert [card.plot.frame.cursor for card in runs.cards] == [pytest.approx(11.0)] * 4
    runs.cards[1].plot.hovered.emit(40.0)
    assert {lane.plot.frame.cursor for lane in runs.lanes.lanes} == {None}


@pytest.mark.parametrize("kind", ["epoch", "elapsed", "clock"])
def test_that_zooming_a_run_zooms_curves_and_hardware(opened: Open, kind: str) -> None:
    dashboard = opened("training")
    runs = current(dashboard).runs
    runs.axis.take(kind)
    runs.axis.chosen.emit(kind)
    settle(dashboard)
    lane = runs.lanes.lanes[0].plot
    for _ in range(3):
        assert wheel(lane, 1)
    span = lane.frame.x_range[1] - lane.frame.x_range[0]
    assert span == pytest.approx(5220 / 1.25**3)
    low, high = runs.cards[0].plot.frame.x_range
    assert high - low == pytest.approx(span / 226 if kind == "epoch" else span, rel=0.02)
    assert runs.whole.isVisible()
    runs.whole.click()
    assert not runs.whole.isVisible()
    assert lane.frame.x_range == (-5220.0, 0.0)


def test_that_a_run_of_the_past_shows_the_hardware_of_its_time(opened: Open) -> None:
    dashboard = opened("training")
    dashboard.model.selected_run_id = "b000000002"
    settle(dashboard)
    lane = current(dashboard).runs.lanes.lanes[0]
    assert lane.plot.frame.x_range[0] == -50 * 226
    assert lane.texts[1] == "GPU 0, likely"
    assert len(lane.plot.series[0].x) > 50


def test_that_a_machine_without_a_gpu_has_no_lanes(opened: Open) -> None:
    dashboard = opened("training")
    dashboard.load(story.snapshot(sample=story.sample(gpus=())))
    settle(dashboard)
    assert not current(dashboard).runs.lanes.isVisible()
