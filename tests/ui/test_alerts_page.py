from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from tests.ui import story

from crackseg_desktop.readings import AlertState, Scope, Severity, Silence
from crackseg_desktop.settings import Notifications, RemoteChannel, Settings
from crackseg_desktop.ui.dashboard import Dashboard
from crackseg_desktop.ui.pages.alerts import AlertsPage
from crackseg_desktop.ui.snoozes import Length
from crackseg_desktop.ui.theme import Theme, load_fonts
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.text import Line, Paragraph
from crackseg_desktop.ui.widgets.ticks import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.monitor import Snapshot

    Open = Callable[..., tuple[Dashboard, AlertsPage]]

MEMORY = f"gpu_memory:gpu={story.GPU}"


@pytest.fixture
def opened(qtbot: QtBot, actions: Any) -> Open:
    def show(told: Snapshot | None = None, size: tuple[int, int] = (1366, 768), **settings: Any) -> Any:
        load_fonts()
        dashboard = Dashboard(Theme("dark"), actions, replace(Settings(), **settings))
        qtbot.addWidget(dashboard)
        dashboard.show_full("alerts")
        dashboard.resize(*size)
        dashboard.load(many() if told is None else told)
        settle(dashboard)
        page = dashboard.full_view.current if dashboard.full_view is not None else None
        assert isinstance(page, AlertsPage)
        actions.calls.clear()
        return dashboard, page

    return show


def many(**changes: Any) -> Snapshot:
    return story.snapshot(window=story.recent(900, 5).window(), alerts=story.many_alerts(), **changes)


def settle(dashboard: Dashboard) -> None:
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        dashboard.refresh()


def said(widget: QWidget) -> str:
    lines = [line.text for line in widget.findChildren(Line) if line.isVisible()]
    return "\n".join([*lines, *(part.text() for part in widget.findChildren(Paragraph) if part.isVisible())])


def titles(page: AlertsPage) -> list[str]:
    return [row.event_shown.title for row in page.alerts.list.rows if row.isVisible() and row.event_shown is not None]


def choose(page: AlertsPage, menu_words: str, length: str) -> None:
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    part = next((each for each in menu.findChildren(QMenu) if each.title() == menu_words), menu)
    next(action for action in part.actions() if action.text() == length).trigger()
    menu.close()


def test_that_each_alert_says_its_value_against_its_limit(opened: Open) -> None:
    _, page = opened()
    rows = {row.event_shown.rule: row for row in page.alerts.list.rows if row.event_shown is not None}
    assert rows["disk_space"].figures.text == "9.6 GiB, limit 9.3 GiB, within it by 294 MiB"
    assert rows["gpu_temperature"].figures.text == "lasted 4 min, peak 82 °C, limit 80 °C"
    assert rows["nan"].figures.text == "Note: lr 1e-3 too high, restarted with 2e-4"
    assert rows["stalled"].figures.text.startswith("An epoch took 4 min so far")
    assert rows["source_silent"].chip.text == "No data"
    assert rows["gpu_memory"].accessibleName().startswith("Critical, Needs you: GPU 0 memory nearly full")


def test_that_the_details_hold_the_evidence(opened: Open) -> None:
    _, page = opened()
    detail = page.alerts.detail
    assert detail.event_shown is not None
    assert detail.event_shown.key == MEMORY
    words = said(detail)
    assert "Likely the batch and image size" in words
    assert "Take a smaller batch size" in words
    assert "fired 3 times lately" in words
    assert detail.facts.texts()["Limit"] == "above 93.75 %"
    assert detail.plot.frame.limit == 0.9375
    assert len(detail.plot.series[0].x) == 60
    assert detail.plot.tick_texts("bottom")[0] == "−59 s"


@pytest.mark.parametrize(
    ("key", "rules"),
    [
        ("firing", ["gpu_memory", "disk_space", "plateau"]),
        ("known", ["nan"]),
        ("over", ["gpu_temperature", "run_finished"]),
        ("snoozed", ["stalled"]),
    ],
)
def test_that_the_filter_shows_one_state(opened: Open, key: str, rules: list[str]) -> None:
    _, page = opened()
    page.alerts.filter.take(key)
    page.alerts.changed.emit()
    shown = [row.event_shown.rule for row in page.alerts.list.rows if row.event_shown is not None]
    assert shown == rules
    assert any(text.endswith(f" {len(rules)}") for text in page.alerts.filter.texts())


def test_that_words_filter_too_and_what_finds_nothing_says_so(opened: Open) -> None:
    dashboard, page = opened()
    page.alerts.search.setText("disk 9.6")
    settle(dashboard)
    assert titles(page) == ["Disk nearly full on /data: 9.6 GiB free"]
    page.alerts.search.setText("printer")
    settle(dashboard)
    assert titles(page) == []
    assert page.alerts.empty.texts[0] == "No alert says that"
    assert not page.alerts.detail.isVisible()


