"""What a person decides about processes, carried out: read, linked to a run, ended."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from crackseg_desktop.hardware.ending import end_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.hardware.ending import Ended
    from crackseg_desktop.ui.shell import Core
    from crackseg_desktop.ui.windows import Windows

log = logging.getLogger(__name__)

_WORDS = {
    "terminated": "{} has ended.",
    "killed": "{} was killed. {}",
    "gone": "{} is not there any more. {}",
    "refused": "{} was not ended. {}",
    "failed": "{} could not be ended. {}",
}


class ProcessDecisions(QObject):
    """The ``ProcessActions`` of the application. Lives in the GUI thread.

    Attributes:
        refusal: why no process may be ended in this session, or nothing.
    """

    _ended = Signal(str)

    def __init__(
        self,
        windows: Windows,
        find_core: Callable[[], Core | None],
        refusal: str = "",
        end: Callable[[int, float], Ended] = end_process,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._windows, self._find_core, self.refusal, self._end = windows, find_core, refusal, end
        self._closed = False
        self._ended.connect(self._on_ended)

    def watch(self, wanted: bool, *, network: bool = False) -> None:
        """Have the table of all processes read, or no longer."""
        core = self._find_core()
        if core is not None and core.show_processes is not None:
            core.show_processes(wanted, network=network)

    def pin(self, run: str, process: tuple[int, float] | None) -> None:
        """Link a run to a process, or leave it to the program again."""
        core = self._find_core()
        if core is not None:
            core.monitor.pin(run, process)

    def end(self, pid: int, started: float, title: str) -> None:
        """End a process in a thread of its own: it has ten seconds to do so."""
        if self.refusal:
            self._on_ended(f"{title} was not ended. {self.refusal}")
            return

        def run() -> None:
            ended = self._end(pid, started)
            log.info("ending PID %d: %s %s", pid, ended.outcome, ended.reason)
            if not self._closed:
                self._ended.emit(_WORDS[ended.outcome].format(title, ended.reason))

        threading.Thread(target=run, name=f"end {pid}", daemon=True).start()

    def close(self) -> None:
        """Say nothing any more about what is still being ended."""
        self._closed = True

    @Slot(str)
    def _on_ended(self, words: str) -> None:
        if self._windows.dashboard is not None and self._windows.visible:
            from crackseg_desktop.ui.note import Note

            Note(words.strip(), self._windows.dashboard)
