"""Which tier answers a question: the finest that covers a span, or the coarsest that is fine enough."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.history.retention import kept_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crackseg_desktop.history.retention import Pin
    from crackseg_desktop.history.tiers import Keeping


class Plan(NamedTuple):
    """What to read: the ``tier`` of a period over ``since <= time < until``, folded to buckets of ``period`` seconds.

    ``samples``: it is the finest tier, and what is read are samples. The limits are those of whole buckets.
    """

    tier: float
    period: float
    since: float
    until: float
    samples: bool


def plan_of(
    keeping: Keeping, since: float, until: float, most: int | None, gone: Mapping[float, float], pins: Sequence[Pin]
) -> Plan:
    """Return how to read a finite span with at most so many buckets; None: as finely as there is all of it.

    ``gone`` is until when a tier has been deleted, by its period, but for ``pins`` (merged).
    """
    covering = [period for period in keeping.periods if _covers(period, since, until, gone, pins)]
    if not covering:
        covering = [min(keeping.periods, key=lambda period: (gone.get(period, -math.inf), period))]
    tier = covering[0]
    if most is None:
        samples = tier == keeping.finest
        return Plan(tier, tier, since, until, True) if samples else _whole(tier, tier, since, until)
    tier = max((period for period in covering if period * most <= until - since), default=tier)
    times = max(1, math.ceil((until - since) / (tier * most)))
    while _count(times * tier, since, until) > most:
        times = times + 1 if times * tier < until - since else 2 * times
    plan = _whole(tier, times * tier, since, until)
    return plan._replace(since=since, until=until, samples=True) if tier == keeping.finest and times == 1 else plan


def _covers(period: float, since: float, until: float, gone: Mapping[float, float], pins: Sequence[Pin]) -> bool:
    end = min(until, gone.get(period, since))
    return end <= since or (since, end) in kept_parts(since, end, [pin for pin in pins if pin.period == period])


def _count(period: float, since: float, until: float) -> int:
    return math.ceil(until / period) - math.floor(since / period)


def _whole(tier: float, period: float, since: float, until: float) -> Plan:
    return Plan(tier, period, math.floor(since / period) * period, math.ceil(until / period) * period, samples=False)
