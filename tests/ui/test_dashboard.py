from __future__ import annotations

import math
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from tests.ui import story

from crackseg_desktop.monitor import Snapshot
from crackseg_desktop.readings import (
    AlertState,
    Checkpoint,
    CurvePoints,
    Performance,
    RunConfig,
    RunRemoved,
    RunState,
    Scope,
    Severity,
    Silence,
    SourceHealth,
    SourceState,
)
from crackseg_desktop.settings import Settings, Watch
from crackseg_desktop.ui.dashboard import PAGES, Dashboard
from crackseg_desktop.ui.pages.overview import OverviewPage
from crackseg_desktop.ui.pages.run_strip import RunStrip
from crackseg_desktop.ui.pages.words import second, when
from crackseg_desktop.ui.plots import Plot
from crackseg_desktop.ui.snoozes import Length
from crackseg_desktop.ui.theme import Theme, load_fonts, tokens
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.mini import MiniPlot
from crackseg_desktop.ui.widgets.surfaces import Chip
from crackseg_desktop.ui.widgets.text import Line, Paragraph, total_width

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

SHAPES = [("compact", (420, 640)), *((page, size) for page in PAGES for size in ((1024, 640), (1366, 768)))]


class Open(Protocol):
    """Opens a dashboard on a page with a snapshot."""

    def __call__(
        self, page: str = ..., told: Snapshot | None = ..., size: tuple[int, int] | None = ...
    ) -> Dashboard: ...


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return story.snapshot(window=story.recent(900).window())


@pytest.fixture
def theme() -> Theme:
    load_fonts()
    return Theme("dark")


@pytest.fixture
def opened(qtbot: QtBot, theme: Theme, actions: Any, snapshot: Snapshot) -> Open:
    def show(page: str = "compact", told: Snapshot | None = None, size: tuple[int, int] | None = None) -> Dashboard:
        settings = replace(Settings(), watch=Watch(folders=("/home/ana/crackseg",)))
        dashboard = Dashboard(theme, actions, settings)
        qtbot.addWidget(dashboard)
        dashboard.show_compact() if page == "compact" else dashboard.show_full(page)
        if size is not None:
            dashboard.resize(*size)
        dashboard.load(snapshot if told is None else told)
        settle(dashboard)
        return dashboard

    return show


def settle(dashboard: Dashboard) -> None:
    """Lay out and draw until sizes rest, as the event loop would."""
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        dashboard.refresh()


def texts(widget: QWidget) -> str:
    """Return everything that can be read in a widget."""
    lines = [line.text for line in widget.findChildren(Line) if line.isVisible()]
    paragraphs = [part.text() for part in widget.findChildren(Paragraph) if part.isVisible()]
    chips = [chip.text for chip in widget.findChildren(Chip) if chip.isVisible()]
    return "\n".join((*lines, *paragraphs, *chips))


def cut(widget: QWidget) -> list[str]:
    """Return the texts that lack room although they must not be elided."""
    lines = [line.text for line in widget.findChildren(Line) if line.isVisible() and line.is_cut()]
    buttons = [part.text() or part.accessibleName() for part in widget.findChildren(Button) if _is_squeezed(part)]
    chips = [part.text for part in widget.findChildren(Chip) if _is_squeezed(part)]
    paragraphs = [
        part.text()
        for part in widget.findChildren(Paragraph)
        if part.isVisible() and part.heightForWidth(part.width()) > part.height()
    ]
    return [*lines, *buttons, *chips, *paragraphs]


def _is_squeezed(part: QWidget) -> bool:
    return part.isVisible() and part.width() < part.sizeHint().width()


def drawn(dashboard: Dashboard) -> int:
    """Count what was drawn so far."""
    plots, minis = dashboard.findChildren(Plot), dashboard.findChildren(MiniPlot)
    return sum(plot.frames_drawn for plot in plots) + sum(mini.painted for mini in minis)


def points(values: list[float], first: int) -> CurvePoints:
    steps = array("q", range(first, first + len(values)))
    times = array("d", (story.NOW + step for step in steps))
    return CurvePoints("a1b2c3d4e5", "val/iou", "val/iou", steps, times, array("d", values), "epoch")


