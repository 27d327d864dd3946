"""The settings page: folders, look, notifications and channels, and what else is in force from the settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.ui.pages.base import Context, Page
from crackseg_desktop.ui.pages.channel_card import ChannelCard
from crackseg_desktop.ui.pages.history_card import HistoryCard
from crackseg_desktop.ui.pages.notification_card import NotificationCard
from crackseg_desktop.ui.pages.report_card import EnergyCard, ReportCard
from crackseg_desktop.ui.rule_words import rule_title
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.facts import Fact, FactList
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span, plain

if TYPE_CHECKING:
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.model import Model

_THEMES = (("system", "System"), ("dark", "Dark"), ("light", "Light"))


class SettingsPage(Page):
    """What can be set here, and what is set."""

    title = "Settings"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        theme = context.theme
        self.head.put_note("Changes are in force at once; the rest of the file is read at the start")
        self.themes = Segments(theme, _THEMES, context.settings.appearance.theme, "Theme")
        self.themes.chosen.connect(context.actions.set_theme)
        self.folders, self.rules, self.notices = (FactList(theme, 28, ruled=True) for _ in range(3))
        self.notifications, self.channels = NotificationCard(context), ChannelCard(context)
        self.reports, self.energy, self.history = ReportCard(context), EnergyCard(context), HistoryCard(context)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(16)
        add = Button(theme, "Add folder…", kind="primary", icon="folder")
        add.clicked.connect(context.actions.choose_folder)
        edit = Button(theme, "Edit on the alerts page", icon="alerts")
        edit.clicked.connect(self._on_rules)
        left.addWidget(self._card("Watched folders", "Files are only ever read.", self.folders, add))
        left.addWidget(self._card("Rules", "What raises an alert.", self.rules, edit))
        left.addWidget(self._card("Theme", "Dark, light, or what the system prefers.", self.themes))
        left.addWidget(self.history)
        left.addWidget(self._file_card())
        right.addWidget(self.notifications)
        right.addWidget(self.channels)
        right.addWidget(self.reports)
        right.addWidget(self.energy)
        right.addWidget(self._card("Targets and baselines", "Set in the settings file.", self.notices))
        left.addStretch(1)
        right.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addLayout(right, 1)
        self.column.addLayout(row)
        self.column.addStretch(1)
        self.take(context)

    def take(self, context: Context) -> bool:
        """Take over changed settings."""
        self.context, settings = context, context.settings
        self.themes.take(settings.appearance.theme)
        self.folders.put(_folder_facts(settings))
        self.rules.put(_rule_facts(settings))
        self.notices.put(_notice_facts(settings))
        self.notifications.put(settings.notifications)
        self.channels.put(settings.channels)
        self.reports.put(settings.reports)
        self.energy.put(settings.energy)
        self.history.put(settings.history)
        return True

    def refresh(self, model: Model) -> None:
        """Show what became of tests, and of the history."""
        super().refresh(model)
        self.channels.refresh(model)
        self.history.refresh(model)

    def _on_rules(self) -> None:
        self.context.actions.open_dashboard("alerts")

    def _card(self, title: str, note: str, *parts: QWidget) -> Card:
        card = Card(self.theme)
        card.body.addWidget(Line(self.theme, Span(title, "body", 600), height=20))
        card.body.addWidget(Paragraph(self.theme, note, "label", "text3"))
        for part in parts:
            if isinstance(part, FactList):
                card.body.addWidget(part)
            else:
                row = QHBoxLayout()
                row.addWidget(part)
                row.addStretch(1)
                card.body.addLayout(row)
        return card

    def _file_card(self) -> Card:
        button = Button(self.theme, "Open settings file", icon="file")
        button.clicked.connect(self.context.actions.open_settings_file)
        path = self.context.settings_path
        note = "A TOML file; comments in it are kept."
        return self._card("Settings file", f"{path}\n{note}" if path is not None else note, button)


def _folder_facts(settings: Settings) -> list[Fact]:
    folders = settings.watch.folders
    if not folders:
        return [("No folder yet", plain("add the one your trainings write to", "text3"))]
    return [(f"Folder {number}", plain(folder, weight=500)) for number, folder in enumerate(folders, 1)]


def _rule_facts(settings: Settings) -> list[Fact]:
    rules, problems = rules_from(settings.rules, with_disabled=True)
    off = [rule_title(rule.name) for rule in rules if not rule.enabled]
    changed = [rule_title(name) for name in settings.rules if any(rule.name == name for rule in rules)]
    facts: list[Fact] = [("On", plain(f"{len(rules) - len(off)} of {len(rules)}", weight=500))]
    facts += [("Off", plain(", ".join(off), weight=500))] if off else []
    facts += [("Changed", plain(", ".join(changed), weight=500))] if changed else []
    return facts + [("Not used", plain(f"{key} {reason}", "warning")) for key, reason in problems]


def _notice_facts(settings: Settings) -> list[Fact]:
    targets, usual = settings.targets, settings.baselines
    return [
        ("Target IoU", plain(f"{targets.iou:g}", weight=500)),
        ("Target Dice", plain(f"{targets.dice:g}", weight=500)),
        (f"Usual time for {usual.epochs} epochs", plain(f"{_span(usual.total_hours)} h", weight=500)),
        ("Usual peak of GPU memory", plain(f"{_span(usual.memory_gib)} GiB", weight=500)),
        ("Usual convergence", plain(f"epoch {_span(usual.convergence_epochs)}", weight=500)),
    ]


def _span(usual: tuple[float, float]) -> str:
    return f"{usual[0]:g}–{usual[1]:g}"
