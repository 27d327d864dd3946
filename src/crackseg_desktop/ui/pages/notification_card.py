"""How a person is told on this machine: on or off, through what, and the quiet hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.settings import CHOICES
from crackseg_desktop.ui.pages.setting_card import SettingCard, parse_time, show_choice
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.fields import Field, Switch

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


class NotificationCard(SettingCard):
    """The settings of native notifications; each is in force and saved once it is changed."""

    def __init__(self, context: Context) -> None:
        theme = context.theme
        self.on = Switch(theme, "Notifications")
        note = "In quiet hours only what is critical is told; the rest comes as a digest after them."
        super().__init__(context, "notifications", "Notifications", note, self.on)
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
        self.add("Shown through", self.backend)
        self.add("Quiet hours", self.starts, "to", self.ends)
        self.add("Follow the desktop's do-not-disturb", self.disturb)

    def put(self, settings: Notifications) -> None:
        """Show these settings."""
        self.on.setChecked(settings.enabled)
        self.disturb.setChecked(settings.follow_do_not_disturb)
        show_choice(self.backend, "Shown through", _BACKENDS.get(settings.backend, settings.backend))
        self.starts.put(settings.quiet_from)
        self.ends.put(settings.quiet_to)

    def _on_switched(self, on: bool) -> None:
        self.change("enabled", on)

    def _on_disturb(self, on: bool) -> None:
        self.change("follow_do_not_disturb", on)

    def _on_starts(self, text: str) -> None:
        self.change("quiet_from", parse_time(text))

    def _on_ends(self, text: str) -> None:
        self.change("quiet_to", parse_time(text))

    def _on_backend(self) -> None:
        names = CHOICES["notifications.backend"]
        self.offer(self.backend, "backend", {name: _BACKENDS.get(name, name) for name in names})
