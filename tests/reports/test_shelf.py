"""The reports that were written, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.reports import story

from crackseg_desktop.reports.collect import collect
from crackseg_desktop.reports.ledger import FILE_NAME, Ledger
from crackseg_desktop.reports.schedule import key_of
from crackseg_desktop.reports.shelf import past_reports, shelve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import FakeClock

pytest.importorskip("jinja2")


def test_that_a_report_is_kept_as_html_and_markdown_and_listed(tmp_path: Path, clock: FakeClock) -> None:
    day, week = collect(*story.day()), collect(*story.week())
    path = shelve(day, tmp_path)
    assert path == tmp_path / "reports" / "daily-2026-11-23.html"
    assert path.read_text(encoding="utf-8").startswith("<!")
    assert "swinv2-crack500-448" in path.with_suffix(".md").read_text(encoding="utf-8")
    shelve(week, tmp_path)
    with Ledger(tmp_path, clock) as ledger:
        ledger.note_written(key_of(day.period), "one training")
        ledger.begin(key_of(day.period), ("mail",))
        ledger.claim(key_of(day.period), "mail")
        ledger.settle(key_of(day.period), "mail", None)
    first, second = past_reports(tmp_path, story.ZONE)
    assert (first.kind, first.slug, first.name) == ("daily", "2026-11-23", "Monday 23 November 2026")
    assert (first.path, first.written, first.summary, first.sent) == (path, clock.now, "one training", ("mail",))
    assert (second.slug, second.summary, second.sent) == ("2026-W47", "", ())
    assert second.written == second.path.stat().st_mtime


def test_that_foreign_files_and_a_broken_ledger_take_nothing_from_the_list(tmp_path: Path) -> None:
    assert past_reports(tmp_path) == ()
    path = shelve(collect(*story.day()), tmp_path)
    for name in ("notes.html", "daily-2026-13-45.html", "weekly-2026-W60.html", "daily-2026-11-22.md"):
        (path.parent / name).write_text("x", encoding="utf-8")
    (tmp_path / FILE_NAME).write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    assert [past.slug for past in past_reports(tmp_path)] == ["2026-11-23"]


def test_that_a_report_that_is_written_again_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    assert shelve(collect(*story.day()), tmp_path) == shelve(collect(*story.day()), tmp_path)
    assert len(list((tmp_path / "reports").iterdir())) == 2
