"""The settings of the history: what is kept for how long, how much of the disk it may take, and how it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.history.schema import FILE_NAME
from crackseg_desktop.ui.pages.setting_card import SettingCard, parse_number
from crackseg_desktop.ui.widgets.facts import FactList
from crackseg_desktop.ui.widgets.fields import Field, Switch
from crackseg_desktop.ui.widgets.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.settings import History
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context

_AGES = (
    ("seconds_hours", "Every sample for", "h", False),
    ("ten_seconds_days", "Every 10 s for", "days", False),
    ("minutes_days", "Every minute for", "days", False),
    ("quarters_days", "Every 15 min for", "days", False),
    ("most_megabytes", "At most", "MB", True),
)


class HistoryCard(SettingCard):
    """What is kept, and where."""

    def __init__(self, context: Context) -> None:
        self.on = Switch(context.theme, "Keep the history")
        note = "The older, the coarser. Another choice applies from the next start on."
        super().__init__(context, "history", "History", note, self.on)
        self._folder = context.data_dir
        self.on.clicked.connect(self._on_switched)
        self.fields: dict[str, Field] = {}
        for name, words, unit, whole in _AGES:
            parse = parse_number(f"history.{name}", whole=whole)
            field = Field(self.theme, words, unit, parse)
            field.setFixedWidth(112)
            field.changed.connect(partial(self._on_changed, name, parse))
            self.fields[name] = field
            self.add(words, field)
        self.facts = FactList(self.theme, 28, ruled=True)
        self.body.addWidget(self.facts)

    def put(self, settings: History) -> None:
        """Show these settings."""
        self.on.setChecked(settings.enabled)
        for name, field in self.fields.items():
            field.put(f"{getattr(settings, name):g}")

    def refresh(self, model: Model) -> None:
        """Show where the file is, how large it is, and how it is."""
        health = model.health
        facts = [("State", plain(health.reason or health.state.value, weight=500))] if health is not None else []
        if self._folder is not None:
            path = self._folder / FILE_NAME
            try:
                size = units.figure("bytes", path.stat().st_size)
            except OSError:
                size = "not there yet"
            facts += [("File", plain(str(path), weight=500)), ("Size", plain(size, weight=500))]
        self.facts.put(facts)

    def _on_switched(self, on: bool) -> None:
        self.change("enabled", on)

    def _on_changed(self, name: str, parse: Callable[[str], float], text: str) -> None:
        self.change(name, parse(text))