def test_that_a_day_without_alerts_is_told(opened: Open) -> None:
    _, page = opened(story.snapshot(alerts=()))
    assert page.alerts.empty.texts[0] == "No alerts"


def test_that_the_arrows_move_through_the_list(qtbot: QtBot, opened: Open) -> None:
    dashboard, page = opened()
    with qtbot.waitActive(dashboard):
        dashboard.activateWindow()
    rows = page.alerts.list.rows
    rows[0].setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(rows[0], Qt.Key.Key_Down)
    settle(dashboard)
    assert rows[1].hasFocus()
    assert page.alerts.detail.event_shown is rows[1].event_shown
    assert [row.focusPolicy() == Qt.FocusPolicy.StrongFocus for row in rows[:3]] == [False, True, False]
    QTest.keyClick(rows[1], Qt.Key.Key_Up)
    QTest.keyClick(rows[0], Qt.Key.Key_Up)
    settle(dashboard)
    assert page.alerts.detail.event_shown is rows[0].event_shown


def test_that_a_note_goes_with_the_acknowledgement(opened: Open, actions: Any) -> None:
    dashboard, page = opened()
    page.alerts.detail.note.setText("  known, batch is 12  ")
    page.alerts.detail.acknowledge.click()
    assert actions.calls == [("acknowledge", (MEMORY, "known, batch is 12"))]
    assert page.alerts.detail.note.text() == ""
    seen = replace(story.many_alerts()[0], state=AlertState.ACKNOWLEDGED, note="known, batch is 12")
    dashboard.on_alert(seen)
    page.alerts.filter.take("known")
    settle(dashboard)
    assert page.alerts.detail.note_said.text == "known, batch is 12"
    assert not page.alerts.detail.acknowledge.isVisible()


def test_that_a_note_begun_for_one_alert_is_not_given_to_another(opened: Open) -> None:
    dashboard, page = opened()
    page.alerts.detail.note.setText("about the memory")
    QTest.mouseClick(page.alerts.list.rows[1], Qt.MouseButton.LeftButton)
    settle(dashboard)
    assert page.alerts.detail.note.text() == ""


@pytest.mark.parametrize(
    ("part", "length", "asked"),
    [
        ("", Length.QUARTER, (Scope.ALERT, MEMORY)),
        ("GPU 0", Length.HOUR, (Scope.GPU, story.GPU)),
        ("Rule: GPU memory", Length.TOMORROW, (Scope.RULE, "gpu_memory")),
        ("Everything", Length.HOUR, (Scope.ALL, "")),
    ],
)
def test_that_an_alert_can_be_snoozed_in_every_scope(
    opened: Open, actions: Any, part: str, length: Length, asked: tuple[Scope, str]
) -> None:
    _, page = opened()
    page.alerts.detail.snooze.click()
    choose(page, part, length.value)
    assert actions.calls == [("snooze", (length, *asked))]


def test_that_a_snooze_is_seen_and_can_be_ended(opened: Open, actions: Any) -> None:
    silence = Silence(Scope.GPU, story.GPU, story.NOW + 3600)
    dashboard, page = opened(many(silences=(silence,)))
    assert page.silences.texts == [f"GPU 0 snoozed until {clock(story.NOW + 3600)}"]
    assert page.alerts.list.rows[0].chip.text.startswith("Snoozed until")
    page.alerts.detail.end.click()
    next(part for part in page.silences.findChildren(Button) if part.isVisible()).click()
    assert actions.calls == [("end_snooze", (Scope.GPU, story.GPU))] * 2
    dashboard.model.on_silences(())
    settle(dashboard)
    assert not page.silences.isVisible()
    assert page.alerts.list.rows[0].chip.text == "Needs you"


def test_that_a_rule_is_reached_from_its_alert(qtbot: QtBot, opened: Open) -> None:
    dashboard, page = opened()
    with qtbot.waitActive(dashboard):
        dashboard.activateWindow()
    page.alerts.detail.rule.click()
    assert page.rules.isVisible()
    assert page.rules.rows["gpu_memory"].limit.hasFocus()


def open_rules(opened: Open) -> tuple[Dashboard, AlertsPage]:
    dashboard, page = opened(rules={"gpu_temperature": {"limit": 74}, "disk_share": {"enabled": False}})
    page.show_rule("gpu_temperature")
    settle(dashboard)
    return dashboard, page


