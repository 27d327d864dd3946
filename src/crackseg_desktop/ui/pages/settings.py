"""The settings page: the watched folders, the look, and what is in force from the settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.ui.pages.base import Context, Page
from crackseg_desktop.ui.widgets.buttons import Button, Segments
from crackseg_desktop.ui.widgets.facts import Fact, FactList
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span, plain

if TYPE_CHECKING:
    from crackseg_desktop.alerts.rules import Rule
    from crackseg_desktop.settings import Settings

_THEMES = (("system", "System"), ("dark", "Dark"), ("light", "Light"))


class SettingsPage(Page):
    """What can be set here, and what is set."""

    title = "Settings"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        settings = context.settings
        self.head.put_note("The settings file is read at the start")
        self.themes = Segments(context.theme, _THEMES, settings.appearance.theme, "Theme")
        self.themes.chosen.connect(context.actions.set_theme)
        self.folders, self.rules, self.notices = (FactList(context.theme, 30, ruled=True) for _ in range(3))
        self.folders.put(_folder_facts(settings))
        self.rules.put(_rule_facts(settings))
        self.notices.put(_notice_facts(settings))
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(16)
        add = Button(context.theme, "Add folder…", kind="primary", icon="folder")
        add.clicked.connect(context.actions.choose_folder)
        left.addWidget(self._card("Watched folders", "Files are only ever read.", self.folders, add))
        left.addWidget(self._card("Theme", "Dark, light, or what the system prefers.", self.themes))
        left.addWidget(self._file_card())
        right.addWidget(self._card("Limits", "What raises an alert; set in the settings file.", self.rules))
        right.addWidget(self._card("Notifications, targets and baselines", "Set in the settings file.", self.notices))
        left.addStretch(1)
        right.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(left, 1)
        row.addLayout(right, 1)
        self.column.addLayout(row)
        self.column.addStretch(1)

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
    rules, problems = rules_from(settings.rules)
    facts: list[Fact] = [(CATALOGUE[rule.metric].title, plain(_rule_words(rule), weight=500)) for rule in rules]
    return facts + [("Not used", plain(f"{key} {reason}", "warning")) for key, reason in problems]


def _rule_words(rule: Rule) -> str:
    if rule.unit == "":
        return f"more than {rule.limit:g}"
    limit = f"{rule.limit * 100:g} %" if rule.unit == "ratio" else units.figure(rule.unit, rule.limit)
    wait = f" for {units.duration(rule.for_seconds)}" if rule.for_seconds else ""
    return f"{rule.comparison} {limit}{wait}"


def _notice_facts(settings: Settings) -> list[Fact]:
    notices, targets, usual = settings.notifications, settings.targets, settings.baselines
    return [
        ("Notifications", plain("on" if notices.enabled else "off", weight=500)),
        ("Shown through", plain(notices.backend, weight=500)),
        ("Target IoU", plain(f"{targets.iou:g}", weight=500)),
        ("Target Dice", plain(f"{targets.dice:g}", weight=500)),
        (f"Usual time for {usual.epochs} epochs", plain(f"{_span(usual.total_hours)} h", weight=500)),
        ("Usual peak of GPU memory", plain(f"{_span(usual.memory_gib)} GiB", weight=500)),
        ("Usual convergence", plain(f"epoch {_span(usual.convergence_epochs)}", weight=500)),
    ]


def _span(usual: tuple[float, float]) -> str:
    return f"{usual[0]:g}–{usual[1]:g}"