def no_gpu(state: SourceState, reason: str) -> Snapshot:
    return story.snapshot(sample=story.sample(gpus=(), sources=(SourceHealth("nvidia", state, reason),)))


def test_that_the_pop_up_says_how_the_run_and_the_machine_are(opened: Open) -> None:
    dashboard = opened("compact")
    assert not dashboard.full
    assert (dashboard.width(), dashboard.height()) == (420, 640)
    said = texts(dashboard)
    for figure in (
        *("swinv2-crack500-360", "Running", "1 h 42 min", "0.612", "Epoch 23 of 50", "46 %", "0.138 to go"),
        *("RTX 3070 Ti Laptop", "6.6 of 8.0 GiB", "run 6.1 · other 0.5 · limit 7.5 GiB", "76 °C", "92 %", "104 W"),
        *("38 %", "62 %", "9.6 GiB free", "0.2 0.1", "Disk nearly full on /data: 9.6 GiB free", "1 warning"),
    ):
        assert figure in said, figure
    assert "likely" not in said


def test_that_the_overview_shows_what_is_known(opened: Open) -> None:
    dashboard = opened("overview")
    page = dashboard.full_view.current if dashboard.full_view else None
    assert isinstance(page, OverviewPage)
    assert page.cards["gpu_memory_used_bytes"].texts == ("6.6 of 8.0 GiB", "run 6.1 GiB peak 6.6 GiB")
    assert page.cards["gpu_power_watts"].texts[0] == "104 W of 125"
    assert page.run.card.facts.list.texts()["Runs on"] == "GPU 0, PID 48213"
    assert page.runs.table.texts()[1][:5] == ["unet-pycrackdb-320", "Failed: loss NaN", "7 / 50", "0.402", "0.573"]
    assert [(dot.x, dot.y) for dot in page.run.card.score.plot.frame.dots] == [(23.0, 0.612)]
    assert page.run.card.score.plot.frame.target == (0.75, "target 0.75")


def test_that_the_strip_tells_how_a_run_trains(opened: Open) -> None:
    figures = Performance((5880.0, 6420.0), "train/loss", 0.029, "val/iou", 23)
    config = RunConfig(12, 50, 5e-4, "SwinV2CnnAsppUNet")
    saved = (Checkpoint("/r/best.pth", 450_000_000, story.NOW - 60, "best"),)
    run = story.run(config=config, checkpoints=saved, performance=figures)
    dashboard = opened("training", replace(story.snapshot(), runs=(run,)))
    strip = dashboard.findChildren(RunStrip)[0]
    assert [cell.text for cell in strip.cells] == [
        "Time left · 1 h 42 min · 1 h 38 – 1 h 47 min",
        "Epochs an hour · 15.9 · slower than usual",
        "Loss an epoch · −2.9 % · of the first train loss",
        "Converged · not yet · usual 30–40",
        "Batch size · 12 · SwinV2CnnAsppUNet",
        f"Checkpoints · 1 · 429 MiB · last {when(story.NOW - 60, story.NOW)}",
    ]
    assert strip.cells[1].toolTip() == "on course for 3.1 h for 50 epochs, slower than the usual 2–3 h"
    assert strip.cells[4].toolTip() == "SwinV2CnnAsppUNet, batch size 12, learning rate 0.0005"


def test_that_the_strip_leaves_open_what_is_not_known(opened: Open) -> None:
    dashboard = opened("training", replace(story.snapshot(), runs=(story.run(state=RunState.UNKNOWN),)))
    assert [cell.text for cell in dashboard.findChildren(RunStrip)[0].cells][1:] == [
        *("Epochs an hour · –", "Loss an epoch · –", "Converged · –"),
        *("Batch size · – · no configuration found", "Checkpoints · none · none found in its folders"),
    ]


