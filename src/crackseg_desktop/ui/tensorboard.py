"""TensorBoard from a button: starts the viewer for some folders and opens it in the browser."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal, SignalInstance, Slot
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from tempfile import TemporaryDirectory

    from crackseg_desktop.system.tensorboard import Places

    FindPlaces = Callable[[str | None, Sequence[Path], Path], Places]

_END_SECONDS = 2.0


def _browse(address: str) -> bool:
    return QDesktopServices.openUrl(QUrl(address))


class TensorBoard(QObject):
    """The viewers that were started, one a choice of folders; they end with the application. Lives in the GUI thread.

    Attributes:
        failed: a viewer did not come up; carries a sentence.
    """

    failed = Signal(str)
    _prepared = Signal(object)
    _answered = Signal(str, bool)

    def __init__(
        self,
        find_places: FindPlaces,
        data_dir: Path | None,
        browse: Callable[[str], bool] = _browse,
        parent: QObject | None = None,
    ) -> None:
        """``data_dir`` is where event files of our own are kept; None: nowhere beyond the end of the application.

        ``find_places`` is given the id of a run or None, the watched folders, and the folder for event files of our
        own. It reads and writes, so a thread calls it; it may raise OSError.
        """
        super().__init__(parent)
        self._find_places, self._data_dir, self._browse = find_places, data_dir, browse
        self._temporary: TemporaryDirectory[str] | None = None
        self._is_closed = False
        self._viewers: dict[tuple[tuple[str, Path], ...], tuple[subprocess.Popen[bytes], str]] = {}
        self._waiting: list[threading.Thread] = []
        self._prepared.connect(self._on_prepared)
        self._answered.connect(self._on_answered)

    def open(self, run_id: str | None, folders: Sequence[Path]) -> None:
        """Start a viewer for a run or the watched folders, or take the one that runs, and open it once it answers."""
        data_dir = self._folder()

        def prepare() -> None:
            try:
                places = self._find_places(run_id, folders, data_dir)
            except OSError as error:
                self._tell(self.failed, f"The curves could not be written for TensorBoard: {error}")
            else:
                self._tell(self._prepared, places)

        self._run(prepare)

    def _folder(self) -> Path:
        if self._data_dir is not None:
            return self._data_dir
        from tempfile import TemporaryDirectory

        self._temporary = self._temporary or TemporaryDirectory(prefix="crackseg-desktop-", ignore_cleanup_errors=True)
        return Path(self._temporary.name)

    def _tell(self, signal: SignalInstance, *words: object) -> None:
        """Emit a signal from a thread; to read many runs can take longer than the application lives."""
        if not self._is_closed:
            signal.emit(*words)

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="tensorboard", daemon=True)
        thread.start()
        self._waiting = [waiting for waiting in self._waiting if waiting.is_alive()] + [thread]

    @Slot(object)
    def _on_prepared(self, places: Places) -> None:
        if self._is_closed:
            return
        if not places:
            self.failed.emit("No folder is watched: choose the folder of your trainings first.")
            return
        from crackseg_desktop.system import tensorboard  # only who presses the button needs it

        key = tuple(places.items())
        process, address = self._viewers.get(key, (None, ""))
        if process is None or process.poll() is not None:
            try:
                process, address = self._viewers[key] = tensorboard.launch(places)
            except OSError as error:
                self.failed.emit(f"TensorBoard could not be started: {error}")
                return
        started = process

        def wait() -> None:
            self._tell(self._answered, address, tensorboard.wait_until_it_answers(started, address))

        self._run(wait)

    def close(self) -> None:
        """End what was started, by force where it does not end in two seconds."""
        self._is_closed = True
        for process, _ in self._viewers.values():
            _end(process)
        for thread in self._waiting:
            thread.join(_END_SECONDS)
        self._viewers.clear()
        if self._temporary is not None:
            self._temporary.cleanup()

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
