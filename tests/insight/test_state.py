"""What became of a run, from evidence; its own status field is never asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.insight.runs import derive
from crackseg_desktop.insight.state import judge
from crackseg_desktop.insight.summary import RunSummary
from crackseg_desktop.readings import Checkpoint, Ending, RunFacts, RunState

if TYPE_CHECKING:
    from tests.insight.conftest import Adder

START = 1_000_000.0


def facts(**known: Any) -> RunFacts:
    values: dict[str, Any] = {"source": "crackseg", "started": START, "updated": START + 300, "total_epochs": 10}
    return RunFacts("0123456789", "run", "/r", ("/r",), **(values | known))


@pytest.fixture
def healthy(add: Adder) -> RunSummary:
    """Five epochs of one minute each, the last one 300 s after the start."""
    summary = RunSummary()
    add(summary, "val/loss", [0.5, 0.4, 0.3, 0.2, 0.1], start=START + 60)
    return summary


def test_that_a_process_on_this_host_decides(healthy: RunSummary) -> None:
    assert judge(facts(), healthy, alive=True, now=START + 310) == (RunState.RUNNING, None)


def test_that_an_alive_run_stalls_only_after_three_of_its_longest_epochs(healthy: RunSummary) -> None:
    assert judge(facts(), healthy, alive=True, now=START + 300 + 299)[0] == RunState.RUNNING
    state, reason = judge(facts(), healthy, alive=True, now=START + 300 + 301)
    assert state == RunState.STALLED
    assert reason is not None
    assert "no new point for 5 min" in reason


def test_that_long_epochs_are_no_stall(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [0.5, 0.4, 0.3], start=START, every=1200)
    assert judge(facts(updated=START + 2400), summary, alive=True, now=START + 2400 + 3500)[0] == RunState.RUNNING


def test_that_a_fresh_run_without_a_process_is_taken_to_be_running_elsewhere(healthy: RunSummary) -> None:
    assert judge(facts(), healthy, alive=None, now=START + 300 + 179)[0] == RunState.RUNNING
    assert judge(facts(), healthy, alive=None, now=START + 300 + 181)[0] == RunState.INTERRUPTED


def saved(at: float) -> tuple[Checkpoint, ...]:
    return (Checkpoint("/r/a.pth", 10, START), Checkpoint("/r/b.pth", 10, at))


def test_that_a_checkpoint_is_a_sign_of_life(healthy: RunSummary) -> None:
    run = facts(checkpoints=saved(START + 400))
    assert judge(run, healthy, alive=True, now=START + 400 + 299)[0] == RunState.RUNNING
    assert judge(run, healthy, alive=True, now=START + 400 + 301)[0] == RunState.STALLED
    assert judge(run, healthy, alive=None, now=START + 400 + 179)[0] == RunState.RUNNING
    assert judge(run, healthy, alive=None, now=START + 400 + 181)[0] == RunState.INTERRUPTED


def test_that_a_checkpoint_older_than_the_last_figure_changes_nothing(healthy: RunSummary) -> None:
    run = facts(checkpoints=saved(START + 200))
    assert judge(run, healthy, alive=None, now=START + 300 + 179)[0] == RunState.RUNNING
    assert judge(run, healthy, alive=True, now=START + 300 + 301)[0] == RunState.STALLED


def test_that_the_checkpoints_of_a_copied_run_do_not_revive_it(healthy: RunSummary) -> None:
    run = facts(checkpoints=saved(START + 90_000))
    assert judge(run, healthy, alive=None, now=START + 90_010)[0] == RunState.INTERRUPTED


def test_that_a_run_whose_process_was_seen_to_go_is_interrupted_at_once(healthy: RunSummary) -> None:
    state, reason = judge(facts(), healthy, alive=False, now=START + 301)
    assert (state, reason) == (RunState.INTERRUPTED, "the log just stops: likely killed, or a power cut")


@pytest.mark.parametrize(
    ("ending", "state", "words"),
    [
        (Ending("completed"), RunState.FINISHED, None),
        (Ending("early_stopping"), RunState.FINISHED, "early stopping after epoch 5 of 10"),
        (Ending("error", "ValueError: x"), RunState.FAILED, "ValueError: x"),
        (Ending("out_of_memory", "CUDA out of memory"), RunState.FAILED, "out of memory: CUDA out of memory"),
        (Ending("dataset_error", "no images"), RunState.FAILED, "dataset error: no images"),
        (Ending("disk_full", "No space left on device"), RunState.FAILED, "disk full: No space left on device"),
        (Ending("out_of_memory"), RunState.FAILED, "out of memory"),
        (Ending("closed"), RunState.INTERRUPTED, "stopped by hand (Ctrl-C): the log was closed before the end"),
    ],
)
def test_that_the_end_mark_tells_the_state_and_reason(
    healthy: RunSummary, ending: Ending, state: RunState, words: str | None
) -> None:
    assert judge(facts(ending=ending, epoch=5), healthy, alive=None, now=START + 301) == (state, words)


def test_that_a_completed_run_whose_loss_is_nan_to_the_end_failed(add: Adder) -> None:
    summary = RunSummary()
    add(summary, "val/loss", [0.7, 0.6, math.nan, math.nan])
    state, reason = judge(facts(ending=Ending("completed")), summary, alive=None, now=START + 9000)
    assert (state, reason) == (RunState.FAILED, "NaN loss since epoch 3 (val/loss)")


def test_that_files_without_end_marks_leave_the_state_unknown(healthy: RunSummary) -> None:
    run = facts(source="tensorboard", total_epochs=None)
    assert judge(run, healthy, alive=None, now=START + 90_000)[0] == RunState.UNKNOWN
    done = facts(source="tensorboard", total_epochs=5, epoch=5)
    assert judge(done, healthy, alive=None, now=START + 90_000)[0] == RunState.FINISHED


def test_that_a_derived_run_carries_speed_time_left_and_findings(add: Adder, healthy: RunSummary) -> None:
    run = derive(facts(epoch=5), healthy, pid=42, alive=True, now=START + 330)
    assert (run.epochs_per_hour, run.eta_seconds, run.pid) == (60.0, 270.0, 42)
    add(healthy, "val/dice", [0.5, math.nan])
    found = derive(facts(epoch=5), healthy, pid=None, alive=None, now=START + 330).findings
    assert [(item.kind, item.tag, item.step) for item in found] == [("nan", "val_dice", 2)]


def test_that_a_run_that_ended_has_no_time_left(healthy: RunSummary) -> None:
    assert derive(facts(epoch=5, ending=Ending("closed")), healthy, pid=7, alive=None, now=START).eta_seconds is None
