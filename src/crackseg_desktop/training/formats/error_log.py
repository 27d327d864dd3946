"""``error_log.txt`` and the error lines of the text logs: what a training died of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.readings import Ending
from crackseg_desktop.training.formats.base import as_time

if TYPE_CHECKING:
    ErrorKind = Literal["error", "out_of_memory", "dataset_error"]

_RECORD = re.compile(r"^\[(?P<time>[^\]]+)\] (?:\[[^\]]*\] )?Error occurred: (?P<message>.+)$", re.MULTILINE)
_OUT_OF_MEMORY = re.compile(
    r"OutOfMemoryError|CUDA out of memory|CUDA error: out of memory|cuDNN.*ALLOC_FAILED"
    r"|DefaultCPUAllocator: (?:not enough|can't allocate) memory|\bMemoryError\b"
)
_DATASET = re.compile(
    r"\bDataError\b|(?:Images|Masks) directory not found|Failed to load any valid samples|Error loading data\b"
)
_HARMLESS = re.compile(
    r"^(?:Failed to load checkpoint from |Error loading checkpoint: |Checkpoint not found: |Resuming from checkpoint: "
    r"|Starting training from scratch$)(?!.*\.pth)"
)
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST_MESSAGE = 400
_LONGEST_SOURCE = 4000
"""Of what is tidied and classified: a line of half a megabyte would keep the patterns busy for minutes."""


def error_ending(message: str, time: float | None) -> Ending:
    """Return the ending that an error message tells, its kind told from the words."""
    text = " ".join(_ANSI.sub("", message[:_LONGEST_SOURCE]).split())[:_LONGEST_MESSAGE]
    return Ending(classify(text), text, time)


def classify(message: str) -> ErrorKind:
    """Tell out of memory and data set errors from other errors."""
    if _OUT_OF_MEMORY.search(message):
        return "out_of_memory"
    return "dataset_error" if _DATASET.search(message) else "error"


def is_harmless(message: str) -> bool:
    """Say whether an error line stands in every healthy run: resuming from a folder that is no checkpoint."""
    return _HARMLESS.match(message) is not None


def parse_error_log(text: str) -> Ending | None:
    """Return the newest error of an ``error_log.txt``, which runs append to; None where it holds none."""
    found = list(_RECORD.finditer(text))
    if not found:
        return None
    return error_ending(found[-1]["message"], as_time(found[-1]["time"]))
