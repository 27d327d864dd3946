"""Figures as a person reads them."""

from __future__ import annotations

import math

import pytest

from crackseg_desktop import units


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("bytes", 7086696038.0, "6.6 GiB"),
        ("bytes", 0.0, "0 B"),
        ("bytes", 1023.0, "1.0 KiB"),
        ("bytes", 500107862016.0, "466 GiB"),
        ("bytes", 8.0 * units.GIB, "8.0 GiB"),
        ("bytes_per_second", 209715.2, "205 KiB/s"),
        ("ratio", 0.9375, "94 %"),
        ("celsius", 76.4, "76 °C"),
        ("watts", 104.3, "104 W"),
        ("hertz", 1.605e9, "1.60 GHz"),
        ("hertz", 405e6, "405 MHz"),
        ("seconds", 6120.0, "1 h 42 min"),
        ("joules", 3.6e6, "1.00 kWh"),
        ("celsius", None, "–"),
        ("celsius", math.nan, "–"),
    ],
)
def test_that_a_figure_carries_its_unit(unit: str, value: float | None, text: str) -> None:
    assert units.figure(unit, value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "1 h"), (3660, "1 h 1 min"), (90000, "1 d 1 h"), (None, "–")],
)
def test_that_a_span_shows_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6123, "0.612"),
        (0.0, "0.000"),
        (9.57e-11, "9.6e−11"),
        (-0.5, "−0.500"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (None, "–"),
    ],
)
def test_that_a_score_has_three_decimals(value: float | None, text: str) -> None:
    assert units.score(value) == text


def test_that_what_could_steer_a_terminal_is_escaped() -> None:
    assert units.printable("a\x1b[2J\nb\u202ec – ñ °C") == "a\\x1b[2J\\nb\\u202ec – ñ °C"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (5880, 6420, "1 h 38 – 1 h 47 min"),
        (7200, 8700, "2 h – 2 h 25 min"),
        (2700, 3120, "45 – 52 min"),
        (20, 3600, "20 s – 1 h"),
        (6120, 6125, "1 h 42 min"),
    ],
)
def test_that_a_span_names_a_common_unit_once(low: float, high: float, text: str) -> None:
    assert units.span(low, high) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (1.5, "1.500 s"),
        (0.0079137, "7.914 ms"),
        (7.21272e-4, "721.272 µs"),
        (2e-9, "0.002 µs"),
        (-0.002, "−2.000 ms"),
        (None, "–"),
        (math.inf, "–"),
    ],
)
def test_that_a_short_span_keeps_its_fractions(seconds: float | None, text: str) -> None:
    assert units.short_duration(seconds) == text


@pytest.mark.parametrize("moment", [math.inf, -math.inf, math.nan, 1e300, 1.8e18, -1e15])
def test_that_a_moment_that_no_calendar_has_is_none(moment: float) -> None:
    assert units.local_time(moment) is None


def test_that_a_moment_is_told_in_local_time() -> None:
    local = units.local_time(1_795_435_200.5)
    assert local is not None
    assert local.timestamp() == 1_795_435_200.5
    assert local.utcoffset() is not None