def test_that_the_overview_tells_the_interval_of_the_time_left(opened: Open) -> None:
    figures = Performance((5880.0, 6420.0))
    dashboard = opened("overview", replace(story.snapshot(), runs=(story.run(performance=figures),)))
    assert "1 h 42 min 1 h 38 – 1 h 47 min" in texts(dashboard)


def test_that_a_new_sample_is_shown_soon_and_not_at_once(qtbot: QtBot, opened: Open) -> None:
    dashboard = opened("compact")
    before = drawn(dashboard)
    for passed in range(1, 6):
        dashboard.on_sample(story.sample(float(passed), host=story.host(0.0)))
    hot = story.gpu(6.0, figures={**story.gpu().figures, "gpu_temperature_celsius": 79.0})
    dashboard.on_sample(story.sample(6.0, gpus=(hot,)))
    assert "79 °C" not in texts(dashboard)
    assert drawn(dashboard) == before
    qtbot.waitUntil(lambda: "79 °C" in texts(dashboard), timeout=2000)


def test_that_new_points_lengthen_the_curve(qtbot: QtBot, opened: Open) -> None:
    dashboard = opened("training", story.snapshot())  # of its own: the model goes on with the curves it is handed
    dashboard.on_points(points([0.63], 24))
    plots = [plot for plot in dashboard.findChildren(Plot) if plot.accessibleName() == "Validation IoU"]
    qtbot.waitUntil(lambda: plots[0].frame.dots[0].x == 24.0, timeout=2000)
    assert plots[0].frame.dots[0].y == 0.63


def test_that_what_is_hidden_draws_nothing_and_keeps_nothing(qtbot: QtBot, opened: Open, actions: Any) -> None:
    dashboard = opened("overview")
    dashboard.hide()
    before = drawn(dashboard)
    dashboard.on_sample(story.sample(1.0))
    dashboard.on_points(points([0.63], 24))
    dashboard.on_run(story.run())
    dashboard.on_alert(story.alert())
    dashboard.load(story.snapshot())
    dashboard.refresh()
    qtbot.wait(300)
    assert drawn(dashboard) == before
    assert dashboard.model.sample is None
    assert len(dashboard.model.columns) == 0
    actions.calls.clear()
    dashboard.show()
    assert ("request_snapshot", None) in actions.calls


def test_that_only_the_visible_page_is_drawn(opened: Open) -> None:
    dashboard = opened("gpus")
    dashboard.show_full("system")
    settle(dashboard)
    hidden = [plot for plot in dashboard.findChildren(Plot) if not plot.isVisible()]
    before = [plot.frames_drawn for plot in hidden]
    dashboard.on_sample(story.sample(1.0))
    dashboard.refresh()
    assert len(hidden) == 4
    assert [plot.frames_drawn for plot in hidden] == before


def test_that_a_change_of_theme_reaches_everything(opened: Open, theme: Theme) -> None:
    dashboard = opened("gpus")
    plot = next(plot for plot in dashboard.findChildren(Plot) if plot.accessibleName() == "Memory")
    assert plot.pens[0].color() == tokens("dark")["s1"]
    theme.choose("light")
    settle(dashboard)
    assert plot.pens[0].color() == tokens("light")["s1"]
    image = dashboard.grab().toImage()
    assert image.pixelColor(image.width() - 4, 4) == tokens("light")["window"]
    assert image.pixelColor(210, 230) == tokens("light")["card"]


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (SourceState.UNAVAILABLE, "No GPU found"),
        (SourceState.MISMATCH, "Driver and library differ"),
        (SourceState.NOT_RESPONDING, "The GPU driver is not responding"),
        (SourceState.FAILED, "Reading the GPU failed"),
    ],
)
@pytest.mark.parametrize("page", ["compact", "gpus"])
def test_that_a_missing_gpu_is_explained_and_the_rest_works_on(
    opened: Open, page: str, state: SourceState, title: str
) -> None:
    dashboard = opened(page, no_gpu(state, "because of this"))
    said = texts(dashboard)
    assert title in said
    assert "Because of this." in said
    if page == "compact":
        assert "1 h 42 min" in said
        assert "38 %" in said


