"""What goes wrong with how a run trains: the series that alert rules compare, and the findings in words. Pure.

Every point was judged in order when it was counted (``statistics``, ``divergence``); here the curves of a run are seen
together. A series goes over its limit exactly where its detector fires, and stays at or under it while what it shows is
explained otherwise; the limits are told in the catalogue.

- *nan*: a loss, or a metric that was finite before, is NaN or infinite (``Statistics.nonfinite``). At once.
- *diverged*: by the method of ``divergence``, of the training loss; of an epoch's and of a batch's loss whichever is
  worse. What stands for it counts only where it is plainly beyond all before it (``Gravity.FAR``): parts of a loss
  (boxes, masks) and the validation loss where there is nothing else, and any loss of reinforcement and adversarial
  training, which follows its opponent rather than the progress.
- *overfit*: the least of the last three validation losses is over 1.5 x the training loss (the figure of CrackSeg's
  own training patterns) and at least 5 % over the best one, so that it has turned and not merely begun higher.
- *collapse*: from epoch 3 on, the last two validations have precision 1 with recall under 1e-6 (nothing is predicted
  positive), or the last three recall from 0.98 with IoU near a precision that is under 0.5 and stands still within
  20 % (everything is). Near recall 1 the two are the same figure for any model, so that the nearness alone would name a
  perfect one, and a model that begins with everything and learns from there.
- *plateau*: no milestone of the metric that the run is judged by (better by 1 % of itself) for 10 epochs, the guide's
  "no progress for 10+ epochs". Once 60 % of the planned epochs are done that is likely convergence.
- *stalled* (a state, no finding): by ``rhythm``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.insight.divergence import LIMIT_RATIO, Gravity
from crackseg_desktop.insight.performance import PATIENCE_EPOCHS
from crackseg_desktop.insight.rhythm import silent_ratio
from crackseg_desktop.insight.state import nan_reason
from crackseg_desktop.insight.statistics import direction, is_training_loss
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
_MAIN_LOSSES = ("train/loss", "train_batch/loss")
_FOLLOWS_AN_OPPONENT = (
    "rollout/", "policy", "value_loss", "entropy", "reward", "actor", "critic", "discriminator", "generator", "d_loss",
    "g_loss", "loss_d", "loss_g",
)  # fmt: skip
_NOTHING, _ALL = 1e-6, 0.98
_FIRST_COLLAPSE_EPOCH = 3
_LIKE_ALL, _STANDS_STILL = 0.5, 0.2
_JUDGED_BY = ("val/iou", "val/miou", "val/dice", "val/loss", "train/loss")


def training_series(facts: RunFacts, summary: RunSummary, now: float) -> dict[str, float]:
    """Return the series of a run that rules compare, by name; those without the curves they need are left out."""
    named = summary.figures()
    waited = _epochs_without_progress(facts, summary, named)
    known = {
        "training_nonfinite_points_total": float(summary.nonfinite_points()),
        "training_divergence_ratio": _divergence_ratio(named),
        "training_overfit_ratio": _overfit_ratio(named),
        "training_collapse_ratio": _collapse_ratio(named),
        "training_epochs_without_progress": waited[1] if waited is not None else None,
        "training_silent_ratio": silent_ratio(facts, summary, now),
    }
    return {name: value for name, value in known.items() if value is not None}


def findings(facts: RunFacts, summary: RunSummary) -> tuple[Finding, ...]:
    """Return what is wrong with the curves of a run, also one that ended long ago."""
    named = summary.figures()
    found = (_nan(summary), _diverged(named), _collapsed(named), _overfitted(named), _plateau(facts, summary, named))
    return tuple(finding for finding in found if finding is not None)


def likely_converged(facts: RunFacts) -> bool:
    """Say whether so many of the planned epochs are done that a plateau is likely convergence."""
    return bool(facts.total_epochs and facts.epoch and facts.epoch >= CONVERGED_SHARE * facts.total_epochs)


def _nan(summary: RunSummary) -> Finding | None:
    first = summary.first_nonfinite()
    if first is None:
        return None
    count = summary.nonfinite_points()
    points = f"{count} such points" if count > 1 else "one such point"
    return Finding("nan", first.tag, first.step, f"{nan_reason(summary)}, {points}")


def _watched(named: Named) -> tuple[list[tuple[Statistics, LossWatch]], Gravity]:
    """Return the losses that divergence is judged by, and how plain it must be."""
    plainly = any(word in name.lower() for name in named for word in _FOLLOWS_AN_OPPONENT)
    names = [name for name in _MAIN_LOSSES if name in named]
    if not names:
        plainly = True
        names = [name for name in named if is_training_loss(name)] or [name for name in ("val/loss",) if name in named]
    watched = [(named[name], watch) for name in names if (watch := named[name].watch) is not None]
    return watched, Gravity.FAR if plainly else Gravity.DRIFT


def _worst(named: Named) -> tuple[Statistics, LossWatch] | None:
    """Return the loss that diverges most; None where none does."""
    watched, least = _watched(named)
    diverging = [item for item in watched if item[1].gravity >= least]
    return max(diverging, key=lambda item: item[1].ratio, default=None)


def _divergence_ratio(named: Named) -> float | None:
    worst = _worst(named)
    if worst is not None:
        return worst[1].ratio
    ratios = [watch.ratio for _, watch in _watched(named)[0]]
    return min(max(ratios), LIMIT_RATIO) if ratios else None


def _diverged(named: Named) -> Finding | None:
    worst = _worst(named)
    if worst is None:
        return None
    figures, watch = worst
    since = watch.since or 0
    kind = "validation loss" if figures.name.startswith("val/") else "training loss"
    words = f"{kind} diverges: {units.score(watch.level)} against {units.score(watch.best)} at its best"
    return Finding("diverged", figures.tag, since, f"{words}, since {figures.axis} {since}")


def _losses(named: Named) -> tuple[Statistics, float, Statistics, float] | None:
    """Return the training loss and its level, the validation loss and the least of its last three values."""
    train = next((named[name] for name in _MAIN_LOSSES if name in named), None)
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
    if len(pairs) > 1 and all(p >= 1 - _NOTHING and r < _NOTHING for p, r in pairs[-2:]):
        return "the model predicts nothing"
    if len(pairs) > 2 and iou is not None and all(r >= _ALL and p < _LIKE_ALL for p, r in pairs):
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
    precision, recall = named["val/precision"], named["val/recall"]
    step = recall.last.step if recall.last is not None else 0
    figures = f"precision {units.score(precision.tail[-1])} with recall {units.score(recall.tail[-1])}"
    return Finding("collapse", recall.tag, step, f"{how}: {figures} in {recall.axis} {step}")


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
            return metric, metric.waited * facts.epoch / rounds
    return None


def _plateau(facts: RunFacts, summary: RunSummary, named: Named) -> Finding | None:
    waited = _epochs_without_progress(facts, summary, named)
    if waited is None or waited[1] < PATIENCE_EPOCHS:
        return None
    metric, epochs = waited
    milestone = metric.milestone
    if milestone is None:
        return None
    ending = "; likely converged" if likely_converged(facts) else ""
    words = f"no progress in {metric.name} for {epochs:.0f} epochs: {units.score(milestone.value)}"
    return Finding("plateau", metric.tag, milestone.step, f"{words} since {metric.axis} {milestone.step}{ending}")
