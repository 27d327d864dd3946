from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu
from tests.ui import story
from tests.ui.process_story import TRAIN, linked, row, table

from crackseg_desktop.insight.processes import Column
from crackseg_desktop.readings import ProcessReading, Sample, XidError
from crackseg_desktop.settings import Settings
from crackseg_desktop.ui.dashboard import Dashboard
from crackseg_desktop.ui.pages.end_dialog import EndDialog
from crackseg_desktop.ui.pages.gpus import GpusPage
from crackseg_desktop.ui.pages.overview import OverviewPage
from crackseg_desktop.ui.pages.process_cells import PLACES
from crackseg_desktop.ui.pages.system import SystemPage
from crackseg_desktop.ui.pages.training import TrainingPage
from crackseg_desktop.ui.theme import Theme, load_fonts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.readings import ProcessRow
    from crackseg_desktop.ui.pages.processes import ProcessesView

P = TypeVar("P")
CPU = [place.sort for place in PLACES].index(Column.CPU)
NAME = [place.sort for place in PLACES].index(Column.NAME)


def sample(second: float = 0.0, rows: tuple[ProcessRow, ...] | None = None, **changes: Any) -> Sample:
    return replace(story.sample(second, **changes), table=table() if rows is None else rows)


@pytest.fixture
def opened(qtbot: QtBot, actions: Any) -> Callable[..., Dashboard]:
    def show(page: str, told: Sample | None = None) -> Dashboard:
        load_fonts()
        dashboard = Dashboard(Theme("light"), actions, Settings())
        qtbot.addWidget(dashboard)
        dashboard.show_full(page)
        window = story.recent(60).window()
        runs = (linked(), *story.runs()[1:])
        dashboard.load(story.snapshot(sample=sample() if told is None else told, window=window, runs=runs))
        settle(dashboard)
        return dashboard

    return show


@pytest.fixture
def view(opened: Callable[..., Dashboard]) -> ProcessesView:
    dashboard = opened("system")
    page = page_of(dashboard, SystemPage)
    page.show_processes()
    settle(dashboard)
    return page.processes


def settle(dashboard: Dashboard) -> None:
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        dashboard.refresh()


def page_of(dashboard: Dashboard, kind: type[P]) -> P:
    assert dashboard.full_view is not None
    page = dashboard.full_view.current
    assert isinstance(page, kind)
    return page


def tell(view: ProcessesView, second: float, rows: tuple[ProcessRow, ...]) -> None:
    dashboard = view.window()
    assert isinstance(dashboard, Dashboard)
    dashboard.on_sample(sample(second, rows))
    dashboard.refresh()


def names(view: ProcessesView) -> list[str]:
    return [line[0] for line in view.table.texts()]


def choose(view: ProcessesView, pid: int) -> None:
    place = next(i for i, entry in enumerate(view.table.rows.entries) if entry.row.pid == pid)
    view.table.setCurrentIndex(view.table.rows.index(place, 0))


def test_that_processes_are_read_only_while_a_page_shows_them(opened: Callable[..., Dashboard], actions: Any) -> None:
    dashboard = opened("overview")
    assert actions.processes.calls == []
    dashboard.show_full("system")
    page_of(dashboard, SystemPage).show_processes()
    dashboard.show_full("gpus")
    dashboard.show_full("training")
    dashboard.show_full("system")
    dashboard.hide()
    wanted = [(True, False), (True, True), (True, False), (False, False), (True, True), (False, False)]
    assert [argument for _, argument in actions.processes.calls] == wanted


def test_that_a_minimised_window_has_nothing_read(opened: Callable[..., Dashboard], actions: Any) -> None:
    dashboard = opened("system")
    dashboard.setWindowState(Qt.WindowState.WindowMinimized)
    assert actions.processes.calls[-1] == ("watch", (False, False))


def test_that_the_busiest_are_shown_and_lead_to_all_of_them(opened: Callable[..., Dashboard]) -> None:
    page = page_of(opened("system"), SystemPage)
    said = page.busiest.table.texts()
    assert said[0] == ["48213", "python run.py swinv2-crack500-360", "110 %", "4.9 GiB", "0"]
    assert said[1][1:] == [" ↳ 2 data loaders", "160 %", "1.4 GiB", "22.0 MiB/s"]
    page.busiest.all.click()
    assert page.view.taken == "processes"
    assert page.processes.isVisible()
    assert not page.axis.bar.isVisible()


