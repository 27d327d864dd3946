"""What all formats share: points, clues about a run, text that comes in whole lines, and tolerant conversions."""

from __future__ import annotations

import codecs
import json
import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from crackseg_desktop.readings import Ending, RunConfig

Axis = Literal["epoch", "step"]
LONGEST_LINE = 1 << 20
"""Bytes; a longer line is passed over, so that a file without line ends cannot fill the memory."""
_LONGEST_STEP = 2**63 - 1
_DRAWN_OVER = re.compile(rb"\r|\x08+")
_PADDING = "\ufeff\0"
"""What stands before text and is none: the byte order mark, and the NULs of a file system that lost its last bytes."""


class Point(NamedTuple):
    """One logged value. ``tag`` is as the file has it; ``exact`` is false where the text was rounded."""

    tag: str
    step: int
    time: float
    value: float
    axis: Axis = "epoch"
    exact: bool = True


@dataclass(slots=True)
class Clues:
    """What one file tells about its run beside the points; None is unknown.

    Attributes:
        first_time, last_time: the oldest and newest logged times, Unix seconds.
        epoch: the last one finished, counted from 1, where the points count steps.
        config: what a configuration file sets.
        name: the experiment's name; ids: names of folders that belong to the run.
        status: what ``experiment_info.json`` claims, which alone is no evidence.
        notes: what was passed over, in sentences.
    """

    first_time: float | None = None
    last_time: float | None = None
    epoch: int | None = None
    total_epochs: int | None = None
    config: RunConfig | None = None
    name: str | None = None
    ids: set[str] = field(default_factory=set)
    ending: Ending | None = None
    status: str | None = None
    notes: list[str] = field(default_factory=list)

    def saw_time(self, time: float | None) -> None:
        """Widen the logged span of time."""
        if time is None or not math.isfinite(time):
            return
        self.first_time = time if self.first_time is None else min(self.first_time, time)
        self.last_time = time if self.last_time is None else max(self.last_time, time)

    def note(self, sentence: str) -> None:
        """Remember once what was passed over."""
        if sentence not in self.notes:
            self.notes.append(sentence)


class Parser(Protocol):
    """Turns the bytes of an appended file into points and clues.

    ``is_rotated``: whether files of its kind may be renamed to ``….1`` while a new one begins.
    """

    is_rotated: ClassVar[bool]
    clues: Clues

    def feed(self, data: bytes, fallback_time: float) -> int:
        """Take in bytes that follow what was consumed; return how many of them made whole records.

        ``fallback_time`` (Unix seconds) is for points that tell no time of their own.
        """
        ...

    def finish(self, data: bytes, fallback_time: float) -> int:
        """Take in the rest of a file that nobody writes any more; return how much of it was used."""
        ...

    def take(self) -> list[Point]:
        """Hand out the points gathered since the last call."""
        ...


class CountedOn:
    """Counts steps over all epochs where they begin anew in each; an earlier epoch begins the training anew."""

    def __init__(self) -> None:
        self._before = self._last = self._epoch = 0

    @property
    def step(self) -> int:
        """Return the newest step."""
        return self._before + self._last

    def on(self, epoch: int, step: int) -> int:
        """Take in a step of an epoch; return it counted from the start of the training."""
        if epoch < self._epoch:
            self._before = 0
        elif epoch > self._epoch and step <= self._last:
            self._before += self._last
        self._epoch, self._last = epoch, step
        return self.step


