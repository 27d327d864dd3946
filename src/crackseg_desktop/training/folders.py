"""Looks through the watched folders: what lies where, without opening a file. Polite, and tolerant of what vanishes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST_FILES = 5000
"""Of a folder with more files, such as a data set, only those are kept that may tell of a training by their names."""
_DEEPEST = 24
_SKIPPED = frozenset({"data", "__pycache__", "node_modules", "site-packages", "venv"})
HYDRA = ".hydra"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder: the names in it, and the watched folder it was found under.

    Attributes:
        folders: those gone into.
        note: what of a crowd of files was left out; None where it is no crowd.
    """

    path: Path
    root: Path
    files: frozenset[str]
    folders: frozenset[str]
    modified_ns: int
    note: str | None = None


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


def tells_all(name: str) -> bool:
    """Take every file for one that may tell of a training."""
    return True


def scan(
    roots: Iterable[Path],
    answers: Callable[[Path], bool] = always_answers,
    may_tell: Callable[[str], bool] = tells_all,
    crowds: dict[Path, Folder] | None = None,
) -> Scan:
    """Walk through folders, parents before children; a root that is a file is named as it is.

    ``answers`` says of a folder, before it is touched, whether its file system would ever return. ``may_tell`` says of
    the name of a file whether it may tell of a training, which is asked in crowded folders only. ``crowds`` remembers
    these from walk to walk: they are listed again only once they changed.
    """
    crowds = {} if crowds is None else crowds
    walk = _Walk(answers, may_tell, dict(crowds))
    for root in roots:
        walk.through(root)
    crowds.clear()
    crowds.update((path, folder) for path, folder in walk.found.folders.items() if folder.note is not None)
    return walk.found


def modified_ns(path: Path) -> int | None:
    """Return the modification time of a folder or a file; None where it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


class _Walk:
    """One walk through several roots."""

    def __init__(
        self, answers: Callable[[Path], bool], may_tell: Callable[[str], bool], crowds: dict[Path, Folder]
    ) -> None:
        self.found = Scan()
        self._answers = answers
        self._may_tell = may_tell
        self._crowds = crowds
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
        """List one folder; None where it was seen before (a loop of links), is gone or closed."""
        try:
            stat = path.stat()
            if (stat.st_dev, stat.st_ino) in self._seen:
                return None
            self._seen.add((stat.st_dev, stat.st_ino))
            folder = self._crowds.get(path)
            if folder is None or (folder.root, folder.modified_ns) != (root, stat.st_mtime_ns):
                with os.scandir(path) as entries:
                    folder = self._listed(entries, path, root, stat.st_mtime_ns)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self.found.notes.append(f"{path} cannot be read: {error.strerror or error}")
            return None
        if folder.note is not None:
            self.found.notes.append(folder.note)
        return folder

    def _listed(self, entries: Iterator[os.DirEntry[str]], path: Path, root: Path, modified_ns: int) -> Folder:
        files: set[str] = set()
        folders: set[str] = set()
        note = None
        for entry in entries:
            if entry.is_symlink() and self._is_silent(Path(entry.path)):
                continue  # to say what a link leads to is to touch it
            if _is_folder(entry):
                if entry.name == HYDRA or not (entry.name.startswith(".") or entry.name in _SKIPPED):
                    folders.add(entry.name)
            elif len(files) <= MOST_FILES and (note is None or self._may_tell(entry.name)) and _is_file(entry):
                files.add(entry.name)
                if note is None and len(files) > MOST_FILES:
                    note = f"{path} has more than {MOST_FILES} files: only some were looked at, by their names"
                    files = set(filter(self._may_tell, files))
        if len(files) > MOST_FILES:
            note = f"{path} has more than {MOST_FILES} files that may tell of a training, and they were passed over"
            files.clear()
        return Folder(path, root, frozenset(files), frozenset(folders), modified_ns, note)


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
