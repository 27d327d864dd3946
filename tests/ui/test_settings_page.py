from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu
from tests.ui import story

from crackseg_desktop.history.health import Health, RecorderState
from crackseg_desktop.history.schema import FILE_NAME
from crackseg_desktop.settings import Energy, History, RemoteChannel, Reports, Settings
from crackseg_desktop.ui.dashboard import Dashboard
from crackseg_desktop.ui.pages.settings import SettingsPage
from crackseg_desktop.ui.theme import Theme, load_fonts
from crackseg_desktop.ui.widgets.buttons import Button

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    Open = Callable[..., tuple[Dashboard, SettingsPage]]

CHANNELS = {"phone": RemoteChannel("keyring:phone", "critical"), "lab": RemoteChannel("ntfy://lab", enabled=False)}
SECRET = "ntfys://user:hunter2@host/topic"


@pytest.fixture
def opened(qtbot: QtBot, actions: Any) -> Open:
    def show(**settings: Any) -> Any:
        load_fonts()
        dashboard = Dashboard(Theme("light"), actions, replace(Settings(), **settings))
        qtbot.addWidget(dashboard)
        dashboard.show_full("settings")
        dashboard.load(story.snapshot(window=None, curves={}))
        settle(dashboard)
        page = dashboard.full_view.current if dashboard.full_view is not None else None
        assert isinstance(page, SettingsPage)
        actions.calls.clear()
        return dashboard, page

    return show


def settle(dashboard: Dashboard) -> None:
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    dashboard.refresh()


