"""The sliding window that plots begin with."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop.history.recent import Recent
from crackseg_desktop.series import series_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import FakeClock

    from crackseg_desktop.readings import Sample

CPU = series_key("host_cpu_used_ratio", {})
HEAT = series_key("gpu_temperature_celsius", {"gpu": "GPU-1"})


def test_that_all_series_share_one_time_axis_with_nan_for_what_was_missing(
    clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    recent = Recent()
    for temperature in (None, 70.0, None):
        recent.add(make_sample(temperature=temperature))
        clock.advance(1)
    window = recent.window()
    assert len(window.times) == 3
    assert [math.isnan(value) for value in window.values[HEAT]] == [True, False, True]
    assert list(window.values[CPU]) == [0.25] * 3


def test_that_a_gap_is_a_row_of_nan_so_that_no_line_is_drawn_across(
    clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    recent = Recent()
    recent.add(make_sample())
    clock.advance(3600)
    recent.add(make_sample(gap=True))
    assert [math.isnan(value) for value in recent.window().values[CPU]] == [False, True, False]


def test_that_it_keeps_a_bounded_window_and_forgets_series_that_are_gone(
    clock: FakeClock, make_sample: Callable[..., Sample]
) -> None:
    recent = Recent(keep=10)
    recent.add(make_sample(temperature=50.0))
    for _ in range(45):
        clock.advance(1)
        recent.add(make_sample(temperature=None))
    window = recent.window()
    assert len(window.times) == 10
    assert window.times[-1] == clock.time()
    assert HEAT not in window.values
    assert len(recent) < 20


def test_that_only_stored_metrics_are_kept(make_sample: Callable[..., Sample]) -> None:
    recent = Recent()
    recent.add(make_sample())
    assert series_key("gpu_memory_used_ratio", {"gpu": "GPU-1"}) not in recent.window().values
    assert series_key("gpu_memory_used_bytes", {"gpu": "GPU-1"}) in recent.window().values


def test_that_a_window_is_a_copy(clock: FakeClock, make_sample: Callable[..., Sample]) -> None:
    recent = Recent()
    recent.add(make_sample())
    window = recent.window()
    recent.add(make_sample())
    assert len(window.times) == 1
