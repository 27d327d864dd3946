"""Energy from counters and from power, of histories of which the truth is known."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.coverage import seconds_of
from crackseg_desktop.insight.energy import EnergyUsed, added, cost_of, energy_in, energy_of, kilowatt_hours
from crackseg_desktop.series import Buckets, series_key

HOUR = 3600.0
KEY = series_key("gpu_power_watts", {"gpu": "GPU-1"})


def bucketed(points: list[tuple[float, float]], period: float) -> Buckets:
    """Return samples as the history keeps them."""
    rows: dict[float, list[float]] = {}
    for time, value in points:
        rows.setdefault(time // period * period, []).append(value)
    columns = [(t, min(v), max(v), sum(v) / len(v), v[-1]) for t, v in rows.items()]
    times, minima, maxima, means, lasts = (array("d", column) for column in zip(*columns, strict=True))
    return Buckets(KEY, period, times, minima, maxima, means, lasts, array("q", (len(v) for v in rows.values())))


def check(used: EnergyUsed | None, joules: float, seconds: float, source: str, rel: float = 1e-6) -> None:
    assert used is not None
    assert used.joules == pytest.approx(joules, rel=rel)
    assert used.seconds_covered == pytest.approx(seconds, rel=rel)
    assert used.source == source


def an_hour_with_a_gap() -> list[float]:
    """Return the seconds of an hour, the ten minutes from the 20th on left out."""
    return [float(second) for second in range(3601) if not 1200 < second < 1800]


def test_that_an_hour_at_a_hundred_watts_is_a_tenth_of_a_kilowatt_hour() -> None:
    times = [float(second) for second in range(3601)]
    assert energy_of(times, [100.0] * 3601) == EnergyUsed(360_000.0, HOUR, "integrated")
    assert kilowatt_hours(360_000.0) == 0.1


def test_that_a_gap_counts_for_nothing() -> None:
    times = an_hour_with_a_gap()
    assert energy_of(times, [100.0] * len(times)) == EnergyUsed(300_000.0, 3000.0, "integrated")


def test_that_a_power_that_is_missing_is_no_power_of_zero() -> None:
    times = [float(second) for second in range(11)]
    assert energy_of(times, [100.0, *[math.nan] * 3, *[100.0] * 7]) == EnergyUsed(1000.0, 10.0, "integrated")
    assert energy_of(times, [math.nan] * 11) is None


def test_that_a_ramp_is_integrated_exactly() -> None:
    times = [0.0, 10.0, 15.0, 40.0]
    assert energy_of(times, [2.0 * time for time in times]) == EnergyUsed(1600.0, 40.0, "integrated")


def test_that_nothing_known_is_not_zero() -> None:
    assert energy_of([], []) is None
    assert energy_of([5.0], [100.0]) is None
    assert energy_of([5.0], [100.0], [7.0]) is None
    assert energy_in(None, None, 0.0, HOUR) is None


def test_that_the_counter_is_preferred_and_knows_what_was_used_in_a_gap() -> None:
    times = an_hour_with_a_gap()
    counter = [7e6 + 101.0 * time for time in times]
    used = energy_of(times, [100.0] * len(times), counter)
    check(used, 363_600.0, HOUR, "counter")


def test_that_a_counter_that_begins_anew_loses_one_step() -> None:
    times = [float(second) for second in range(3601)]
    counter = [9e6 + 100.0 * time if time < 1800 else 100.0 * (time - 1800) for time in times]
    check(energy_of(times, [100.0] * 3601, counter), 359_900.0, 3599.0, "counter")


def test_that_a_counter_may_be_read_less_often_than_power() -> None:
    times = [float(second) for second in range(3601)]
    counter = [9e6 + 100.0 * (time // 30 * 30) for time in times]
    check(energy_of(times, [100.0] * 3601, counter), 360_000.0, HOUR, "counter")


@pytest.mark.parametrize(
    "counter",
    [
        [9e6] * 3601,
        [9e6 + 100.0 * min(second, 1800) for second in range(3601)],
        [9e6 + 100.0 * min(second, 600) + (100.0 * (second - 3000) if second > 3000 else 0) for second in range(3601)],
        [math.nan if second < 600 else 9e6 + 100.0 * second for second in range(3601)],
        [math.nan] * 3601,
    ],
    ids=["still", "stops", "pauses", "begins late", "missing"],
)
def test_that_a_counter_that_knows_less_than_was_measured_is_not_believed(counter: list[float]) -> None:
    times = [float(second) for second in range(3601)]
    assert energy_of(times, [100.0] * 3601, counter) == EnergyUsed(360_000.0, HOUR, "integrated")


def test_that_a_card_that_draws_nothing_may_have_a_counter_that_stands_still() -> None:
    times = [float(second) for second in range(3601)]
    used = energy_of(times, [0.0] * 3601, [9e6] * 3601)
    assert used == EnergyUsed(0.0, HOUR, "integrated")


@pytest.mark.parametrize("period", [1.0, 10.0, 60.0, 900.0])
def test_that_buckets_of_any_length_give_the_same_energy(period: float) -> None:
    times = an_hour_with_a_gap()
    power = bucketed([(time, 100.0) for time in times[:-1]], period)
    used = energy_in(power, None, 0.0, HOUR)
    check(used, 300_000.0, 3000.0, "integrated", rel=0.005)
    summed = energy_of(power.times, power.means, None, seconds=seconds_of(power))
    assert summed == used


@pytest.mark.parametrize("period", [1.0, 10.0, 60.0, 900.0])
def test_that_counters_in_buckets_give_the_energy_of_a_part_of_them(period: float) -> None:
    samples = [(float(second), 5e6 + 100.0 * second) for second in range(7200)]
    used = energy_in(None, bucketed(samples, period), 1000.0, 4000.0)
    check(used, 300_000.0, 3000.0, "counter", rel=0.01)


def test_that_power_in_buckets_is_cut_to_the_span() -> None:
    power = bucketed([(float(second), 100.0) for second in range(7200)], 900.0)
    check(energy_in(power, None, 1000.0, 4000.0), 300_000.0, 3000.0, "integrated")


@given(
    watts=st.floats(1.0, 1000.0),
    restarts=st.lists(st.integers(10, 3590), max_size=3, unique=True),
    start=st.floats(0.0, 1e9),
)
def test_that_restarts_lose_no_more_than_their_steps(watts: float, restarts: list[int], start: float) -> None:
    times = [float(second) for second in range(3600)]
    counter, value = [], start
    for second in range(3600):
        value = 0.0 if second in restarts else value + watts
        counter.append(value)
    used = energy_of(times, [watts] * 3600, counter)
    assert used is not None
    assert used.source == "counter"
    assert used.joules == pytest.approx(watts * (3599 - len(restarts)), rel=1e-3)


def test_that_gpus_are_added_only_where_all_are_known() -> None:
    counted, measured = EnergyUsed(10.0, 100.0, "counter"), EnergyUsed(5.0, 80.0, "integrated")
    assert added([counted, measured]) == EnergyUsed(15.0, 80.0, "integrated")
    assert added([counted, counted]) == EnergyUsed(20.0, 100.0, "counter")
    assert added([counted, None]) is None
    assert added([]) is None


def test_that_energy_costs_nothing_that_is_known_without_a_tariff() -> None:
    assert cost_of(3.672e6, 0.25) == pytest.approx(0.255)
    assert cost_of(3.672e6, 0.0) is None
