"""A PyTorch profiler trace (``*.pt.trace.json``, gzipped or not), summed up in one pass and in bounded memory.

The rows are those of ``key_averages().table()``. What the GPU repeats of annotations is left out: torch counts it as
work of the annotation a second time.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from crackseg_desktop.training.formats.trace_columns import NAMES_LIMIT, STEP, Kind, MemoryPeak, TraceColumns, is_whole
from crackseg_desktop.training.formats.trace_nesting import add_up, covered, nest
from crackseg_desktop.training.formats.trace_stream import NotATraceError, TraceStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from crackseg_desktop.training.formats.trace_nesting import Column, Totals

_BESIDE = frozenset({"deviceProperties", "distributedInfo", "baseTimeNanoseconds"})
_LOADING = re.compile(r"enumerate\(DataLoader\)#.*__next__")
_EPOCH_NS = 10**17
"""Older traces count from 1970, newer ones from a base that they name; no machine runs that long since its start."""


@dataclass(frozen=True, slots=True)
class TraceRow:
    """What all events of one name and kind add up to; times in nanoseconds."""

    name: str
    kind: Kind
    calls: int
    self_cpu: int
    total_cpu: int
    self_device: int
    total_device: int


@dataclass(frozen=True, slots=True)
class DeviceUse:
    """How long a device worked on anything at all, in nanoseconds, and how many pieces of work it was given."""

    device: str
    busy: int
    pieces: int


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """What a trace tells. Times are in nanoseconds.

    Attributes:
        note: what could not be read or told apart, in sentences, or None.
        started: Unix time of the first event, None where the trace does not say.
        span: from the first event to the end of the last.
        steps, step_time: how many steps the profiler was told of, and what they took together.
        loads, load_time: how often the data loader was asked for a batch, and how long it was waited for.
        rows: by name and kind, in the order of their first events.
        properties, distributed: what the trace says of devices and of the process group, as it says it.
    """

    note: str | None
    events: int
    started: float | None
    span: int
    steps: int
    step_time: int
    loads: int
    load_time: int
    rows: tuple[TraceRow, ...]
    devices: tuple[DeviceUse, ...]
    memory: Mapping[str, MemoryPeak]
    out_of_memory: int
    properties: Any
    distributed: Any


def summarise(path: Path) -> TraceSummary:
    """Sum up a trace, as far as it can be read.

    Raises:
        NotATraceError: the file is no trace.
        OSError: it cannot be opened.
    """
    columns = TraceColumns()
    with open(path, "rb") as file:
        stream = TraceStream(file, _BESIDE)
        senseless = sum(not columns.add(event) for event in stream)
    skipped = stream.skipped + senseless
    if (skipped or stream.fault) and not columns.events:
        raise NotATraceError("it holds no trace event that can be read")
    notes = _damage(skipped, columns.unpaired, stream.fault, columns.events), _crowd(columns.shared)
    return _summary(columns, stream.beside, " ".join(filter(None, notes)) or None)


def _summary(columns: TraceColumns, beside: Mapping[str, Any], note: str | None) -> TraceSummary:
    start, end = _span(columns)
    loads, load_time = _loading(columns)
    devices = tuple(_device_uses(columns))
    nesting = nest(columns.host)
    columns.host.starts = array("q")  # they have served: of a large trace, they are a sixth of the memory
    rows = tuple(_rows(columns, add_up(columns.host, columns.device, nesting, len(columns.rows.known))))
    steps = [row for row in rows if row.name == STEP]
    return TraceSummary(
        note=note,
        events=columns.events,
        started=_started(beside.get("baseTimeNanoseconds"), start) if columns.events else None,
        span=end - start,
        steps=sum(row.calls for row in steps),
        step_time=sum(row.total_cpu for row in steps),
        loads=loads,
        load_time=load_time,
        rows=rows,
        devices=devices,
        memory=columns.memory,
        out_of_memory=columns.out_of_memory,
        properties=beside.get("deviceProperties"),
        distributed=beside.get("distributedInfo"),
    )


def _rows(columns: TraceColumns, totals: Totals) -> Iterable[TraceRow]:
    figures = (totals.calls, totals.self_cpu, totals.total_cpu, totals.self_device, totals.total_device)
    for (name, kind), number in columns.rows.known.items():
        if totals.calls[number]:  # an event that never ended has a row, too
            yield TraceRow(name, kind, *(int(column[number]) for column in figures))


def _span(columns: TraceColumns) -> tuple[int, int]:
    """Return when the first event began and the last one ended; overhead has times of its own in some versions."""
    overhead = [number for (_, kind), number in columns.rows.known.items() if kind is Kind.OVERHEAD]
    begins, ends = [], []
    for part in (columns.host, columns.device):
        starts, durations, rows = _times(part.starts), _times(part.durations), np.frombuffer(part.rows, np.uint16)
        if overhead:
            kept = ~np.isin(rows, overhead)
            starts, durations = starts[kept], durations[kept]
        if len(starts):
            begins.append(int(starts.min()))
            ends.append(int((starts + durations).max()))
    return min(begins, default=0), max(ends, default=0)


def _loading(columns: TraceColumns) -> tuple[int, int]:
    loading = [number for (name, _), number in columns.rows.known.items() if _LOADING.fullmatch(name)]
    chosen = np.isin(np.frombuffer(columns.host.rows, np.uint16), loading)
    starts, durations = _times(columns.host.starts)[chosen], _times(columns.host.durations)[chosen]
    return len(starts), covered(starts, durations)


def _device_uses(columns: TraceColumns) -> Iterable[DeviceUse]:
    work = columns.device
    numbers, starts, durations = np.frombuffer(work.devices, np.uint16), _times(work.starts), _times(work.durations)
    for name, number in columns.devices.known.items():
        chosen = numbers == number
        yield DeviceUse(name, covered(starts[chosen], durations[chosen]), int(chosen.sum()))


def _times(column: Any) -> Column:
    return np.frombuffer(column, np.int64)


def _started(base: Any, start: int) -> float | None:
    if is_whole(base):
        return (base + start) / 1e9
    return start / 1e9 if start > _EPOCH_NS else None


def _damage(skipped: int, unpaired: int, fault: str | None, events: int) -> str | None:
    """Say what could not be read, in a sentence."""
    parts = []
    if skipped:
        parts.append(f"{skipped} damaged {'event was' if skipped == 1 else 'events were'} skipped")
    if unpaired:
        parts.append(f"{unpaired} {'event has' if unpaired == 1 else 'events have'} no beginning or no end")
    if fault:
        parts.append(f"{fault}, this sums up the {events} events before")
    return f"The trace is not whole: {'; '.join(parts)}." if parts else None


def _crowd(shared: int) -> str | None:
    """Say what was not told apart, in a sentence."""
    if not shared:
        return None
    return f"It has more than {NAMES_LIMIT} names, threads or devices: {shared} times a further one was not told apart."
