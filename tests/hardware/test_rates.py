"""Rates out of counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.hardware.rates import Rates


def test_that_a_rate_needs_two_readings() -> None:
    rates = Rates()
    assert rates.rate("a", 100, 10.0) is None
    assert rates.rate("a", 160, 12.0) == 30


def test_that_a_counter_that_goes_back_has_no_rate_once() -> None:
    rates = Rates()
    rates.rate("a", 100, 10.0)
    assert rates.rate("a", 5, 11.0) is None
    assert rates.rate("a", 15, 12.0) == 10


def test_that_forgetting_begins_anew() -> None:
    rates = Rates()
    rates.rate("a", 100, 10.0)
    rates.forget()
    assert rates.rate("a", 200, 11.0) is None


def test_that_a_clock_that_stands_still_gives_no_rate() -> None:
    rates = Rates()
    rates.rate("a", 100, 10.0)
    assert rates.rate("a", 200, 10.0) is None


def test_that_what_appears_or_vanishes_does_not_count_into_a_total() -> None:
    rates = Rates()
    assert rates.total("disk", {"sda": 100, "sdb": 5000}, 10.0) is None
    assert rates.total("disk", {"sda": 110, "sdc": 9000}, 11.0) == 10
    assert rates.total("disk", {"sda": 120, "sdb": 9000, "sdc": 9001}, 12.0) == 10 + 1 + 2000
    assert rates.total("disk", {}, 13.0) is None


@given(st.lists(st.tuples(st.integers(0, 2**64), st.floats(0, 1e9)), max_size=20))
def test_that_no_rate_is_negative(readings: list[tuple[int, float]]) -> None:
    rates = Rates()
    assert all((rate := rates.rate("a", count, now)) is None or rate >= 0 for count, now in readings)
