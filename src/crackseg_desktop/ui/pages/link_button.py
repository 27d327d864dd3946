"""The button that names the process of a run, says why it is taken for it, and lets a person choose another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QMenu

from crackseg_desktop.ui.pages.run_links import candidates, evidence_words, process_words
from crackseg_desktop.ui.widgets.buttons import Button

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crackseg_desktop.readings import ProcessReading, Run
    from crackseg_desktop.ui.actions import ProcessActions
    from crackseg_desktop.ui.theme import Theme

_NONE = "No process found"


class LinkButton(Button):
    """The button; of a run that has ended it is hidden."""

    def __init__(self, theme: Theme, actions: ProcessActions) -> None:
        super().__init__(theme, _NONE)
        self._actions = actions
        self._run: Run | None = None
        self._trainings: tuple[ProcessReading, ...] = ()
        self.with_menu_mark()
        self.clicked.connect(self._on_clicked)

    def put(self, run: Run, trainings: Sequence[ProcessReading]) -> None:
        """Show the process of a run; ``trainings`` are the processes that it could be."""
        self._run, self._trainings = run, tuple(trainings)
        self.setVisible(run.active)
        words = process_words(run) or _NONE
        if words != self.text():
            self.setText(words)
            self.updateGeometry()
        told = evidence_words(run) or "No process on this machine was found to write this run."
        if told != self.toolTip():
            self.setToolTip(told)
            self.setAccessibleDescription(told)

    def menu(self) -> QMenu:
        """Return the menu of what it could be."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        run = self._run
        if run is None:
            return menu
        menu.addAction(self.toolTip().replace("&", "&&")).setEnabled(False)
        menu.addSeparator()
        found = candidates(run, self._trainings)
        for each in found:
            action = menu.addAction(each.words.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(each.is_linked)
            action.triggered.connect(self._choosing(run.id, (each.pid, each.started)))
        if not found:
            menu.addAction("No training runs on this machine").setEnabled(False)
        if run.link is not None and run.link.pinned:
            menu.addSeparator()
            menu.addAction("Unpin: let the program find it").triggered.connect(self._choosing(run.id, None))
        return menu

    def _choosing(self, run: str, process: tuple[int, float] | None) -> Callable[..., None]:
        pin = partial(self._actions.pin, run, process)

        def choose(_checked: bool = False) -> None:
            pin()

        return choose

    @Slot()
    def _on_clicked(self) -> None:
        self.menu().popup(self.mapToGlobal(QPoint(0, self.height() + 4)))
