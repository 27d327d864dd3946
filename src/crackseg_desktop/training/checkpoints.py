"""The checkpoints of a run, by directory entries alone: a checkpoint is never opened, and never unpickled."""

from __future__ import annotations

import os
import re
from itertools import islice
from stat import S_ISREG
from typing import TYPE_CHECKING, Literal, NamedTuple

from crackseg_desktop.readings import Checkpoint
from crackseg_desktop.training.folders import MOST_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SUFFIXES = (".pt", ".pth", ".pth.tar", ".ckpt", ".safetensors")
_HOLDERS = re.compile(r"(checkpoints?|ckpts?|weights|models|saved_models|snapshots|checkpoint-\d+)$", re.IGNORECASE)
_NO_WEIGHTS = re.compile(r"(optimizer|scheduler|scaler|rng_state|training_args)\b|test_write_", re.IGNORECASE)
"""What Hugging Face saves beside the weights, and what CrackSeg tries a folder with."""
_BEST = re.compile(r"(?<![a-z])best(?![a-z])", re.IGNORECASE)
_LAST = re.compile(r"(?<![a-z])(last|latest)(?![a-z])", re.IGNORECASE)
_TICK_SECONDS = 2.0
"""A folder that changed so shortly ago may change again within the tick of its time stamp (FAT's is this long)."""


class Listing(NamedTuple):
    """What of interest a folder held when it changed last: names of checkpoints, and of folders that may hold some."""

    modified_ns: int
    files: tuple[str, ...]
    folders: tuple[str, ...]


def checkpoints_in(folders: Iterable[Path], known: dict[Path, Listing], now: float) -> tuple[Checkpoint, ...]:
    """Return the checkpoints in a run's folders and the usual folders within them, the oldest first.

    Listings are taken from ``known`` and put there: a folder is listed again only once it has changed, while the
    files, which trainings overwrite in place, are asked for their size and time at every call. ``now`` is in Unix
    seconds. Never raises.
    """
    found = {item.path: item for folder in folders for item in _within(folder, known, now)}
    return tuple(sorted(found.values(), key=lambda item: (item.time, item.path)))


def kind_of_checkpoint(name: str) -> Literal["best", "last"] | None:
    """Tell by its name whether a checkpoint is the best or the last one."""
    return "best" if _BEST.search(name) else "last" if _LAST.search(name) else None


def _within(folder: Path, known: dict[Path, Listing], now: float, *, is_top: bool = True) -> Iterator[Checkpoint]:
    listing = _listing(folder, known, now)
    for name in listing.files:
        try:
            stat = os.stat(folder / name)
        except OSError:
            continue
        if S_ISREG(stat.st_mode):
            yield Checkpoint(str(folder / name), stat.st_size, stat.st_mtime, kind_of_checkpoint(name))
    if is_top:
        for name in listing.folders:
            yield from _within(folder / name, known, now, is_top=False)


def _listing(folder: Path, known: dict[Path, Listing], now: float) -> Listing:
    try:
        modified = os.stat(folder).st_mtime_ns
        listing = known.get(folder)
        if listing is None or listing.modified_ns != modified:
            listing = Listing(modified, *_names(folder))
    except OSError:
        listing = Listing(0, (), ())
    if now - listing.modified_ns / 1e9 > _TICK_SECONDS:
        known[folder] = listing
    return listing


def _names(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of checkpoints in a folder, and of the folders that may hold some. Raises OSError."""
    with os.scandir(folder) as entries:
        names = [
            entry.name for entry in entries if entry.name.lower().endswith(_SUFFIXES) or _HOLDERS.match(entry.name)
        ]
    files = (name for name in names if name.lower().endswith(_SUFFIXES) and not _NO_WEIGHTS.match(name))
    return tuple(islice(files, MOST_FILES)), tuple(name for name in names if _HOLDERS.match(name))
