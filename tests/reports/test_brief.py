"""What a message says of a report."""

from __future__ import annotations

from dataclasses import replace

from tests.reports import story

from crackseg_desktop.notify.words import Urgency, utf16_units
from crackseg_desktop.reports import words
from crackseg_desktop.reports.brief import message_of, summary_of
from crackseg_desktop.reports.collect import collect
from crackseg_desktop.reports.report import Report


def test_that_the_message_names_day_runs_bests_health_issues_and_what_to_do_next() -> None:
    told = message_of(collect(*story.day()))
    assert told.title == "Daily monitoring report, Monday 23 November 2026"
    lines = told.body.splitlines()
    assert lines[0] == "nemo, Development, 00:00 to 20:00"
    assert lines[1] == "Active: swinv2-crack500-448"
    assert "Failed: unet-pycrackdb-320 (NaN loss since epoch 7 (val/loss))" in lines
    assert any(line.startswith("Best IoU 0.694, Best Dice 0.819, ") for line in lines)
    assert any("GPU memory 6.6 of 8.0 GiB" in line and "Temperature 81 °C" in line for line in lines)
    assert lines[-2] == "Issues: 6; not resolved: Loss is NaN in unet-pycrackdb-320"
    assert lines[-1].startswith("Next: ")
    assert 5 <= len(lines) <= 10
    assert (told.key, told.urgency) == ("report:daily:2026-11-23", Urgency.LOW)


def test_that_a_week_names_a_few_of_its_runs_and_counts_the_others() -> None:
    told = message_of(collect(*story.week()))
    assert told.title == "Weekly performance report, Week 47, 16 to 22 November 2026"
    assert told.body.splitlines()[1].endswith(", 5 more")


def test_that_a_period_in_which_nothing_happened_says_so_in_one_line() -> None:
    quiet = Report(story.day()[0], "nemo", "Production")
    assert message_of(quiet).body.splitlines()[1:] == [words.quiet(quiet)]
    assert summary_of(quiet) == words.quiet(quiet)


def test_that_names_of_runs_break_no_line_and_call_nobody() -> None:
    report = collect(*story.day())
    run = replace(report.runs[0], name="@everyone\n<!channel> \u202e" + "x" * 1000)
    body = message_of(replace(report, runs=(run,))).body
    assert "@everyone" not in body
    assert "<!channel>" not in body
    assert "\u202e" not in body
    assert all(utf16_units(line) <= 310 for line in body.splitlines())
    assert len(body.splitlines()) <= 10


def test_that_a_simulated_report_says_so_before_anything_else() -> None:
    assert message_of(replace(collect(*story.day()), simulated=True)).title.startswith("Simulated: ")


def test_that_a_line_sums_a_report_up() -> None:
    assert summary_of(collect(*story.day())) == (
        "Trainings: 1 active, 2 completed, 1 failed, best IoU 0.694, best Dice 0.819, 6 issues"
    )