class LineParser(ABC):
    """A parser of text lines: UTF-8, else GB 18030 or Windows-1252; UTF-16 where a byte order mark says so.

    Never raises.
    """

    ends_at_return: ClassVar[bool] = False
    """Whether a carriage return or a backspace ends a line: progress bars are drawn over and over with them."""
    is_rotated: ClassVar[bool] = False

    def __init__(self) -> None:
        self.clues = Clues()
        self._points: list[Point] = []
        self._utf16: Literal["utf-16-le", "utf-16-be"] | None = None
        self._begun = False
        self._is_overlong = False
        self.fallback_time = 0.0

    @abstractmethod
    def line(self, text: str) -> None:
        """Take in one line without its end."""

    def is_whole(self, text: str) -> bool:
        """Say whether a last line without a line end is complete all the same."""
        return False

    def feed(self, data: bytes, fallback_time: float) -> int:
        """Take in whole lines; see ``Parser``."""
        self.fallback_time = fallback_time
        if not self._begun:
            if len(data) < len(codecs.BOM_UTF16):
                return 0
            self._begun = True
            self._utf16 = _utf16_mark(data)
        used = self._whole_lines(data)
        if used == 0 and len(data) >= LONGEST_LINE:
            if (padding := (len(data) - len(data.lstrip(b"\0"))) & ~1) > 0:
                return padding
            self.clues.note("a line longer than 1 MiB was passed over")
            self._is_overlong = True
            return len(data) & ~1
        rest = data[used:]
        if rest and len(rest) < LONGEST_LINE and self.is_whole(self._decode(rest).lstrip(_PADDING)):
            return used + self.finish(rest, fallback_time)
        return used

    def finish(self, data: bytes, fallback_time: float) -> int:
        """Take the rest for a line; see ``Parser``."""
        self.fallback_time = fallback_time
        text = self._decode(data).lstrip(_PADDING)
        if text.strip() and not self._is_overlong:
            self.line(text)
        self._is_overlong = False
        return len(data)

    def take(self) -> list[Point]:
        """Hand out the points gathered since the last call."""
        points, self._points = self._points, []
        return points

    def _whole_lines(self, data: bytes) -> int:
        if self._utf16 is None:
            ends = (b"\n", b"\r", b"\b") if self.ends_at_return else (b"\n",)
            used = max(map(data.rfind, ends)) + 1
            whole = data[:used]
            text = self._decode(_DRAWN_OVER.sub(b"\n", whole) if self.ends_at_return else whole)
        else:
            even = data[: len(data) & ~1].decode(self._utf16, "replace")
            text = even[: max(even.rfind("\n"), even.rfind("\r") if self.ends_at_return else -1) + 1]
            used = len(text.encode(self._utf16, "replace"))
        if self.ends_at_return and self._utf16 is not None:
            text = text.replace("\r", "\n")
        for line in text.split("\n")[:-1]:
            if not self._is_overlong:
                self.line(line.lstrip(_PADDING).rstrip("\r"))
            self._is_overlong = False
        return used

    def _decode(self, data: bytes) -> str:
        """Decode text; each line for itself where it is no UTF-8, so that portions make no difference."""
        if self._utf16 is not None:
            return data.decode(self._utf16, "replace")
        try:
            return data.decode()
        except UnicodeDecodeError:
            return "\n".join(_decode_line(line) for line in data.split(b"\n"))


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("gb18030" if _is_chinese(line) else "cp1252", "replace")


def _is_chinese(line: bytes) -> bool:
    """Say whether bytes that are no UTF-8 are GB 18030: pairs that begin as common characters or punctuation do.

    Letters with accents begin higher, and stand alone.
    """
    try:
        pairs = [char.encode("gb18030") for char in line.decode("gb18030") if ord(char) > 127]
    except UnicodeDecodeError:
        return False
    return sum(map(_is_common, pairs)) * 2 > len(pairs)


def _is_common(pair: bytes) -> bool:
    return len(pair) == 2 and pair[1] >= 0xA1 and (0xA1 <= pair[0] <= 0xA9 or 0xB0 <= pair[0] <= 0xD7)


def _utf16_mark(data: bytes) -> Literal["utf-16-le", "utf-16-be"] | None:
    if data.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    return "utf-16-be" if data.startswith(codecs.BOM_UTF16_BE) else None


def json_object(text: str | bytes) -> dict[str, object] | None:
    """Return the JSON object in ``text``, NaN and Infinity allowed as Python writes them; None where there is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def as_number(value: object) -> float | None:
    """Return a JSON number, or a number in a string such as ``"nan"``, as a double; None for all else.

    Unlike ``float`` it takes no underscores between digits: files do not group them so.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or (isinstance(value, str) and "_" in value):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def as_step(value: object) -> int | None:
    """Return a whole number that fits 64 bits; None for all else."""
    number = as_number(value)
    if number is None or not number.is_integer():
        return None
    if isinstance(value, str):
        whole = int(value) if value.strip().lstrip("+-").isdecimal() else int(number)
    else:
        whole = value if isinstance(value, int) else int(number)
    return whole if abs(whole) <= _LONGEST_STEP else None


def as_time(value: object) -> float | None:
    """Return Unix seconds from an ISO 8601 text (local time where it names no zone) or a number; None for all else."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    number = as_number(value)
    return number if number is not None and math.isfinite(number) else None
