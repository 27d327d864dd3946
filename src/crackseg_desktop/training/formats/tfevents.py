"""TensorBoard event files, read by TensorBoard's own record loader behind one class.

TensorBoard, NumPy with it, is imported when the first event file with content is opened: CrackSeg writes none.
"""

from __future__ import annotations

import os
import re
import struct
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from crackseg_desktop.training.formats.base import Clues, Point

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"events\.out\.tfevents\.\d+\.(?P<host>.+?)(?:\.(?P<pid>\d+)\.\d+)?(?P<suffix>\.v2)?$")
_PASSED_OVER = (".meta", ".tmp", ".swp", ".gz", ".bak")
_LFS_POINTER = b"version https://git-lfs"
_SMALLEST_RECORD = 16
_FORMATS = {1: "f", 2: "d", 3: "i", 4: "B", 5: "h", 6: "b", 9: "q", 10: "?", 17: "H", 19: "e", 22: "I", 23: "Q"}
_BFLOAT16, _HALF = 14, 19
_FIELDS = {
    1: "float_val", 2: "double_val", 9: "int64_val", 10: "bool_val", 22: "uint32_val", 23: "uint64_val",
} | dict.fromkeys((3, 4, 5, 6, 17), "int_val")  # fmt: skip


class EventWriter(NamedTuple):
    """Who wrote an event file, as its name tells."""

    host: str
    pid: int


def is_event_file(name: str) -> bool:
    """Say whether a file name is one that TensorBoard would read."""
    return "tfevents" in name and not name.startswith("._") and not name.endswith(_PASSED_OVER)


def event_writer(name: str) -> EventWriter | None:
    """Return the host and the PID in the name of an event file; None where it has none."""
    match = _NAME.match(name)
    return EventWriter(match["host"], int(match["pid"])) if match is not None and match["pid"] else None


class EventFile:
    """Reads the scalars of one event file, again and again while it grows. Opens it for each read only.

    Half a record at its end is left for the next time. Damage ends the reading of the file with a note; what came
    before stays.
    """

    def __init__(self, path: Path) -> None:
        self.clues = Clues()
        self.ended = False
        self._path = path
        self._reader: Any = None  # TensorBoard has no types
        self._other_plugins: set[str] = set()
        self._half_record = False

    def read(self, limit: int) -> list[Point]:
        """Return the points of the records that are new, at least ``limit`` where there are so many.

        Raises OSError where the file cannot be opened.
        """
        points: list[Point] = []
        if self.ended or not self._open():
            return points
        while len(points) < limit and (record := self._next_record()) is not None:
            points += self._points(record)
        return points

    def finish(self) -> None:
        """Note what is missing in a file that nobody writes any more."""
        if self._half_record:
            self.clues.note(f"{self._path.name} ends in the middle of a record")
        elif self._reader is None and not self.ended:
            self.clues.note(f"{self._path.name} is empty")

    def _open(self) -> bool:
        if self._reader is not None:
            return True
        with self._path.open("rb") as file:
            head = file.read(64)
        if head.startswith(_LFS_POINTER):
            self.ended = True
            self.clues.note(f"{self._path.name} is a Git LFS pointer, its content was never fetched")
            return False
        if len(head) < _SMALLEST_RECORD:
            return False
        from tensorboard.compat.tensorflow_stub import pywrap_tensorflow

        make_reader: Any = pywrap_tensorflow.PyRecordReader_New
        self._reader = make_reader(os.fsencode(self._path), 0, b"", None)
        return True

    def _next_record(self) -> bytes | None:
        from tensorboard.compat.tensorflow_stub import errors

        if self._reader is None:
            return None
        self._half_record = False
        try:
            self._reader.GetNext()
        except errors.OutOfRangeError:
            return None
        except errors.NotFoundError as error:
            raise FileNotFoundError(str(self._path)) from error
        except (MemoryError, OverflowError):  # a record that lies about its length
            self.ended = True
            self.clues.note(f"{self._path.name} is damaged: it was read up to the damage")
            return None
        except errors.DataLossError as error:
            self._half_record = "truncated" in str(error)
            if not self._half_record:
                self.ended = True
                self.clues.note(f"{self._path.name} is damaged: it was read up to the damage")
            return None
        found: bytes = self._reader.record()
        return found

    def _points(self, record: bytes) -> Iterator[Point]:
        from tensorboard.compat.proto import event_pb2

        make_event: Any = event_pb2
        try:
            event = make_event.Event.FromString(record)
        except import_module("google.protobuf.message").DecodeError:
            self.clues.note(f"records of {self._path.name} that are no events were passed over")
            return
        if event.wall_time > 0:
            self.clues.saw_time(event.wall_time)
        if not event.HasField("summary"):
            return
        for value in event.summary.value:
            number = self._scalar(value)
            if number is not None:
                yield Point(value.tag, event.step, event.wall_time, number, "step")

    def _scalar(self, value: Any) -> float | None:
        """Return a Summary.Value as a double where it is a scalar; its plugin is told with a tag's first value only."""
        plugin = value.metadata.plugin_data.plugin_name
        if plugin and plugin != "scalars":
            self._other_plugins.add(value.tag)
        if value.HasField("simple_value"):
            return float(value.simple_value)
        if not value.HasField("tensor") or value.tag in self._other_plugins:
            return None
        return scalar_of(value.tensor)


def scalar_of(tensor: Any) -> float | None:
    """Return the one element of a TensorProto (no dimension, or length 1) as a double; None where it has more."""
    if any(dimension.size != 1 for dimension in tensor.tensor_shape.dim):
        return None
    if tensor.dtype in (_BFLOAT16, _HALF) and not tensor.tensor_content:
        if len(tensor.half_val) != 1:
            return None
        return _half(tensor.dtype, struct.pack("<H", tensor.half_val[0] & 0xFFFF))
    if tensor.tensor_content:
        return _unpacked(tensor.dtype, tensor.tensor_content)
    field = _FIELDS.get(tensor.dtype)
    elements: Any = getattr(tensor, field) if field is not None else ()
    return float(elements[0]) if len(elements) == 1 else None


def _unpacked(dtype: int, content: bytes) -> float | None:
    if dtype in (_BFLOAT16, _HALF):
        return _half(dtype, content) if len(content) == 2 else None
    code = _FORMATS.get(dtype)
    if code is None or struct.calcsize(f"<{code}") != len(content):
        return None
    (element,) = struct.unpack(f"<{code}", content)
    return float(element)


def _half(dtype: int, content: bytes) -> float:
    """Widen 16 bits; bfloat16 is the upper half of a float32."""
    if dtype == _BFLOAT16:
        return float(struct.unpack("<f", b"\0\0" + content)[0])
    return float(struct.unpack("<e", content)[0])
