from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.reports.story import (
    DAY,
    GPU,
    ZONE,
    FakePast,
    Plan,
    at,
    crowded_day,
    day,
    fill_machine,
    headless_day,
    plans_of_day,
    quiet_day,
    sources_of,
    unknown_day,
    week,
)

from crackseg_desktop.readings import Ending, RunState
from crackseg_desktop.reports import words
from crackseg_desktop.reports.collect import Sources, collect
from crackseg_desktop.reports.period import day_of, week_of
from crackseg_desktop.reports.report import Outcome, Report, RunReport
from crackseg_desktop.reports.training import rate_words, short_names
from crackseg_desktop.series import Gap
from crackseg_desktop.settings import Energy, Settings

PERIOD = day_of(DAY, ZONE, at("20:00"))
OTHER = "GPU-9999ffff"


def report_of(*plans: Plan, **more: object) -> Report:
    past = FakePast()
    fill_machine(past, PERIOD.since, PERIOD.until, plans)
    return collect(PERIOD, sources_of(past, plans, PERIOD.now, **more))


def names(runs: tuple[RunReport, ...]) -> list[str]:
    return [run.name for run in runs]


def test_that_the_runs_of_the_day_are_told_by_outcome() -> None:
    report = collect(*day())
    assert names(report.runs_of(Outcome.ACTIVE)) == ["swinv2-crack500-448"]
    assert names(report.runs_of(Outcome.COMPLETED)) == ["swinv2-crack500-360", "swinv2-pycrackdb-320"]
    assert names(report.runs_of(Outcome.FAILED)) == ["unet-pycrackdb-320"]
    assert words.counts(report) == "1 active, 2 completed, 1 failed"


def test_that_the_mean_is_of_completed_runs_only() -> None:
    report = collect(*day())
    assert report.mean_seconds.value == pytest.approx((50 * 205 + 50 * 228.6 + 60) / 2)
    assert report_of(plans_of_day()[3]).mean_seconds.reason == "no run was completed today"


def test_that_the_best_of_today_was_reached_today() -> None:
    overnight = Plan("aa", "overnight", at("00:00") - 3600, 8, 8, 900.0, 0.9)  # its epoch 6 is the best: at 00:30
    ended = Plan("bb", "yesterday", at("00:00") - 9000, 8, 8, 1500.0, 0.8)  # its epoch 6 is at 00:00
    report = report_of(overnight, ended)
    assert report.best[0].best.value == pytest.approx(0.9)
    late = replace(overnight, begin=at("00:00") - 6000)  # now it was at 23:50
    report = report_of(late)
    assert report.best[0].best.value is not None
    assert report.best[0].best.value < 0.9


def test_that_a_run_which_ended_later_was_active_on_that_day() -> None:
    plan = Plan("aa", "overnight", at("23:00"), 10, 10, 900.0, 0.7)
    tomorrow = day_of(DAY, ZONE, at("23:00") + 20 * 3600)
    past = FakePast()
    fill_machine(past, tomorrow.since, tomorrow.until, [plan])
    (run,) = collect(tomorrow, sources_of(past, [plan], tomorrow.now)).runs
    assert (run.outcome, run.epoch, run.ended) == (Outcome.ACTIVE, 3, None)
    assert run.period_seconds == 3600
    after = day_of(date(2026, 11, 24), ZONE, tomorrow.now)
    (run,) = collect(after, sources_of(past, [plan], after.now)).runs
    assert (run.outcome, run.epoch) == (Outcome.COMPLETED, 10)


def test_that_runs_of_other_days_are_not_told() -> None:
    before = Plan("aa", "before", at("00:00") - 7200, 2, 2, 600.0, 0.7)
    after = Plan("bb", "after", at("20:00") + 60, 2, 2, 600.0, 0.7)
    assert report_of(before, after).runs == ()


def test_that_simulated_runs_are_left_out_of_a_real_report() -> None:
    period, sources = day()
    first = sources.runs[0]
    runs = (replace(first, facts=replace(first.facts, simulated=True)), *sources.runs[1:])
    report = collect(period, replace(sources, runs=runs))
    assert len(report.runs) == 3
    assert report.notes == ("1 simulated run is left out",)
    assert not report.simulated


def test_that_energy_is_of_the_gpu_that_a_run_held() -> None:
    plan = Plan("aa", "one", at("10:00"), 10, 10, 360.0, 0.7)
    past = FakePast()
    fill_machine(past, PERIOD.since, PERIOD.until, [plan], (GPU, OTHER))
    (run,) = collect(PERIOD, sources_of(past, [plan], PERIOD.now)).runs
    assert run.energy.joules.value == pytest.approx(104.0 * 3630, rel=0.03)
    assert run.energy.cost.value == pytest.approx(104.0 * 3630 / 3.6e6 * 0.25, rel=0.03)
    assert not run.energy.joules.likely
    assert run.peak_memory_bytes.value == pytest.approx(6.1 * 1024**3)


