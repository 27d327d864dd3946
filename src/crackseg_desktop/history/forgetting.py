"""Deleting what is older than it is to be kept, or more than there is room for; what is pinned is cut out and stays.

Blocks that are not folded yet are never deleted: the coarser tiers do not have them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING

from crackseg_desktop.history.retention import Pin, kept_parts, merged
from crackseg_desktop.history.tiers import joined

if TYPE_CHECKING:
    from crackseg_desktop.history.store import Store

_UNSEEN_SECONDS = 2 * 86_400.0
_DELETED_AT_ONCE = 200


def forget(store: Store, now: float) -> None:
    """Delete what is older than it is to be kept, but for what is pinned."""
    with store.transaction(now) as connection:
        connection.execute("DELETE FROM pins WHERE until < ?", (now - store.keeping.pinned_seconds,))
        oldest = now - max(tier.seconds for tier in store.keeping.tiers)
        connection.execute("DELETE FROM gaps WHERE until < ?", (oldest,))
        unseen = "DELETE FROM series WHERE seen < ? AND id NOT IN (SELECT series FROM blocks)"
        if connection.execute(unseen, (now - _UNSEEN_SECONDS,)).rowcount:
            store.forget_numbers()
    pins = merged(store.pins())
    for tier in store.keeping.tiers:
        held = [pin for pin in pins if pin.period == tier.period]
        while _forget(store, tier.period, now - tier.seconds, held, now):
            pass


def _forget(store: Store, period: float, before: float, pins: list[Pin], now: float) -> bool:
    """Delete some blocks of a tier, or what of them is not pinned; return whether there may be more."""
    with store.transaction(now) as connection:
        query = "SELECT id, since, until FROM blocks WHERE period = ? AND since < ? AND until < ? AND folded"
        rows = connection.execute(f"{query} ORDER BY since", (period, before, before))
        parts = ((row, until, (since, until), kept_parts(since, until, pins)) for row, since, until in rows)
        gone = list(islice((part for part in parts if part[3] != [part[2]]), _DELETED_AT_ONCE))
        for row, _, _, kept in gone:
            _cut(store, row, period, kept)
        if gone:
            _mark_gone(store, period, max(until for _, until, _, _ in gone))
    return len(gone) == _DELETED_AT_ONCE


def _cut(store: Store, row: int, period: float, kept: list[tuple[float, float]]) -> None:
    """Put blocks of the parts that are kept in place of a block."""
    if kept:
        query = "SELECT series, until, content FROM blocks WHERE id = ?"
        number, end, content = store.connection.execute(query, (row,)).fetchone()
        columns = joined(store.readable([content]))
        for since, until in kept:
            stop = len(columns.times) if until == end else bisect_left(columns.times, until)
            part = columns.part(bisect_left(columns.times, since), stop)
            if part.times:
                store.add(number, period, part, folded=True)
    store.connection.execute("DELETE FROM blocks WHERE id = ?", (row,))


def _mark_gone(store: Store, period: float, until: float) -> None:
    store.connection.execute(
        "INSERT INTO pruned VALUES (?, ?) ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
        (period, until),
    )


def shrink(store: Store, least: int, now: float) -> None:
    """Delete at least so many bytes: the oldest, the finest tier first, what is pinned last."""
    pins = merged(store.pins())
    for pinned in (False, True):
        for period in store.keeping.periods:
            held = [pin for pin in pins if pin.period == period]
            if least > 0:
                least -= _shrink(store, period, [] if pinned else held, least, now)


def _shrink(store: Store, period: float, spared: list[Pin], least: int, now: float) -> int:
    with store.transaction(now) as connection:
        rows = connection.execute(
            "SELECT id, since, until, length(content) FROM blocks WHERE period = ? AND folded ORDER BY since",
            (period,),
        )
        deleted, last, chosen = 0, -math.inf, []
        for row, since, until, size in rows:
            if deleted >= least:
                break
            if not kept_parts(since, until, spared):
                deleted, last = deleted + size, max(last, until)
                chosen.append((row,))
        connection.executemany("DELETE FROM blocks WHERE id = ?", chosen)
        if chosen:
            _mark_gone(store, period, last)
        if chosen and not spared:
            connection.execute("DELETE FROM pins WHERE period = ? AND until <= ?", (period, last))
            connection.execute("UPDATE pins SET since = max(since, ?) WHERE period = ?", (last, period))
    return deleted
