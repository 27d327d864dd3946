from __future__ import annotations

from tests.benchmarks.following import Look, judged


def looks(bytes_a_point: float = 20.0, leaked_handles: float = 0.0) -> list[Look]:
    """Ten minutes of 1200 points a second; every third look falls on a moment with a file open."""

    def look(second: int) -> Look:
        handles = 12 + 3 * (second % 3 == 0) + int(leaked_handles * second)
        return Look(float(second), int(3e7 + 1200 * second * bytes_a_point), handles, 9, 0.1, 1200 * second)

    return [look(second) for second in range(600)]


def test_that_points_alone_are_no_leak() -> None:
    assert all(judged(looks()).values())
    assert all(judged(looks()[:30]).values())
    assert all(judged(looks(bytes_a_point=24.0)).values())


def test_that_memory_beyond_the_points_is_one() -> None:
    assert list(judged(looks(bytes_a_point=60.0)).values()) == [False, True]


def test_that_a_single_handle_that_stays_is_one() -> None:
    assert list(judged(looks(leaked_handles=0.01)).values()) == [True, False]
