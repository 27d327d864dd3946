"""The text logs of CrackSeg (``main.log``, ``run.log``, ``<name>.log``): figures, progress, and how the run ended.

An ERROR line proves nothing: every healthy run writes some. The end is told by certain lines, and by their absence.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

from crackseg_desktop.readings import Ending
from crackseg_desktop.training.formats.base import LineParser, as_step
from crackseg_desktop.training.formats.error_log import LastWords, error_ending, is_harmless
from crackseg_desktop.training.formats.log_figures import LogFigures
from crackseg_desktop.training.formats.log_record import parse_record

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.log_record import LogRecord

_STARTS = ("Starting main execution", "Starting main() execution")
_BEGINS = (*_STARTS, "Logging to file: ", "Initialized experiment '")
_NAME = re.compile(r"(?:Initialized experiment|Closing logger for experiment) '(?P<name>[^']+)'")
_ID = re.compile(
    r"(?:Experiment directory|Experiment initialized in|Configuration (?:will be )?saved to): "
    r".*?(?P<id>\d{8}-\d{6}-[^/\\]+)"
)
_PLANNED = re.compile(r" +training/epochs: (?P<epochs>\d+)$")
_ERROR = re.compile(
    r"(?:\[Main execution\] Error occurred|Unexpected error during execution|Import error|Experiment failed"
    r"|SwinV2 experiment failed): ?(?P<message>.*)"
)
_EARLY = "Early stopping triggered"
_DONE = (
    "Metrics summary exported to",
    "Final metrics summary exported to",
    "Training pipeline completed successfully",
    "Training finished in",
    "Experiment completed successfully",
    "[SUCCESS]",
)
_CLOSED = ("Closing logger", "Main execution finished", "Experiment interrupted by user")
_TRACEBACK = "Traceback (most recent call last)"
_EXTRA_LINES = 4
_SAME_START_SECONDS = 10.0


class _Evidence(IntEnum):
    """Evidence of an end, the strongest first."""

    TOLD_ERROR = 0  # by a line that is written for nothing but the death of a run
    EARLY_STOPPING = 1
    DONE = 2
    ERROR = 3  # some ERROR line: counts where nothing came after it
    CLOSED = 4


class HydraLog(LineParser):
    """Reads one run's log. Where a restarted run appends to its own log, the newest start counts."""

    is_rotated: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._figures = LogFigures()
        self._time: float | None = None
        self._evidence: dict[_Evidence, Ending] = {}
        self._open_error: tuple[_Evidence, str] | None = None
        self._extra_lines = 0
        self._last_words = LastWords()
        self._saw_start = False
        self.saw_points = False

    def line(self, text: str) -> None:
        """Take in one line: a record's head, or what follows it."""
        record = parse_record(text)
        if record is None:
            self._follow(text)
        else:
            self.take_record(record)

    def take_record(self, record: LogRecord) -> None:
        """Take in a record's head."""
        self._open_error = None
        if record.time is not None:
            self._time = record.time
            self.clues.saw_time(record.time)
        points = self._figures.read(record.message, self._time if self._time is not None else self.fallback_time)
        if self._figures.total_epochs is not None:
            self.clues.total_epochs = self._figures.total_epochs
        if points:
            self._points += points
            self.saw_points = True
            self._evidence.pop(_Evidence.ERROR, None)
            self._last_words.forget()
        else:
            self._judge(record)
        self.clues.ending = self._evidence[min(self._evidence)] if self._evidence else None

    @property
    def has_content(self) -> bool:
        """Say whether more than the first lines of a run was seen."""
        return self.saw_points or bool(self._evidence)

    @property
    def is_training(self) -> bool:
        """Say whether the log is one of a training, and not of some other program."""
        return self.saw_points or self._saw_start or self.clues.name is not None

    def _judge(self, record: LogRecord) -> None:
        message = record.message
        told = _ERROR.match(message)
        if told is not None:
            self._on_error(_Evidence.TOLD_ERROR, told["message"])
        elif record.is_error and not is_harmless(message):
            self._on_error(_Evidence.ERROR, message)
        elif message.startswith(_STARTS):
            self._evidence.clear()
            self._saw_start = True
        elif message.startswith(_EARLY):
            self._evidence.setdefault(_Evidence.EARLY_STOPPING, Ending("early_stopping", None, self._time))
        elif message.startswith(_DONE):
            self._evidence.setdefault(_Evidence.DONE, Ending("completed", None, self._time))
        else:
            if message.startswith(_CLOSED):
                self._evidence.setdefault(_Evidence.CLOSED, Ending("closed", None, self._time))
            self._learn(message)

    def _on_error(self, evidence: _Evidence, message: str) -> None:
        """Keep the first line that tells the death: it names the class; of other errors, the last."""
        if evidence is _Evidence.TOLD_ERROR and evidence in self._evidence:
            return
        self._evidence[evidence] = error_ending(message, self._time)
        self._open_error, self._extra_lines = (evidence, message), 0

    def _learn(self, message: str) -> None:
        if (match := _PLANNED.match(message)) is not None:
            self.clues.total_epochs = as_step(match["epochs"]) or None
        elif (match := _NAME.match(message)) is not None:
            self.clues.name = match["name"]
        elif (match := _ID.match(message)) is not None:
            self.clues.ids.add(match["id"].strip())

    def _follow(self, text: str) -> None:
        """Add a line to the error before it, as far as the traceback; a captured console tells of the death itself."""
        death = self._last_words.read(text.rstrip(), self._time)
        if death is not None:
            self._evidence[_Evidence.ERROR] = death
            self.clues.ending = self._evidence[min(self._evidence)]
        if self._open_error is None or not text.strip():
            return
        if text.startswith(_TRACEBACK) or self._extra_lines >= _EXTRA_LINES:
            self._open_error = None
            return
        evidence, message = self._open_error
        message, self._extra_lines = f"{message} {text.strip()}", self._extra_lines + 1
        self._open_error = (evidence, message)
        self._evidence[evidence] = error_ending(message, self._time)
        self.clues.ending = self._evidence[min(self._evidence)]


class SharedLog(LineParser):
    """Reads a log that several runs append to, one after the other. ``runs`` is a parser for each, in file order."""

    is_rotated: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[HydraLog] = []

    def line(self, text: str) -> None:
        """Take in one line for the run that it belongs to."""
        record = parse_record(text)
        if record is not None and (not self.runs or self._begins(record)):
            self.runs.append(HydraLog())
        if not self.runs:
            return
        run = self.runs[-1]
        run.fallback_time = self.fallback_time
        if record is None:
            run.line(text)
        else:
            run.take_record(record)

    def _begins(self, record: LogRecord) -> bool:
        if not record.message.startswith(_BEGINS):
            return False
        began = self.runs[-1].clues.first_time
        if self.runs[-1].has_content:
            return True
        return began is not None and record.time is not None and record.time - began > _SAME_START_SECONDS
