from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import story

from crackseg_desktop.reports import charts
from crackseg_desktop.reports.collect import collect
from crackseg_desktop.reports.glyphs import alert_glyph, run_glyph
from crackseg_desktop.reports.period import day_of, week_of
from crackseg_desktop.reports.report import Outcome, RunReport
from crackseg_desktop.reports.scales import Scale, nice_step, time_ticks, value_ticks
from crackseg_desktop.reports.svg import Picture, elided, number, palette, runs_of, width_of
from crackseg_desktop.series import Gap

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.reports.report import Report

DAYS = ["day", "week", "crowded_day", "headless_day", "quiet_day", "unknown_day"]
ALL = [charts.timeline, charts.health, charts.best_by_run, charts.curves, charts.heat_map]
SVG = "{http://www.w3.org/2000/svg}"


@cache
def report(name: str) -> Report:
    return collect(*getattr(story, name)())


@pytest.mark.parametrize("name", DAYS)
@pytest.mark.parametrize("draw", ALL)
def test_that_every_chart_is_whole_and_within_its_edges(name: str, draw: Callable[[Report], str]) -> None:
    text = draw(report(name))
    root = ET.fromstring(text)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    assert root.attrib["viewBox"] == f"0 0 {number(width)} {number(height)}"
    assert root.find(f"{SVG}title") is not None
    assert "nan" not in text
    for shape in root.iter():
        x, y = shape.get("x"), shape.get("y")
        if x is not None and y is not None:
            assert -1 <= float(x) <= width + 1
            assert -1 <= float(y) <= height + 1


@pytest.mark.parametrize("name", DAYS)
@pytest.mark.parametrize("draw", ALL)
def test_that_texts_of_a_line_do_not_touch(name: str, draw: Callable[[Report], str]) -> None:
    root = ET.fromstring(draw(report(name)))
    lines: dict[str, list[tuple[float, float, str]]] = {}
    for shape in root.iter(f"{SVG}text"):
        text, size = shape.text or "", float(shape.attrib["font-size"])
        wide, x = width_of(text, size) * 0.9, float(shape.attrib["x"])
        left = {"end": x - wide, "middle": x - wide / 2}.get(shape.get("text-anchor", ""), x)
        lines.setdefault(shape.attrib["y"], []).append((left, left + wide, text))
    for texts in lines.values():
        for (_, end, one), (begin, _, other) in zip(sorted(texts), sorted(texts)[1:], strict=False):
            assert end <= begin + 1, (one, other)


def test_that_charts_need_no_style_sheet() -> None:
    text = charts.timeline(report("day"))
    assert "<style" not in text
    assert "var(" not in text
    assert re.search(r'class="f-critical" fill="#A8102F"', text)
    assert palette("dark")["text"] in charts.timeline(report("day"), "dark")


def test_that_no_line_is_drawn_over_a_gap() -> None:
    rows = [(0.0, 1.0), (60.0, 2.0), (400.0, 3.0), (460.0, float("nan")), (520.0, 4.0)]
    assert runs_of(rows, 120.0) == [[(0.0, 1.0), (60.0, 2.0)], [(400.0, 3.0), (520.0, 4.0)]]
    period, sources = story.day()
    past = story.FakePast(missing=(Gap(story.at("04:00"), story.at("06:00"), "suspended"),))
    story.fill_machine(past, period.since, period.until, [])
    text = charts.timeline(collect(period, replace(sources, past=past)))
    whole = charts.timeline(report("quiet_day"))
    lines = 'fill="none" class="l-s2"'
    assert text.count(lines) == whole.count(lines) + 1
    assert ">suspended<" in text


def test_that_runs_that_overlap_have_rows_of_their_own() -> None:
    plans = [story.Plan(f"{n}", f"run-{n}", story.at("10:00") + n, 2, 2, 3600.0, 0.5) for n in range(3)]
    period, _ = story.day()
    past = story.FakePast()
    story.fill_machine(past, period.since, period.until, plans)
    found = collect(period, story.sources_of(past, plans, period.now))
    root = ET.fromstring(charts.timeline(found))
    bars = [shape for shape in root.iter(f"{SVG}rect") if shape.get("class") == "f-s6"]
    assert len(bars) == 3
    assert len({bar.attrib["y"] for bar in bars}) == 3


def test_that_a_diverging_loss_leaves_the_others_readable() -> None:
    found = report("day")
    run = found.runs[0]
    assert run.loss is not None
    wild = replace(run.loss, values=(*run.loss.values[:-1], 1e16))
    text = charts.curves(replace(found, runs=(replace(run, loss=wild), *found.runs[1:])))
    assert "e+16" not in text
    assert ">1<" in text


def test_that_a_day_has_at_most_seven_ticks_also_when_the_clocks_change() -> None:
    zone = ZoneInfo("Europe/Berlin")
    for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 23)):
        for hours in (1, 7, 13, 20, 24, 25):
            whole = day_of(day, zone, 4e9)
            period = day_of(day, zone, whole.since + hours * 3600)
            ticks = time_ticks(period)
            assert 1 <= len(ticks) <= 7
            assert all(period.clock(moment) == words for moment, words in ticks)
    assert [words for _, words in time_ticks(week_of(date(2026, 11, 23), zone, 4e9))][:2] == ["Mon 23", "Tue 24"]


def test_that_ticks_are_round_and_have_units() -> None:
    gib = 1024.0**3
    assert [words for _, words in value_ticks("bytes", 0, 7.7 * gib)] == ["0 GiB", "4 GiB"]
    assert [words for _, words in value_ticks("celsius", 32, 86)] == ["40 °C", "60 °C", "80 °C"]
    assert [words for _, words in value_ticks("", 0.05, 0.81)] == ["0.2", "0.4", "0.6", "0.8"]
    assert nice_step(0.0) == 1.0
    assert nice_step(10.0) == 2.5


def test_that_a_scale_stays_within_its_ends() -> None:
    scale = Scale(0, 10, 100, 0)
    assert (scale(5), scale(-5), scale(50)) == (50, 100, 0)
    assert Scale(1, 1, 0, 10)(1) == 0


@given(st.text(max_size=80))
def test_that_any_text_can_be_drawn(text: str) -> None:
    picture = Picture(100, 100, text, text)
    picture.text(0, 10, elided(text, 60))
    root = ET.fromstring(picture.svg())
    (drawn,) = root.iter(f"{SVG}text")
    assert width_of(drawn.text or "") <= 61


@pytest.mark.parametrize("outcome", list(Outcome))
def test_that_every_state_has_a_sign_of_its_own(outcome: Outcome) -> None:
    signs = {run_glyph(RunReport("a", "a", "a", other)) for other in Outcome if other != outcome}
    assert run_glyph(RunReport("a", "a", "a", outcome)) not in signs


def test_that_what_is_over_is_an_outline() -> None:
    found = report("day").issues
    open_one, over = found[0], found[1]
    assert 'class="f-critical"' in alert_glyph(open_one)
    assert 'fill="none"' in alert_glyph(over)


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (1.25, "1.2"), (-0.01, "0"), (1234.56, "1234.6")])
def test_that_coordinates_are_written_one_way(value: float, text: str) -> None:
    assert number(value) == text
