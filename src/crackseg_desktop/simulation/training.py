"""Simulated trainings: their facts and their curves, as ``training.follower`` would publish them. Pure.

``anchor`` is the wall time (Unix seconds) that stands for 14:05 of the story; everything that comes out carries wall
times relative to it.
"""

from __future__ import annotations

import math
from array import array
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.readings import Checkpoint, CurvePoints, Ending, RunConfig, RunFacts
from crackseg_desktop.simulation.scripts import SCRIPTS, VALIDATION_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crackseg_desktop.simulation.scripts import Script

CHECKOUT = "/home/ana/CrackSeg"
STEPS_PER_LOGGED_BATCH = 10
CHECKPOINT_BYTES = 141 * 1024**2

EPOCH_TAGS: tuple[tuple[str, str], ...] = (
    ("train/epoch_loss", "train/loss"),
    ("val_loss", "val/loss"),
    ("val_iou", "val/iou"),
    ("val_dice", "val/dice"),
    ("val_precision", "val/precision"),
    ("val_recall", "val/recall"),
    ("val_f1", "val/f1"),
    ("lr", "lr"),
)
"""Tags as CrackSeg writes them once an epoch, and their normalised names."""

BATCH_TAG = ("train_batch/batch_loss", "train_batch/loss")

_MODELS = {"swinv2": "SwinV2CnnAsppUNet", "unet": "BaseUNet", "segformer": "SegFormer", "deeplab": "DeepLabV3Plus"}


_Row = tuple[int, float, float]


def runs_at(time: float, anchor: float) -> list[RunFacts]:
    """Return the facts of all runs that have begun by ``time`` (Unix seconds), the newest first."""
    return [_facts(script, time - anchor, anchor) for script in SCRIPTS if script.started <= time - anchor]


def points_until(
    run: RunFacts, time: float, anchor: float, *, since: float = -math.inf, baseline: bool = False
) -> Iterator[CurvePoints]:
    """Yield the points of a run logged after ``since`` and not after ``time`` (Unix seconds), a curve at a time."""
    script = next(script for script in SCRIPTS if run_id(script.name) == run.id)
    span = (since - anchor, time - anchor)
    if script.batches:
        yield from _curve(run.id, BATCH_TAG, "step", anchor, _batch_rows(script, *span), baseline=baseline)
    for names in EPOCH_TAGS:
        yield from _curve(run.id, names, "epoch", anchor, _epoch_rows(script, names[1], *span), baseline=baseline)


def run_id(name: str) -> str:
    """Return the id of a simulated run: 10 hex digits, the same in every demo."""
    return blake2b(f"simulated/{name}".encode(), digest_size=5).hexdigest()


def metrics_file(name: str) -> str:
    """Return where a simulated run would write its metrics."""
    return f"{_folder(name)}/metrics/metrics.jsonl"


def _folder(name: str) -> str:
    return f"{CHECKOUT}/artifacts/experiments/{name}"


def _facts(script: Script, at: float, anchor: float) -> RunFacts:
    epoch = script.epochs_done(at)
    batches = _batches_done(script, at)
    ended = script.ending is not None and at >= script.end
    return RunFacts(
        id=run_id(script.name),
        name=script.name,
        path=_folder(script.name),
        folders=(_folder(script.name),),
        source=script.source,
        started=anchor + script.started,
        updated=anchor + _last_sign(script, at, epoch, batches),
        epoch=epoch or None,
        total_epochs=script.total,
        step=batches * STEPS_PER_LOGGED_BATCH or None,
        ending=Ending(script.ending, script.message, anchor + script.end) if script.ending and ended else None,
        files=(metrics_file(script.name),),
        simulated=True,
        config=_config(script),
        checkpoints=_checkpoints(script, epoch, anchor),
    )


def _config(script: Script) -> RunConfig | None:
    if script.source != "crackseg":
        return None
    model = next((model for start, model in _MODELS.items() if script.name.startswith(start)), None)
    return RunConfig(script.batch_size, script.total, 5e-4, model, "val/iou")


@lru_cache(maxsize=64)  # the facts of all runs are told every second
def _checkpoints(script: Script, epoch: int, anchor: float) -> tuple[Checkpoint, ...]:
    """Return what is saved after an epoch: one of each epoch, and the best one once more; the oldest first."""
    best = min(epoch, script.best_epoch) if script.nan_epoch is None else min(epoch, script.nan_epoch - 1)
    saved: list[tuple[int, str, Literal["best"] | None]] = [
        (at, f"checkpoint_epoch_{at:03}.pth", None) for at in range(1, epoch + 1)
    ]
    if best > 0:
        saved.insert(best, (best, "model_best.pth.tar", "best"))
    return tuple(
        Checkpoint(f"{_folder(script.name)}/checkpoints/{name}", CHECKPOINT_BYTES, anchor + script.epoch_end(at), kind)
        for at, name, kind in saved
    )


def _last_sign(script: Script, at: float, epoch: int, batches: int) -> float:
    """Return the story time of the newest point: a batch, a training mean or the end of an epoch."""
    signs = [script.epoch_end(epoch)]
    if batches:
        signs.append(_batch_time(script, *divmod(batches - 1, script.batches)))
    if epoch < script.epochs:
        signs.append(script.epoch_end(epoch + 1) - VALIDATION_SECONDS)
    return max(sign for sign in signs if sign <= at)


def _batches_done(script: Script, at: float) -> int:
    if not script.batches:
        return 0
    epoch = script.epochs_done(at)
    if epoch == script.epochs:
        return epoch * script.batches
    part = (at - script.epoch_end(epoch)) / script.training_seconds(epoch + 1)
    return epoch * script.batches + min(script.batches, max(0, math.floor(part * script.batches + 1e-9)))


def _batch_time(script: Script, epochs_before: int, index: int) -> float:
    share = (index + 1) / script.batches
    return script.epoch_end(epochs_before) + share * script.training_seconds(epochs_before + 1)


def _batch_rows(script: Script, since: float, until: float) -> Iterator[_Row]:
    for before in _epochs_within(script, since, until):
        for index in range(script.batches):
            when = _batch_time(script, before, index)
            if since < when <= until:
                step = (before * script.batches + index + 1) * STEPS_PER_LOGGED_BATCH
                yield step, when, script.batch_loss(before + 1, index + 1)


def _epoch_rows(script: Script, name: str, since: float, until: float) -> Iterator[_Row]:
    for before in _epochs_within(script, since, until):
        when = script.epoch_end(before + 1) - (VALIDATION_SECONDS if name.startswith("train/") else 0.0)
        if since < when <= until:
            yield before + 1, when, script.value(name, before + 1)


def _epochs_within(script: Script, since: float, until: float) -> Iterator[int]:
    """Yield the 0-based epochs that a span of story time touches."""
    for before in range(script.epochs):
        if script.epoch_end(before) <= until and script.epoch_end(before + 1) > since:
            yield before


def _curve(
    run: str,
    names: tuple[str, str],
    axis: Literal["epoch", "step"],
    anchor: float,
    rows: Iterable[_Row],
    *,
    baseline: bool,
) -> Iterator[CurvePoints]:
    kept = tuple(rows)
    if kept:
        yield CurvePoints(
            run=run,
            tag=names[0],
            name=names[1],
            steps=array("q", (step for step, _, _ in kept)),
            wall_times=array("d", (anchor + when for _, when, _ in kept)),
            values=array("d", (value for _, _, value in kept)),
            axis=axis,
            baseline=baseline,
        )