def test_that_a_click_on_the_head_sorts_and_another_turns_round(view: ProcessesView) -> None:
    assert names(view)[:2] == ["48213", "48215"]
    view.table.head.sectionClicked.emit(NAME)
    assert view.table.head.mark == (NAME, False)
    assert names(view)[0] == "4000"
    view.table.head.sectionClicked.emit(NAME)
    assert names(view)[-1] == "4000"


def test_that_the_keyboard_sorts_too(view: ProcessesView) -> None:
    head = view.table.head
    head.setFocus()
    QTest.keyClick(head, Qt.Key.Key_Right)
    QTest.keyClick(head, Qt.Key.Key_Space)
    assert head.mark[0] == CPU + 1
    QTest.keyClick(head, Qt.Key.Key_Left)
    QTest.keyClick(head, Qt.Key.Key_Return)
    assert head.mark == (CPU, True)


def test_that_rows_move_under_the_choice_and_the_scroll_position(view: ProcessesView) -> None:
    many = (*table(), *(row(pid, 1, ("sleep",), cpu_ratio=0.001 * pid / 1000) for pid in range(5000, 5200)))
    tell(view, 1.0, many)
    choose(view, 3987)
    view.table.verticalScrollBar().setValue(300)
    faster = tuple(replace(item, cpu_ratio=9.0) if item.pid == 5100 else item for item in many if item.pid != 2210)
    tell(view, 2.0, (*faster, row(6000)))
    assert view.table.entry is not None
    assert view.table.entry.row.pid == 3987
    assert view.table.verticalScrollBar().value() == 300
    assert names(view)[0] == "5100"
    assert "2210" not in names(view)
    assert "6000" in names(view)
    assert len(names(view)) == len(many)


def test_that_a_search_leaves_what_matches_and_says_how_many(view: ProcessesView) -> None:
    QTest.keyClicks(view.search, "docker")
    assert names(view) == ["900"]
    assert view.count.text.startswith("1 of 7 processes")


def test_that_the_tree_shows_workers_one_by_one_when_activated(view: ProcessesView) -> None:
    view.shape.chosen.emit("tree")
    assert len(names(view)) == 6
    place = next(i for i, entry in enumerate(view.table.rows.entries) if entry.workers)
    view.table.setCurrentIndex(view.table.rows.index(place, 0))
    assert not view.detail.end.isVisible()
    view.table.activated.emit(view.table.currentIndex())
    assert len(names(view)) == 7
    choose(view, 48213)
    view.table.activated.emit(view.table.currentIndex())
    assert len(names(view)) == 6


def test_that_the_details_tell_all_of_the_command_and_why_figures_are_missing(view: ProcessesView) -> None:
    assert not view.detail.isVisible()
    choose(view, 48213)
    assert view.detail.isVisible()
    assert view.detail.command.toPlainText() == " ".join(TRAIN)
    said = {name: value for part in view.detail.lists for name, value in part.texts().items()}
    assert said["Run"] == "swinv2-crack500-360, certain"
    assert said["Folder"] == "/home/ana/crackseg"
    choose(view, 900)
    said = {name: value for part in view.detail.lists for name, value in part.texts().items()}
    assert said["Disk"] == "own processes only"


def test_that_a_process_is_ended_after_a_question_only(view: ProcessesView, actions: Any) -> None:
    choose(view, 48213)
    view.detail.end.click()
    (dialog,) = view.window().findChildren(EndDialog)
    asked = dialog.words.text()
    for word in ("PID 48213", "python run.py", "ana", "swinv2-crack500-360"):
        assert word in asked
    dialog.cancel.click()
    view.detail.end.click()
    dialog = view.window().findChildren(EndDialog)[-1]
    dialog.end.click()
    ended = [argument for name, argument in actions.processes.calls if name == "end"]
    assert ended == [(48213, story.NOW - 3600.0, "python run.py (PID 48213)")]


@pytest.mark.parametrize(
    ("pid", "refusal", "why"),
    [(900, "", "root"), (48213, "started with --read-only", "--read-only"), (os.getpid(), "", "this program")],
)
def test_that_what_may_not_be_ended_says_why(
    view: ProcessesView, actions: Any, pid: int, refusal: str, why: str
) -> None:
    actions.processes.refusal = refusal
    tell(view, 1.0, (*table(), row(os.getpid(), 1, ("python", "-m", "us"))))
    choose(view, pid)
    assert not view.detail.end.isEnabled()
    assert why in view.detail.end.toolTip()
    assert why in view.detail.why_not.text


def test_that_it_says_so_while_no_process_was_read_yet(opened: Callable[..., Dashboard]) -> None:
    dashboard = opened("system", replace(sample(), table=None))
    page = page_of(dashboard, SystemPage)
    page.show_processes()
    assert "Reading" in page.processes.count.text


