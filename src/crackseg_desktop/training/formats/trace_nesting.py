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
    starts, threads = np.frombuffer(host.starts, np.int64), np.frombuffer(host.threads, np.int32)
    ends = starts + np.frombuffer(host.durations, np.int64)
    order = np.lexsort((-ends, starts, threads)).astype(np.int32)
    parents, last = array("i"), array("i", bytes(4 * len(order)))
    stack: list[tuple[int, int, int]] = []  # place, end, thread
    for place, (start, end, thread) in enumerate(_slices(order, starts, ends, threads)):
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
    row = np.frombuffer(host.rows, np.int32)[nesting.order]
    duration = np.frombuffer(host.durations, np.int64)[nesting.order]
    inside = np.flatnonzero(nesting.parents >= 0)
    around = nesting.parents[inside]
    children = np.bincount(around, minlength=len(row))
    is_call = np.ones(len(row), bool)
    is_call[inside] = (row[inside] != row[around]) | (children[around] != 1)
    np.add.at(totals.calls, row[is_call], 1)
    np.add.at(totals.total_cpu, row[is_call], duration[is_call])
    np.add.at(totals.self_cpu, row, duration)
    np.subtract.at(totals.self_cpu, row[around], duration[inside])
    own = _asked_for(host, device, nesting)
    np.add.at(totals.self_device, row, own)
    sums = np.concatenate(([0], np.cumsum(own)))
    within = sums[nesting.ends] - sums[:-1]
    np.add.at(totals.total_device, row[is_call], within[is_call])
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


def _slices(order: Column, *columns: Column) -> Iterator[tuple[int, ...]]:
    """Walk over columns in an order, a slice of Python numbers at a time."""
    for begin in range(0, len(order), _SLICE):
        part = order[begin : begin + _SLICE]
        yield from zip(*(column[part].tolist() for column in columns), strict=True)


def _asked_for(host: HostColumns, device: DeviceColumns, nesting: Nesting) -> Column:
    """Return for each place how long devices worked for what was asked for there, not further inside.

    The external id of the work names the operator; where there is none, the call that launched it does, or else the
    event around that call.
    """
    own = np.zeros(len(nesting.order), np.int64)
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
    return own


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
    row, duration = np.frombuffer(device.rows, np.int32), np.frombuffer(device.durations, np.int64)
    np.add.at(totals.calls, row, 1)
    np.add.at(totals.self_device, row, duration)
    np.add.at(totals.total_device, row, duration)
