from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, Slot
from tests.ui import story

from crackseg_desktop.insight.forecast import DiskForecast
from crackseg_desktop.series import Buckets
from crackseg_desktop.ui.disk_forecasts import AGAIN_SECONDS, DiskAnswer, DiskQuestion, forecast
from crackseg_desktop.ui.model import Model
from crackseg_desktop.ui.pages.system_tables import disk_row, growth_words
from crackseg_desktop.ui.past import PastReader

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from crackseg_desktop.series import SeriesKey

GIB = 1024.0**3
LIMIT = 10 * GIB


def shrinking(key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
    """Return free bytes that shrink by 2 GiB an hour to 13 GiB, minute by minute; of / they stay."""
    found = Buckets(key, 60.0)
    pace = 0.0 if dict(key[1])["mount"] == "/" else 2 * GIB / 3600
    for minute in range(int((story.NOW - since) // 60)):
        time = since + 60.0 * minute
        value = 13 * GIB + pace * (story.NOW - time)
        for column, item in zip((found.times, found.means), (time, value), strict=True):
            column.append(item)
    return found


class ShrinkingPast:
    """A history of disks alone."""

    problem = None

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        return shrinking(key, since, until, most)

    def close(self) -> None:
        pass


class Listener(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[DiskAnswer] = []

    @Slot(object)
    def on_told(self, answer: DiskAnswer) -> None:
        self.told.append(answer)


@pytest.fixture
def model() -> Model:
    made = Model()
    made.timeline.off = ""
    made.load(story.snapshot(window=story.recent(30).window()))
    return made


QUESTION = DiskQuestion(("/", "/data"), LIMIT, story.NOW)


def test_that_each_disk_is_forecast_from_the_history() -> None:
    told = forecast(QUESTION, shrinking).forecasts
    assert told["/data"].time == pytest.approx(story.NOW + 1.5 * 3600, abs=120)
    assert (told["/"].time, told["/"].reason) == (None, "it does not shrink")


def test_that_it_stops_where_nobody_waits() -> None:
    assert forecast(QUESTION, shrinking, lambda: True).forecasts == {}


def test_that_the_history_is_asked_once_in_five_minutes(model: Model) -> None:
    assert model.disk_forecast("/data", LIMIT) is None
    question = model.take_disk_question()
    assert question is not None
    assert question.mounts == ("/", "/data", "/home")
    model.disk_forecast("/", LIMIT)
    assert model.take_disk_question() is None
    model.on_sample(story.sample(AGAIN_SECONDS + 1))
    model.disk_forecast("/", LIMIT)
    assert model.take_disk_question() is not None


def test_that_nothing_is_asked_where_no_history_is_kept(model: Model) -> None:
    model.timeline.off = "History is off."
    assert model.disk_forecast("/", LIMIT) is None
    assert model.take_disk_question() is None


@pytest.mark.parametrize("threaded", [True, False])
def test_that_the_reader_answers(qtbot: QtBot, threaded: bool) -> None:
    past: Any = ShrinkingPast()
    reader, listener = PastReader(lambda: past, threaded=threaded), Listener()
    reader.forecasted.connect(listener.on_told)
    reader.forecast(QUESTION)
    qtbot.waitUntil(lambda: bool(listener.told))
    reader.rest()
    assert listener.told[0].forecasts["/data"].time is not None


@pytest.mark.parametrize(
    ("told", "free", "words"),
    [
        (DiskForecast(story.NOW + 5400, bytes_per_hour=2.2 * GIB), 13.1, "likely 10.0 GiB at "),
        (DiskForecast(reason="it does not shrink", bytes_per_hour=0.0), 60.0, "no limit near"),
        (DiskForecast(reason="it goes up and down", bytes_per_hour=0.0), 60.0, "it goes up and down"),
        (None, 60.0, "reading the history"),
        (None, 9.0, "under the limit"),
        (DiskForecast(reason="it does not shrink"), 11.0, "near: 1.0 GiB to go"),
    ],
)
def test_that_the_last_cell_says_what_becomes_of_a_disk(
    model: Model, told: DiskForecast | None, free: float, words: str
) -> None:
    if told is not None:
        model.disk_answer = DiskAnswer(QUESTION, {"/data": told})
    assert disk_row(story.disk("/data", free, 466.0), model, LIMIT)[-1].text.startswith(words)


def test_that_a_disk_that_does_not_answer_says_why(model: Model) -> None:
    silent = replace(story.disk("/mnt/nas", 1, 2), figures={}, unavailable={"host_disk_free_bytes": "does not answer"})
    assert disk_row(silent, model, LIMIT)[-1].text == "does not answer"


def test_that_growth_has_a_sign_and_rests_at_nought() -> None:
    told = [DiskForecast(bytes_per_hour=pace * GIB) for pace in (2.2, 0.01, -1.0)]
    assert [growth_words(each) for each in (*told, None)] == ["+2.2 GiB/h", "0.0 GiB/h", "−1.0 GiB/h", "–"]
