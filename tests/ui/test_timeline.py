from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.ui import story
from tests.ui.past_story import BEGAN, DAY, GAPS, PEAK_AT, StoryPast

from crackseg_desktop.history.health import Health, RecorderState
from crackseg_desktop.series import series_key
from crackseg_desktop.ui.model import Model
from crackseg_desktop.ui.past import answer
from crackseg_desktop.ui.time_range import HOUR, TimeRange
from crackseg_desktop.ui.timeline import MOST_BUCKETS, UNRECORDED, Found, Wanted

HEAT = ("gpu_temperature_celsius", {"gpu": story.GPU})


def model(shown: TimeRange, rows: int = 900) -> Model:
    made = Model()
    made.timeline.off = ""
    made.timeline.range = shown
    made.load(story.snapshot(window=story.recent(rows).window()))
    return made


def asked(made: Model) -> Wanted | None:
    made.history(*HEAT)
    return made.timeline.take_wanted(made.now)


def serve(made: Model, past: StoryPast) -> Wanted:
    wanted = asked(made)
    assert wanted is not None
    found = answer(past, wanted)
    assert found is not None
    made.timeline.on_found(found)
    return wanted


def test_that_what_memory_holds_is_asked_of_nobody() -> None:
    assert asked(model(TimeRange(900))) is None
    assert asked(model(TimeRange(300, story.NOW - 300))) is None


def test_that_what_memory_lacks_is_asked_once_and_joined() -> None:
    made = model(TimeRange(6 * HOUR))
    assert len(made.history(*HEAT).times) == 901
    made.timeline.take_wanted(made.now)
    assert asked(made) is None, "it is on its way"
    made = model(TimeRange(6 * HOUR))
    wanted = serve(made, StoryPast())
    assert wanted.keys == {series_key(*HEAT)}
    assert wanted.since <= story.NOW - 6 * HOUR
    assert wanted.most == MOST_BUCKETS
    track = made.history(*HEAT)
    assert track.high is not None
    assert np.nanmax(track.high) == 93
    assert (track.times[0], track.times[-1]) == (track.times.min(), 0.0)
    assert -6 * HOUR - 60 < track.times[0] < -6 * HOUR + 60
    assert asked(made) is None


def test_that_a_short_time_is_read_in_every_sample() -> None:
    made = model(TimeRange(HOUR, PEAK_AT + 1800))
    assert serve(made, StoryPast()).most is None


def test_that_a_little_drag_needs_no_new_answer_and_a_long_one_does() -> None:
    made = model(TimeRange(6 * HOUR, story.NOW - DAY))
    serve(made, StoryPast())
    made.timeline.range = TimeRange(6 * HOUR, story.NOW - DAY - 3 * HOUR)
    assert asked(made) is None
    made.timeline.range = TimeRange(6 * HOUR, story.NOW - 3 * DAY)
    assert asked(made) is not None


def test_that_zooming_in_asks_for_finer_buckets() -> None:
    made = model(TimeRange(7 * DAY))
    serve(made, StoryPast())
    made.timeline.range = TimeRange(6 * HOUR, story.NOW - DAY)
    wanted = asked(made)
    assert wanted is not None
    assert wanted.until - wanted.since < DAY


def test_that_a_live_view_asks_again_only_when_memory_has_moved_on() -> None:
    made = model(TimeRange(6 * HOUR), rows=3600)
    serve(made, StoryPast())
    for second in range(1, 40):
        made.on_sample(story.sample(float(second)))
    assert asked(made) is None
    for second in range(40, 7300, 20):
        made.on_sample(story.sample(float(second)))
    made.columns._keep = 100
    assert asked(made) is not None


def test_that_the_past_is_the_same_track_until_something_changes() -> None:
    made = model(TimeRange(6 * HOUR, story.NOW - DAY))
    serve(made, StoryPast())
    track = made.history(*HEAT)
    made.on_sample(story.sample(1.0))
    assert made.history(*HEAT) is track
    made.timeline.range = TimeRange(5 * HOUR, story.NOW - DAY)
    assert made.history(*HEAT) is not track


def test_that_gaps_are_named_and_the_beginning_is_told() -> None:
    made = model(TimeRange(30 * DAY))
    serve(made, StoryPast())
    gaps = made.view.gaps
    assert [gap.reason for gap in gaps] == ["suspended", "not running", UNRECORDED]
    assert gaps[0] == GAPS[0]
    assert gaps[-1].until == BEGAN
    assert made.oldest == BEGAN


def test_that_an_empty_history_and_one_that_is_off_say_so() -> None:
    made = model(TimeRange(6 * HOUR, story.NOW - DAY))
    serve(made, StoryPast((), None))
    assert "No history yet" in made.view.words
    made.timeline.off = "History is off in the settings."
    assert made.view.words == "History is off in the settings."
    assert asked(made) is None


def test_that_a_history_that_is_not_written_says_why() -> None:
    full = Health(RecorderState.FULL, "The disk is full: nothing is recorded.", story.NOW)
    made = model(TimeRange(6 * HOUR, story.NOW - DAY))
    made.load(story.snapshot(window=story.recent(60).window(), history=full))
    serve(made, StoryPast((), None))
    assert made.view.words == full.reason


def test_that_a_failure_is_told_and_tried_again_later() -> None:
    made = model(TimeRange(6 * HOUR, story.NOW - DAY))
    wanted = asked(made)
    assert wanted is not None
    made.timeline.on_found(Found(wanted, problem="The history cannot be read: it is damaged."))
    assert "damaged" in made.view.words
    assert asked(made) is None
    made.sample = replace(story.sample(), time=story.NOW + 31)
    assert asked(made) is not None


def test_that_hiding_forgets_the_figures_and_keeps_what_was_chosen() -> None:
    made = model(TimeRange(6 * HOUR, story.NOW - DAY))
    serve(made, StoryPast())
    made.timeline.pinned = story.NOW - DAY
    made.clear()
    assert made.timeline.range == TimeRange(6 * HOUR, story.NOW - DAY)
    assert made.timeline.pinned == story.NOW - DAY
