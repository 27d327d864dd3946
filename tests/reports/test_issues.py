from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.reports.story import DAY, GPU, ZONE, alert, at, resolved, sources_of
from tests.reports.story import FakePast as Past

from crackseg_desktop.alerts.rules import BUILTIN
from crackseg_desktop.readings import AlertEvent, AlertState, Severity
from crackseg_desktop.reports import words
from crackseg_desktop.reports.collect import collect
from crackseg_desktop.reports.issues import MOST_LISTED, issues_of, listed
from crackseg_desktop.reports.period import day_of
from crackseg_desktop.reports.report import Issue, Report, Resolution

PERIOD = day_of(DAY, ZONE, at("20:00"))


def heat(clock: str, **more: Any) -> AlertEvent:
    return alert(
        "gpu_temperature", "GPU 0", "gpu_temperature_celsius", {"gpu": GPU}, at(clock), "GPU 0 at 82 °C", **more
    )


def told(*changes: AlertEvent, simulated: bool = False) -> tuple[Issue, ...]:
    return issues_of(PERIOD, changes, BUILTIN, simulated=simulated)


def row(issue: Issue) -> words.IssueRow:
    return words.issue_row(Report(PERIOD, "", ""), issue)


def test_that_the_changes_of_an_alert_are_one_issue() -> None:
    first = heat("13:21", peak=82.0)
    seen = replace(first, state=AlertState.ACKNOWLEDGED, time=at("13:25"), note="fan cleaned")
    (issue,) = told(first, seen, resolved(seen, 600.0, peak=84.0))
    assert (issue.resolution, issue.seconds, issue.note, issue.peak) == (
        Resolution.RESOLVED,
        600.0,
        "fan cleaned",
        84.0,
    )
    assert row(issue).status == "resolved 13:31: fan cleaned"
    assert row(issue).evidence.startswith("13:21, 10 min, peak 84 °C.")


def test_that_the_title_is_the_fact_and_not_its_repetition() -> None:
    first = heat("13:21")
    again = replace(first, title="Still: GPU 0 at 82 °C", time=at("17:21"))
    (issue,) = told(first, again)
    assert issue.title == "GPU 0 at 82 °C"
    assert (issue.resolution, issue.how, issue.ended) == (Resolution.OPEN, "still there", None)


def test_that_what_came_back_is_counted_with_its_worst() -> None:
    events = []
    for clock, peak in (("09:00", 81.0), ("12:00", 86.0), ("15:00", 82.0)):
        event = heat(clock, peak=peak)
        events += [event, resolved(event, 60.0)]
    (issue,) = told(*events)
    assert (issue.times, issue.seconds, issue.peak) == (3, 180.0, 86.0)
    assert issue.begins == (at("09:00"), at("12:00"), at("15:00"))
    assert row(issue).evidence.startswith("09:00, 3 times, 3 min in all, peak 86 °C.")


def test_that_the_worst_of_what_must_not_fall_is_its_lowest() -> None:
    events = []
    for clock, peak in (("09:00", 8e9), ("12:00", 5e9)):
        event = alert("disk_space", "/", "host_disk_free_bytes", {"mount": "/"}, at(clock), "Disk", peak=peak)
        events += [event, resolved(event, 60.0)]
    (issue,) = told(*events)
    assert (issue.peak, issue.lowest) == (5e9, True)
    assert "lowest 4.7 GiB" in row(issue).evidence


def test_that_only_issues_of_the_period_are_told() -> None:
    before = replace(heat("13:21"), since=at("13:21") - 86_400)
    open_since_yesterday = replace(before, labels={"gpu": "other"})
    after = replace(heat("13:21"), since=at("20:00") + 60)
    found = told(before, resolved(before, 60.0), open_since_yesterday, after)
    assert [issue.label("gpu") for issue in found] == ["other"]
    assert row(found[0]).evidence.startswith("22 Nov 13:21")


def test_that_simulated_alerts_are_not_told_of_the_real_machine() -> None:
    event = heat("13:21", simulated=True)
    assert told(event) == ()
    assert len(told(event, simulated=True)) == 1


def test_that_a_finished_run_is_no_issue() -> None:
    assert told(alert("run_finished", "x", "training_finished", {"run": "r"}, at("10:00"), "x finished")) == ()


def test_that_what_followed_from_another_issue_is_not_listed() -> None:
    hot = heat("13:21")
    slow = alert("gpu_throttling", "GPU 0", "gpu_throttled_by_heat", {"gpu": GPU}, at("13:21"), "slows itself")
    later = alert("gpu_throttling", "GPU 0", "gpu_throttled_by_heat", {"gpu": "b"}, at("18:00"), "slows itself")
    nan = alert("nan", "r", "training_nonfinite_points_total", {"run": "r"}, at("11:00"), "NaN")
    failed = alert("run_failed", "r", "training_failed", {"run": "r"}, at("11:01"), "r failed")
    rules = [issue.rule for issue in listed(told(hot, resolved(hot, 60.0), slow, later, nan, failed))]
    assert sorted(rules) == ["gpu_temperature", "gpu_throttling", "nan"]


def test_that_the_gravest_and_newest_come_first_and_the_rest_is_counted() -> None:
    events = [
        alert("dead_mount", f"/{index}", "mount_silent_seconds", {"mount": f"/{index}"}, at("10:00") + index, "silent")
        for index in range(MOST_LISTED + 3)
    ]
    events.append(alert("gpu_lost", "GPU 0", "gpu_lost", {"gpu": GPU}, at("08:00"), "lost", severity=Severity.CRITICAL))
    report = collect(PERIOD, sources_of(Past(), [], PERIOD.now, alerts=events))
    assert [issue.rule for issue in report.issues[:2]] == ["gpu_lost", "dead_mount"]
    assert report.issues[1].subject == f"/{MOST_LISTED + 2}"
    assert (len(report.issues), report.unlisted) == (MOST_LISTED, 4)
    assert words.issue_counts(report).startswith(f"{MOST_LISTED} of {MOST_LISTED + 4} alerts")


def test_that_how_an_alert_ended_is_told() -> None:
    event = heat("13:21")
    (closed,) = told(event, resolved(event, 60.0, summary="Its rule was turned off."))
    assert row(closed).status == "closed: Its rule was turned off, 13:22"
