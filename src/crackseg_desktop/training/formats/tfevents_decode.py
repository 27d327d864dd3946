"""What the events of one file mean, in file order: points, and where that lies which is looked at only on demand.

Most records of a file differ from earlier ones in the time, the step and the value alone. Such a shape is remembered
by the bytes in between, which fix how the record is to be read: equal bytes at equal places mean the same fields.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.training.formats.tfevents_wire import WireError, decode, signed, varint

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.base import Clues
    from crackseg_desktop.training.formats.tfevents_wire import Record, Value

SCALARS = ("", "scalars")
"""The plugins whose tensors are scalars."""
_TIME, _VALUE = struct.Struct("<d"), struct.Struct("<f")
_TIME_AT, _STEP_AT = 1, 10
_MOST_SHAPES = 4096


class RawPoint(NamedTuple):
    """One logged scalar."""

    tag: str
    step: int
    time: float
    value: float


@dataclass(slots=True)
class Column:
    """The points of one tag, in file order."""

    steps: array[int] = field(default_factory=lambda: array("q"))
    wall_times: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.steps)

    def append(self, point: RawPoint) -> None:
        """Take over one point."""
        self.steps.append(point.step)
        self.wall_times.append(point.time)
        self.values.append(point.value)

    def extend(self, other: Column) -> None:
        """Take over the points of another column."""
        self.steps.extend(other.steps)
        self.wall_times.extend(other.wall_times)
        self.values.extend(other.values)


Columns = dict[str, Column]
"""Points by tag."""


@dataclass(slots=True)
class Stored:
    """Where a tag's records lie that are decoded only when somebody looks at them.

    Attributes:
        offsets: of the records in the file; lengths: of their payloads, in bytes.
    """

    offsets: array[int] = field(default_factory=lambda: array("q"))
    lengths: array[int] = field(default_factory=lambda: array("q"))
    steps: array[int] = field(default_factory=lambda: array("q"))


class Decoder:
    """Decodes the records of one file; told them in file order.

    Attributes:
        other_plugins: the tags whose tensors are no scalars, with the offset of the record that first said so.
        stored: by tag and plugin, what is no scalar.
        starts: steps of ``SessionLog.START``: the training began anew there.
    """

    def __init__(self, clues: Clues, name: str) -> None:
        self.other_plugins: dict[str, int] = {}
        self.stored: dict[tuple[str, str], Stored] = {}
        self.starts: list[int] = []
        self._clues = clues
        self._name = name
        self._shapes: dict[bytes, str] = {}

    def points(self, data: bytes, offset: int) -> list[RawPoint]:
        """Return the points of the record at ``offset``."""
        if data[:1] == b"\x09" and data[9:10] == b"\x10":
            stop = _STEP_AT + 1
            while data[stop - 1 : stop] >= b"\x80":
                stop += 1
            tag = self._shapes.get(data[stop:-4])
            if tag is not None and stop - _STEP_AT <= 10:
                return [self._known(data, tag)]
        return self._decoded(data, offset)

    def _known(self, data: bytes, tag: str) -> RawPoint:
        (time,) = _TIME.unpack_from(data, _TIME_AT)
        if time > 0:
            self._clues.saw_time(time)
        return RawPoint(tag, signed(varint(data, _STEP_AT)), time, _VALUE.unpack_from(data, len(data) - 4)[0])

    def _decoded(self, data: bytes, offset: int) -> list[RawPoint]:
        try:
            record = decode(data)
        except (WireError, UnicodeDecodeError):
            self._clues.note(f"records of {self._name} that are no events were passed over")
            return []
        if record.time > 0:
            self._clues.saw_time(record.time)
        if record.is_start:
            self.starts.append(record.step)
        if record.other:
            self._store(record.other_tag, record.other, record.step, offset, len(data))
        points = []
        for value in record.values:
            number = self._scalar(value, record, offset, len(data))
            if number is not None:
                points.append(RawPoint(value.tag, record.step, record.time, number))
        self._remember(data, record)
        return points

    def _scalar(self, value: Value, record: Record, offset: int, length: int) -> float | None:
        """Return a value where it is a scalar; its plugin is told with a tag's first value only."""
        if value.plugin not in SCALARS:
            self.other_plugins.setdefault(value.tag, offset)
        is_other = value.kind == "tensor" and value.tag in self.other_plugins
        if value.number is not None and not is_other:
            return value.number.value
        if value.kind:
            plugin = value.plugin or ("tensors" if value.kind == "tensor" else value.kind)
            self._store(value.tag, plugin, record.step, offset, length)
        return None

    def _store(self, tag: str, plugin: str, step: int, offset: int, length: int) -> None:
        stored = self.stored.setdefault((tag, plugin), Stored())
        stored.offsets.append(offset)
        stored.lengths.append(length)
        stored.steps.append(step)

    def _remember(self, data: bytes, record: Record) -> None:
        """Remember the shape of a record that is a time, a step, and one float at its end."""
        start, stop = record.step_span
        if not is_template(record) or (record.time_at, start) != (_TIME_AT, _STEP_AT):
            return
        number = record.values[0].number
        is_last = number is not None and number.format == "f" and number.at == len(data) - 4
        if is_last and record.values[0].kind == "simple" and len(self._shapes) < _MOST_SHAPES:
            self._shapes[data[stop:-4]] = record.values[0].tag


def is_template(record: Record) -> bool:
    """Say whether a record is one scalar, so that records of the same shape can be read after its pattern."""
    if len(record.values) != 1 or record.time_at < 0:
        return False
    value = record.values[0]
    return value.number is not None and bool(value.number.format) and value.plugin in SCALARS