@pytest.mark.parametrize(
    ("state", "words"),
    [(SourceState.ASLEEP, "asleep, 25 min old"), (SourceState.NOT_RESPONDING, "not responding, 25 min old")],
)
def test_that_old_figures_are_shown_with_their_age(opened: Open, state: SourceState, words: str) -> None:
    gpu = story.gpu(state=state, reason="left alone", taken=story.NOW - 1500)
    said = texts(opened("compact", story.snapshot(sample=story.sample(gpus=(gpu,)))))
    assert words in said
    assert "76 °C" in said


def test_that_a_lost_gpu_is_named(opened: Open) -> None:
    gpu = story.gpu(state=SourceState.LOST, reason="the GPU fell off the bus", figures={}, processes=())
    for page in ("compact", "gpus"):
        assert "GPU 0 fell off the bus" in texts(opened(page, story.snapshot(sample=story.sample(gpus=(gpu,)))))


def test_that_one_missing_figure_says_why_and_leaves_its_neighbours(opened: Open) -> None:
    figures = {key: value for key, value in story.gpu().figures.items() if key != "gpu_power_watts"}
    gpu = story.gpu(figures=figures, unavailable={"gpu_power_watts": "not supported on this GPU"})
    told = story.snapshot(sample=story.sample(gpus=(gpu,)))
    for page in ("compact", "overview", "gpus"):
        said = texts(opened(page, told))
        assert "not supported on this GPU" in said
        assert "76" in said


def test_that_without_runs_the_next_step_is_named(qtbot: QtBot, opened: Open, actions: Any) -> None:
    told = story.snapshot(runs=(), curves={})
    for page in ("compact", "overview", "training"):
        dashboard = opened(page, told)
        said = texts(dashboard)
        assert "No trainings yet" in said
        assert "Watching /home/ana/crackseg" in said
    button = next(b for b in dashboard.findChildren(Button) if b.text() == "Add folder…" and b.isVisible())
    button.click()
    assert ("choose_folder", None) in actions.calls


@pytest.mark.parametrize("page", ["compact", *PAGES])
def test_that_nothing_known_at_all_is_no_trouble(opened: Open, page: str) -> None:
    dashboard = opened(page, Snapshot())
    dashboard.grab()
    assert texts(dashboard)


@pytest.mark.parametrize("page", ["compact", "overview", "training"])
def test_that_fifty_runs_long_names_and_nan_are_drawn(opened: Open, page: str) -> None:
    name = "実験-Grüße-" + "very-long-name-" * 12
    runs = (
        story.run(name=name),
        *(story.run(f"c{number:09d}", f"run {number}", RunState.FINISHED) for number in range(49)),
    )
    curves = story.curves(story.NOW - 5220)
    for curve in curves.values():
        curve.values[10:] = array("d", [math.nan] * 13)
    dashboard = opened(page, story.snapshot(runs=runs, curves={"a1b2c3d4e5": curves}))
    dashboard.grab()
    assert name in texts(dashboard) or page == "training"
    assert cut(dashboard) == []


@pytest.mark.parametrize(("page", "size"), SHAPES)
def test_that_no_text_is_cut(opened: Open, page: str, size: tuple[int, int]) -> None:
    dashboard = opened(page, size=size)
    assert (dashboard.width(), dashboard.height()) == size
    assert cut(dashboard) == []


def test_that_parts_of_a_page_do_not_overlap_in_the_smallest_window(opened: Open) -> None:
    dashboard = opened("overview", size=(1024, 640))
    page = dashboard.full_view.current if dashboard.full_view else None
    assert isinstance(page, OverviewPage)
    parts = [page.banner, page.run, *page.cards.values(), page.runs, page.workstation]
    boxes = [part.geometry() for part in parts]
    assert [(one, other) for number, one in enumerate(boxes) for other in boxes[:number] if one.intersects(other)] == []


