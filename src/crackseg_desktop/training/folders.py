"""Looks through the watched folders: what lies where, without opening a file. Polite, and tolerant of what vanishes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST_ENTRIES = 5000
"""A folder with more entries is a data set or a cache, and is not gone through."""
_DEEPEST = 24
_SKIPPED = frozenset({"data", "__pycache__", "node_modules", "site-packages", "venv"})
HYDRA = ".hydra"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder: the names in it, and the watched folder it was found under. ``folders`` are those gone into."""

    path: Path
    root: Path
    files: frozenset[str]
    folders: frozenset[str]
    modified_ns: int


@dataclass(slots=True)
class Scan:
    """What a walk found. ``notes`` say what was not gone through, and why."""

    folders: dict[Path, Folder] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def child(self, folder: Folder, name: str) -> Folder | None:
        """Return a folder within a folder."""
        return self.folders.get(folder.path / name) if name in folder.folders else None


def always_answers(path: Path) -> bool:
    """Take every file system for one that answers."""
    return True


def scan(roots: Iterable[Path], answers: Callable[[Path], bool] = always_answers) -> Scan:
    """Walk through folders, parents before children; a root that is a file is named as it is.

    ``answers`` says of a folder, before it is touched, whether its file system would ever return.
    """
    walk = _Walk(answers)
    for root in roots:
        walk.through(root)
    return walk.found


def modified_ns(path: Path) -> int | None:
    """Return the modification time of a folder or a file; None where it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


class _Walk:
    """One walk through several roots."""

    def __init__(self, answers: Callable[[Path], bool]) -> None:
        self.found = Scan()
        self._answers = answers
        self._seen: set[tuple[int, int]] = set()

    def through(self, root: Path) -> None:
        if self._is_silent(root):
            return
        if os.path.isfile(root):
            self.found.files.append(root)
            return
        waiting = [(root, 0)]
        while waiting:
            path, depth = waiting.pop()
            folder = None if self._is_silent(path) else self._look_into(path, root)
            if folder is not None and depth < _DEEPEST:
                self.found.folders[path] = folder
                waiting += [(path / name, depth + 1) for name in sorted(folder.folders, reverse=True) if name != HYDRA]

    def _is_silent(self, path: Path) -> bool:
        if self._answers(path):
            return False
        self.found.notes.append(f"{path} is on a file system that does not answer")
        return True

    def _look_into(self, path: Path, root: Path) -> Folder | None:
        """List one folder; None where it was seen before (a loop of links), is gone, closed or too large."""
        try:
            stat = path.stat()
            if (stat.st_dev, stat.st_ino) in self._seen:
                return None
            self._seen.add((stat.st_dev, stat.st_ino))
            with os.scandir(path) as entries:
                names = self._names(entries)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.found.notes.append(f"{path} cannot be read: {error.strerror or error}")
            return None
        if names is None:
            self.found.notes.append(f"{path} has more than {MOST_ENTRIES} entries and was skipped")
            return None
        files, folders = names
        return Folder(path, root, frozenset(files), frozenset(folders), stat.st_mtime_ns)

    def _names(self, entries: Iterator[os.DirEntry[str]]) -> tuple[list[str], list[str]] | None:
        """Return the names of files and of folders to go into; None for too many."""
        files: list[str] = []
        folders: list[str] = []
        for count, entry in enumerate(entries, 1):
            if count > MOST_ENTRIES:
                return None
            if entry.is_symlink() and self._is_silent(Path(entry.path)):
                continue  # to say what a link leads to is to touch it
            if not _is_folder(entry):
                if _is_file(entry):
                    files.append(entry.name)
            elif entry.name == HYDRA or not (entry.name.startswith(".") or entry.name in _SKIPPED):
                folders.append(entry.name)
        return files, folders


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Leave out pipes and devices, also behind links: reading one blocks, or never ends."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that leads to itself
