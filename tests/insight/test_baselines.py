"""A run beside what is usual."""

from __future__ import annotations

from typing import Any

import pytest

from crackseg_desktop.insight.baselines import compare
from crackseg_desktop.readings import Performance, Run, RunFacts, RunState
from crackseg_desktop.settings import Baselines


def run(speed: float | None = 20.0, epoch: int | None = 23, state: RunState = RunState.RUNNING, **known: Any) -> Run:
    facts = RunFacts("r", "r", "/r", ("/r",), "crackseg", epoch=epoch, total_epochs=50)
    figures = Performance(monitor="val/loss", unavailable={"peak_memory_bytes": "no GPU is linked"}, **known)
    return Run(facts, state, epochs_per_hour=speed, performance=figures)


@pytest.mark.parametrize(
    ("speed", "state", "verdict", "summary"),
    [
        (20.8, RunState.RUNNING, "within", "on course for 2.4 h for 50 epochs, within the usual 2–3 h"),
        (50.0, RunState.RUNNING, "below", "on course for 1.0 h for 50 epochs, faster than the usual 2–3 h"),
        (10.0, RunState.FINISHED, "above", "its speed makes 5.0 h for 50 epochs, slower than the usual 2–3 h"),
        (3000.0, RunState.FINISHED, "below", "its speed makes 1.0 min for 50 epochs, faster than the usual 2–3 h"),
        (None, RunState.RUNNING, None, "its speed is not known before two epochs have ended"),
    ],
)
def test_that_the_speed_is_told_as_hours_for_the_usual_epochs(
    speed: float | None, state: RunState, verdict: str | None, summary: str
) -> None:
    told = compare(run(speed, state=state), Baselines())["total_hours"]
    assert (told.verdict, told.summary) == (verdict, summary)


@pytest.mark.parametrize(
    ("converged", "epoch", "verdict", "summary"),
    [
        (34, 50, "within", "converged at epoch 34, within the usual 30–40"),
        (12, 50, "below", "converged at epoch 12, earlier than the usual 30–40"),
        (44, 60, "above", "converged at epoch 44, later than the usual 30–40"),
        (None, 23, None, "not converged by epoch 23, usual is 30–40"),
        (None, 45, "above", "not converged by epoch 45, later than the usual 30–40"),
        (None, None, None, "nothing tells yet whether it converged"),
    ],
)
def test_that_convergence_is_compared(
    converged: int | None, epoch: int | None, verdict: str | None, summary: str
) -> None:
    told = compare(run(epoch=epoch, convergence_epoch=converged), Baselines())["convergence_epochs"]
    assert (told.verdict, told.summary) == (verdict, summary)


def test_that_memory_is_compared_once_it_is_known() -> None:
    unknown = compare(run(), Baselines())["memory_gib"]
    assert (unknown.value, unknown.summary) == (None, "peak GPU memory is not known: no GPU is linked")
    known = compare(run(peak_memory_bytes=int(6.5 * 1024**3)), Baselines())["memory_gib"]
    assert (known.verdict, known.summary) == ("within", "peak of 6.5 GiB, within the usual 6–7 GiB")


def test_that_the_users_baselines_count() -> None:
    told = compare(run(10.0), Baselines(total_hours=(4.0, 6.0), epochs=50))["total_hours"]
    assert (told.verdict, told.usual) == ("within", (4.0, 6.0))
