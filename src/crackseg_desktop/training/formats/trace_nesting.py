"""Which event of a trace ran inside which, and what that makes of their times. Pure, on numpy columns.

The rules are those of ``torch.profiler``'s ``key_averages``: an event is inside another of its thread if it begins and
ends within it; an event whose only child has its own name is one call with it.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crackseg_desktop.training.formats.trace_columns import DeviceColumns, HostColumns

    Column = np.ndarray[Any, np.dtype[Any]]

_SLICE = 1 << 16


@dataclass(frozen=True, slots=True)
class Nesting:
    """The events of all threads, each before those inside it.

    Attributes:
        order: the event at each place.
        parents: the place of the event around it, -1 where there is none.
        ends: the place behind the last event inside it.
    """

    order: Column
    parents: Column
    ends: Column


@dataclass(frozen=True, slots=True)
class Totals:
    """What the events of each row add up to; times in nanoseconds, one entry a row."""

    calls: Column
    self_cpu: Column
    total_cpu: Column
    self_device: Column
    total_device: Column


def nest(host: HostColumns) -> Nesting:
    """Find out which event is inside which."""
    starts, threads = np.frombuffer(host.starts, np.int64), np.frombuffer(host.threads, np.uint16)
    durations = np.frombuffer(host.durations, np.int64)
    order = np.lexsort((-durations, starts, threads)).astype(np.int32)
    parents, last = array("i"), array("i", bytes(4 * len(order)))
    stack: list[tuple[int, int, int]] = []  # place, end, thread
    for place, (start, duration, thread) in enumerate(_walk(order, starts, durations, threads)):
        end = start + duration
        while stack and (stack[-1][2] != thread or start >= stack[-1][1] or end > stack[-1][1]):
            last[stack.pop()[0]] = place
        parents.append(stack[-1][0] if stack else -1)
        stack.append((place, end, thread))
    for place, _, _ in stack:
        last[place] = len(order)
    return Nesting(order, np.frombuffer(parents, np.int32), np.frombuffer(last, np.int32))


def add_up(host: HostColumns, device: DeviceColumns, nesting: Nesting, rows: int) -> Totals:
    """Add up the events of each of so many rows; a device works on the account of the event that asked for it."""
    totals = Totals(*(np.zeros(rows, np.int64) for _ in range(5)))
    row = np.frombuffer(host.rows, np.uint16)[nesting.order]
    durations, parents = np.frombuffer(host.durations, np.int64), nesting.parents
    is_only = np.bincount(parents[parents >= 0], minlength=len(row)) == 1  # whose only child each place's child is
    sums = np.zeros(len(row) + 1, np.int64)
    own = sums[1:]
    _ask(own, host, device, nesting)
    np.add.at(totals.self_device, row, own)
    np.cumsum(own, out=own)
    for part in _slices(len(row)):
        duration, inside = durations[nesting.order[part]], parents[part] >= 0
        around = parents[part][inside]
        is_call = np.ones(len(duration), bool)
        is_call[inside] = (row[part][inside] != row[around]) | ~is_only[around]
        called, within = row[part][is_call], sums[nesting.ends[part]] - sums[part]
        np.add.at(totals.calls, called, 1)
        np.add.at(totals.total_cpu, called, duration[is_call])
        np.add.at(totals.self_cpu, row[part], duration)
        np.subtract.at(totals.self_cpu, row[around], duration[inside])
        np.add.at(totals.total_device, called, within[is_call])
    _add_devices(totals, device)
    return totals


def covered(starts: Column, durations: Column) -> int:
    """Return how much time at least one of some spans covers."""
    if not len(starts):
        return 0
    order = np.argsort(starts, kind="stable")
    begins = starts[order]
    reached = np.maximum.accumulate(begins + durations[order])
    before = np.concatenate((begins[:1], reached[:-1]))
    return int(np.maximum(reached - np.maximum(begins, before), 0).sum())


def _slices(length: int) -> Iterator[slice]:
    """Cut columns of this length into slices, so that what is worked out of one takes little memory."""
    for begin in range(0, length, _SLICE):
        yield slice(begin, min(begin + _SLICE, length))


def _walk(order: Column, *columns: Column) -> Iterator[tuple[int, ...]]:
    """Walk over columns in an order, as Python numbers."""
    for part in _slices(len(order)):
        yield from zip(*(column[order[part]].tolist() for column in columns), strict=True)


def _ask(own: Column, host: HostColumns, device: DeviceColumns, nesting: Nesting) -> None:
    """Add to each place how long devices worked for what was asked for there, not further inside.

    The external id of the work names the operator; where there is none, the call that launched it does, or else the
    event around that call.
    """
    places = np.empty(len(nesting.order), np.int32)
    places[nesting.order] = np.arange(len(places), dtype=np.int32)
    external = np.frombuffer(host.external, np.int64)
    launches = np.frombuffer(host.launches, np.int64)
    is_asker = external > 0
    is_asker[launches] = False
    askers = np.flatnonzero(is_asker)
    ids = external[askers]
    asker = _look_up(np.frombuffer(device.external, np.int64), ids, places[askers])
    launcher = _look_up(
        np.frombuffer(device.correlations, np.int64), np.frombuffer(host.correlations, np.int64), launches
    )
    is_open = (asker < 0) & (launcher >= 0)
    asker[is_open] = _look_up(external[launcher[is_open]], ids, places[askers])
    is_open &= asker < 0
    asker[is_open] = nesting.parents[places[launcher[is_open]]]
    is_known = asker >= 0
    np.add.at(own, asker[is_known], np.frombuffer(device.durations, np.int64)[is_known])


def _look_up(wanted: Column, keys: Column, values: Column) -> Column:
    """Return the value of each wanted key, -1 where there is none; no key is 0."""
    found = np.full(len(wanted), -1, np.int64)
    if len(keys):
        order = np.argsort(keys, kind="stable")
        sorted_keys = keys[order]
        at = np.minimum(np.searchsorted(sorted_keys, wanted), len(keys) - 1)
        is_there = (sorted_keys[at] == wanted) & (wanted != 0)
        found[is_there] = values[order[at[is_there]]]
    return found


def _add_devices(totals: Totals, device: DeviceColumns) -> None:
    row, duration = np.frombuffer(device.rows, np.uint16), np.frombuffer(device.durations, np.int64)
    np.add.at(totals.calls, row, 1)
    np.add.at(totals.self_device, row, duration)
    np.add.at(totals.total_device, row, duration)