def test_that_the_machine_shows_threads_and_what_its_sensors_tell(opened: Callable[..., Dashboard]) -> None:
    host = replace(story.host(), cores=(0.1, 0.96), notes=("The control group / may use 8.0 GiB of memory.",))
    page = page_of(opened("system", sample(host=host)), SystemPage)
    assert page.facts.bars.shares == (0.1, 0.96)
    assert page.facts.busiest.text == "busiest 96 %"
    assert page.facts.notes.text() == "The control group / may use 8.0 GiB of memory."
    assert page.facts.lists["Sensors"].texts()["RAM available"] == "11.8 GiB"
    assert page.facts.lists["Sensors"].texts()["Battery"] == "not reported"


def test_that_the_gpu_page_tells_who_holds_its_memory(opened: Callable[..., Dashboard], actions: Any) -> None:
    dashboard = opened("gpus", sample(rows=tuple(item for item in table() if item.pid != 3987)))
    page = page_of(dashboard, GpusPage)
    said = page.detail.processes.table.texts()
    assert said[0][:4] == ["48213", "python run.py", "swinv2-crack500-360", "ana"]
    assert said[0][5:9] == ["6.1 GiB", "–", "110 %", "4.9 GiB"]
    assert said[2][:2] == ["3987", "not on this machine"]
    assert "PID 3987, which the system does not know" in page.detail.processes._note.text


def test_that_the_gpu_page_tells_link_errors_and_what_decides_the_clocks(opened: Callable[..., Dashboard]) -> None:
    gpu = story.gpu()
    figures = {
        **gpu.figures,
        "gpu_pcie_generation": 1.0,
        "gpu_pcie_width": 8.0,
        "gpu_pcie_generation_max": 4.0,
        "gpu_pcie_width_max": 16.0,
        "gpu_temperature_headroom_celsius": 11.0,
        "gpu_xid_errors_total": 1.0,
    }
    error = XidError(79, story.NOW, "Xid 79: the GPU fell off the bus", critical=True)
    reasons = ("The power limit holds the clocks back",)
    told = replace(gpu, figures=figures, xid_errors=(error,), throttle_reasons=reasons, clock_reasons=reasons)
    page = page_of(opened("gpus", sample(gpus=(told,))), GpusPage)
    facts, said = page.detail.facts, page.detail.facts.list.texts()
    assert (facts.state.text, facts.reasons.text()) == ("Held back right now", "The power limit holds the clocks back.")
    assert said["PCIe link"] == "Gen 1 ×8 of 4 ×16"
    assert said["To slowdown"] == "11 °C (at 87 °C)"
    assert said["Fan"] == "not reported on laptops"
    assert said["Xid errors"].startswith("Xid 79 at ")
    assert "fell off the bus" in facts.errors.text()


def test_that_a_run_names_its_process_and_its_peak(opened: Callable[..., Dashboard]) -> None:
    facts = page_of(opened("overview"), OverviewPage).run.card.facts.list.texts()
    assert facts["Runs on"] == "GPU 0, PID 48213, certain"
    assert facts["Linked by"] == "holds metrics.jsonl of the run open"
    runs = page_of(opened("training"), TrainingPage).runs
    assert runs.link.text() == "PID 48213, certain"
    assert "VRAM peak 6.0 GiB" in runs.strip.cells[4].text


def test_that_a_run_can_be_pinned_to_a_process_and_let_go(opened: Callable[..., Dashboard], actions: Any) -> None:
    other = ProcessReading(77, 5.0, ("python", "other.py"), "/x")
    dashboard = opened("training", sample(processes=(*story.sample().processes, other)))
    link = page_of(dashboard, TrainingPage).runs.link
    menu = link.menu()
    entries = {action.text(): action for action in menu.actions() if not action.isSeparator()}
    assert next(iter(entries)) == "PID 48213, certain: it holds metrics.jsonl of the run open"
    assert entries["PID 48213  python run.py  in crackseg"].isChecked()
    entries["PID 77  python other.py  in x"].trigger()
    dashboard.on_run(linked(pinned=True))
    dashboard.refresh()
    unpin = [action for action in link.menu().actions() if action.text().startswith("Unpin")]
    unpin[0].trigger()
    pinned = [argument for name, argument in actions.processes.calls if name == "pin"]
    assert pinned == [("a1b2c3d4e5", (77, 5.0)), ("a1b2c3d4e5", None)]
    for made in link.findChildren(QMenu):
        made.close()