def test_that_energy_of_a_run_without_a_link_is_likely_that_of_the_only_gpu() -> None:
    plan = Plan("aa", "one", at("10:00"), 10, 10, 360.0, 0.7)
    past = FakePast()
    fill_machine(past, PERIOD.since, PERIOD.until, [plan])
    past.columns = {key: rows for key, rows in past.columns.items() if not key[0].startswith("training_")}
    (run,) = collect(PERIOD, sources_of(past, [plan], PERIOD.now)).runs
    assert run.energy.joules.likely
    assert words.use_cells(collect(PERIOD, sources_of(past, [plan], PERIOD.now)), run)[3].startswith("likely ")
    assert (run.idle_seconds.value, run.idle_seconds.reason) == (None, "the run was not seen on a GPU")


def test_that_energy_of_a_run_without_a_link_is_unknown_among_several_gpus() -> None:
    plan = Plan("aa", "one", at("10:00"), 10, 10, 360.0, 0.7)
    past = FakePast()
    fill_machine(past, PERIOD.since, PERIOD.until, [plan], (GPU, OTHER))
    past.columns = {key: rows for key, rows in past.columns.items() if not key[0].startswith("training_")}
    report = collect(PERIOD, sources_of(past, [plan], PERIOD.now))
    assert (report.runs[0].energy.joules.value, report.runs[0].energy.joules.reason) == (
        None,
        "the run was not seen on a GPU",
    )
    assert report.energy.joules.value is not None


def test_that_there_is_no_cost_without_a_tariff() -> None:
    report = report_of(plans_of_day()[0], settings=Settings(energy=Energy()))
    assert report.energy.joules.value is not None
    assert (report.energy.cost.value, report.energy.cost.reason) == (None, "no tariff is set")
    assert words.cards(report)[3].note == "no tariff is set"


def test_that_a_gpu_which_rests_while_a_run_holds_it_is_told() -> None:
    plan = Plan("aa", "waits", at("10:00"), 10, 10, 360.0, 0.7)
    past = FakePast()
    fill_machine(past, PERIOD.since, PERIOD.until, [plan])
    rows = ((at("00:00") + 60 * i, 0.01 if i >= 630 else 0.9) for i in range(1200))
    past.put("gpu_utilization_ratio", {"gpu": GPU}, rows)
    report = collect(PERIOD, sources_of(past, [plan], PERIOD.now))
    assert report.idle_seconds.value == pytest.approx(30 * 60, abs=90)
    assert any("GPU waiting" in action.text for action in report.actions)


def test_that_health_tells_the_worst_and_what_is_now() -> None:
    rows = {words.health_title(row): row for row in collect(*day()).health}
    assert list(rows) == ["GPU memory", "System memory", "Disk /data", "Disk /", "Temperature"]
    disk, heat = rows["Disk /data"], rows["Temperature"]
    assert disk.peak.value is not None
    assert disk.peak.value < 10e9
    assert disk.is_beyond
    assert disk.peak_at is not None
    assert at("15:30") <= disk.peak_at < at("15:41")
    assert words.health_words(disk) == "38.2 GiB free, low 8.9"
    assert heat.limit == 80
    assert heat.now.value == 75.0
    assert rows["GPU memory"].limit == pytest.approx(7.5 * 1024**3)


def test_that_limits_are_those_of_the_settings() -> None:
    report = report_of(settings=Settings(rules={"gpu_temperature": {"limit": 70}, "disk_space": {"limit": 5e9}}))
    limits = {row.kind: row.limit for row in report.health}
    assert (limits["temperature"], limits["disk"]) == (70, 5e9)
    assert report.lanes[0].limit == 70


def test_that_a_past_day_is_told_as_it_ended() -> None:
    period = day_of(DAY, ZONE, at("20:00") + 86_400)
    past = FakePast()
    fill_machine(past, period.since, period.until, [])
    rows = {row.kind: row for row in collect(period, sources_of(past, [], period.now)).health}
    assert rows["gpu_memory"].now.value == pytest.approx(0.6 * 1024**3, rel=0.1)


def test_that_what_is_missing_is_told_with_its_reason() -> None:
    report = collect(*day())
    assert report.coverage.gaps == (Gap(at("03:10"), at("03:12"), "suspended"),)
    assert words.coverage(report) == "data from 99.8 % of the day, gap 03:10 to 03:12 (suspended)"
    assert words.coverage(collect(*quiet_day())) == "data from all of the day"
    assert words.coverage(collect(*unknown_day())) == "there is no history of it"


