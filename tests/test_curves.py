"""Points in file order, and which of them a restart replaced."""

from __future__ import annotations

import math
from array import array

from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.curves import Curve, Curves, add_points, by_name
from crackseg_desktop.readings import CurvePoints


def points(steps: list[int], tag: str = "val_iou", name: str = "val/iou") -> CurvePoints:
    values = array("d", (step / 10 for step in steps))
    return CurvePoints("r", tag, name, array("q", steps), array("d", map(float, range(len(steps)))), values)


def curve(steps: list[int]) -> Curve:
    curves: Curves = {}
    add_points(curves, points(steps))
    return curves["val_iou"]


def test_that_a_step_that_goes_back_replaces_equal_and_higher_ones() -> None:
    assert list(curve([1, 2, 3, 4, 3, 4, 5]).current().steps) == [1, 2, 3, 4, 5]
    assert list(curve([1, 2, 3, 4, 3, 4, 5]).current().wall_times) == [0.0, 1.0, 4.0, 5.0, 6.0]
    assert list(curve([5, 5, 5]).current().wall_times) == [2.0]


def test_that_nothing_is_lost_by_looking_at_the_current_branch() -> None:
    whole = curve([1, 2, 1])
    whole.current()
    assert list(whole.steps) == [1, 2, 1]


def test_that_a_copy_is_independent() -> None:
    original = curve([1])
    copied = original.copy()
    original.extend(points([2]))
    assert (len(original), len(copied)) == (2, 1)


def test_that_of_two_tags_with_one_name_the_longer_counts() -> None:
    curves: Curves = {}
    add_points(curves, points([1], tag="a"))
    add_points(curves, points([1, 2], tag="b"))
    assert by_name(curves)["val/iou"].tag == "b"


def test_that_not_a_number_stays_a_point() -> None:
    curves: Curves = {}
    add_points(curves, CurvePoints("r", "t", "t", array("q", [1]), array("d", [0.0]), array("d", [math.nan])))
    assert math.isnan(curves["t"].current().values[0])


@given(st.lists(st.integers(-5, 50)))
def test_that_the_current_branch_follows_the_rule_literally(steps: list[int]) -> None:
    kept: list[int] = []
    for step in steps:
        kept = [earlier for earlier in kept if earlier < step] + [step]
    assert list(curve(steps).current().steps if steps else []) == kept


def test_that_a_step_too_large_for_four_bytes_is_kept() -> None:
    long = curve([1, 2])
    assert long.steps.typecode == "i"
    long.extend(points([2**31, 2**40]))
    long.extend(points([2**40 + 1]))
    assert list(long.steps) == [1, 2, 2**31, 2**40, 2**40 + 1]
    assert len(long) == len(long.wall_times) == len(long.values)
    assert list(long.current().steps) == list(long.steps)


def test_that_points_handed_out_have_eight_bytes_a_step() -> None:
    assert curve([1, 2]).as_points("r").steps.typecode == "q"
    assert list(curve([-1, 2]).as_points("r").steps) == [-1, 2]


def test_that_a_point_costs_at_most_24_bytes() -> None:
    long = curve([0])
    for first in range(1, 20_000, 7):
        long.extend(points(list(range(first, first + 7))))
    cost = sum(column.__sizeof__() for column in (long.steps, long.wall_times, long.values))
    assert cost / len(long) <= 24


def test_that_a_curve_knows_where_it_stops_rising() -> None:
    assert curve([1, 2, 5]).rises()
    assert not curve([1, 1]).rises()
    assert curve([5, 1, 2]).rises(2)
    assert not curve([5, 1, 2]).rises(1)
