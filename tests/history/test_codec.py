"""Packing figures: what comes back, and what a damaged block does."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.history.codec import CodecError, pack_buckets, pack_plain, pack_samples, split, steps_of, unpack
from crackseg_desktop.history.tiers import Columns, fold, of_samples
from crackseg_desktop.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Sequence

START = 1_795_435_200.0

metrics = st.sampled_from([name for name, row in CATALOGUE.items() if row.stored])
reasonable = st.floats(0, 1e12) | st.integers(0, 2**45).map(float)
anything = reasonable | st.floats(width=32) | st.floats()


def same(found: Sequence[float], expected: Sequence[float], within: float = 0.0) -> bool:
    return len(found) == len(expected) and all(
        (math.isnan(a) and math.isnan(b)) or a == b or abs(a - b) <= within
        for a, b in zip(found, expected, strict=True)
    )


@given(metrics, st.lists(st.tuples(st.integers(0, 5_000_000), anything), min_size=1, max_size=60))
def test_that_samples_come_back_as_exactly_as_their_unit_asks(metric: str, rows: list[tuple[int, float]]) -> None:
    times = [START + milliseconds / 1000 for milliseconds, _ in sorted(rows)]
    values = [value for _, value in rows]
    steps = steps_of(metric)
    (columns,) = unpack(pack_samples(times, values, 1.0, steps))
    assert same(columns.times, times, 1e-6)
    size = steps.up / steps.down
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    assert same(columns.lasts, values, 0.5 * size * (1 + 1e-6) + largest * 1e-15)
    assert columns.minima == columns.maxima == columns.means == columns.lasts or any(map(math.isnan, values))


@given(st.lists(st.floats(), min_size=1, max_size=60))
def test_that_the_values_of_a_training_come_back_as_they_were(values: list[float]) -> None:
    times = [START + row for row in range(len(values))]
    (columns,) = unpack(pack_samples(times, values, 1.0, steps_of("training_value")))
    assert same(columns.lasts, values)


@given(metrics, st.lists(st.tuples(st.integers(0, 5000), reasonable), min_size=1, max_size=200))
def test_that_buckets_come_back_as_exactly_as_their_unit_asks(metric: str, rows: list[tuple[int, float]]) -> None:
    samples = of_samples([START + second for second, _ in sorted(rows)], [value for _, value in rows])
    buckets, steps = fold(samples, 10.0), steps_of(metric)
    (columns,) = unpack(pack_buckets(buckets, 10.0, steps))
    assert list(columns.times) == list(buckets.times)
    assert list(columns.counts) == list(buckets.counts)
    size = steps.up / steps.down
    rounding = max(buckets.maxima) * 1e-15
    for found, expected in zip(columns[1:5], buckets[1:5], strict=True):
        if found is columns.means:
            size = max(size * (steps.mean_up + 1), max(map(abs, expected)) * 1e-6)
        assert same(found, expected, size * (1 + 1e-6) + rounding)


@given(st.lists(st.floats(), min_size=1, max_size=60))
def test_that_buckets_of_any_floats_come_back(values: list[float]) -> None:
    columns = Columns(
        [START + 10 * row for row in range(len(values))], values, values, values, values, [3] * len(values)
    )
    (found,) = unpack(pack_buckets(columns, 10.0, steps_of("training_value")))
    assert same(found.minima, values)
    assert same(found.maxima, values)
    assert same(found.lasts, values)
    assert same(found.means, values)


def test_that_only_the_blocks_of_a_span_are_unpacked() -> None:
    blocks = b"".join(plain(start) for start in (0.0, 10.0, 20.0))
    assert [head.since for head, _ in split(blocks, 11.0, 20.0)] == [10.0]
    assert [list(columns.times) for columns in unpack(blocks)] == [[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]]


def plain(start: float) -> bytes:
    return pack_plain(array("d", [start, start + 1]), array("d", [start, 0.0]), 1.0, (start, start + 1))


@given(st.binary(min_size=1, max_size=200))
def test_that_a_block_of_anything_else_is_told(content: bytes) -> None:
    with pytest.raises(CodecError):
        list(unpack(content))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_that_a_block_with_a_wrong_byte_is_told(place: int, change: int) -> None:
    times = [START + row for row in range(300)]
    content = bytearray(pack_samples(times, [row % 17 * 1.5 for row in range(300)], 1.0, steps_of("gpu_power_watts")))
    content[place % len(content)] ^= change
    with pytest.raises(CodecError):
        list(unpack(bytes(content)))