def test_that_a_machine_without_a_gpu_has_a_report() -> None:
    report = collect(*headless_day())
    assert [lane.title for lane in report.lanes] == ["System memory"]
    assert (report.energy.joules.value, report.energy.joules.reason) == (None, "no GPU was read in this period")
    assert words.use_reasons(report)[0].startswith("GPU memory")


def test_that_a_day_on_which_nothing_happened_says_so() -> None:
    quiet, unknown = collect(*quiet_day()), collect(*unknown_day())
    assert quiet.is_quiet
    assert words.quiet(quiet) == "Nothing happened today: no training ran and no alert fired."
    assert words.quiet(unknown).startswith("Nothing is known today")


def test_that_several_gpus_are_told_apart() -> None:
    report = collect(*crowded_day())
    assert [row.subject for row in report.health if row.kind == "temperature"] == ["GPU 0", "GPU 1"]
    assert [line.label for line in report.lanes[0].lines] == ["GPU 0", "GPU 1"]


def test_that_curves_are_asked_for_only_where_they_are_needed() -> None:
    period, sources = crowded_day()
    asked: list[str] = []

    def curves(run: str) -> object:
        asked.append(run)
        return sources.curves(run)

    collect(period, replace(sources, curves=curves))  # type: ignore[arg-type]
    assert len(asked) == 5


def test_that_improvements_tell_what_differs() -> None:
    report = collect(*week())
    assert report.week is not None
    best = report.week.improvements[0]
    assert (best.run, best.before_run) == ("swinv2-crack500-416", "swinv2-crack500-320")
    assert [gain.metric for gain in best.gains] == ["IoU", "Dice"]
    assert best.differences == (("learning rate", "2e-3", "5e-4"), ("batch size", "4", "8"))
    assert len(report.week.improvements) == 3


def test_that_there_is_a_reason_for_no_improvement() -> None:
    period, sources = week()
    earlier = sources.runs[0]
    only_new = collect(period, replace(sources, runs=sources.runs[1:]))
    assert only_new.week is not None
    assert only_new.week.improvements_reason == "there are no earlier runs to compare with"
    only_old = collect(period, replace(sources, runs=(earlier,)))
    assert only_old.week is not None
    assert only_old.week.improvements_reason == "no run this week"
    weak = collect(period, replace(sources, runs=(earlier, sources.runs[1])))
    assert weak.week is not None
    assert weak.week.improvements_reason == "no run beat the best of the weeks before"


def test_that_a_week_is_told_by_its_days_and_hours() -> None:
    report = collect(*week())
    assert report.week is not None
    assert [line.name for line in report.week.days][:2] == ["Mon 16", "Tue 17"]
    assert sum(line.completed for line in report.week.days) == 8
    assert [len(row) for row in report.week.heat] == [24] * 7
    assert report.week.heat[2][16] is None
    assert (report.week.heat[0][9] or 0.0) > 0.85


def test_that_a_week_to_come_has_nothing_in_it() -> None:
    period = week_of(date(2026, 11, 30), ZONE, at("20:00"))
    report = collect(period, Sources(FakePast(), (), lambda run: {}))
    assert report.is_quiet
    assert report.week is not None
    assert report.week.days == ()


@pytest.mark.parametrize(
    ("given", "short"),
    [
        (["swinv2-a-1", "swinv2-b-1", "unet-a-1"], ["a-1", "b-1", "unet-a-1"]),
        (["swinv2-crack-320", "swinv2-crack-360"], ["crack-320", "crack-360"]),
        (["a-x", "a-x", "a-y"], ["x", "x (2)", "y"]),
        (["one"], ["one"]),
        (["x" * 60], [f"{'x' * 11}…{'x' * 10}"]),
        ([], []),
    ],
)
def test_that_names_are_shortened_and_stay_apart(given: list[str], short: list[str]) -> None:
    assert short_names(given) == short


@pytest.mark.parametrize(
    ("rate", "text"), [(1e-3, "1e-3"), (2e-4, "2e-4"), (0.05, "0.05"), (3.5e-5, "3.5e-5"), (0.0, "0"), (1.0, "1")]
)
def test_that_learning_rates_are_written_as_people_type_them(rate: float, text: str) -> None:
    assert rate_words(rate) == text


def test_that_a_stopped_run_tells_why() -> None:
    plan = Plan(
        "aa", "stopped", at("10:00"), 3, 10, 600.0, 0.5, RunState.INTERRUPTED, "stopped by hand", Ending("closed")
    )
    (run,) = report_of(plan).runs
    assert (run.outcome, run.reason) == (Outcome.INTERRUPTED, "stopped by hand")
