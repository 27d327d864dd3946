"""The dashboard on the real history: what the recorder wrote is what the plots show."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.ui import story

from crackseg_desktop.history.archive import Archive
from crackseg_desktop.history.recorder import Recorder
from crackseg_desktop.series import series_key
from crackseg_desktop.settings import Settings
from crackseg_desktop.ui.dashboard import Dashboard
from crackseg_desktop.ui.past import PastReader
from crackseg_desktop.ui.theme import Theme, load_fonts
from crackseg_desktop.ui.time_range import HOUR, TimeRange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytestqt.qtbot import QtBot
    from tests.conftest import FakeClock

    from crackseg_desktop.series import SeriesKey

HEAT = series_key("gpu_temperature_celsius", {"gpu": story.GPU})


def record(folder: Path, clock: FakeClock, hours: float, peak_at: float) -> None:
    """Write hours of samples before the story's now, with an hour of sleep in their middle."""
    clock.now = story.NOW
    recorder = Recorder(folder, clock)
    middle, woken = story.NOW - hours * HOUR / 2, False
    for age in range(int(hours * HOUR), 0, -1):
        time = story.NOW - age
        if abs(time - middle) < HOUR / 2:
            woken = True
            continue
        figures: Mapping[SeriesKey, float] = {HEAT: 93.0 if time == peak_at else 70.0}
        recorder.add(time, figures, "suspended" if woken else "")
        woken = False
        if age % 600 == 0:
            recorder.write()
    recorder.write()
    recorder.stop(0.0)


def test_that_a_peak_of_a_second_and_a_gap_come_through(
    qtbot: QtBot, actions: Any, clock: FakeClock, tmp_path: Path
) -> None:
    load_fonts()
    peak_at = story.NOW - 5 * HOUR
    record(tmp_path, clock, 6, peak_at)
    reader = PastReader(partial(Archive, tmp_path))
    dashboard = Dashboard(Theme("dark"), actions, Settings(), None, reader)
    qtbot.addWidget(dashboard)
    dashboard.model.timeline.range = TimeRange(6 * HOUR)
    dashboard.show_full("gpus")
    with qtbot.waitSignal(reader.found, timeout=10_000):
        dashboard.load(story.snapshot(window=story.recent(60).window()))
        dashboard.refresh()
    dashboard.refresh()
    track = dashboard.model.history(HEAT[0], dict(HEAT[1]))
    assert track.high is not None
    at = int(np.nanargmax(track.high))
    assert track.high[at] == 93
    assert abs(track.times[at] - (peak_at - story.NOW)) < 15
    (gap,) = dashboard.model.view.gaps
    assert gap.reason == "suspended"
    hole = np.isnan(track.values)
    assert hole.sum() == 1
    assert gap.since - story.NOW < track.times[hole][0] < gap.until - story.NOW
    dashboard.hide()


def test_that_a_missing_and_a_damaged_file_are_told(qtbot: QtBot, actions: Any, tmp_path: Path) -> None:
    load_fonts()
    for content, told in ((None, "There is no history yet."), (b"no database" * 500, "cannot be read")):
        if content is not None:
            (tmp_path / "history.sqlite").write_bytes(content)
        reader = PastReader(partial(Archive, tmp_path), threaded=False)
        dashboard = Dashboard(Theme("dark"), actions, Settings(), None, reader)
        qtbot.addWidget(dashboard)
        dashboard.model.timeline.range = TimeRange(6 * HOUR, story.NOW - 2 * HOUR)
        dashboard.show_full("gpus")
        dashboard.load(story.snapshot(window=story.recent(60).window()))
        dashboard.refresh()
        assert told in dashboard.model.view.words
