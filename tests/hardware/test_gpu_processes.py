"""Samples of what processes did on a GPU: the fresh ones, and of those the newest."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.hardware.gpu_processes import fresh_samples, newest_shares, why_memory_is_untold

NOW = 1_700_000_000.0
SECOND = 1_000_000


class Sample(NamedTuple):
    pid: int
    timeStamp: int  # noqa: N815  (NVML's name)
    smUtil: int = 50  # noqa: N815


def at(seconds: float, pid: int = 1, share: int = 50) -> Sample:
    return Sample(pid, round((NOW + seconds) * SECOND), share)


def test_that_what_was_seen_and_what_is_old_is_left_out() -> None:
    samples = [at(-11), at(-9), at(-3), at(-1)]
    assert fresh_samples(samples, 0, NOW) == samples[1:]
    assert fresh_samples(samples, samples[2].timeStamp, NOW) == samples[3:]


def test_that_samples_of_long_ago_are_no_news_though_they_are_the_newest() -> None:
    assert fresh_samples([at(-3600), at(-30)], 0, NOW) == []


def test_that_time_stamps_of_another_clock_are_compared_with_each_other() -> None:
    samples = [Sample(1, 80 * SECOND), Sample(1, 95 * SECOND), Sample(2, 100 * SECOND)]
    assert fresh_samples(samples, 0, NOW) == samples[1:]


def test_that_the_newest_share_of_each_process_counts() -> None:
    assert newest_shares([at(-1, 1, 80), at(-2, 1, 20), at(-2, 2, 100)]) == {1: 0.8, 2: 1.0}


@pytest.mark.parametrize("garbage", [101, 2**32 - 1])
def test_that_garbage_is_no_share(garbage: int) -> None:
    assert newest_shares([at(-1, 1, garbage)]) == {}


@given(st.lists(st.builds(at, st.floats(-100, 5), st.integers(1, 4), st.integers(0, 300))), st.integers(0, 100))
def test_that_shares_are_ratios_of_samples_that_are_fresh(samples: list[Sample], ago: int) -> None:
    seen = round((NOW - ago) * SECOND)
    fresh = fresh_samples(samples, seen, NOW)
    assert all(sample.timeStamp > seen for sample in fresh)
    shares = newest_shares(fresh)
    assert shares.keys() <= {sample.pid for sample in samples}
    assert all(0 <= share <= 1 for share in shares.values())


@pytest.mark.parametrize(
    ("system", "kernel", "word"),
    [
        ("win32", "", "WDDM"),
        ("linux", "5.15.167.4-microsoft-standard-WSL2", "WSL"),
        ("linux", "6.8.0-45-generic", "driver"),
    ],
)
def test_that_untold_memory_has_its_reason(system: str, kernel: str, word: str) -> None:
    assert word in why_memory_is_untold(system, kernel)
