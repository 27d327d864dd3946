from __future__ import annotations

import pytest
from tests.ui import story

from crackseg_desktop.readings import Scope, Silence
from crackseg_desktop.ui import snoozes
from crackseg_desktop.ui.snoozes import EVERYTHING, Length, Target


@pytest.mark.parametrize(("length", "seconds"), [(Length.QUARTER, 900.0), (Length.HOUR, 3600.0)])
def test_that_a_snooze_lasts_as_long_as_it_says(length: Length, seconds: float) -> None:
    made = snoozes.silence_for(length, Scope.RULE, "disk_space", story.NOW)
    assert made == Silence(Scope.RULE, "disk_space", story.NOW + seconds, story.NOW)


def test_that_tomorrow_is_the_next_morning() -> None:
    until = snoozes.silence_for(Length.TOMORROW, Scope.ALL, "", story.NOW).until
    assert until is not None
    assert 8 * 3600 <= until - story.NOW <= 33 * 3600
    assert snoozes.end_words(Silence(Scope.ALL, "", until)) == "until 08:00"


def test_that_only_what_is_about_a_run_lasts_until_it_ends() -> None:
    assert Length.RUN_END in snoozes.lengths_of(Target("Run a", Scope.RUN, "a"), of_a_run=True)
    assert Length.RUN_END in snoozes.lengths_of(Target("This alert", Scope.ALERT, "nan:run=a"), of_a_run=True)
    assert Length.RUN_END not in snoozes.lengths_of(Target("This alert", Scope.ALERT, "x"), of_a_run=False)
    assert Length.RUN_END not in snoozes.lengths_of(EVERYTHING, of_a_run=True)
    assert snoozes.silence_for(Length.RUN_END, Scope.RUN, "a", story.NOW).until is None


def test_that_an_alert_offers_what_it_is_about() -> None:
    about = {target.scope: target.subject for target in snoozes.targets_of(story.run_alert("nan"))}
    run = "a1b2c3d4e5"
    assert about == {Scope.ALERT: f"nan:run={run}", Scope.RUN: run, Scope.RULE: "nan", Scope.ALL: ""}
    assert Scope.GPU in {target.scope for target in snoozes.targets_of(story.alerts()[2])}


@pytest.mark.parametrize(
    ("scope", "subject", "covered"),
    [
        (Scope.ALL, "", True),
        (Scope.RULE, "gpu_temperature", True),
        (Scope.RULE, "gpu_memory", False),
        (Scope.GPU, story.GPU, True),
        (Scope.GPU, "GPU-other", False),
        (Scope.RUN, story.GPU, False),
        (Scope.ALERT, f"gpu_temperature:gpu={story.GPU}", True),
        (Scope.ALERT, "gpu_temperature:gpu=GPU-other", False),
    ],
)
def test_that_a_snooze_covers_what_it_is_about(scope: Scope, subject: str, covered: bool) -> None:
    assert snoozes.covers(Silence(scope, subject, story.NOW + 60), story.alerts()[2]) is covered


def test_that_the_longest_snooze_is_told_and_one_that_is_over_is_not() -> None:
    event = story.run_alert("nan")
    short, long = Silence(Scope.ALL, "", story.NOW + 60), Silence(Scope.RUN, "a1b2c3d4e5", None)
    assert snoozes.covering((long, short), event, story.NOW) == long
    assert snoozes.covering((short,), event, story.NOW + 60) is None
    assert snoozes.of_everything((long, short), story.NOW) == story.NOW + 60
    assert snoozes.of_everything((long, short), story.NOW + 61) is None


def test_that_subjects_are_named_as_a_person_knows_them() -> None:
    runs, alerts = story.runs(), story.alerts()
    assert snoozes.subject_words(Silence(Scope.RUN, "b000000001"), runs) == "Run unet-pycrackdb-320"
    assert snoozes.subject_words(Silence(Scope.GPU, story.GPU), runs, alerts) == "GPU 0"
    assert snoozes.subject_words(Silence(Scope.RULE, "host_memory")) == "RAM"
    assert snoozes.subject_words(Silence(Scope.ALERT, alerts[0].key), runs, alerts) == alerts[0].title
    assert snoozes.subject_words(Silence(Scope.ALERT, "nan:run=gone")) == "NaN or infinite values"
