"""The tray icon as it lives in the panel. Light on purpose: it is shown before anything else is loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, Signal, Slot
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from crackseg_desktop.ui.tray_icon import IconCache, IconState

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.ui.tray_icon import Panel

APP_TITLE = "CrackSeg Desktop"


class Tray(QObject):
    """The icon in the panel. Lives in the GUI thread.

    ``open`` and ``close`` follow the panel's coming and going; what it shows is kept meanwhile.

    Attributes:
        clicked: a person wants to see or hide the window.
        message_clicked: a person clicked on the balloon that ``show_message`` showed.
        menu: opens on a click with the right button; filled by ``TrayMenu``.
        state, tooltip: what is shown.
    """

    clicked = Signal()
    message_clicked = Signal()

    def __init__(self, panel: Callable[[], Panel], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._panel = panel
        self._icons = IconCache()
        self._icon: QSystemTrayIcon | None = None
        self._drawn: tuple[IconState, Panel] | None = None
        self.menu = QMenu()
        self.state, self.tooltip = IconState(), APP_TITLE

    def open(self) -> None:
        """Put the icon into the panel; there must be one, for Qt decides here how to talk to it."""
        if self._icon is not None:
            return
        icon = self._icon = QSystemTrayIcon(self)
        icon.setContextMenu(self.menu)
        icon.activated.connect(self.on_activated)
        icon.messageClicked.connect(self.message_clicked)
        icon.setToolTip(self.tooltip)
        self._draw()
        icon.show()

    def close(self) -> None:
        """Take the icon out of the panel, lest a ghost of it stays there."""
        self._drawn = None
        if self._icon is not None:
            self._icon.hide()
            self._icon.deleteLater()
            self._icon = None

    @property
    def opened(self) -> bool:
        """Say whether the icon was put into a panel."""
        return self._icon is not None

    @property
    def rect(self) -> QRect | None:
        """Return where the icon is; None or an empty one where only the panel knows."""
        return self._icon.geometry() if self._icon is not None else None

    @property
    def on_the_bus(self) -> bool:
        """Say whether the panel draws our icon and menu itself (StatusNotifier).

        Qt does not say so, but only there it does not know the place of the icon.
        """
        return sys.platform == "linux" and self._icon is not None and self._icon.geometry().isEmpty()

    def show_look(self, state: IconState, tooltip: str) -> bool:
        """Show a state and a tooltip, and return whether that changed anything; shells copy every icon they get."""
        before = (self._drawn, self.tooltip)
        self.state = state
        if tooltip != self.tooltip:
            self.tooltip = tooltip
            if self._icon is not None:
                self._icon.setToolTip(tooltip)
        self._draw()
        return before != (self._drawn, self.tooltip)

    def show_message(self, title: str, body: str) -> None:
        """Show a balloon at the icon.

        It carries our own icon: a StatusNotifier panel shows it in place of the tray's until the balloon is over.
        """
        if self._icon is not None:
            self._icon.showMessage(title, body, self._icon.icon())

    @Slot(QSystemTrayIcon.ActivationReason)
    def on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """Tell of a click.

        A double click comes as a Trigger first, so that its second half is left alone. On macOS the same click opens
        the menu.
        """
        reasons = QSystemTrayIcon.ActivationReason
        if reason in (reasons.Trigger, reasons.MiddleClick) and sys.platform != "darwin":
            self.clicked.emit()

    def _draw(self) -> None:
        if self._icon is None:
            return
        look = (self.state, self._panel())
        if look != self._drawn:
            self._drawn = look
            self._icon.setIcon(self._icons.icon_for(*look))
