"""What of the history is kept beyond its age: pins, merged where they overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Pin(NamedTuple):
    """A span over which the tier of a period is kept longer than its age."""

    period: float
    since: float
    until: float


def merged(pins: Iterable[Pin]) -> tuple[Pin, ...]:
    """Return pins sorted, with those of one tier that touch made one."""
    kept: list[Pin] = []
    for pin in sorted(pins):
        if kept and kept[-1].period == pin.period and pin.since <= kept[-1].until:
            kept[-1] = kept[-1]._replace(until=max(kept[-1].until, pin.until))
        else:
            kept.append(pin)
    return tuple(kept)


def kept_parts(since: float, until: float, pins: Sequence[Pin]) -> list[tuple[float, float]]:
    """Return the parts of a span that pins (merged, of one tier) keep."""
    parts = ((max(since, pin.since), min(until, pin.until)) for pin in pins)
    return [(start, end) for start, end in parts if start < end or start == end == since == until]
