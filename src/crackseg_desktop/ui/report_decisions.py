"""What a person decides about reports, carried out: at the desk, in the browser, in a dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.reports.period import Kind
    from crackseg_desktop.ui.report_desk import ReportDesk
    from crackseg_desktop.ui.windows import Windows

_FILTERS = {".pdf": "PDF (*.pdf)", ".html": "HTML (*.html)", ".md": "Markdown (*.md)"}


def _open_locally(path: Path) -> bool:
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


class ReportDecisions(QObject):
    """The ``ReportActions`` of the application. Lives in the GUI thread."""

    def __init__(
        self,
        desk: ReportDesk,
        windows: Windows,
        open_path: Callable[[Path], bool] = _open_locally,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._windows, self._open = desk, windows, open_path
        self._dialog: QFileDialog | None = None

    def refresh(self) -> None:
        """Look for past reports."""
        self._desk.refresh()

    def write(self, kind: Kind) -> None:
        """Write the report of the day or the week that goes on, and show it."""
        self._windows.show_full("reports")
        self._desk.write(kind)

    def choose(self, slug: str) -> None:
        """Preview a past report."""
        self._desk.choose(slug)

    def view(self) -> None:
        """Open the chosen report in the browser."""
        past = self._desk.desk.current
        if past is not None and not (past.path.exists() and self._open(past.path)):
            self._desk.say(f"It could not be opened; the report is {past.path}")

    def show_folder(self) -> None:
        """Show the folder of the chosen report."""
        past = self._desk.desk.current
        if past is not None and not (past.path.parent.exists() and self._open(past.path.parent)):
            self._desk.say(f"The folder could not be opened; it is {past.path.parent}")

    def send(self) -> None:
        """Send the chosen report through the channels."""
        self._desk.send()

    def ask_and_save(self, suffix: str) -> None:
        """Ask for a place and write the chosen report there."""
        past = self._desk.desk.current
        if past is None or self._dialog is not None:
            return
        parent = self._windows.dashboard if self._windows.visible else None
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation) or str(Path.home())
        name = f"{past.kind}-{past.slug}{suffix}"
        dialog = QFileDialog(parent, "Save the report", str(Path(folder) / name), _FILTERS[suffix])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix.removeprefix("."))
        dialog.fileSelected.connect(self.save)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        self._windows.hold(on=True)
        dialog.open()

    @Slot(str)
    def save(self, path: str) -> None:
        """Write the chosen report into a file that a person named."""
        self._desk.save(Path(path))

    @Slot(int)
    def _on_dialog_finished(self, _result: int) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
            self._windows.hold(on=False)