def test_that_the_keys_do_what_they_should(qtbot: QtBot, opened: Open, actions: Any) -> None:
    dashboard = opened("overview")
    actions.calls.clear()
    with qtbot.waitActive(dashboard):
        dashboard.activateWindow()
    for number in range(1, len(PAGES) + 1):
        QTest.keyClick(dashboard, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(dashboard, Qt.Key.Key_F5)
    QTest.keyClick(dashboard, Qt.Key.Key_Escape)
    QTest.keyClick(dashboard, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    pages = [("open_dashboard", page) for page in PAGES]
    assert actions.calls == [*pages, ("request_snapshot", None), ("hide", None), ("quit", None)]


def test_that_the_rail_changes_the_page(qtbot: QtBot, opened: Open) -> None:
    dashboard = opened("overview")
    assert dashboard.full_view is not None
    dashboard.full_view.rail.chosen.emit("system")
    assert dashboard.full_view.current.title == "System"
    dashboard.full_view.show_page("system")
    assert dashboard.page == "system"


def test_that_the_rail_folds_in_a_narrow_window(opened: Open) -> None:
    for width, folded in ((1366, False), (1024, True)):
        dashboard = opened("overview", size=(width, 700))
        assert dashboard.full_view is not None
        assert dashboard.full_view.rail.folded is folded


def test_that_an_unknown_page_is_refused(qtbot: QtBot, opened: Open) -> None:
    with pytest.raises(ValueError, match="nowhere"):
        opened("nowhere")


def test_that_an_alert_can_be_acknowledged_everywhere(qtbot: QtBot, opened: Open, actions: Any) -> None:
    for page in ("compact", "overview", "alerts"):
        dashboard = opened(page)
        actions.calls.clear()
        button = next(
            button
            for button in dashboard.findChildren(Button)
            if button.isVisible() and "Acknowledge" in (button.text(), button.accessibleName())
        )
        button.click()
        assert actions.calls == [("acknowledge", ("disk_space:mount=/data", ""))]


def test_that_snoozing_offers_times_and_can_be_ended(qtbot: QtBot, opened: Open, actions: Any) -> None:
    dashboard = opened("compact")
    assert dashboard.compact is not None
    dashboard.compact.snooze.click()
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.actions()[1].trigger()
    menu.close()
    assert ("snooze", (Length.HOUR, Scope.ALL, "")) in actions.calls
    dashboard.load(story.snapshot(silences=(Silence(Scope.ALL, "", story.NOW + 3600),)))
    dashboard.compact.snooze.click()
    assert actions.calls[-1] == ("end_snooze", (Scope.ALL, ""))


def test_that_a_critical_alert_colours_its_card(opened: Open) -> None:
    alert = story.alert(
        "gpu_memory", labels={"gpu": story.GPU}, severity=Severity.CRITICAL, title="GPU 0 memory nearly full"
    )
    dashboard = opened("overview", story.snapshot(alerts=(alert,)))
    page = dashboard.full_view.current if dashboard.full_view else None
    assert isinstance(page, OverviewPage)
    card = page.cards["gpu_memory_used_bytes"]
    assert card.tone == "critical"
    assert "over" in card.texts[1]
    assert card.plot.series[0].colour == "critical"
    assert page.cards["gpu_power_watts"].tone == "normal"


def test_that_simulated_data_is_labelled(opened: Open) -> None:
    told = story.snapshot(sample=story.sample(simulated=True))
    for page in ("compact", *PAGES):
        assert "Simulated" in texts(opened(page, told)), page
    assert "Simulated" not in texts(opened("compact"))


def test_that_another_run_can_be_chosen(qtbot: QtBot, opened: Open) -> None:
    dashboard = opened("overview")
    page = dashboard.full_view.current if dashboard.full_view else None
    assert isinstance(page, OverviewPage)
    page.runs.table.row_chosen.emit(2)
    assert dashboard.model.selected_run_id == "b000000002"
    assert "swinv2-pycrackdb-320" in texts(page.run)
    dashboard.on_removed(RunRemoved("b000000002"))
    dashboard.refresh()
    assert "swinv2-crack500-360" in texts(page.run)


def test_that_another_gpu_can_be_chosen(qtbot: QtBot, opened: Open) -> None:
    other = story.gpu(labels={"gpu": "GPU-9"}, uuid="GPU-9", index=1, name="NVIDIA GeForce RTX 3060", processes=())
    dashboard = opened("compact", story.snapshot(sample=story.sample(gpus=(story.gpu(), other))))
    assert dashboard.compact is not None
    dashboard.compact.gpu.card.other.click()
    assert "RTX 3060" in texts(dashboard.compact.gpu)
    dashboard.show_full("gpus")
    dashboard.load(story.snapshot(sample=story.sample(gpus=(story.gpu(), other))))
    assert dashboard.model.gpu == other


def test_that_the_time_shown_can_be_changed(opened: Open) -> None:
    dashboard = opened("gpus")
    page: Any = dashboard.full_view.current if dashboard.full_view else None
    page.detail.axis.bar.spans.chosen.emit("900")
    plot = next(plot for plot in dashboard.findChildren(Plot) if plot.isVisible())
    assert plot.frame.x_range == (-900.0, 0.0)


def test_that_the_ring_stands_around_what_has_the_keyboard(qtbot: QtBot, opened: Open) -> None:
    dashboard = opened("overview")
    ring = dashboard._ring
    assert not ring.isVisible()
    button = next(button for button in dashboard.findChildren(Button) if button.text() == "TensorBoard")
    ring.follow(button)
    assert ring.isVisible()
    corner = button.mapTo(dashboard, button.rect().topLeft())
    assert ring.geometry().contains(button.rect().translated(corner))
    ring.follow(None)
    assert not ring.isVisible()


def test_that_everything_pressable_and_every_plot_has_a_name(opened: Open) -> None:
    for page in ("compact", *PAGES):
        dashboard = opened(page)
        nameless = [
            part
            for part in (*dashboard.findChildren(Button), *dashboard.findChildren(Plot))
            if part.isVisible() and not (part.accessibleName() or (isinstance(part, Button) and part.text()))
        ]
        assert nameless == []


def test_that_changed_settings_are_shown(opened: Open) -> None:
    dashboard = opened("settings")
    assert "/home/ana/crackseg" in texts(dashboard)
    dashboard.set_settings(replace(Settings(), watch=Watch(folders=("/somewhere/else",))))
    assert dashboard.page == "settings"
    dashboard.load(story.snapshot())
    assert "/somewhere/else" in texts(dashboard)


def test_that_the_crosshair_reads_every_plot_of_the_page_at_one_instant(opened: Open) -> None:
    dashboard = opened("gpus")
    page: Any = dashboard.full_view.current if dashboard.full_view else None
    usual = {metric: card.texts[1] for metric, card in page.detail.cards.items()}
    page.detail.cards["gpu_power_watts"].plot.hovered.emit(-300.0)
    instant = second(story.NOW - 300)
    for card in page.detail.cards.values():
        assert card.plot.frame.cursor == -300.0
        assert card.texts[1].endswith(instant)
    assert "°C" in page.detail.cards["gpu_temperature_celsius"].texts[1]
    dashboard.refresh()
    assert page.detail.cards["gpu_power_watts"].texts[1].endswith(instant)
    page.detail.cards["gpu_power_watts"].plot.hovered.emit(None)
    assert {metric: card.texts[1] for metric, card in page.detail.cards.items()} == usual


def test_that_the_crosshair_reads_the_curves_at_one_epoch(opened: Open) -> None:
    dashboard = opened("training")
    page: Any = dashboard.full_view.current if dashboard.full_view else None
    card = page.runs.cards[1]
    values = dashboard.model.curve_columns("a1b2c3d4e5")["val/iou"].values
    card.plot.hovered.emit(10.2)
    assert card.texts[1] == f"IoU {values[9]:.3f}"
    assert page.runs.cards[0].plot.frame.cursor == 10.2
    card.plot.hovered.emit(None)
    assert card.texts[1] == "IoU 0.612"


@pytest.mark.parametrize(("kind", "first", "last"), [("elapsed", "0", "1 h 20"), ("clock", None, None)])
def test_that_curves_can_stand_against_time(opened: Open, kind: str, first: str | None, last: str | None) -> None:
    dashboard = opened("training")
    page: Any = dashboard.full_view.current if dashboard.full_view else None
    page.runs.axis.take(kind)
    page.runs.axis.chosen.emit(kind)
    plot = page.runs.cards[1].plot
    told = plot.tick_texts("bottom")
    assert 2 <= len(told) <= 6
    if first is not None:
        assert (told[0], told[-1]) == (first, last)
    assert plot.frame.dots[0].y == 0.612


@pytest.mark.parametrize("odd", [math.inf, -math.inf, math.nan, 1e300, 1.79e18, 0.0, -1.7e308, 5e-324])
@pytest.mark.parametrize("everywhere", [True, False])
def test_that_a_time_or_value_that_no_one_can_mean_fails_no_page(opened: Open, odd: float, everywhere: bool) -> None:
    told = story.curves(story.NOW - 5220)
    for curve in told.values():
        for index in range(len(curve)) if everywhere else (0, 7, len(curve) - 1):
            curve.wall_times[index] = odd
            if not everywhere:
                curve.values[index] = odd
    by_step = told["train/step_loss"] = told["train/loss"].copy()
    by_step.tag = by_step.name = "train/step_loss"
    by_step.axis = "step"
    runs = (story.run(started=odd, updated=odd, eta_seconds=odd),)
    snapshot = Snapshot(sample=story.sample(), runs=runs, curves={"a1b2c3d4e5": told})
    for page in ("compact", "overview", "training"):
        dashboard = opened(page, snapshot)
        dashboard.grab()
    shown: Any = dashboard.full_view.current if dashboard.full_view else None
    for kind in ("elapsed", "clock", "epoch"):
        shown.runs.axis.take(kind)
        shown.runs.axis.chosen.emit(kind)
        shown.runs.cards[1].plot.hovered.emit(3.0)
        dashboard.grab()


def test_that_a_time_that_is_none_leaves_the_others_where_they_are(opened: Open) -> None:
    told = story.curves(story.NOW - 5220)
    told["val/iou"].wall_times[4] = math.inf
    dashboard = opened("training", Snapshot(sample=story.sample(), runs=story.runs(), curves={"a1b2c3d4e5": told}))
    page: Any = dashboard.full_view.current if dashboard.full_view else None
    page.runs.axis.take("clock")
    page.runs.axis.chosen.emit("clock")
    plot = page.runs.cards[1].plot
    assert len(plot.series[0].x) == 22
    assert len(plot.tick_texts("bottom")) >= 2


@pytest.mark.parametrize(
    ("down", "up", "told"),
    [
        (0.2e6, 0.1e6, "Network MiB/s 0.2 0.1"),
        (99e6, 89e6, "Network MiB/s 94.4 84.9"),
        (1.2e9, 1.0e9, "Network GiB/s 1.1 0.9"),
        (900e6, None, "Network MiB/s 858 –"),
    ],
)
def test_that_the_network_stands_on_the_lines_of_its_neighbours(
    opened: Open, down: float, up: float | None, told: str
) -> None:
    dashboard = opened("compact")
    assert dashboard.compact is not None
    cells = dashboard.compact.host.cells
    network = cells["Network"]
    network.put_network(down, up)
    dashboard.grab()
    assert network.text == told
    assert network._label.height() == cells["CPU"]._label.height()
    assert total_width(network._figure._spans) <= network._figure.width(), "nothing is elided"


@pytest.mark.parametrize(
    ("page", "shown"), [("training", True), ("gpus", True), ("overview", False), ("alerts", False)]
)
def test_that_what_is_critical_stands_over_every_page(opened: Open, page: str, shown: bool) -> None:
    critical = story.many_alerts()[0]
    dashboard = opened(page, story.snapshot(alerts=(critical,)), size=(1024, 640))
    assert dashboard.full_view is not None
    assert dashboard.full_view.banner.isVisible() is shown
    dashboard.on_alert(replace(critical, state=AlertState.ACKNOWLEDGED))
    settle(dashboard)
    assert not dashboard.full_view.banner.isVisible()
