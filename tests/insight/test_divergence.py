"""The watch over a training loss: its shapes, and that portions make no difference to it."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.insight.divergence import Gravity, LossWatch

if TYPE_CHECKING:
    from collections.abc import Sequence


def watched(values: Sequence[float], *, per_epoch: bool = True) -> LossWatch:
    watch = LossWatch(per_epoch)
    watch.add(range(1, len(values) + 1), values)
    return watch


FALLING = [1.0, 0.8, 0.65, 0.55, 0.48, 0.42, 0.38, 0.35, 0.33, 0.31]


@pytest.mark.parametrize(
    ("then", "gravity"),
    [
        ([0.3, 0.29, 0.28], Gravity.NONE),
        ([5.0], Gravity.NONE),
        ([5.0, 50.0], Gravity.FAR),
        ([1.4, 1.5], Gravity.BURST),
        ([0.95, 0.97, 0.96], Gravity.BURST),
        ([0.4, 0.5, 0.64, 0.8], Gravity.GROWTH),
        ([0.55, 0.53, 0.5, 0.46, 0.42], Gravity.NONE),
        ([0.6] * 12, Gravity.NONE),
        ([0.6] * 30, Gravity.DRIFT),
    ],
    ids=["falls on", "a spike", "far", "burst", "back to chance", "growth", "a restart", "a long restart", "drift"],
)
def test_that_each_pattern_is_told_from_what_explains_itself(then: list[float], gravity: Gravity) -> None:
    assert watched(FALLING + then).gravity == gravity


def test_that_the_rise_is_told_from_where_it_began() -> None:
    watch = watched([*FALLING, 1.4, 2.0, 4.0])
    assert (watch.since, watch.best) == (11, 0.33)
    assert watch.ratio == pytest.approx(2.0 / 0.33)


def test_that_a_rise_that_ended_is_known_when_it_comes_again() -> None:
    restart = [0.6, 0.58, 0.5, 0.4, 0.31, 0.3]
    watch = watched(FALLING + restart)
    assert (watch.gravity, watch.since) == (Gravity.NONE, None)
    watch.add(range(17, 47), [0.62] * 30)
    assert watch.gravity == Gravity.NONE


def test_that_a_loss_below_zero_can_diverge() -> None:
    assert watched([-value * 10 for value in (0.1, 0.3, 0.5, 0.6, 0.65, 0.7)]).gravity == Gravity.NONE
    assert watched([-1.0, -3.0, -5.0, -6.0, -6.5, -7.0, 5.0, 20.0]).gravity >= Gravity.BURST


def test_that_spikes_of_single_batches_move_nothing() -> None:
    rng = Random(1)
    values = [2 * math.exp(-index / 400) + 0.2 + rng.gauss(0, 0.05) for index in range(3000)]
    for index in range(100, 3000, 97):
        values[index] *= 1000
    watch = watched(values, per_epoch=False)
    assert (watch.gravity, watch.since) == (Gravity.NONE, None)
    watch.add(range(3001, 3101), [2.0 * 1.1**index for index in range(100)])
    assert watch.gravity == Gravity.FAR


def test_that_a_loss_as_large_as_a_number_can_be_is_only_large() -> None:
    watch = watched([1.0, 0.5, -1.7e308, 1.7e308, 1.7e308])
    assert math.isfinite(watch.ratio)
    assert watched([1.0, 0.5, 1.7e308, 1.7e308]).gravity == Gravity.BURST


@given(
    st.lists(
        st.floats(-1e3, 1e3) | st.floats(0.5, 1.0) | st.floats(allow_nan=False, allow_infinity=False), max_size=400
    ),
    st.lists(st.integers(1, 90), min_size=1),
    st.booleans(),
)
def test_that_portions_make_no_difference(values: list[float], sizes: list[int], per_epoch: bool) -> None:
    whole, parts = watched(values, per_epoch=per_epoch), LossWatch(per_epoch)
    steps, start, index = range(1, len(values) + 1), 0, 0
    while start < len(values):
        end = start + sizes[index % len(sizes)]
        parts.add(steps[start:end], values[start:end])
        start, index = end, index + 1
    assert parts == whole
    again = LossWatch.from_document(whole.document())
    assert again.document() == whole.document()
    assert (again.ratio, again.gravity, again.since) == (whole.ratio, whole.gravity, whole.since)
