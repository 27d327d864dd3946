"""The question before a process is ended: which one, whose, of which run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from crackseg_desktop.ui.pages.process_cells import command
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span

if TYPE_CHECKING:
    from crackseg_desktop.readings import ProcessRow, Run
    from crackseg_desktop.ui.theme import Theme

_WIDTH = 460


class EndDialog(QDialog):
    """The dialog. ``confirmed`` names the process that is to end: PID, start (Unix seconds), and what it is called."""

    confirmed = Signal(int, float, str)

    def __init__(self, theme: Theme, window: QWidget, row: ProcessRow, run: Run | None) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("End process")
        self.setPalette(theme.palette())  # a window of its own takes none from its parent
        self.setFixedWidth(_WIDTH)
        self._row = row
        self.words = Paragraph(theme, ending_words(row, run))
        self.cancel, self.end = Button(theme, "Cancel"), Button(theme, "End process", kind="primary")
        self.cancel.clicked.connect(self.reject)
        self.end.clicked.connect(self._on_end)
        title = Line(theme, Span(f"End {command(row)}?", "subtitle"), elide=True, ground="window")
        buttons, column = QHBoxLayout(), QVBoxLayout(self)
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.end)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(title)
        column.addWidget(self.words)
        column.addSpacing(4)
        column.addLayout(buttons)
        self.cancel.setFocus()

    def _on_end(self) -> None:
        self.confirmed.emit(self._row.pid, self._row.started, f"{command(self._row)} (PID {self._row.pid})")
        self.accept()


def ending_words(row: ProcessRow, run: Run | None) -> str:
    """Say which process it is and what becomes of it."""
    which = f"PID {row.pid}, {command(row)}, of {row.user}."
    of_run = "" if run is None else f" It works for the run {run.facts.name}, which ends with it."
    return (
        f"{which}{of_run} It is asked to end and has 10 s to write what it must; then it is killed. "
        "What it has not saved is lost."
    )
