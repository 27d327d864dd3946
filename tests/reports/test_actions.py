from __future__ import annotations

from dataclasses import replace

import pytest
from tests.reports.story import (
    DAY,
    GIB,
    SWIN,
    ZONE,
    FakePast,
    Plan,
    alert,
    at,
    day,
    fill_machine,
    quiet_day,
    resolved,
    sources_of,
)

from crackseg_desktop.readings import Ending, Evidence, RunConfig, RunState, Severity
from crackseg_desktop.reports.collect import collect
from crackseg_desktop.reports.period import day_of
from crackseg_desktop.reports.report import Action

PERIOD = day_of(DAY, ZONE, at("20:00"))


def actions_of(*plans: Plan, **more: object) -> tuple[Action, ...]:
    return collect(PERIOD, sources_of(FakePast(), plans, PERIOD.now, **more)).actions


def failed(kind: str, config: RunConfig | None = SWIN, **more: object) -> Plan:
    ending = Ending(kind, "message", at("11:00"))  # type: ignore[arg-type]
    plan = Plan("aa", "run", at("10:00"), 3, 50, 600.0, 0.5, RunState.FAILED, f"{kind}: message", ending, config=config)
    return replace(plan, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (failed("completed", nan_epoch=3), "Restart run with a learning rate of 2e-4."),
        (failed("completed", None, nan_epoch=3), "Restart run with a lower learning rate."),
        (failed("out_of_memory"), "Restart run with a batch size of 2 instead of 4."),
        (failed("out_of_memory", replace(SWIN, batch_size=1)), "Restart run with a smaller image size."),
        (failed("dataset_error"), "Check the paths of the data set, then restart run."),
        (failed("disk_full"), "Free disk space, then resume run from its last checkpoint."),
        (failed("error"), "Find out why run failed."),
    ],
)
def test_that_a_failed_run_is_restarted_by_what_ended_it(plan: Plan, text: str) -> None:
    (action,) = actions_of(plan)
    assert action.text == text
    assert "message" in action.evidence
    if "rate of" in text or "batch" in text:
        assert "likely" in action.evidence


def test_that_a_run_which_was_begun_again_needs_nothing() -> None:
    again = Plan("bb", "run", at("12:00"), 50, 50, 200.0, 0.7)
    assert actions_of(failed("out_of_memory"), again) == ()


def test_that_failures_nobody_can_explain_are_one_action() -> None:
    plans = [replace(failed("error"), id=f"{index}", name=f"run{index}") for index in range(5)]
    (action,) = actions_of(*plans)
    assert action.text.endswith("and 2 more failed.")


def test_that_a_stalled_run_is_looked_at_before_one_that_goes_on() -> None:
    stalled = Plan("aa", "hangs", at("10:00"), 5, 50, 600.0, 0.5, RunState.STALLED, "no new point for 2 h")
    fine = Plan("bb", "runs", at("19:00"), 5, 50, 600.0, 0.5, RunState.RUNNING, checkpoints=0)
    texts = [action.text for action in actions_of(fine, stalled)]
    assert texts == ["See whether hangs still works.", "Let runs finish."]


def test_that_a_run_without_a_loss_is_stopped() -> None:
    plan = Plan("aa", "lost", at("19:00"), 5, 50, 600.0, 0.5, RunState.RUNNING)
    nan = alert("nan", "lost", "training_nonfinite_points_total", {"run": "aa"}, at("19:30"), "Loss is NaN in lost")
    (action,) = actions_of(plan, alerts=[nan])
    assert action == Action("Stop lost: it trains on without a loss.", "Loss is NaN in lost")


def test_that_a_shrinking_disk_is_told_with_its_time() -> None:
    past = FakePast()
    fill_machine(past, PERIOD.since, PERIOD.until, [])
    rows = ((PERIOD.since + 60 * i, (60 - 45 * i / 1200) * GIB) for i in range(1200))
    past.put("host_disk_free_bytes", {"mount": "/data"}, rows)
    report = collect(PERIOD, replace(sources_of(past, [], PERIOD.now), sample=None))
    assert report.actions[0].text == "Free space on /data."
    assert "likely below 9.3 GiB by 22:" in report.actions[0].evidence


def test_that_what_is_wrong_with_the_machine_comes_first_and_only_while_it_is() -> None:
    given = {"severity": Severity.CRITICAL}
    lost = alert("gpu_lost", "GPU 0", "gpu_lost", {"gpu": "x"}, at("12:00"), "GPU 0 is lost", **given)
    lost = replace(lost, evidence=Evidence((), "", "Look for Xid errors in the system log."))
    texts = [action.text for action in actions_of(failed("error"), alerts=[lost])]
    assert texts == ["Look for Xid errors in the system log.", "Find out why run failed."]
    assert len(actions_of(failed("error"), alerts=[lost, resolved(lost, 60.0)])) == 1


def test_that_every_action_of_the_story_rests_on_evidence() -> None:
    actions = collect(*day()).actions
    assert [action.text.split(" ")[0] for action in actions] == ["Restart", "Let", "Improve", "Keep"]
    assert all(action.evidence for action in actions)
    assert "5.4 GiB" in actions[1].text


def test_that_nothing_needs_doing_on_a_quiet_day() -> None:
    past = FakePast()
    assert collect(*quiet_day()).actions == ()
    assert collect(PERIOD, sources_of(past, [], PERIOD.now)).actions == ()
