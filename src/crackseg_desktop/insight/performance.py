"""How well a run trains: how fast its loss falls, when it converged, how far its time left can be told. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.insight.progress import interval_left
from crackseg_desktop.insight.statistics import direction, is_loss
from crackseg_desktop.readings import Performance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.insight.statistics import Statistics
    from crackseg_desktop.insight.summary import RunSummary
    from crackseg_desktop.readings import RunFacts

PATIENCE_EPOCHS = 10
"""So many epochs without a milestone make a run converged: the guide's "no progress for 10+ epochs"."""
NOT_LINKED = "the run is not linked to a GPU yet"
_LOSSES = ("train/loss", "val/loss")
_MONITORED = ("val/loss", "val/iou", "val/miou", "val/dice", "val/accuracy")


def performance(facts: RunFacts, summary: RunSummary, seconds_left: float | None) -> Performance:
    """Return the performance of a run; ``seconds_left`` is None where it has ended or cannot be told."""
    figures = summary.per_epoch()
    loss = _first_of(_LOSSES, figures) or next((name for name in sorted(figures) if is_loss(name)), None)
    monitor = monitored(figures, facts.config.monitor if facts.config is not None else None)
    watched = figures.get(monitor) if monitor is not None else None
    return Performance(
        eta_interval_seconds=_interval(facts, summary, seconds_left),
        loss=loss,
        loss_reduction_per_epoch=loss_reduction(figures[loss]) if loss is not None else None,
        monitor=monitor,
        best_epoch=watched.best.epoch if watched is not None and watched.best is not None else None,
        convergence_epoch=convergence_epoch(watched) if watched is not None else None,
        unavailable={"peak_memory_bytes": NOT_LINKED},
    )


def monitored(figures: Mapping[str, Statistics], configured: str | None) -> str | None:
    """Return the metric that a run is judged by: the configured one, else the validation's, else what there is."""
    judging = [name for name in sorted(figures) if direction(name) is not None]
    usual = _first_of((configured, *_MONITORED), figures)
    return usual or next((name for name in judging if name.startswith("val/")), next(iter(judging), None))


def loss_reduction(loss: Statistics) -> float | None:
    """Return by what share of its first value a loss fell in an epoch, on average over the run; negative: it rose.

    (first - last) / first / epochs between them, of finite values. None with one epoch, or for a loss that did not
    begin above zero.
    """
    if loss.first is None or loss.last is None or loss.last.step <= loss.first.step or loss.first.value <= 0:
        return None
    share = (loss.first.value - loss.last.value) / loss.first.value
    return share / (loss.last.step - loss.first.step)


def convergence_epoch(metric: Statistics) -> int | None:
    """Return the epoch from which on a metric's best got better by no more than 1 % of itself.

    That is its last milestone (see ``Statistics``), once ``PATIENCE_EPOCHS`` have passed since; a later milestone takes
    it back. None until then, and for a metric that never improved. The guide expects it at epoch 30 to 40 of 50.
    """
    if metric.milestone is None or metric.first is None or metric.last is None or metric.milestone == metric.first:
        return None
    waited = metric.last.step - metric.milestone.step
    return metric.milestone.step if waited >= PATIENCE_EPOCHS else None


def _interval(facts: RunFacts, summary: RunSummary, seconds_left: float | None) -> tuple[float, float] | None:
    if seconds_left is None or facts.epoch is None or facts.total_epochs is None:
        return None
    return interval_left(summary.epoch_ends(), facts.total_epochs - facts.epoch, seconds_left)


def _first_of(names: tuple[str | None, ...], figures: Mapping[str, Statistics]) -> str | None:
    return next((name for name in names if name is not None and name in figures), None)
