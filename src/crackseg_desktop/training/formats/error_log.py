"""``error_log.txt`` and the error lines of the text logs: what a training died of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.readings import Ending
from crackseg_desktop.training.formats.base import as_time

if TYPE_CHECKING:
    ErrorKind = Literal["error", "out_of_memory", "disk_full", "dataset_error"]

_RECORD = re.compile(r"^\[(?P<time>[^\]]+)\] (?:\[[^\]]*\] )?Error occurred: (?P<message>.+)$", re.MULTILINE)
_OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|CUDA out of memory|CUDA error: out of memory|cuDNN.*ALLOC_FAILED"
    r"|DefaultCPUAllocator: (?:not enough|can't allocate) memory|\bMemoryError\b|\boom[-_]kill"
)
_DISK_FULL = re.compile(
    r"No space left on device|\bENOSPC\b|\[Errno 28\]|\bOSError:? 28\b|\[WinError 112\]|not enough space on the disk"
)
_DATASET = re.compile(
    r"\bDataError\b|(?:Images|Masks) directory not found|Failed to load any valid samples|Error loading data\b"
    r"|Caught \w+ in DataLoader worker process"
)
_HARMLESS = re.compile(
    r"^(?:Failed to load checkpoint from |Error loading checkpoint: |Checkpoint not found: |Resuming from checkpoint: "
    r"|Starting training from scratch$)(?!.*\.pth)"
)
_TRACEBACK = "Traceback (most recent call last)"
_EXCEPTION = re.compile(r"^(?:[\w.]+\.)?(?P<name>[A-Z]\w*(?:Error|Exception|Interrupt|Exit))\b(?:: ?.*)?$")
_IGNORED = re.compile(r"Exception ignored |Error in atexit\._run_exitfuncs")
_BY_HAND = frozenset({"KeyboardInterrupt", "SystemExit"})
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST_MESSAGE = 400
_LONGEST_SOURCE = 4000
"""Of what is tidied and classified: a line of half a megabyte would keep the patterns busy for minutes."""


def error_ending(message: str, time: float | None) -> Ending:
    """Return the ending that an error message tells, its kind told from the words."""
    text = " ".join(_ANSI.sub("", message[:_LONGEST_SOURCE]).split())[:_LONGEST_MESSAGE]
    return Ending(classify(text), text, time)


def classify(message: str) -> ErrorKind:
    """Tell lost memory, a full disk and errors of the data set from other errors."""
    if _OUT_OF_MEMORY.search(message):
        return "out_of_memory"
    if _DISK_FULL.search(message):
        return "disk_full"
    return "dataset_error" if _DATASET.search(message) else "error"


class LastWords:
    """Finds what a training died of in lines without a record's head: in the end of a traceback, or told anywhere.

    Of exceptions that follow from one another, the one whose kind is known counts. What Python ignores while it tidies
    up, as at the exit of many a healthy training, is nothing to die of.
    """

    def __init__(self) -> None:
        self._in_traceback = False
        self._is_ignored = False
        self._ignores_next = False
        self._told: Ending | None = None

    @property
    def is_listening(self) -> bool:
        """Say whether a traceback has begun and not ended, or may follow on the next line."""
        return self._in_traceback or self._ignores_next

    def forget(self) -> None:
        """Begin anew: the training went on."""
        self._in_traceback, self._told = False, None
        self._is_ignored = self._ignores_next = False

    def read(self, text: str, time: float | None) -> Ending | None:
        """Return the end that a line tells; None for most lines."""
        text = text[:_LONGEST_SOURCE]
        ignores, self._ignores_next = self._ignores_next, _IGNORED.match(text) is not None
        if _TRACEBACK in text:
            self._in_traceback, self._is_ignored = True, ignores
            return None
        if self._is_ignored:
            self._in_traceback = self._is_ignored = text[:1].isspace()  # the exception comes after the indented lines
            return None
        exception = _EXCEPTION.match(text) if self._in_traceback else None
        if exception is not None:
            self._in_traceback = False
        elif classify(text) not in ("out_of_memory", "disk_full"):
            return None
        if exception is not None and exception["name"] in _BY_HAND:
            ending = Ending("closed", text, time)
        else:
            ending = error_ending(text, time)
        if self._told is not None and self._told.kind != "error" and ending.kind in ("error", "closed"):
            return None
        self._told = ending
        return ending


def is_harmless(message: str) -> bool:
    """Say whether an error line stands in every healthy run: resuming from a folder that is no checkpoint."""
    return _HARMLESS.match(message) is not None


def parse_error_log(text: str) -> Ending | None:
    """Return the newest error of an ``error_log.txt``, which runs append to; None where it holds none."""
    found = list(_RECORD.finditer(text))
    if not found:
        return None
    return error_ending(found[-1]["message"], as_time(found[-1]["time"]))
