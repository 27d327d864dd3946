"""A training that goes wrong on demand: its facts and curves, as ``training.follower`` would publish them. Pure.

It ends an epoch every 30 s, has done 25 of 200 when the fault begins, and gets a little better in each that is healthy.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.readings import CurvePoints, Ending, ProcessReading, RunFacts
from crackseg_desktop.simulation.host import MAIN_PID
from crackseg_desktop.simulation.training import CHECKOUT, EPOCH_TAGS, metrics_file, run_id

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "simulated-fault"
EPOCH_SECONDS = 30.0

_DONE, _PLANNED = 25, 200
_LOGGED = ("train/loss", "val/loss", "val/iou", "val/precision", "val/recall")

Kind = Literal["none", "nan", "diverge", "overfit", "collapse", "plateau", "silence"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong with the training: with its curves, or with its process, which then ends."""

    kind: Kind = "none"
    ending: Literal["out_of_memory", "dataset_error"] | None = None
    message: str = ""


def run_events(
    trouble: Trouble, span: tuple[float, float], since: float | None, now: float
) -> Iterator[RunFacts | CurvePoints]:
    """Yield the points that came after ``since`` and the facts of ``now``; None: all points, known before.

    ``span`` is from when to when the trouble lasts. All times are Unix seconds.
    """
    epochs = [epoch for epoch in _ended(trouble, span, now) if since is None or _end(epoch, span) > since]
    is_over = trouble.ending is not None and now >= span[0]
    if epochs or since is None or (is_over and since < span[0]):
        yield from _curves(trouble, epochs, span, is_baseline=since is None)
        yield _facts(trouble, span, now)


def training_process(begins: float) -> ProcessReading:
    """Return the process that writes the run of a trouble that begins then (Unix seconds)."""
    return ProcessReading(
        MAIN_PID, begins - (_DONE + 1) * EPOCH_SECONDS, ("python", "run.py"), CHECKOUT, (metrics_file(NAME),)
    )


def _end(epoch: int, span: tuple[float, float]) -> float:
    """Return when an epoch ends: the first one with trouble shortly after that begins."""
    return span[0] + (epoch - _DONE - 1) * EPOCH_SECONDS + 1.0


def _ended(trouble: Trouble, span: tuple[float, float], now: float) -> Iterator[int]:
    for epoch in range(1, _DONE + 1 + max(0, math.ceil((now - span[0]) / EPOCH_SECONDS))):
        end = _end(epoch, span)
        is_lost = trouble.kind == "silence" and span[0] <= end < span[1]
        is_after = trouble.ending is not None and end >= span[0]
        if end <= now and not is_lost and not is_after:
            yield epoch


def _facts(trouble: Trouble, span: tuple[float, float], now: float) -> RunFacts:
    epoch = max(_ended(trouble, span, now), default=0)
    folder = f"{CHECKOUT}/artifacts/experiments/{NAME}"
    is_over = trouble.ending is not None and now >= span[0]
    return RunFacts(
        id=run_id(NAME),
        name=NAME,
        path=folder,
        folders=(folder,),
        source="crackseg",
        started=span[0] - (_DONE + 1) * EPOCH_SECONDS,
        updated=_end(epoch, span),
        epoch=epoch or None,
        total_epochs=_PLANNED,
        ending=Ending(trouble.ending, trouble.message, span[0]) if trouble.ending is not None and is_over else None,
        files=(metrics_file(NAME),),
        simulated=True,
    )


def _curves(
    trouble: Trouble, epochs: list[int], span: tuple[float, float], *, is_baseline: bool
) -> Iterator[CurvePoints]:
    tags = {name: tag for tag, name in EPOCH_TAGS}
    for name in _LOGGED if epochs else ():
        yield CurvePoints(
            run=run_id(NAME),
            tag=tags[name],
            name=name,
            steps=array("q", epochs),
            wall_times=array("d", (_end(epoch, span) for epoch in epochs)),
            values=array("d", (_value(trouble.kind, name, epoch, span) for epoch in epochs)),
            axis="epoch",
            baseline=is_baseline,
        )


def _value(kind: Kind, name: str, epoch: int, span: tuple[float, float]) -> float:
    bad = epoch - _DONE if span[0] <= _end(epoch, span) < span[1] else 0
    if kind == "plateau" and bad:
        return _healthy(name, _DONE)
    return _bad(kind, name, bad, _healthy(name, epoch)) if bad else _healthy(name, epoch)


def _bad(kind: Kind, name: str, bad: int, healthy: float) -> float:
    """Return a figure of the so manieth epoch with trouble."""
    match kind, name:
        case "nan", "train/loss" | "val/loss":
            return math.nan
        case "diverge", "train/loss" | "val/loss":
            return healthy * 1.6 ** min(bad, 10)
        case "overfit", "val/loss":
            return healthy * (1.5 + 0.1 * min(bad, 5))
        case "collapse", "val/precision":
            return 1.0
        case "collapse", "val/recall" | "val/iou":
            return 0.0
        case _:
            return healthy


def _healthy(name: str, epoch: int) -> float:
    iou = 1.0 - 1.0 / (1.0 + 0.03 * epoch)
    match name:
        case "train/loss":
            return 1.0 - 0.95 * iou
        case "val/loss":
            return 1.05 - 0.95 * iou
        case "val/iou":
            return iou
        case _:
            return 2.0 * iou / (1.0 + iou)
