"""Which alerts a silence covers, and that each one ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.alerts.observation import Moment
from crackseg_desktop.alerts.silences import LONGEST_SECONDS, Silences, covers
from crackseg_desktop.readings import Scope, Silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import AlertEvent

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("scope", "subject", "expected"),
    [
        (Scope.ALL, "", True),
        (Scope.RULE, "gpu_temperature", True),
        (Scope.RULE, "gpu_memory", False),
        (Scope.GPU, "GPU-1", True),
        (Scope.GPU, "GPU-2", False),
        (Scope.RUN, "GPU-1", False),
        (Scope.ALERT, "gpu_temperature:gpu=GPU-1", True),
        (Scope.ALERT, "gpu_temperature:gpu=GPU-2", False),
    ],
)
def test_that_a_silence_covers_its_subject_only(
    make_alert: Callable[..., AlertEvent], scope: Scope, subject: str, expected: bool
) -> None:
    assert covers(Silence(scope, subject, NOW), make_alert()) == expected


def test_that_a_silence_ends_at_its_time() -> None:
    silences = Silences()
    silences.add(Silence(Scope.ALL, until=NOW + 60), Moment(NOW, 0))
    silences.end_overdue(Moment(NOW + 59, 59))
    assert len(silences.all()) == 1
    silences.end_overdue(Moment(NOW + 60, 60))
    assert silences.all() == ()


def test_that_a_clock_set_back_prolongs_no_silence() -> None:
    silences = Silences()
    silences.add(Silence(Scope.ALL, until=NOW + 60), Moment(NOW, 0))
    silences.end_overdue(Moment(NOW - 7200, 60))
    assert silences.all() == ()


def test_that_a_night_asleep_counts() -> None:
    silences = Silences()
    silences.add(Silence(Scope.ALL, until=NOW + 8 * 3600), Moment(NOW, 0))
    silences.end_overdue(Moment(NOW + 9 * 3600, 10))  # the monotonic clock stands still during a suspend
    assert silences.all() == ()


def test_that_a_silence_takes_the_place_of_the_one_before() -> None:
    silences = Silences()
    silences.add(Silence(Scope.RUN, "1", NOW + 900), Moment(NOW, 0))
    silences.add(Silence(Scope.RUN, "1", NOW + 3600), Moment(NOW, 0))
    assert [item.until for item in silences.all()] == [NOW + 3600]


def test_that_a_silence_of_the_past_is_none() -> None:
    silences = Silences()
    silences.add(Silence(Scope.ALL, until=NOW - 1), Moment(NOW, 0))
    assert silences.all() == ()


@pytest.mark.parametrize(
    ("silence", "is_left"),
    [
        (Silence(Scope.RUN, "1"), False),
        (Silence(Scope.RUN, "2"), True),
        (Silence(Scope.ALERT, "stalled:run=1"), False),
        (Silence(Scope.ALERT, "stalled:run=12"), True),
        (Silence(Scope.RUN, "1", NOW + 60), True),
    ],
)
def test_that_the_end_of_a_run_ends_what_was_to_last_until_then(silence: Silence, is_left: bool) -> None:
    silences = Silences()
    silences.add(silence, Moment(NOW, 0))
    silences.end_run("1")
    assert bool(silences.all()) == is_left


def test_that_a_run_that_never_comes_back_is_not_silenced_for_ever() -> None:
    silences = Silences()
    silences.add(Silence(Scope.RUN, "1", made=NOW), Moment(NOW, 0))
    silences.end_overdue(Moment(NOW, LONGEST_SECONDS))
    assert silences.all() == ()


def test_that_what_ended_between_two_sessions_is_over() -> None:
    before, after = Silences(), Silences()
    before.add(Silence(Scope.RULE, "nan", NOW + 60, NOW), Moment(NOW, 0))
    before.add(Silence(Scope.GPU, "GPU-1", NOW + 3600, NOW), Moment(NOW, 0))
    after.restore(before.document(), Moment(NOW + 100, 5000))
    assert after.all() == (Silence(Scope.GPU, "GPU-1", NOW + 3600, NOW),)
