"""What became of a run: the one place where its state is decided, from evidence. Pure.

CrackSeg's own status field says ``completed`` for crashed, interrupted and NaN runs alike, so it is not asked. A
process seen on this host decides; without one (another host, a container) a run whose last sign of life is younger
than three of its own median epochs is taken to be running. A checkpoint that was written after the last figure is a
sign of life too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.insight.progress import epoch_seconds
from crackseg_desktop.insight.rhythm import SILENCE_WITHOUT_RHYTHM, silent_ratio, silent_seconds
from crackseg_desktop.insight.statistics import is_loss
from crackseg_desktop.readings import RunState

if TYPE_CHECKING:
    from crackseg_desktop.insight.summary import RunSummary
    from crackseg_desktop.readings import Ending, RunFacts

EPOCHS_OF_GRACE = 3

_CLOCK_SLACK = 3600.0
"""By how much another host's clock may run ahead; a time stamp later than that is no sign of life."""

_FAILURES = {"error": "", "out_of_memory": "out of memory", "dataset_error": "dataset error", "disk_full": "disk full"}

_ENDS_THEMSELVES = frozenset({"crackseg"})
"""Sources whose files tell a normal end, so that a missing end mark is evidence."""


def judge(facts: RunFacts, summary: RunSummary, *, alive: bool | None, now: float) -> tuple[RunState, str | None]:
    """Return the state of a run and the reason in a sentence.

    ``alive``: True, its process is seen on this host; False, it was seen and is gone; None, nobody knows.
    """
    if alive:
        return _of_the_living(facts, summary, now)
    if facts.ending is not None:
        return _of_the_ended(facts, facts.ending, summary)
    if alive is None and _is_fresh(facts, summary, now):
        return RunState.RUNNING, None
    return _of_the_silent(facts, summary)


def nonfinite_fact(summary: RunSummary) -> str:
    """Say in three words what became NaN or infinite; empty where nothing did."""
    first = summary.first_nonfinite()
    if first is None:
        return ""
    subject = "Loss" if is_loss(first.name) else first.name
    return f"{subject} is {'NaN' if math.isnan(first.value) else 'infinite'}"


def nan_reason(summary: RunSummary) -> str | None:
    """Say since when a loss, or a metric that was finite before, is NaN or infinite."""
    first = summary.first_nonfinite()
    if first is None:
        return None
    unit = summary.curves[first.tag].figures.axis
    word = "NaN" if math.isnan(first.value) else "infinite"
    if is_loss(first.name):
        return f"{word} loss since {unit} {first.step} ({first.name})"
    return f"{word} in {first.name} since {unit} {first.step}"


def _of_the_living(facts: RunFacts, summary: RunSummary, now: float) -> tuple[RunState, str | None]:
    if (silent_ratio(facts, summary, now) or 0.0) > 1:
        silence = units.duration(silent_seconds(facts, now))
        return RunState.STALLED, f"no new point for {silence}, its process is alive"
    return RunState.RUNNING, None


def _of_the_ended(facts: RunFacts, ending: Ending, summary: RunSummary) -> tuple[RunState, str | None]:
    if ending.kind in _FAILURES:
        parts = (_FAILURES[ending.kind], ending.message)
        return RunState.FAILED, ": ".join(part for part in parts if part) or "error"
    if summary.loss_is_lost():
        return RunState.FAILED, nan_reason(summary)
    match ending.kind:
        case "early_stopping":
            planned = f" of {facts.total_epochs}" if facts.total_epochs else ""
            return RunState.FINISHED, f"early stopping after epoch {facts.epoch}{planned}"
        case "closed":
            return RunState.INTERRUPTED, "stopped by hand (Ctrl-C): the log was closed before the end"
        case _:
            return RunState.FINISHED, None


def _is_fresh(facts: RunFacts, summary: RunSummary, now: float) -> bool:
    """Say whether the last sign of life is recent.

    A checkpoint counts where it follows the last figure within the same grace: the files of a run that was copied are
    all as new as the copy.
    """
    rhythm = epoch_seconds(summary.epoch_ends())
    grace = EPOCHS_OF_GRACE * rhythm if rhythm is not None else SILENCE_WITHOUT_RHYTHM
    sign, saved = facts.updated, _saved(facts)
    if sign is not None and saved is not None and sign < saved < sign + grace:
        sign = saved
    return sign is not None and -_CLOCK_SLACK < now - sign < grace


def _saved(facts: RunFacts) -> float | None:
    """Return when the newest checkpoint was written."""
    return max((item.time for item in facts.checkpoints), default=None)


def _of_the_silent(facts: RunFacts, summary: RunSummary) -> tuple[RunState, str | None]:
    if summary.loss_is_lost():
        return RunState.FAILED, nan_reason(summary)
    if facts.total_epochs is not None and facts.epoch is not None and facts.epoch >= facts.total_epochs:
        return RunState.FINISHED, None
    if facts.source in _ENDS_THEMSELVES and facts.started is not None:
        return RunState.INTERRUPTED, "the log just stops: likely killed, or a power cut"
    return RunState.UNKNOWN, "its files do not say how it ended"
