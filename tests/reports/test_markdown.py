from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import story
from tests.reports.golden import assert_golden

from crackseg_desktop.reports.collect import collect
from crackseg_desktop.reports.markdown import escaped, render_markdown

GUIDE_DAILY = """Date: | Environment: | ## Training Status | - Active Experiments: | - Completed Today: | - Failed: |
## System Health | - GPU Memory: | - System Memory: | - Disk Space | - Temperature: | ## Performance Metrics |
- Average Training Time: | - Best IoU Today: | - Best Dice Today: | ## Issues | ## Next Actions"""
GUIDE_WEEKLY = """## Training Efficiency | ## Model Performance | ## System Utilization | ## Issues Resolved |
## Improvements"""


@pytest.mark.parametrize("name", ["day", "week", "crowded_day", "quiet_day", "unknown_day"])
def test_that_a_report_is_the_one_that_was_looked_at(name: str) -> None:
    assert_golden(f"{name}.md", render_markdown(collect(*getattr(story, name)())))


@pytest.mark.parametrize(("name", "fields"), [("day", GUIDE_DAILY), ("week", GUIDE_WEEKLY)])
def test_that_a_reader_of_the_guide_finds_its_fields_in_order(name: str, fields: str) -> None:
    text = render_markdown(collect(*getattr(story, name)()))
    places = [text.index(field.strip()) for field in fields.replace("\n", " ").split(" | ")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a | b", r"a \| b"),
        ("`x`", r"\`x\`"),
        ("<b>&amp;", r"\<b\>\&amp;"),
        ("[a](b)", r"\[a\](b)"),
        ("_a_b_", r"\_a_b\_"),
        ("http://example.org", r"http\://example.org"),
        ("www.example.org", r"www\.example.org"),
        ("a@b", r"a\@b"),
        ("one\ntwo", r"one\\ntwo"),
        ("\u202eabc", r"\\u202eabc"),
        ("swinv2-crack_500", "swinv2-crack_500"),
    ],
)
def test_that_foreign_text_stays_text(text: str, written: str) -> None:
    assert escaped(text) == written


@given(st.text())
def test_that_no_foreign_text_breaks_a_line_or_a_cell(text: str) -> None:
    result = escaped(text)
    assert result.isprintable()
    bare = result.replace("\\\\", "")
    assert all(bare[place - 1 : place] == "\\" for place, sign in enumerate(bare) if sign in "|`<>[]*~$")


def test_that_every_row_of_a_table_has_its_cells() -> None:
    text = render_markdown(collect(*story.crowded_day()))
    lines = text.replace("\\\\", "").replace("\\|", "").splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in rows} == {9, 11}
    assert len(rows) == 64


def test_that_simulated_data_is_labelled() -> None:
    period, sources = story.day()
    assert sources.sample is not None
    runs = tuple(replace(run, facts=replace(run.facts, simulated=True)) for run in sources.runs)
    report = collect(period, replace(sources, runs=runs, sample=replace(sources.sample, simulated=True)))
    text = render_markdown(report)
    assert "**Simulated data**" in text
    assert "swinv2-crack500-448 (simulated)" in text
    assert "- none" in text  # the alerts are of the real machine


def test_that_the_same_inputs_give_the_same_bytes() -> None:
    assert render_markdown(collect(*story.week())) == render_markdown(collect(*story.week()))
