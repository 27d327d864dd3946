from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from tests.reports import story
from tests.reports.golden import assert_golden

from crackseg_desktop.reports.collect import collect
from crackseg_desktop.reports.html import render_html

_VOID = frozenset({"meta", "br"})


class Outline(HTMLParser):
    """Checks that tags nest, and keeps what is asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data)


def outline(name: str) -> Outline:
    found = Outline()
    found.feed(render_html(collect(*getattr(story, name)())))
    found.close()
    assert found.open == []
    return found


@pytest.mark.parametrize("name", ["day", "week"])
def test_that_a_report_is_the_one_that_was_looked_at(name: str) -> None:
    assert_golden(f"{name}.html", render_html(collect(*getattr(story, name)())))


@pytest.mark.parametrize("name", ["day", "week", "crowded_day", "headless_day", "quiet_day", "unknown_day"])
def test_that_it_stands_by_itself(name: str) -> None:
    found = outline(name)
    assert not {"script", "link", "img", "iframe", "object", "form", "style"} & set(found.tags) - {"style"}
    names = {attribute for attribute, _ in found.attributes}
    assert not names & {"src", "href", "xlink:href", "onclick", "onload", "action"}
    text = render_html(collect(*getattr(story, name)()))
    assert "@import" not in text
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {"#tile"}
    assert set(re.findall(r'"(https?:[^"]*)"', text)) == {"http://www.w3.org/2000/svg"}


def test_that_it_has_a_language_and_headings() -> None:
    found = outline("day")
    assert ("lang", "en") in found.attributes
    assert found.headings == [
        "Daily monitoring report", "Training status", "The day on one axis", "System health", "Best IoU by run",
        "Issues", "Next actions", "Curves of the runs", "What the runs used",
    ]  # fmt: skip
    weekly = outline("week").headings
    assert weekly[:2] == ["Weekly performance report", "Training efficiency"]
    assert {"System utilization", "Day by day", "Issues resolved", "Improvements"} <= set(weekly)


def test_that_foreign_text_is_no_markup() -> None:
    text = render_html(collect(*story.crowded_day()))
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<i>|" not in text
    assert "\u202e" not in text
    assert "\\u202ename\\n# heading\\x1b[31m" in text


@pytest.mark.parametrize("name", ["crowded_day", "headless_day", "unknown_day", "week"])
def test_that_no_figure_is_a_bare_nan_or_none(name: str) -> None:
    text = re.sub(r"<[^>]*>", " ", render_html(collect(*getattr(story, name)())))
    assert not re.search(r"\b(None|inf|True|False|Figure)\b", text)


def test_that_it_is_dark_where_the_reader_wants_it_and_light_on_paper() -> None:
    report = collect(*story.quiet_day())
    auto, light, dark = (render_html(report, theme) for theme in ("auto", "light", "dark"))
    assert "@media screen and (prefers-color-scheme:dark){:root{--window:#11151A" in auto
    assert "#11151A" not in light
    assert "@media screen{:root{--window:#11151A" in dark
    assert "@media print{:root{--window:#F2F4F7" in dark


def test_that_simulated_data_is_labelled() -> None:
    period, sources = story.quiet_day()
    assert sources.sample is not None
    report = collect(period, replace(sources, sample=replace(sources.sample, simulated=True)))
    assert "Simulated data" in render_html(report)
    assert "Simulated data" not in render_html(collect(*story.quiet_day()))


def test_that_the_same_inputs_give_the_same_bytes() -> None:
    assert render_html(collect(*story.week())) == render_html(collect(*story.week()))
