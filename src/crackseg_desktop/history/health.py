"""How the recorder is: a state that a program compares, and a sentence that a person reads."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from crackseg_desktop.storage import NewerDatabaseError

if TYPE_CHECKING:
    from pathlib import Path


class RecorderState(StrEnum):
    """Whether the history is written, and why not."""

    OK = "ok"
    FULL = "disk full"
    READ_ONLY = "read-only"
    LOCKED = "locked"
    TAKEN = "written by another instance"
    DAMAGED = "damaged"
    NEWER = "of a later version"
    CLOCK = "clock jumped"
    FAILED = "failed"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Health:
    """A state, since when it holds (Unix seconds), and a sentence a person can read; empty where all is well."""

    state: RecorderState
    reason: str = ""
    since: float | None = None


_ROOM_BYTES = 1 << 20
"""A disk with less left is full: what SQLite then says is often only "disk I/O error"."""
_CODES = {
    sqlite3.SQLITE_FULL: RecorderState.FULL,
    sqlite3.SQLITE_READONLY: RecorderState.READ_ONLY,
    sqlite3.SQLITE_BUSY: RecorderState.LOCKED,
    sqlite3.SQLITE_LOCKED: RecorderState.LOCKED,
    sqlite3.SQLITE_CORRUPT: RecorderState.DAMAGED,
    sqlite3.SQLITE_NOTADB: RecorderState.DAMAGED,
}
_NUMBERS = {
    errno.ENOSPC: RecorderState.FULL,
    errno.EROFS: RecorderState.READ_ONLY,
    errno.EACCES: RecorderState.READ_ONLY,
    errno.EPERM: RecorderState.READ_ONLY,
}
_TEXTS = {
    "full": RecorderState.FULL,
    "readonly": RecorderState.READ_ONLY,
    "locked": RecorderState.LOCKED,
    "malformed": RecorderState.DAMAGED,
    "not a database": RecorderState.DAMAGED,
}


def state_of(error: Exception, folder: Path) -> RecorderState:
    """Return the state that an error while writing into a folder stands for."""
    if isinstance(error, NewerDatabaseError):
        return RecorderState.NEWER
    state = _NUMBERS.get(error.errno or 0) if isinstance(error, OSError) else _of_sqlite(error)
    return state or _state_of_folder(folder)


def _of_sqlite(error: Exception) -> RecorderState | None:
    """Go by the code, or by the words where the error comes from Python's own module and has none."""
    state = _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    return state or next((state for words, state in _TEXTS.items() if words in str(error)), None)


def _state_of_folder(folder: Path) -> RecorderState:
    """Look where SQLite says only that it cannot open the file, or that reading or writing failed."""
    there = next((path for path in (folder, *folder.parents) if path.is_dir()), folder)
    if not os.access(there, os.W_OK):
        return RecorderState.READ_ONLY
    return RecorderState.FULL if shutil.disk_usage(there).free < _ROOM_BYTES else RecorderState.FAILED


def sentence(state: RecorderState, path: Path, detail: str) -> str:
    """Return in a sentence why the history is not written as it should be; empty where it is."""
    sentences = {
        RecorderState.OK: "",
        RecorderState.FULL: f"The disk is full: {path.parent} has no room for the history.",
        RecorderState.READ_ONLY: f"The history cannot be written: {path.parent} is read-only.",
        RecorderState.LOCKED: f"The history is locked by another program that uses {path.name}.",
        RecorderState.TAKEN: f"Another instance of this program writes the history in {path.parent}.",
        RecorderState.DAMAGED: f"The history was damaged: it was set aside as {path.name}.damaged, and begun anew.",
        RecorderState.NEWER: f"{path.name} was written by a later version of this program and is left alone.",
    }
    if state == RecorderState.CLOCK:
        return detail
    return sentences.get(state, f"The history cannot be written: {detail}")
