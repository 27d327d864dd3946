"""The settings of reports, and of what electricity costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.settings import CHOICES
from crackseg_desktop.ui.pages.setting_card import SettingCard, parse_number, parse_time, show_choice
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.fields import Field, Switch

if TYPE_CHECKING:
    from crackseg_desktop.settings import Energy, Reports
    from crackseg_desktop.ui.pages.base import Context

_DAYS = {day: day.capitalize() for day in CHOICES["reports.weekly_on"]}


class ReportCard(SettingCard):
    """When reports are written, what they name, and whether they are sent."""

    def __init__(self, context: Context) -> None:
        note = "What happened, as a document. Where a time is empty, none is written by itself."
        super().__init__(context, "reports", "Reports", note)
        theme = self.theme
        self.environment = Field(theme, "Environment", "", None)
        self.environment.setFixedWidth(152)
        self.daily = Field(theme, "Daily report at", "", parse_time)
        self.weekly = Field(theme, "Weekly report at", "", parse_time)
        for field in (self.daily, self.weekly):
            field.setFixedWidth(72)
            field.setPlaceholderText("none")
        self.day = Button(theme, "Monday").with_menu_mark()
        self.send = Switch(theme, "Send reports through the channels")
        self.environment.changed.connect(self._on_environment)
        self.daily.changed.connect(self._on_daily)
        self.weekly.changed.connect(self._on_weekly)
        self.day.clicked.connect(self._on_day)
        self.send.clicked.connect(self._on_send)
        self.add("Environment", self.environment)
        self.add("Daily report at", self.daily)
        self.add("Weekly report on", self.day, "at", self.weekly)
        self.add("Send them through the channels", self.send)

    def put(self, settings: Reports) -> None:
        """Show these settings."""
        self.environment.put(settings.environment)
        self.daily.put(settings.daily_at)
        self.weekly.put(settings.weekly_at)
        show_choice(self.day, "Weekly report on", _DAYS.get(settings.weekly_on, settings.weekly_on))
        self.send.setChecked(settings.send)

    def _on_environment(self, text: str) -> None:
        self.change("environment", text.strip())

    def _on_daily(self, text: str) -> None:
        self.change("daily_at", parse_time(text))

    def _on_weekly(self, text: str) -> None:
        self.change("weekly_at", parse_time(text))

    def _on_day(self) -> None:
        self.offer(self.day, "weekly_on", _DAYS)

    def _on_send(self, on: bool) -> None:
        self.change("send", on)


class EnergyCard(SettingCard):
    """What a kWh costs."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, "energy", "Energy", "What a training costs. With a price of 0 no cost is told.")
        self._parse = parse_number("energy.tariff")
        self.tariff = Field(self.theme, "Price of a kWh", "", self._parse)
        self.currency = Field(self.theme, "Currency", "", _parse_currency)
        for field in (self.tariff, self.currency):
            field.setFixedWidth(72)
        self.tariff.changed.connect(self._on_tariff)
        self.currency.changed.connect(self._on_currency)
        self.add("Price of a kWh", self.tariff, "in", self.currency)

    def put(self, settings: Energy) -> None:
        """Show these settings."""
        self.tariff.put(f"{settings.tariff:g}")
        self.currency.put(settings.currency)

    def _on_tariff(self, text: str) -> None:
        self.change("tariff", self._parse(text))

    def _on_currency(self, text: str) -> None:
        self.change("currency", _parse_currency(text))


def _parse_currency(text: str) -> str:
    bare = text.strip()
    if not 1 <= len(bare) <= 8:
        raise ValueError("must be a sign or a code such as € or EUR")
    return bare
