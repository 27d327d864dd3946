"""Which tier answers which question."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.history.planning import Plan, plan_of
from crackseg_desktop.history.retention import Pin, kept_parts, merged
from crackseg_desktop.history.tiers import DAY, DEFAULT_KEEPING

NOW = 1_795_435_200.0
GONE = {1.0: NOW - DAY, 10.0: NOW - 14 * DAY}


def plan(since: float, until: float, most: int | None = None, pins: tuple[Pin, ...] = ()) -> Plan:
    return plan_of(DEFAULT_KEEPING, since, until, most, GONE, pins)


def test_that_every_sample_is_asked_of_the_finest_tier_that_covers_the_span() -> None:
    assert plan(NOW - DAY, NOW).tier == 1
    assert plan(NOW - DAY - 1, NOW).tier == 10
    assert plan(NOW - 15 * DAY, NOW - 14.5 * DAY).tier == 60


def test_that_a_pin_covers_what_is_within_it_only() -> None:
    pins = (Pin(1.0, NOW - 3 * DAY, NOW - 3 * DAY + 1200),)
    assert plan(NOW - 3 * DAY, NOW - 3 * DAY + 1200, pins=pins).tier == 1
    assert plan(NOW - 3 * DAY, NOW - 3 * DAY + 1201, pins=pins).tier == 10


def test_that_so_many_buckets_come_from_the_coarsest_tier_that_is_fine_enough() -> None:
    assert plan(NOW - DAY, NOW, 1000)[:2] == (60, 120)
    assert plan(NOW - 30 * DAY, NOW, 1000)[:2] == (900, 2700)
    assert plan(NOW - 3600, NOW, 1000)[:2] == (1, 4)
    assert plan(NOW - 600, NOW, 1000)[:3] == (1, 1, NOW - 600)
    assert plan(NOW - 2 * DAY, NOW - 2 * DAY + 3600, 1000)[:2] == (10, 10)  # the finest is gone


@given(st.floats(0, 2e9), st.floats(0.001, 1e9), st.integers(1, 5000))
def test_that_there_are_never_more_buckets_than_asked_for(since: float, length: float, most: int) -> None:
    found = plan(since, since + length, most)
    assert found.period % found.tier == 0
    assert found.since <= since
    assert found.until >= since + length
    if not found.samples:
        assert (found.until - found.since) / found.period <= most


def test_that_pins_that_touch_become_one() -> None:
    pins = [Pin(1.0, 10, 20), Pin(10.0, 0, 100), Pin(1.0, 15, 30), Pin(1.0, 30, 31), Pin(1.0, 40, 50)]
    assert merged(pins) == (Pin(1.0, 10, 31), Pin(1.0, 40, 50), Pin(10.0, 0, 100))


def test_that_a_span_is_cut_to_what_is_pinned() -> None:
    pins = (Pin(1.0, 10, 20), Pin(1.0, 30, 40))
    assert kept_parts(15, 35, pins) == [(15, 20), (30, 35)]
    assert kept_parts(12, 13, pins) == [(12, 13)]
    assert kept_parts(20, 30, pins) == []
