"""Which process writes a run, in words: how sure that is, why, and which others it could be. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crackseg_desktop.readings import ProcessReading, Run

_WORDS = 64


class Candidate(NamedTuple):
    """A process that a run could be linked to: its identity, what it is called, and whether it is the one now."""

    pid: int
    started: float
    words: str
    is_linked: bool


def link_words(run: Run) -> str:
    """Say how sure a link is: ``certain``, ``pinned``; nothing where there is none."""
    if run.link is None:
        return ""
    return "pinned" if run.link.pinned else run.link.confidence.value


def process_words(run: Run) -> str:
    """Name the process of a run and how sure that is: ``PID 48213, certain``."""
    sure = link_words(run)
    return "" if run.pid is None else f"PID {run.pid}, {sure}" if sure else f"PID {run.pid}"


def evidence_words(run: Run) -> str:
    """Say all about a link in a sentence: ``PID 48213, certain: holds its log open``."""
    told = process_words(run)
    evidence = run.link.evidence.rstrip(".") if run.link is not None else ""
    return f"{told}: {evidence[:1].lower()}{evidence[1:]}" if told and evidence else told


def candidates(run: Run, trainings: Iterable[ProcessReading]) -> list[Candidate]:
    """Return the trainings that are alive on this host, the youngest first."""
    found = sorted(trainings, key=lambda process: -process.started)
    return [Candidate(each.pid, each.started, _named(each), each.pid == run.pid) for each in found]


def _named(process: ProcessReading) -> str:
    parts = [part.replace("\\", "/").rpartition("/")[2] for part in process.command[:2]]
    folder = (process.folder or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    told = f"PID {process.pid}  {' '.join(parts)}" + (f"  in {folder}" if folder else "")
    return told if len(told) <= _WORDS else f"{told[: _WORDS - 1]}…"
