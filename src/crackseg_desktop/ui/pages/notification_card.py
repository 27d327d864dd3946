"""How a person is told on this machine: on or off, through what, and the quiet hours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from crackseg_desktop.settings import CHOICES
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.fields import Field, Switch
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span

if TYPE_CHECKING:
    from crackseg_desktop.settings import Notifications
    from crackseg_desktop.ui.pages.base import Context

_BACKENDS = {
    "auto": "Automatic",
    "dbus": "Desktop (D-Bus)",
    "toast": "Desktop (Windows, macOS)",
    "plyer": "plyer",
    "tray": "Tray icon",
    "window": "This window",
}
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")


class NotificationCard(Card):
    """The settings of native notifications; each is in force and saved once it is changed."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        theme = self.theme
        self._actions = context.actions
        self.on = Switch(theme, "Notifications")
        self.disturb = Switch(theme, "Follow the desktop's do-not-disturb")
        self.backend = Button(theme, "Automatic").with_menu_mark()
        self.starts = Field(theme, "Quiet hours from", "", parse_time)
        self.ends = Field(theme, "Quiet hours to", "", parse_time)
        for field in (self.starts, self.ends):
            field.setFixedWidth(72)
            field.setPlaceholderText("none")
        self.on.clicked.connect(self._on_switched)
        self.disturb.clicked.connect(self._on_disturb)
        self.backend.clicked.connect(self._on_backend)
        self.starts.changed.connect(self._on_starts)
        self.ends.changed.connect(self._on_ends)
        note = "In quiet hours only what is critical is told; the rest comes as a digest after them."
        head = QHBoxLayout()
        head.addWidget(Line(theme, Span("Notifications", "body", 600), height=20), 1)
        head.addWidget(self.on)
        self.body.addLayout(head)
        self.body.addWidget(Paragraph(theme, note, "label", "text3"))
        self._add("Shown through", self.backend)
        to = Line(theme, Span("to", "label", None, "text2"), height=32)
        self._add("Quiet hours", self.starts, to, self.ends)
        self._add("Follow the desktop's do-not-disturb", self.disturb)

    def put(self, settings: Notifications) -> None:
        """Show these settings."""
        self.on.setChecked(settings.enabled)
        self.disturb.setChecked(settings.follow_do_not_disturb)
        self.backend.setText(_BACKENDS.get(settings.backend, settings.backend))
        self.backend.setAccessibleName(f"Shown through {self.backend.text()}")
        self.backend.updateGeometry()
        self.starts.put(settings.quiet_from)
        self.ends.put(settings.quiet_to)

    def _add(self, words: str, *parts: QWidget) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Line(self.theme, Span(words, "label", None, "text2"), elide=True, height=32), 1)
        for part in parts:
            row.addWidget(part)
        self.body.addLayout(row)

    def _change(self, name: str, value: object) -> None:
        self._actions.change_settings({f"notifications.{name}": value})

    def _on_switched(self, on: bool) -> None:
        self._change("enabled", on)

    def _on_disturb(self, on: bool) -> None:
        self._change("follow_do_not_disturb", on)

    def _on_starts(self, text: str) -> None:
        self._change("quiet_from", parse_time(text))

    def _on_ends(self, text: str) -> None:
        self._change("quiet_to", parse_time(text))

    def _on_backend(self) -> None:
        menu = QMenu(self.backend)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in CHOICES["notifications.backend"]:
            action = menu.addAction(_BACKENDS.get(name, name))
            action.triggered.connect(lambda _=False, taken=name: self._change("backend", taken))
        menu.popup(self.backend.mapToGlobal(QPoint(0, self.backend.height() + 4)))


def parse_time(text: str) -> str:
    """Return a time of day as ``08:00``; an empty text stays one.

    Raises:
        ValueError: with what is wrong, for a person.
    """
    bare = text.strip()
    if bare and not _TIME.fullmatch(bare):
        raise ValueError("must be a time such as 22:00, or empty")
    return bare.zfill(5) if bare else ""
