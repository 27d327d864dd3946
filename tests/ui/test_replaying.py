from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.ui import story
from tests.ui.past_story import DAY, StoryPast

from crackseg_desktop.series import Buckets, SeriesKey
from crackseg_desktop.settings import Settings
from crackseg_desktop.ui.dashboard import Dashboard
from crackseg_desktop.ui.model import Model
from crackseg_desktop.ui.past import PastReader
from crackseg_desktop.ui.replaying import answered, question_of
from crackseg_desktop.ui.theme import Theme, load_fonts
from crackseg_desktop.ui.widgets.text import Line

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from crackseg_desktop.monitor import Snapshot

HEAT, MEMORY = story.alerts()[2], story.many_alerts()[0]


def model(snapshot: Snapshot | None = None) -> Model:
    made = Model()
    made.timeline.off = ""
    made.load(snapshot or story.snapshot(window=story.recent(60).window()))
    return made


class HotPast(StoryPast):
    """A week in which the GPU was too hot for half an hour, on each of three days."""

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        found = Buckets(key, 60.0)
        for index in range(int((until - since) / 60)):
            time = since + 60 * index
            days, second = divmod(time - since, DAY)
            value = 90.0 if days in (1, 3, 5) and second < 1800 else 60.0
            for column in (found.minima, found.maxima, found.means, found.lasts):
                column.append(value)
            found.times.append(time)
            found.counts.append(60)
        return found


def test_that_a_rule_is_replayed_for_the_subject_of_an_alert() -> None:
    question = question_of(HEAT, model())
    assert question is not None
    assert question.key == ("gpu_temperature_celsius", (("gpu", story.GPU),))
    answer = answered(question, HotPast().read)
    assert len(answer.breaches) == 3
    assert answer.words.endswith("3 times in 7 days")


def test_that_a_share_is_judged_on_the_bytes_that_are_kept() -> None:
    question = question_of(MEMORY, model())
    assert question is not None
    assert question.key[0] == "gpu_memory_used_bytes"
    assert question.factor == 1 / (8 * story.GIB)
    assert answered(question, StoryPast().read).words == "never in 7 days"


def test_that_what_is_not_kept_is_not_asked() -> None:
    assert question_of(story.run_alert("no such rule"), model()) is None
    assert question_of(replace(MEMORY, labels={"gpu": "another"}), model()) is None


def test_that_a_short_history_says_how_short_it_is() -> None:
    question = question_of(HEAT, model())
    assert question is not None
    assert answered(question, StoryPast((), story.NOW - 2 * DAY).read).words == "about once in 2 days"
    assert answered(question, StoryPast((), None).read).words == "no history"


def test_that_a_question_is_asked_once_an_hour() -> None:
    made = model()
    assert made.replay_of(HEAT) is None
    question = made.take_question()
    assert question is not None
    made.on_sample(story.sample(1.0))
    made.replay_of(HEAT)
    assert made.take_question() is None
    made.on_sample(story.sample(3600.0))
    made.replay_of(HEAT)
    assert made.take_question() is not None


def test_that_the_details_of_an_alert_tell_it(qtbot: QtBot, actions: Any) -> None:
    load_fonts()
    reader = PastReader(HotPast)
    dashboard = Dashboard(Theme("dark"), actions, Settings(), None, reader)
    qtbot.addWidget(dashboard)
    dashboard.show_full("alerts")
    with qtbot.waitSignal(reader.replayed, timeout=10_000):
        dashboard.load(story.snapshot(window=story.recent(60).window(), alerts=(HEAT,)))
    dashboard.refresh()
    said = [line.text for line in dashboard.findChildren(Line) if line.isVisible()]
    assert any("3 times in 7 days" in text for text in said)
    dashboard.hide()
