from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtWidgets import QMenu

from crackseg_desktop.readings import Scope, Severity, Silence
from crackseg_desktop.ui import glance
from crackseg_desktop.ui.snoozes import Length
from crackseg_desktop.ui.tray import Tray
from crackseg_desktop.ui.tray_icon import Panel
from crackseg_desktop.ui.tray_menu import GPU_SECONDS, OPEN_SECONDS, Entry, MenuContent, TrayMenu, menu_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QAction
    from pytestqt.qtbot import QtBot

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.readings import AlertEvent, Run

NOTHING = MenuContent((Entry("No training is running"),))


@pytest.fixture
def tray(qtbot: QtBot) -> Iterator[Tray]:
    made = Tray(lambda: Panel.DARK)
    yield made
    made.close()
    made.menu.deleteLater()


@pytest.fixture
def menu(tray: Tray, actions: Any, clock: Clock) -> TrayMenu:
    return TrayMenu(tray, actions, clock)


def words(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def entry(menu: QMenu, text: str) -> QAction:
    return next(action for action in menu.actions() if action.text() == text)


def submenu(menu: QMenu) -> QMenu:
    (found,) = menu.findChildren(QMenu)
    return found


def test_that_everything_can_be_reached_from_the_menu(menu: TrayMenu, tray: Tray, actions: Any) -> None:
    menu.show_content(NOTHING)
    expected = ["Open dashboard", "No training is running", "Snooze alerts"]
    expected += ["Write today's report", "Open TensorBoard", "Settings", "Quit"]
    assert words(tray.menu) == expected
    assert tray.menu.defaultAction().text() == "Open dashboard"
    for text in ("Open dashboard", "Open TensorBoard", "Settings", "Quit"):
        entry(tray.menu, text).trigger()
    assert actions.calls == [
        ("open_dashboard", None),
        ("open_tensorboard", None),
        ("open_dashboard", "settings"),
        ("quit", None),
    ]


def test_that_a_report_is_written_from_the_menu(menu: TrayMenu, tray: Tray, actions: Any) -> None:
    menu.show_content(NOTHING)
    entry(tray.menu, "Write today's report").trigger()
    assert actions.reports.calls == [("write", "daily")]


def test_that_it_names_runs_and_alerts(make_run: Callable[..., Run], make_alert: Callable[..., AlertEvent]) -> None:
    run = make_run()
    content = menu_content([run], [make_alert(severity=Severity.CRITICAL)], simulated=True)
    assert content.runs == (
        Entry("Simulated data"),
        Entry("unet_resnet34, Epoch 23 of 50, 1 h 42 min left", run=run.id),
    )
    assert content.alerts == (Entry("Needs you: GPU 0 is at 86 °C", page="alerts"),)


def test_that_of_many_only_some_are_named(make_run: Callable[..., Run]) -> None:
    content = menu_content([make_run(f"run{i}") for i in range(9)], [], simulated=False)
    assert len(content.runs) == 6
    assert content.runs[-1] == Entry("4 more", page="overview")


def test_that_a_run_and_an_alert_open_their_page(menu: TrayMenu, tray: Tray, actions: Any) -> None:
    chosen: list[str] = []
    menu.run_chosen.connect(chosen.append)
    menu.show_content(MenuContent((Entry("unet", run="0123456789"),), (Entry("hot", page="alerts"),)))
    entry(tray.menu, "unet").trigger()
    entry(tray.menu, "hot").trigger()
    assert chosen == ["0123456789"]
    assert actions.calls == [("open_dashboard", "alerts")]


def test_that_what_only_says_something_cannot_be_chosen(menu: TrayMenu, tray: Tray) -> None:
    menu.show_content(NOTHING)
    assert not entry(tray.menu, "No training is running").isEnabled()


def test_that_alerts_can_be_snoozed(menu: TrayMenu, tray: Tray, actions: Any) -> None:
    menu.show_content(NOTHING)
    snooze = submenu(tray.menu)
    assert words(snooze) == ["15 minutes", "1 hour", "Until tomorrow 8:00"]
    for text in words(snooze):
        entry(snooze, text).trigger()
    lengths = (Length.QUARTER, Length.HOUR, Length.TOMORROW)
    assert actions.calls == [("snooze", (length, Scope.ALL, "")) for length in lengths]


def test_that_a_run_can_be_snoozed_until_it_ends(
    menu: TrayMenu, tray: Tray, actions: Any, make_run: Callable[..., Run]
) -> None:
    run = make_run()
    menu.show_content(menu_content([run], [], simulated=False))
    run_menu = next(part for part in tray.menu.findChildren(QMenu) if part.title() == "Run unet_resnet34")
    entry(run_menu, "Until the run ends").trigger()
    assert actions.calls == [("snooze", (Length.RUN_END, Scope.RUN, run.id))]


def test_that_snoozes_are_named_and_can_be_ended(
    menu: TrayMenu, tray: Tray, actions: Any, make_run: Callable[..., Run], clock: Clock
) -> None:
    run, until = make_run(), clock.time() + 3600
    silences = (Silence(Scope.RUN, run.id, None), Silence(Scope.ALL, "", until))
    menu.show_content(menu_content([run], [], silences, simulated=False))
    said = f"All alerts snoozed until {glance.clock(until)}"
    assert said in words(tray.menu)
    snooze = next(part for part in tray.menu.findChildren(QMenu) if part.title() == said)
    entry(snooze, f"End: {said}").trigger()
    entry(snooze, "End: Run unet_resnet34 snoozed until the run ends").trigger()
    assert actions.calls == [("end_snooze", (Scope.ALL, "")), ("end_snooze", (Scope.RUN, run.id))]


def test_that_an_open_menu_is_left_alone(menu: TrayMenu, tray: Tray) -> None:
    menu.show_content(NOTHING)
    tray.menu.aboutToShow.emit()
    menu.show_content(MenuContent((Entry("unet", run="0123456789"),)))
    assert "unet" not in words(tray.menu)
    tray.menu.aboutToHide.emit()
    tray.menu.aboutToShow.emit()
    assert "unet" in words(tray.menu)


def test_that_a_menu_of_which_no_more_was_heard_is_not_open_for_ever(menu: TrayMenu, tray: Tray, clock: Any) -> None:
    menu.show_content(NOTHING)
    tray.menu.aboutToShow.emit()
    clock.advance(OPEN_SECONDS)
    menu.show_content(MenuContent((Entry("unet", run="0123456789"),)))
    assert "unet" in words(tray.menu)


def test_that_a_choice_closes_the_menu(menu: TrayMenu, tray: Tray) -> None:
    menu.show_content(NOTHING)
    tray.menu.aboutToShow.emit()
    entry(tray.menu, "Open dashboard").trigger()
    menu.show_content(MenuContent((Entry("unet", run="0123456789"),)))
    assert "unet" in words(tray.menu)


def test_that_it_is_filled_anew_only_where_something_changed(menu: TrayMenu, tray: Tray) -> None:
    menu.show_content(NOTHING)
    before = tray.menu.actions()
    menu.show_content(MenuContent((Entry("No training is running"),)))
    assert tray.menu.actions() == before


@pytest.mark.parametrize(("on_the_bus", "shown"), [(True, "unet__v3"), (False, "unet_v3")])
def test_that_underscores_survive_a_panel_on_the_bus(
    on_the_bus: bool, shown: str, menu: TrayMenu, tray: Tray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tray, "on_the_bus", on_the_bus)
    menu.show_content(MenuContent((Entry("unet_v3", run="0123456789"),)))
    assert shown in words(tray.menu)


def test_that_each_gpu_has_a_line_that_changes_without_a_new_menu(
    menu: TrayMenu, tray: Tray, actions: Any, clock: Any
) -> None:
    def told(line: str) -> None:
        menu.show_content(menu_content([], [], (), [line], simulated=False))

    told("[0] RTX 3060 | 40°C, 0 % | 10 / 12288 MB")
    (action,) = (action for action in tray.menu.actions() if action.text().startswith("[0]"))
    told("[0] RTX 3060 | 41°C, 0 % | 10 / 12288 MB")
    assert "40°C" in action.text()
    tray.menu.aboutToShow.emit()
    assert "41°C" in action.text()
    tray.menu.aboutToHide.emit()
    clock.advance(GPU_SECONDS + 1)
    told("[0] RTX 3060 | 42°C, 0 % | 10 / 12288 MB")
    assert "42°C" in action.text()
    action.trigger()
    assert actions.calls == [("open_dashboard", "gpus")]
