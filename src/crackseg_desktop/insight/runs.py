"""A run as the faces show it: facts of its files, sums of its curves, and what follows from them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.insight.detectors import findings
from crackseg_desktop.insight.performance import performance
from crackseg_desktop.insight.progress import epoch_seconds, seconds_left
from crackseg_desktop.insight.state import judge
from crackseg_desktop.readings import ACTIVE, Run

if TYPE_CHECKING:
    from crackseg_desktop.insight.summary import RunSummary
    from crackseg_desktop.readings import Link, RunFacts


def derive(
    facts: RunFacts, summary: RunSummary, *, pid: int | None, alive: bool | None, now: float, link: Link | None = None
) -> Run:
    """Return the run. ``pid`` is the process linked to it on this host; see ``state.judge`` for ``alive``."""
    state, reason = judge(facts, summary, alive=alive, now=now)
    ends = summary.epoch_ends()
    rhythm = epoch_seconds(ends)
    left = None
    if state in ACTIVE:
        left = seconds_left(facts.epoch, facts.total_epochs, rhythm, now - ends[-1] if ends else 0.0)
    return Run(
        facts=facts,
        state=state,
        reason=reason,
        findings=findings(facts, summary),
        epochs_per_hour=3600 / rhythm if rhythm else None,
        eta_seconds=left,
        best=summary.best(),
        latest=summary.latest(),
        pid=pid if alive else None,
        link=link if alive else None,
        performance=performance(facts, summary, left),
    )
