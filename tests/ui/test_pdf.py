from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.ui import report_story as story

from crackseg_desktop.reports.report import Coverage, Figure, Report, Resolution
from crackseg_desktop.ui.pdf import pdf_of, write_pdf

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="needs pdftotext and pdfinfo of poppler-utils to read the PDF back"
)


def read(path: Path, tool: str = "pdftotext") -> str:
    arguments = ["pdftotext", "-layout", str(path), "-"] if tool == "pdftotext" else [tool, str(path)]
    return subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=60).stdout


def text_of(report: Report, folder: Path) -> str:
    write_pdf(report, folder / "report.pdf")
    return read(folder / "report.pdf")


@needs_poppler
def test_that_the_day_can_be_read_back(qtbot: QtBot, tmp_path: Path) -> None:
    text = text_of(story.daily(), tmp_path)
    for words in (
        *("Daily monitoring report", "Monday 23 November 2026", "workstation nemo", "Development", "00:00 to 20:00"),
        *("Best IoU today", "0.694", "3 h 01 min", "1.02 kWh", "0.26 €", "1 active, 2 completed, 1 failed"),
        *("swinv2-crack500-448", "11 / 50", "ends ≈ 22:57", "Failed", "loss NaN", "The day on one axis"),
        *("80 °C", "7.5 GiB", "08:00", "6.7 of 8.0 GiB", "target 0.75", "Disk under 10 GiB on /data"),
        *("resolved 15:41: old checkpoints removed", "Let swinv2-crack500-448 finish", "50 × 141 MiB"),
        *("What the runs used", "data from 99.8 % of the day", "1 of 2", "2 of 2"),
    ):
        assert words in text, words


@needs_poppler
def test_that_the_week_has_its_own_parts(qtbot: QtBot, tmp_path: Path) -> None:
    text = text_of(story.weekly(), tmp_path)
    for words in ("Weekly performance report", "Week 48", "Day by day", "Wed 25", "Improvements", "(+0.023)", "45 %"):
        assert words in text, words


@needs_poppler
def test_that_title_and_pages_are_told(qtbot: QtBot, tmp_path: Path) -> None:
    write_pdf(story.daily(), tmp_path / "report.pdf")
    told = dict(line.split(":", 1) for line in read(tmp_path / "report.pdf", "pdfinfo").splitlines() if ":" in line)
    known = {name: value.strip() for name, value in told.items()}
    assert known["Title"] == "Daily monitoring report, Monday 23 November 2026"
    assert known["Creator"] == "CrackSeg Desktop"
    assert known["Pages"] == "2"
    assert known["Page size"].endswith("(A4)")


@needs_poppler
def test_that_the_same_report_gives_the_same_text(qtbot: QtBot, tmp_path: Path) -> None:
    assert text_of(story.weekly(), tmp_path) == text_of(story.weekly(), tmp_path)


@needs_poppler
def test_that_many_rows_lose_none_and_heads_come_again(qtbot: QtBot, tmp_path: Path) -> None:
    first = story.runs()[1]
    runs = tuple(replace(first, id=f"{n}", name=f"long-run-{n:03d}", short=f"r{n}", iou=None) for n in range(90))
    text = text_of(story.daily(runs=runs), tmp_path)
    assert [f"long-run-{n:03d}" in text for n in range(90)] == [True] * 90
    pages = text.split("\f")[:-1]
    assert len(pages) > 4
    assert "Experiment" in pages[1]
    assert f"{len(pages)} of {len(pages)}" in pages[-1]


@needs_poppler
def test_that_foreign_text_is_shown_as_it_is_and_steers_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    run = replace(story.runs()[0], name="<b>&amp;</b>", short="a\x1b[31m<i>")
    issue = replace(story.issues()[0], note="first line\nsecond </text> " + "word " * 300, how="resolved")
    text = text_of(story.daily(runs=(run,), issues=(issue,)), tmp_path)
    assert "<b>&amp;</b>" in text
    assert r"a\x1b[31m<i>" in text
    assert "first line second </text>" in text
    assert "…" in text


@needs_poppler
def test_that_nothing_happened_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    text = text_of(Report(story.PERIOD, "nemo", "Development", coverage=Coverage(Figure(1.0))), tmp_path)
    assert "Nothing happened today" in text
    assert "1 of 1" in text


@needs_poppler
def test_that_simulated_data_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    assert "Simulated data" in text_of(story.daily(simulated=True), tmp_path)


def test_that_pages_have_a_figure_even_where_much_is_missing(qtbot: QtBot) -> None:
    bare = replace(story.runs()[3], epoch=None, started=None, scores=(), loss=None, iou=None)
    issue = replace(story.issues()[2], resolution=Resolution.OPEN, ended=None, seconds=None)
    assert pdf_of(story.daily(runs=(bare,), health=(), lanes=(), issues=(issue,))).startswith(b"%PDF")


def test_that_a_file_that_cannot_be_written_is_told(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write_pdf(story.daily(), tmp_path / "file" / "report.pdf")
