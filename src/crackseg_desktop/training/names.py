"""Our names for the tags that trainings log: ``part/metric``, such as ``val/iou``. Unknown tags stay as they are."""

from __future__ import annotations

from functools import lru_cache

_PARTS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "eval": "val",
    "test": "test",
}  # fmt: skip
_METRICS = frozenset(
    {"loss", "iou", "miou", "dice", "f1", "precision", "recall", "accuracy", "acc", "specificity", "auc"}
)
_LEARNING_RATES = frozenset({"lr", "learning_rate", "learningrate", "train/learning_rate", "train/lr"})
_ALONE = {"loss": "train/loss", "train_batch/batch_loss": "train_batch/loss"}


@lru_cache(maxsize=4096)
def normalise(tag: str) -> str:
    """Return our name for a tag."""
    lower = tag.lower()
    if lower in _LEARNING_RATES:
        return "lr"
    if lower in _ALONE:
        return _ALONE[lower]
    first, slash, rest = tag.partition("/")
    if slash:
        return _of_two(first.lower(), rest) or tag
    part, underscore, metric = tag.partition("_")
    if underscore and part.lower() in ("train", "val", "valid", "validation", "test") and metric:
        return f"{_PARTS[part.lower()]}/{_metric(metric)}"
    return tag


def _of_two(first: str, rest: str) -> str | None:
    """Return the name for ``first/rest``; None where it is none of ours."""
    metric = _metric(rest)
    if first in ("train", "training", "val", "valid", "validation", "test"):
        return f"{_PARTS[first]}/{metric}"
    if first == "eval":
        return f"val/{metric}" if metric in _METRICS else None
    if first == "metrics":
        return f"val/{metric}" if metric in _METRICS else None
    if first in _METRICS and rest.lower() in _PARTS:
        return f"{_PARTS[rest.lower()]}/{first}"
    return None


def _metric(text: str) -> str:
    """Take ``epoch_`` off a metric and write known ones in lower case."""
    for prefix in ("epoch_", "batch_"):
        if text.lower().startswith(prefix) and text[len(prefix) :].lower() in _METRICS:
            return text[len(prefix) :].lower()
    return text.lower() if text.lower() in _METRICS else text


def counts_epochs(tag: str, all_tags: list[str]) -> bool:
    """Say whether the steps of an event file's tag are epochs: Keras' ``epoch_…``, and the older CrackSeg's tags.

    ``Loss/train`` alone may count anything; with ``Loss/val`` and ``Metrics/…`` beside it, it is logged once an epoch.
    """
    if tag.rpartition("/")[2].startswith("epoch_"):
        return True
    if not tag.startswith(("Loss/", "Metrics/")):
        return False
    return "Loss/val" in all_tags and any(other.startswith("Metrics/") for other in all_tags)
