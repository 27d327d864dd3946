"""Folding: in whatever pieces and steps, the buckets are the same, with numpy and without."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.history import codec, vectors
from crackseg_desktop.history.tiers import DEFAULT_KEEPING, EMPTY, Columns, fold, joined, keeping_of, of_samples
from crackseg_desktop.settings import History

START = 1_795_435_200.0

whole = st.integers(-(2**20), 2**20).map(float)
rows = st.lists(st.tuples(st.integers(0, 20_000).map(lambda tenths: START + tenths / 10), whole), max_size=120).map(
    sorted
)


def columns_of(samples: list[tuple[float, float]]) -> Columns:
    return of_samples([time for time, _ in samples], [value for _, value in samples])


def as_lists(columns: Columns) -> list[list[float]]:
    return [[float(value) for value in column] for column in columns]


def close(found: Columns, expected: Columns) -> bool:
    """Compare buckets; means are up to rounding, as they depend on the order of additions."""
    pairs = zip(as_lists(found), as_lists(expected), strict=True)
    return all(one == pytest.approx(other, rel=1e-12, abs=1e-6, nan_ok=True) for one, other in pairs)


@given(rows, st.integers(1, 119))
def test_that_folding_in_steps_and_in_pieces_gives_the_same(samples: list[tuple[float, float]], cut: int) -> None:
    at_once = fold(columns_of(samples), 60.0)
    assert close(fold(fold(columns_of(samples), 10.0), 60.0), at_once)
    pieces = [fold(columns_of(part), 10.0) for part in (samples[:cut], samples[cut:])]
    assert close(fold(joined(pieces), 60.0), at_once)


@given(rows)
def test_that_buckets_are_what_their_samples_are(samples: list[tuple[float, float]]) -> None:
    buckets = fold(columns_of(samples), 10.0)
    for time, low, high, mean, last, count in zip(*buckets, strict=True):
        inside = [value for moment, value in samples if time <= moment < time + 10]
        assert (low, high, last, count) == (min(inside), max(inside), inside[-1], len(inside))
        assert mean == pytest.approx(sum(inside) / len(inside))
    assert sum(buckets.counts) == len(samples)
    assert list(buckets.times) == sorted({moment // 10 * 10 for moment, _ in samples})


def test_that_a_value_that_is_no_number_is_seen_in_the_mean_and_hides_no_peak() -> None:
    samples = columns_of([(START, 1.0), (START + 1, math.nan), (START + 2, 3.0), (START + 10, math.nan)])
    for buckets in (fold(samples, 10.0), vectors.fold(samples, 10.0)):
        assert [buckets.minima[0], buckets.maxima[0], buckets.lasts[0]] == [1.0, 3.0, 3.0]
        assert math.isnan(buckets.means[0])
        assert all(math.isnan(column[1]) for column in buckets[1:5])
        assert list(buckets.counts) == [3, 1]


@given(st.lists(rows, max_size=4))
def test_that_pieces_are_joined_in_order_of_time(pieces: list[list[tuple[float, float]]]) -> None:
    found = joined(columns_of(piece) for piece in pieces)
    expected = sorted((row for piece in pieces for row in piece), key=lambda row: row[0])
    assert list(found.times) == [time for time, _ in expected]
    assert list(found.lasts) == [value for _, value in expected]


def test_that_nothing_folds_to_nothing() -> None:
    assert as_lists(fold(EMPTY, 10.0)) == as_lists(vectors.fold(EMPTY, 10.0)) == [[], [], [], [], [], []]


@given(rows, st.floats(allow_nan=True, allow_infinity=True), st.sampled_from(["gpu_power_watts", "training_value"]))
def test_that_numpy_reads_and_folds_the_same(samples: list[tuple[float, float]], odd: float, metric: str) -> None:
    columns = columns_of([*samples, (START + 3000, odd)])
    blocks = [codec.pack_samples(columns.times, columns.lasts, 1.0, codec.steps_of(metric))]
    blocks.append(codec.pack_buckets(fold(columns, 10.0), 10.0, codec.steps_of(metric)))
    times, values = array("d", columns.times), array("d", columns.lasts)
    blocks.append(codec.pack_plain(times, values, 1.0, (times[0], times[-1])))
    for block in blocks:
        (slow,), (quick,) = codec.unpack(block), vectors.unpack(block, -math.inf, math.inf)
        assert [repr(column) for column in as_lists(slow)] == [repr(column) for column in as_lists(quick)]
        assert close(vectors.fold(quick, 60.0), fold(slow, 60.0))


def test_that_the_settings_say_how_long() -> None:
    keeping = keeping_of(
        History(seconds_hours=48, ten_seconds_days=2, minutes_days=3, quarters_days=4, most_megabytes=7)
    )
    assert [(tier.period, tier.seconds / 86_400) for tier in keeping.tiers] == [(1, 2), (10, 2), (60, 3), (900, 4)]
    assert keeping.most_bytes == 7_000_000
    assert keeping_of(History()) == DEFAULT_KEEPING
