"""The menu of a snooze button: how long, and of what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from crackseg_desktop.ui.snoozes import EVERYTHING, lengths_of, targets_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crackseg_desktop.readings import AlertEvent
    from crackseg_desktop.ui.actions import Actions
    from crackseg_desktop.ui.snoozes import Target


def open_snooze_menu(button: QWidget, actions: Actions, event: AlertEvent | None = None) -> QMenu:
    """Open the menu of how long to be quiet under a button: about an alert, or with none about everything."""
    menu = QMenu(button)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    first, *others = (EVERYTHING,) if event is None else targets_of(event)
    of_a_run = event is not None and "run" in event.labels
    _add_lengths(menu, actions, first, of_a_run=of_a_run)
    if others:
        menu.addSeparator()
    for target in others:
        _add_lengths(menu.addMenu(target.words.replace("&", "&&")), actions, target, of_a_run=of_a_run)
    menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))
    return menu


def _add_lengths(menu: QMenu, actions: Actions, target: Target, *, of_a_run: bool) -> None:
    for length in lengths_of(target, of_a_run=of_a_run):
        action = menu.addAction(length.value)
        action.triggered.connect(lambda _=False, span=length: actions.snooze(span, target.scope, target.subject))