def enter(field: QLineEdit, text: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def button(page: SettingsPage, name: str) -> Button:
    return next(part for part in page.findChildren(Button) if name in (part.text(), part.accessibleName()))


def test_that_quiet_hours_are_set(opened: Open, actions: Any) -> None:
    _, page = opened()
    enter(page.notifications.starts, "7:30")
    enter(page.notifications.ends, "25:00")
    assert actions.calls == [("change_settings", {"notifications.quiet_from": "07:30"})]
    assert page.notifications.ends.problem.startswith("must be a time")


def test_that_the_backend_and_the_switches_are_set(opened: Open, actions: Any) -> None:
    _, page = opened()
    page.notifications.on.click()
    page.notifications.disturb.click()
    page.notifications.backend.click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    next(action for action in menu.actions() if action.text() == "This window").trigger()
    menu.close()
    assert actions.calls == [
        ("change_settings", {"notifications.enabled": False}),
        ("change_settings", {"notifications.follow_do_not_disturb": False}),
        ("change_settings", {"notifications.backend": "window"}),
    ]


def test_that_channels_are_listed_with_their_state(opened: Open) -> None:
    dashboard, page = opened(channels=CHANNELS)
    rows = page.channels.rows
    assert rows["phone"].state.text == "Critical only · address kept as a secret"
    assert rows["lab"].state.text == "Warning and worse · ntfy, address in the settings file"
    assert [row.on.isChecked() for row in rows.values()] == [True, False]
    dashboard.on_channel_tested("phone", "the service said 403")
    dashboard.on_channel_tested("lab", "")
    settle(dashboard)
    assert rows["phone"].state.text == "Test failed: the service said 403"
    assert rows["lab"].state.text.startswith("Test sent")


def test_that_a_channel_is_added_and_its_address_never_shown(opened: Open, actions: Any) -> None:
    _, page = opened()
    page.channels.add.click()
    form = page.channels.form
    assert form.url.echoMode() == QLineEdit.EchoMode.Password
    QTest.keyClicks(form.name, "phone")
    QTest.keyClicks(form.url, SECRET)
    form.save.click()
    assert actions.calls == [
        ("store_secret", ("phone", SECRET)),
        ("change_settings", {"channels.phone.severity": "warning", "channels.phone.url": "keyring:phone"}),
    ]
    assert form.url.text() == ""
    assert not form.isVisible()


@pytest.mark.parametrize(
    ("name", "url", "said"),
    [
        ("", SECRET, "A name has letters"),
        ("my phone", SECRET, "A name has letters"),
        ("lab", SECRET, "There is a channel of this name"),
        ("phone2", "", "An address is needed"),
        ("phone2", "hunter2", "An address has the form"),
    ],
)
def test_that_a_wrong_channel_is_told(opened: Open, actions: Any, name: str, url: str, said: str) -> None:
    _, page = opened(channels=CHANNELS)
    page.channels.add.click()
    page.channels.form.name.setText(name)
    page.channels.form.url.setText(url)
    page.channels.form.save.click()
    assert actions.calls == []
    assert page.channels.form.problem.text().startswith(said)


def test_that_a_channel_is_changed_without_typing_its_address_again(opened: Open, actions: Any) -> None:
    _, page = opened(channels=CHANNELS)
    button(page, "Edit channel phone").click()
    assert page.channels.form.name.isReadOnly()
    assert page.channels.form.url.text() == ""
    page.channels.form.save.click()
    assert actions.calls == [("change_settings", {"channels.phone.severity": "critical"})]


def test_that_a_channel_is_tested_switched_and_removed_with_its_secret(opened: Open, actions: Any) -> None:
    _, page = opened(channels=CHANNELS)
    button(page, "Test channel phone").click()
    page.channels.rows["lab"].on.click()
    button(page, "Edit channel phone").click()
    page.channels.form.remove.click()
    assert actions.calls == [
        ("test_channel", "phone"),
        ("change_settings", {"channels.lab.enabled": True}),
        ("change_settings", {"channels.phone": None}),
        ("store_secret", ("phone", "")),
    ]


def test_that_a_form_left_holds_no_address(opened: Open) -> None:
    _, page = opened()
    page.channels.add.click()
    page.channels.form.url.setText(SECRET)
    page.channels.form.cancel.click()
    assert page.channels.form.url.text() == ""


def test_that_changed_settings_reach_the_page_that_is_shown(opened: Open) -> None:
    dashboard, page = opened()
    dashboard.set_settings(replace(Settings(), channels=CHANNELS))
    assert dashboard.full_view is not None
    assert dashboard.full_view.current is page
    assert list(page.channels.rows) == ["phone", "lab"]
    dashboard.set_settings(Settings())
    assert page.channels.rows == {}


def test_that_reports_are_set(opened: Open, actions: Any) -> None:
    _, page = opened(reports=Reports(weekly_on="friday", send=False))
    assert page.reports.day.text() == "Friday"
    assert not page.reports.send.isChecked()
    enter(page.reports.environment, "Production")
    enter(page.reports.daily, "7:05")
    enter(page.reports.weekly, "later")
    page.reports.send.click()
    page.reports.day.click()
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert [action.text() for action in menu.actions()][::6] == ["Monday", "Sunday"]
    menu.actions()[6].trigger()
    menu.close()
    assert actions.calls == [
        ("change_settings", {"reports.environment": "Production"}),
        ("change_settings", {"reports.daily_at": "07:05"}),
        ("change_settings", {"reports.send": True}),
        ("change_settings", {"reports.weekly_on": "sunday"}),
    ]
    assert page.reports.weekly.problem.startswith("must be a time")


def test_that_what_electricity_costs_is_set(opened: Open, actions: Any) -> None:
    _, page = opened()
    enter(page.energy.tariff, "0,31")
    enter(page.energy.currency, "CHF")
    enter(page.energy.tariff, "much")
    assert actions.calls == [
        ("change_settings", {"energy.tariff": 0.31}),
        ("change_settings", {"energy.currency": "CHF"}),
    ]
    assert page.energy.tariff.problem == "must be a number from 0 to 1e+06"


def test_that_the_history_is_set(opened: Open, actions: Any) -> None:
    _, page = opened()
    enter(page.history.fields["ten_seconds_days"], "30")
    enter(page.history.fields["most_megabytes"], "250.5")
    page.history.on.click()
    assert actions.calls == [
        ("change_settings", {"history.ten_seconds_days": 30.0}),
        ("change_settings", {"history.enabled": False}),
    ]
    assert page.history.fields["most_megabytes"].problem.startswith("must be a whole number from 20")


def test_that_the_history_s_file_and_state_are_told(opened: Open, tmp_path: Path) -> None:
    dashboard, page = opened()
    assert page.history.facts.texts() == {}
    dashboard.model.health = Health(RecorderState.FULL, "The disk is full.")
    page.history._folder = tmp_path
    settle(dashboard)
    file = tmp_path / FILE_NAME
    assert page.history.facts.texts() == {"State": "The disk is full.", "File": str(file), "Size": "not there yet"}
    file.write_bytes(bytes(3 * 1024**2))
    settle(dashboard)
    assert page.history.facts.texts()["Size"] == "3.0 MiB"


def test_that_changed_settings_reach_the_new_cards(opened: Open) -> None:
    dashboard, page = opened()
    changed = replace(Settings(), reports=Reports(environment="Lab"), energy=Energy(0.5, "EUR"), history=History(False))
    dashboard.set_settings(changed)
    assert dashboard.full_view is not None
    assert dashboard.full_view.current is page
    assert (page.reports.environment.text(), page.energy.tariff.text(), page.energy.currency.text()) == (
        *("Lab", "0.5"),
        "EUR",
    )
    assert not page.history.on.isChecked()