def test_that_every_rule_has_its_present_value_beside_its_limit(opened: Open) -> None:
    _, page = open_rules(opened)
    rows = page.rules.rows
    heat, disk, run = rows["gpu_temperature"], rows["disk_share"], rows["stalled"]
    assert (heat.present.text, heat.subject.text, heat.limit.text()) == ("76 °C", "GPU 0", "74")
    assert (disk.present.text, disk.subject.text, disk.on.isChecked()) == ("98 %", "/data, 2 more", False)
    assert (run.present.text, run.subject.text) == ("0.31", "swinv2-crack500-360")
    assert rows["gpu_idle"].subject.text == "no data now"
    assert (rows["gpu_lost"].present.text, rows["gpu_lost"].subject.text) == ("no", "GPU 0")
    assert heat.about.text == "Critical within 5 °C of slowdown"
    assert [heat.reset.isVisible(), disk.reset.isVisible(), run.reset.isVisible()] == [True, True, False]


def test_that_the_present_value_follows_the_samples(opened: Open) -> None:
    dashboard, page = open_rules(opened)
    hot = story.gpu(1.0, figures={**story.gpu().figures, "gpu_temperature_celsius": 79.0})
    dashboard.on_sample(story.sample(1.0, gpus=(hot,)))
    settle(dashboard)
    assert page.rules.rows["gpu_temperature"].present.text == "79 °C"


def enter(field: QWidget, text: str) -> None:
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_that_a_limit_is_changed_in_its_field(opened: Open, actions: Any) -> None:
    _, page = open_rules(opened)
    rows = page.rules.rows
    actions.calls.clear()
    enter(rows["gpu_temperature"].limit, "82")
    enter(rows["host_memory"].limit, "92.5")
    enter(rows["gpu_temperature"].wait, "2 min")
    assert actions.calls == [
        ("change_settings", {"rules.gpu_temperature.limit": 82}),
        ("change_settings", {"rules.host_memory.limit": 0.925}),
        ("change_settings", {"rules.gpu_temperature.for_seconds": 120}),
    ]


@pytest.mark.parametrize(("name", "typed"), [("gpu_temperature", "hot"), ("host_memory", "140"), ("disk_space", "-3")])
def test_that_a_wrong_limit_is_told_and_not_taken(opened: Open, actions: Any, name: str, typed: str) -> None:
    _, page = open_rules(opened)
    field = page.rules.rows[name].limit
    before = field.text()
    actions.calls.clear()
    enter(field, typed)
    assert actions.calls == []
    assert field.problem.startswith("must be")
    assert field.toolTip() == field.accessibleDescription() == field.problem
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert (field.text(), field.problem) == (before, "")
    assert actions.calls == [], "Esc takes the text back and does not hide the window"


def test_that_severity_and_switch_and_reset_are_saved(opened: Open, actions: Any) -> None:
    _, page = open_rules(opened)
    row = page.rules.rows["gpu_temperature"]
    actions.calls.clear()
    row.severity.click()
    choose(page, "", "Critical")
    row.on.click()
    row.reset.click()
    assert actions.calls == [
        ("change_settings", {"rules.gpu_temperature.severity": Severity.CRITICAL.value}),
        ("change_settings", {"rules.gpu_temperature.enabled": False}),
        ("change_settings", {"rules.gpu_temperature": None}),
    ]


def test_that_a_rule_is_told_on_the_channels_chosen(opened: Open, actions: Any) -> None:
    _, page = opened(channels={"phone": RemoteChannel(), "lab": RemoteChannel()}, rules={"nan": {"channels": ["lab"]}})
    page.show_rule("nan")
    assert page.model is not None
    page.refresh(page.model)
    actions.calls.clear()
    for name in ("phone", "lab"):
        page.rules.rows["nan"].channels.click()
        choose(page, "", name)
    assert actions.calls == [
        ("change_settings", {"rules.nan.channels": ["lab", "phone"]}),
        ("change_settings", {"rules.nan.channels": None}),
    ]


def test_that_the_quiet_hours_are_told_and_lead_to_the_settings(opened: Open, actions: Any) -> None:
    _, page = opened(notifications=Notifications(quiet_from="22:00", quiet_to="08:00"))
    assert page.quiet.text() == "Quiet hours 22:00 – 08:00"
    page.quiet.click()
    assert actions.calls == [("open_dashboard", "settings")]


def test_that_what_could_not_be_saved_is_shown_as_it_was(opened: Open, actions: Any) -> None:
    actions.can_save = False
    _, page = open_rules(opened)
    row = page.rules.rows["gpu_temperature"]
    row.on.click()
    enter(row.limit, "82")
    assert (row.on.isChecked(), row.limit.text()) == (True, "74")


def test_that_changed_settings_reach_the_page_that_is_shown(opened: Open) -> None:
    dashboard, page = open_rules(opened)
    dashboard.set_settings(replace(Settings(), rules={"gpu_temperature": {"limit": 71.5}}))
    settle(dashboard)
    assert dashboard.full_view is not None
    assert dashboard.full_view.current is page
    assert page.rules.rows["gpu_temperature"].limit.text() == "71.5"
    assert page.rules.rows["disk_share"].on.isChecked()
    dashboard.show_full("gpus")
    assert dashboard.full_view.current.limits.gpu_temperature == 71.5
