"""What goes wrong with how a run trains: the series that alert rules compare, and the findings in words. Pure.

Every point was judged in order when it was counted (``statistics``, ``divergence``); here the curves of a run are seen
together. A series goes over its limit exactly where its detector fires, and stays at or under it while what it shows is
explained otherwise; the limits are told in the catalogue.

- *nan*: a loss, or a metric that was finite before, is NaN or infinite (``Statistics.nonfinite``). At once.
- *diverged*: by the method of ``divergence``, of the epochs' training loss; of the batches' where there is no other, or
  where it is far beyond all before. Without either, a part of it (boxes, masks) or the validation loss stands for it
  once its last three values are over three times its first. Not judged at all is reinforcement and adversarial
  training, whose loss follows an opponent rather than the progress.
- *overfit*: the least of the last three validation losses is over 1.5 x the training loss (the figure of CrackSeg's
  own training patterns) and at least 5 % over the best one, so that it has turned and not merely begun higher.
- *collapse*: from epoch 3 on, the last two validations have precision 1 with recall under 1e-6 (nothing is predicted
  positive), or the last three recall from 0.98 with IoU near a precision that is under 0.5 and stands still within
  20 % (everything is). Near recall 1 the two are the same figure for any model, so that the nearness alone would name a
  perfect one, and a model that begins with everything and learns from there.
- *plateau*: no milestone of the metric that the run is judged by (better by 1 % of itself) for 10 epochs, the guide's
  "no progress for 10+ epochs". Once 60 % of the planned epochs are done that is likely convergence, unless there has
  never been any progress.
- *stalled* (a state, no finding): by ``rhythm``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.insight.divergence import LIMIT_RATIO, Gravity
from crackseg_desktop.insight.performance import PATIENCE_EPOCHS
from crackseg_desktop.insight.rhythm import silent_ratio
from crackseg_desktop.insight.state import nan_reason
from crackseg_desktop.insight.statistics import ALL, NOTHING, RECALL, TRAINING_LOSSES, direction, is_training_loss
from crackseg_desktop.readings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.insight.divergence import LossWatch
    from crackseg_desktop.insight.statistics import Statistics
    from crackseg_desktop.insight.summary import RunSummary
    from crackseg_desktop.readings import RunFacts

    Named = Mapping[str, Statistics]

OVERFIT_RATIO = 1.5
CONVERGED_SHARE = 0.6

_TURNED = 1.05
FAR = 3.0
_TAIL = 3
_FOLLOWS_AN_OPPONENT = (
    "rollout/", "policy", "value_loss", "entropy", "reward", "actor", "critic", "discriminator", "generator", "d_loss",
    "g_loss", "loss_d", "loss_g",
)  # fmt: skip
_FIRST_COLLAPSE_EPOCH = 3
_LIKE_ALL, _STANDS_STILL = 0.5, 0.2
_JUDGED_BY = ("val/iou", "val/miou", "val/dice", "val/loss", "train/loss")


def training_series(facts: RunFacts, summary: RunSummary, now: float) -> dict[str, float]:
    """Return the series of a run that rules compare, by name; those without the curves they need are left out."""
    named = summary.figures()
    divergence, waited = _divergence(named), _epochs_without_progress(facts, summary, named)
    known = {
        "training_nonfinite_points_total": float(summary.nonfinite_points()),
        "training_divergence_ratio": divergence[0] if divergence is not None else None,
        "training_overfit_ratio": _overfit_ratio(named),
        "training_collapse_ratio": _collapse_ratio(named),
        "training_epochs_without_progress": waited[1] if waited is not None else None,
        "training_silent_ratio": silent_ratio(facts, summary, now),
    }
    return {name: value for name, value in known.items() if value is not None}


def findings(facts: RunFacts, summary: RunSummary) -> tuple[Finding, ...]:
    """Return what is wrong with the curves of a run, also one that ended long ago."""
    named = summary.figures()
    divergence = _divergence(named)
    found = (
        _nan(summary),
        divergence and divergence[1],
        _collapsed(named),
        _overfitted(named),
        _plateau(facts, summary, named),
    )
    return tuple(finding for finding in found if finding is not None)


def likely_converged(facts: RunFacts, summary: RunSummary) -> bool:
    """Say whether a plateau is likely convergence: most planned epochs are done, and there was progress once."""
    waited = _epochs_without_progress(facts, summary, summary.figures())
    has_progressed = waited is not None and waited[0].milestone != waited[0].first
    is_late = facts.total_epochs and facts.epoch and facts.epoch >= CONVERGED_SHARE * facts.total_epochs
    return bool(has_progressed and is_late)


def _nan(summary: RunSummary) -> Finding | None:
    first = summary.first_nonfinite()
    if first is None:
        return None
    count = summary.nonfinite_points()
    points = f"{count} such points" if count > 1 else "one such point"
    return Finding("nan", first.tag, first.step, f"{nan_reason(summary)}, {points}")


def _follows_an_opponent(named: Named) -> bool:
    return any(word in name.lower() for name in named for word in _FOLLOWS_AN_OPPONENT)


def _watched(named: Named) -> list[tuple[Statistics, LossWatch]]:
    """Return the losses that divergence is judged by point for point."""
    if _follows_an_opponent(named):
        return []
    losses = [named[name] for name in TRAINING_LOSSES if name in named]
    return [(figures, figures.watch) for figures in losses if figures.watch is not None]


def _diverges(figures: Statistics, watch: LossWatch, named: Named) -> bool:
    """Say whether a loss diverges, as far as it is this one that tells.

    The batches are heard beside the epochs where they are far beyond all before. The mean of an epoch that stands high
    while the median of its batches does not was moved by a spike or two.
    """
    by_epoch, by_batch = (named.get(name) for name in TRAINING_LOSSES)
    if not watch.per_epoch:
        has_epochs = by_epoch is not None and by_epoch.axis == "epoch" and len(by_epoch.tail) == _TAIL
        return watch.gravity >= (Gravity.FAR if has_epochs else Gravity.DRIFT)
    batches = by_batch.watch if by_batch is not None else None
    if watch.gravity >= Gravity.BURST and batches is not None:
        return batches.since is not None
    return watch.gravity > Gravity.NONE


def _far_above_start(named: Named) -> Statistics | None:
    """Return a loss that stands for the missing training loss, where its last three values are far above its first."""
    if any(name in named for name in TRAINING_LOSSES) or _follows_an_opponent(named):
        return None
    parts = [figures for name, figures in named.items() if is_training_loss(name) or name == "val/loss"]
    for figures in parts:
        if figures.first is not None and figures.first.value > 0 and len(figures.tail) == _TAIL:
            highest = max(figures.first.value, figures.best.value if figures.best is not None else 0.0)
            if min(figures.tail) > FAR * highest:
                return figures
    return None


def _divergence(named: Named) -> tuple[float, Finding | None] | None:
    """Return the series' value, and what is found; None where no loss is judged."""
    watched = _watched(named)
    diverging = [item for item in watched if _diverges(*item, named)]
    if diverging:
        figures, watch = max(diverging, key=lambda item: item[1].ratio)
        return max(watch.ratio, math.nextafter(LIMIT_RATIO, math.inf)), _diverged(
            figures, watch.level, watch.best, watch.since
        )
    stand_in = _far_above_start(named)
    if stand_in is not None and stand_in.best is not None and stand_in.best.value > 0:
        least, best = min(stand_in.tail), stand_in.best
        return least / best.value, _diverged(stand_in, least, best.value, best.step)
    ratios = [min(watch.ratio, LIMIT_RATIO) for _, watch in watched]
    return (max(ratios), None) if ratios else None


