"""Our names for the tags that trainings log: ``part/metric``, such as ``val/iou``. Unknown tags stay as they are.

What a tag means may depend on who wrote it: each source of runs has its own rules on top of the common ones. Figures
that a source gives in percent keep their values, and their names end in ``_percent``: no rule for ratios is applied
to them by mistake.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

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

_ALL_PARTS = _PARTS | {"evaluation": "val", "testing": "test", "validating": "val"}
_FIGURES = _METRICS | frozenset({
    "losses", "err", "error", "lr", "jaccard", "fscore", "f2", "dsc", "auroc", "psnr", "ssim", "lpips", "fid", "mse",
    "mae", "rmse", "mape", "r2", "perplexity", "ppl", "reward", "return", "score", "wer", "cer", "bleu", "rouge",
    "kappa", "mcc", "acc1", "acc5", "top1", "top5", "hausdorff", "sensitivity", "macc", "aacc", "map", "ap", "mdice",
    "bce", "kl", "elbo", "nll", "crossentropy",
})  # fmt: skip
_MMENGINE = {
    "aacc": "accuracy", "miou": "miou", "macc": "mean_accuracy", "mdice": "mdice", "mfscore": "f1",
    "mprecision": "precision", "mrecall": "recall",
}  # fmt: skip
_ULTRALYTICS = re.compile(r"metrics/(?P<metric>precision|recall|mAP[\w.:-]*)(?:\((?P<kind>[BM])\))?$", re.IGNORECASE)
_LIGHTNING_LR = re.compile(r"lr-\w+(?:/pg1)?$")


@lru_cache(maxsize=4096)
def normalise(tag: str, source: str = "") -> str:
    """Return our name for a tag; ``source`` is the run's, see ``RunFacts``."""
    rule = _RULES.get(source)
    return _common(tag) if rule is None else rule(tag)


@lru_cache(maxsize=4096)
def part_of(word: str) -> str | None:
    """Return the part of a training that a word stands for: train, val or test."""
    return _ALL_PARTS.get(word.lower())


@lru_cache(maxsize=4096)
def is_metric(label: str, *, alone: bool = False) -> bool:
    """Say whether words are what trainings call their figures; ``alone``: the label is one such word by itself."""
    words = [word for word in re.split(r"[^a-z0-9]+", label.lower()) if word]
    if alone and len(words) > 1:
        words = [word for word in words if word not in _ALL_PARTS]
    known = [word in _FIGURES or (word.startswith("map") and not word[3:].isalpha()) for word in words]
    return any(known) or "learning_rate" in label.lower().replace(" ", "_") or "grad_norm" in label.lower()


def _common(tag: str) -> str:
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


def _mmengine(tag: str) -> str:
    """Name the percentages of mmengine as what they are."""
    name = _MMENGINE.get(tag.lower())
    return _common(tag) if name is None else f"val/{name}_percent"


def _mmcv(tag: str) -> str:
    """Name the ratios of the older mmcv, which has the same tags."""
    name = _MMENGINE.get(tag.lower())
    return _common(tag) if name is None else f"val/{name}"


def _ultralytics(tag: str) -> str:
    """Name Ultralytics' metrics: of boxes (B) and masks (M) where it has both."""
    if tag in ("lr/pg0", "x/lr0"):
        return "lr"
    match = _ULTRALYTICS.match(tag)
    if match is None:
        return _common(tag)
    metric = match["metric"].lower().replace("map_0.5", "map50").replace(":0.95", "-95")
    return f"val/{metric}{ {'B': '_box', 'M': '_mask', None: ''}[match['kind']] }"


def _lightning(tag: str) -> str:
    """Name Lightning's learning rates, and the two ways in which it logs one figure."""
    if _LIGHTNING_LR.match(tag):
        return "lr"
    if tag.endswith("_step") and part_of(tag.split("_")[0]) == "train":
        return f"train_batch/{_metric(tag.removesuffix('_step').partition('_')[2])}"
    return _common(tag.removesuffix("_epoch"))


def _hugging_face(tag: str) -> str:
    """Name what the Trainer evaluates."""
    return _common(f"val_{tag[5:]}" if tag.startswith("eval_") else tag)


def _detectron2(tag: str) -> str:
    return "train/loss" if tag == "total_loss" else _common(tag)


def _free(tag: str) -> str:
    """Name what somebody's own script writes, in words or in one."""
    text = re.sub(r"[ -]+", "_", tag.removesuffix("%").strip().lower())
    first, underscore, last = text.rpartition("_")
    if underscore and first in _METRICS and part_of(last):
        text = f"{last}_{first}"
    part, mark, metric = text.partition("_")
    if mark and part == "eval":
        text = f"val_{metric}"
    name = _common(text)
    if tag.endswith("%"):
        return f"{name}_percent"
    return name if "/" in name or name != text else tag


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


_RULES: dict[str, Callable[[str], str]] = {
    "mmengine": _mmengine,
    "mmcv": _mmcv,
    "ultralytics": _ultralytics,
    "lightning": _lightning,
    "huggingface": _hugging_face,
    "detectron2": _detectron2,
    "csv": _free,
    "jsonl": _free,
    "log": _free,
}
