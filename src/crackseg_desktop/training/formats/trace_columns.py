"""The events of a trace in columns: some 28 bytes an event, whatever the trace says beside its times and names."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeGuard, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

    Event = dict[str, Any]
    _Piece = tuple["Kind", int, int, int, int]  # row, thread or device, external id, correlation

NAMES_LIMIT = 65_500
"""So many rows, threads and devices are told apart; what a trace has beyond them shares one more (a row: one more of
its kind). The numbers of all have 16 bits."""
_NAME_LIMIT = 1000
"""No more characters of a name are kept: kernels can have longer ones, which then share a row."""
STEP = "ProfilerStep*"
FURTHER = "(further names)"
_OPEN_LIMIT = 1 << 16
"""So many begun events wait for their ends at once; of further ones only the place is kept."""
_LATEST = 2**62 // 1000
_LATEST_DECIMAL = Decimal(_LATEST)


class Kind(StrEnum):
    """What an event is of."""

    OPERATOR = "operator"
    ANNOTATION = "annotation"
    PYTHON = "python"
    RUNTIME = "runtime"
    OVERHEAD = "overhead"
    KERNEL = "kernel"
    MEMCPY = "memcpy"
    MEMSET = "memset"


_KINDS = {
    "": Kind.OPERATOR,
    "cpu_op": Kind.OPERATOR,
    "operator": Kind.OPERATOR,
    "user_annotation": Kind.ANNOTATION,
    "python_function": Kind.PYTHON,
    "runtime": Kind.RUNTIME,
    "cuda_runtime": Kind.RUNTIME,
    "cuda_driver": Kind.RUNTIME,
    "xpu_runtime": Kind.RUNTIME,
    "xpu_driver": Kind.RUNTIME,
    "privateuse1_runtime": Kind.RUNTIME,
    "privateuse1_driver": Kind.RUNTIME,
    "overhead": Kind.OVERHEAD,
    "kernel": Kind.KERNEL,
    "concurrent_kernel": Kind.KERNEL,
    "memcpy": Kind.MEMCPY,
    "gpu_memcpy": Kind.MEMCPY,
    "memset": Kind.MEMSET,
    "gpu_memset": Kind.MEMSET,
}
"""By the category in small letters: PyTorch 1.8 wrote ``Operator`` and ``Kernel``. Others (flows, windows, what the
GPU repeats of annotations) take no time of their own."""
_DEVICE_KINDS = frozenset({Kind.KERNEL, Kind.MEMCPY, Kind.MEMSET})
# What ``key_averages`` leaves out: helpers of the profiler and of autograd.
_HELPERS = frozenset(
    {
        "profiler::_record_function_enter",
        "profiler::_record_function_enter_new",
        "profiler::_record_function_exit",
        "aten::is_leaf",
        "aten::output_nr",
        "aten::_version",
    }
)
_DEVICE_TYPES = {0: "cpu", 1: "cuda", 6: "hip", 12: "xpu", 13: "mps", 20: "privateuseone"}

_Key = TypeVar("_Key", bound="Hashable")


class Numbers(Generic[_Key]):
    """Gives things small numbers in the order in which they are met; beyond the limit they share the last one.

    Attributes:
        known: the number of each.
        shared: how often one beyond the limit was asked for.
    """

    def __init__(self, limit: int = NAMES_LIMIT) -> None:
        self.known: dict[_Key, int] = {}
        self.shared = 0
        self._limit = limit

    def of(self, key: _Key, further: _Key) -> int:
        """Return the number of a thing, or beyond the limit that of ``further``."""
        number = self.known.get(key)
        if number is None:
            if len(self.known) >= self._limit:
                key = further
                self.shared += 1
            number = self.known.setdefault(key, len(self.known))
        return number


@dataclass(slots=True)
class HostColumns:
    """What threads did: one entry an event in every column; times in nanoseconds."""

    starts: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("H"))
    threads: array[int] = field(default_factory=lambda: array("H"))
    external: array[int] = field(default_factory=lambda: array("q"))  # 0: none
    launches: array[int] = field(default_factory=lambda: array("q"))  # which events are calls of the runtime …
    correlations: array[int] = field(default_factory=lambda: array("q"))  # … and what they started


@dataclass(slots=True)
class DeviceColumns:
    """What devices did: one entry an event in every column; times in nanoseconds."""

    starts: array[int] = field(default_factory=lambda: array("q"))
    durations: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("H"))
    devices: array[int] = field(default_factory=lambda: array("H"))
    external: array[int] = field(default_factory=lambda: array("q"))
    correlations: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class MemoryPeak:
    """The most that the allocator of a device said to hold, in bytes; None: it did not say."""

    allocated: int | None = None
    reserved: int | None = None


class TraceColumns:
    """Collects events.

    Attributes:
        rows: the number of each (name, kind).
        memory: peaks by device, such as ``cuda:0``.
        out_of_memory: how often the allocator found no memory.
        events: how many events were of use.
        unpaired: how many beginnings of events have no end and ends no beginning.
    """

    def __init__(self) -> None:
        self.host, self.device = HostColumns(), DeviceColumns()
        self.rows: Numbers[tuple[str, Kind]] = Numbers()
        self.devices: Numbers[str] = Numbers()
        self.memory: dict[str, MemoryPeak] = {}
        self.out_of_memory = self.events = 0
        self._threads: Numbers[tuple[str, str]] = Numbers()
        self.unpaired = 0
        self._open: dict[int, list[tuple[_Piece | None, int] | None]] = {}
        self._room = _OPEN_LIMIT

    def add(self, event: Event) -> bool:
        """Take an event over; False: it makes no sense, such as a time that is no number."""
        try:
            match event.get("ph"):
                case "X":
                    self._add_span(self._piece(event), nanoseconds(event["ts"]), nanoseconds(event.get("dur") or 0))
                case "B":
                    self._begin(event)
                case "E":
                    self._end(event)
                case "i" | "I":
                    self._add_instant(event)
                case phase:
                    return phase is not None
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError):
            return False
        return True

    @property
    def shared(self) -> int:
        """How many events had a name, thread or device beyond those that are told apart."""
        return self.rows.shared + self.devices.shared + self._threads.shared

    def _piece(self, event: Event) -> _Piece | None:
        """Return what an event is of, None where it is of no interest."""
        category = event.get("cat") or ""
        kind = _KINDS.get(category) or _KINDS.get(category.lower())
        name = event.get("name")
        if kind is None or name in _HELPERS:
            return None
        args = event.get("args") or {}
        external = _whole(args.get("External id", args.get("external id")))
        correlation = _whole(args.get("correlation"))
        if kind in _DEVICE_KINDS:
            place = self.devices.of(_short(args.get("device", event.get("pid"))), "further devices")
        else:
            place = self._thread(event)
        return kind, self._row(_short(name), kind), place, external, correlation

    def _add_span(self, piece: _Piece | None, start: int, duration: int) -> None:
        if piece is None:
            return
        kind, row, place, external, correlation = piece
        self.events += 1
        if kind in _DEVICE_KINDS:
            device = self.device
            device.starts.append(start)
            device.durations.append(max(duration, 0))
            device.rows.append(row)
            device.devices.append(place)
            device.external.append(external)
            device.correlations.append(correlation)
            return
        host = self.host
        if kind is Kind.RUNTIME and correlation:
            host.launches.append(len(host.starts))
            host.correlations.append(correlation)
        host.starts.append(start)
        host.durations.append(max(duration, 0))
        host.rows.append(row)
        host.threads.append(place)
        host.external.append(external)

    def _row(self, name: str, kind: Kind) -> int:
        if name.startswith("ProfilerStep#"):
            name = STEP  # as ``key_averages`` does: one row for all steps
        return self.rows.of((name, kind), (FURTHER, kind))

    def _thread(self, event: Event) -> int:
        return self._threads.of((_short(event.get("pid")), _short(event.get("tid"))), ("", ""))

    def _begin(self, event: Event) -> None:
        begun = (self._piece(event), nanoseconds(event["ts"])) if self._room else None
        self._open.setdefault(self._thread(event), []).append(begun)
        self._room -= begun is not None
        self.unpaired += 1

    def _end(self, event: Event) -> None:
        end = nanoseconds(event["ts"])
        if not (stack := self._open.get(self._thread(event))):
            self.unpaired += 1
        elif begun := stack.pop():
            piece, start = begun
            self._room += 1
            self.unpaired -= 1
            self._add_span(piece, start, end - start)

    def _add_instant(self, event: Event) -> None:
        match event.get("name"):
            case "[memory]":
                self._add_memory(event["args"])
            case "[OutOfMemory]":
                self.out_of_memory += 1
            case _:
                return
        self.events += 1

    def _add_memory(self, args: Event) -> None:
        kind, index = _whole(args.get("Device Type")), _whole(args.get("Device Id"))
        device = _DEVICE_TYPES.get(kind, f"device type {kind}")
        peak = self.memory.get(device if kind == 0 else f"{device}:{index}")
        if peak is None:
            if len(self.memory) >= NAMES_LIMIT:
                return
            peak = self.memory[device if kind == 0 else f"{device}:{index}"] = MemoryPeak()
        peak.allocated = _higher(peak.allocated, args.get("Total Allocated"))
        peak.reserved = _higher(peak.reserved, args.get("Total Reserved"))


def nanoseconds(value: Any) -> int:
    """Return a time of a trace (microseconds) in whole nanoseconds.

    Raises:
        ValueError: it is no time.
    """
    if isinstance(value, int) and -_LATEST < value < _LATEST:
        return value * 1000
    if isinstance(value, Decimal) and -_LATEST_DECIMAL < value < _LATEST_DECIMAL:
        return int(value * 1000)
    raise ValueError(f"{value!r} is no time")


def _short(name: Any) -> str:
    text = name if isinstance(name, str) else str(name)
    return text if len(text) <= _NAME_LIMIT else f"{text[: _NAME_LIMIT - 1]}…"


def is_whole(value: Any) -> TypeGuard[int]:
    """Tell whether this is a whole number of at most 64 bits; every one that a profiler writes is."""
    return isinstance(value, int) and -(2**63) <= value < 2**63


def _whole(value: Any) -> int:
    return value if is_whole(value) else 0


def _higher(peak: int | None, value: Any) -> int | None:
    if not is_whole(value):
        return peak
    return value if peak is None else max(peak, value)