def _diverged(figures: Statistics, value: float, best: float, since: int | None) -> Finding:
    kind = "training" if is_training_loss(figures.name) else "validation"
    words = f"{kind} loss diverges: {units.score(value)} against {units.score(best)} at its best"
    step = since if since is not None else 0
    return Finding("diverged", figures.tag, step, f"{words}, since {figures.axis} {step}")


def _losses(named: Named) -> tuple[Statistics, float, Statistics, float] | None:
    """Return the training loss and its level, the validation loss and the least of its last three values."""
    train = next((named[name] for name in TRAINING_LOSSES if name in named), None)
    val = named.get("val/loss")
    if train is None or train.watch is None or val is None or len(val.tail) < 3 or train.first is None:
        return None
    level, least = train.watch.level, min(val.tail)
    return (train, level, val, least) if level > 0 and least > 0 else None


def _overfit_ratio(named: Named) -> float | None:
    losses = _losses(named)
    if losses is None:
        return None
    _, level, val, least = losses
    has_turned = val.best is not None and least > _TURNED * val.best.value
    return least / level if has_turned else min(least / level, OVERFIT_RATIO)


def _overfitted(named: Named) -> Finding | None:
    losses = _losses(named)
    if losses is None or (_overfit_ratio(named) or 0.0) <= OVERFIT_RATIO:
        return None
    _, level, val, _ = losses
    best = val.best.step if val.best is not None else 0
    against = f"{units.score(val.tail[-1])} against {units.score(level)}"
    return Finding(
        "overfit", val.tag, best, f"validation loss has left the training loss: {against} since {val.axis} {best}"
    )


