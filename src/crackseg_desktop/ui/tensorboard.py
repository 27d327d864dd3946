"""TensorBoard from a button: starts the viewer for a folder and opens it in the browser."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

_END_SECONDS = 2.0


def _browse(address: str) -> bool:
    return QDesktopServices.openUrl(QUrl(address))


class TensorBoard(QObject):
    """The viewers that were started, one a folder; they end with the application. Lives in the GUI thread.

    Attributes:
        failed: a viewer did not come up; carries a sentence.
    """

    failed = Signal(str)
    _answered = Signal(str, bool)

    def __init__(self, browse: Callable[[str], bool] = _browse, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._browse = browse
        self._viewers: dict[Path, tuple[subprocess.Popen[bytes], str]] = {}
        self._waiting: list[threading.Thread] = []
        self._answered.connect(self._on_answered)

    def open(self, folder: Path) -> None:
        """Start a viewer for a folder, or take the one that runs, and open it once it answers."""
        from crackseg_desktop.system import tensorboard  # only who presses the button needs it

        process, address = self._viewers.get(folder, (None, ""))
        if process is None or process.poll() is not None:
            try:
                process, address = self._viewers[folder] = tensorboard.launch(folder)
            except OSError as error:
                self.failed.emit(f"TensorBoard could not be started: {error}")
                return
        started = process

        def wait() -> None:
            self._answered.emit(address, tensorboard.wait_until_it_answers(started, address))

        waiting = threading.Thread(target=wait, name="tensorboard", daemon=True)
        waiting.start()
        self._waiting = [thread for thread in self._waiting if thread.is_alive()] + [waiting]

    def close(self) -> None:
        """End what was started, by force where it does not end in two seconds."""
        for process, _ in self._viewers.values():
            _end(process)
        for thread in self._waiting:
            thread.join(_END_SECONDS)
        self._viewers.clear()

    @Slot(str, bool)
    def _on_answered(self, address: str, answers: bool) -> None:
        if not answers:
            self.failed.emit("TensorBoard did not start; 'crackseg-desktop tensorboard' shows what it says.")
        elif not self._browse(address):
            self.failed.emit(f"No browser could be opened; TensorBoard is at {address}")


def _end(process: subprocess.Popen[bytes]) -> None:
    import subprocess

    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