def _collapse(named: Named) -> str | None:
    """Say how the model has collapsed; an empty text: it has not; None: the figures for it are not logged."""
    precision, recall, iou = (named.get(f"val/{name}") for name in ("precision", "recall", "iou"))
    if precision is None or recall is None or recall.last is None:
        return None
    if recall.last.step < _FIRST_COLLAPSE_EPOCH if recall.axis == "epoch" else len(recall.tail) < _FIRST_COLLAPSE_EPOCH:
        return ""
    pairs = list(zip(precision.tail, recall.tail, strict=False))
    if len(pairs) > 1 and all(p >= 1 - NOTHING and r < NOTHING for p, r in pairs[-2:]):
        return "the model predicts nothing"
    if len(pairs) > 2 and iou is not None and all(r >= ALL and p < _LIKE_ALL for p, r in pairs):
        stands_still = max(precision.tail) <= (1 + _STANDS_STILL) * min(precision.tail)
        near = all(abs(p - i) <= _STANDS_STILL * p for p, i in zip(precision.tail, iou.tail, strict=False))
        return "the model predicts everything as positive" if near and stands_still else ""
    return ""


def _collapse_ratio(named: Named) -> float | None:
    how = _collapse(named)
    return None if how is None else float(bool(how))


def _collapsed(named: Named) -> Finding | None:
    how = _collapse(named)
    if not how:
        return None
    precision, recall = named["val/precision"], named[RECALL]
    since = recall.extreme.step if recall.extreme is not None else 0
    figures = f"precision {units.score(precision.tail[-1])} with recall {units.score(recall.tail[-1])}"
    return Finding("collapse", recall.tag, since, f"{how}: {figures}, since {recall.axis} {since}")


def _epochs_without_progress(facts: RunFacts, summary: RunSummary, named: Named) -> tuple[Statistics, float] | None:
    """Return the metric that the run is judged by, and how many epochs ago its newest milestone was."""
    configured = facts.config.monitor if facts.config is not None else None
    for name in (configured, *_JUDGED_BY):
        metric = named.get(name) if name is not None else None
        if metric is None or metric.milestone is None or metric.last is None or direction(metric.name) is None:
            continue
        if metric.axis == "epoch":
            return metric, float(metric.last.step - metric.milestone.step)
        if facts.epoch is not None and (rounds := summary.rounds()):
            return metric, float(metric.waited * facts.epoch // rounds)
    return None


def _plateau(facts: RunFacts, summary: RunSummary, named: Named) -> Finding | None:
    waited = _epochs_without_progress(facts, summary, named)
    if waited is None or waited[1] < PATIENCE_EPOCHS:
        return None
    metric, epochs = waited
    milestone = metric.milestone
    if milestone is None:
        return None
    ending = "; likely converged" if likely_converged(facts, summary) else ""
    words = f"no progress in {metric.name} for {epochs:.0f} epochs: {units.score(milestone.value)}"
    return Finding("plateau", metric.tag, milestone.step, f"{words} since {metric.axis} {milestone.step}{ending}")
