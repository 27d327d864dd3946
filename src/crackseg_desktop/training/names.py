"""Our names for the tags that trainings log: ``part/metric``, such as ``val/iou``. Unknown tags stay as they are.

What a tag means may depend on who wrote it: some sources of runs have rules before the common ones. Figures that a
source gives in percent keep their values, and their names end in ``_percent``: no rule for ratios is applied to them
by mistake.
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
_ALL_PARTS = _PARTS | {"evaluation": "val", "testing": "test", "validating": "val"}
_METRICS = frozenset(
    {"loss", "iou", "miou", "dice", "f1", "precision", "recall", "accuracy", "specificity", "auc", "rmse", "mae", "mse"}
)
_ALIASES = {
    "acc": "accuracy", "jaccard": "iou", "jaccard_index": "iou", "iou_score": "iou", "mean_iou": "miou", "dsc": "dice",
    "dice_score": "dice", "dice_coef": "dice", "dice_coefficient": "dice", "f1_score": "f1", "f1score": "f1",
    "top_1_accuracy": "top1_accuracy", "top_5_accuracy": "top5_accuracy", "top1_acc": "top1_accuracy",
    "top5_acc": "top5_accuracy", "acc1": "top1_accuracy", "acc5": "top5_accuracy",
}  # fmt: skip
_FIGURES = _METRICS | frozenset({
    "acc", "losses", "err", "error", "lr", "jaccard", "fscore", "f2", "dsc", "auroc", "psnr", "ssim", "lpips", "fid",
    "mape", "r2", "perplexity", "ppl", "reward", "return", "score", "wer", "cer", "bleu", "rouge", "kappa", "mcc",
    "acc1", "acc5", "top1", "top5", "hausdorff", "sensitivity", "macc", "aacc", "map", "ap", "mdice", "bce", "kl",
    "elbo", "nll", "crossentropy",
})  # fmt: skip
_LEARNING_RATE = re.compile(
    r"(?:train/)?(?:lr|learning_?rate)|lr-[A-Za-z]+(?:/pg1)?|(?:lr/pg|x/lr|learning_?rate/group_)(?P<group>\d+)",
    re.IGNORECASE,
)
_DETECTION = re.compile(
    r"metrics/(?P<metric>\w*(?:precision|recall|mAP)[\w.:-]*)(?:\((?P<kind>[BM])\))?", re.IGNORECASE
)
_MMENGINE = {
    "aacc": "accuracy", "miou": "miou", "macc": "mean_accuracy", "mdice": "mdice", "mfscore": "f1",
    "mprecision": "precision", "mrecall": "recall",
}  # fmt: skip
_TASK = re.compile(r"(?P<task>bbox|segm|keypoints|sem_seg|panoptic_seg|box_proposals)/(?P<metric>.+)")


@lru_cache(maxsize=4096)
def normalise(tag: str, source: str = "") -> str:
    """Return our name for a tag; ``source`` is the run's, see ``RunFacts``."""
    rule = _RULES.get(source)
    name = rule(tag) if rule is not None else None
    return _common(tag) if name is None else name


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
    """Name a tag as it is; where that says nothing, as one word: logs and tables write words with blanks."""
    name = _known(tag)
    if name is not None:
        return name
    percent = "_percent" if tag.endswith("%") else ""
    name = _known(_in_one_word(tag.removesuffix("%")))
    return f"{tag.removesuffix('%')}{percent}" if name is None else f"{name}{percent}"


def _in_one_word(tag: str) -> str:
    """Write ``Val Loss``, ``valLoss`` and ``loss_val`` as ``val_loss``."""
    text = re.sub(r"^(train|val|valid|test)(?=[A-Z][a-z])", r"\1_", tag.strip())
    text = re.sub(r"[ -]+", "_", text).lower()
    first, underscore, last = text.rpartition("_")
    return f"{last}_{first}" if underscore and last in _PARTS and _is_known(first) else text


def _known(tag: str) -> str | None:
    """Return our name for a tag in one word; None where it is none of ours."""
    lower = tag.lower()
    if (match := _LEARNING_RATE.fullmatch(tag)) is not None:
        return f"lr/pg{match['group']}" if match["group"] not in (None, "0") else "lr"
    if (match := _DETECTION.fullmatch(tag)) is not None:
        return _of_detection(match)
    if lower == "loss" or (lower.startswith("epoch_") and _is_known(lower)):
        return f"train/{_metric(lower)}"
    if lower == "train_batch/batch_loss":
        return "train_batch/loss"
    first, slash, rest = lower.partition("/")
    if slash:
        return _of_two(first, rest, tag[len(first) + 1 :])
    first, underscore, rest = lower.partition("_")
    if not underscore or first not in _PARTS or not rest or (first == "eval" and not _is_known(rest)):
        return None
    if _PARTS[first] == "train" and rest.endswith("_step"):
        return f"train_batch/{_metric(tag[len(first) + 1 : -len('_step')])}"
    return f"{_PARTS[first]}/{_metric(tag[len(first) + 1 :].removesuffix('_epoch'))}"


def _of_two(first: str, rest: str, original: str) -> str | None:
    """Return the name for ``first/rest``; None where it is none of ours."""
    if first in ("train", "training", "val", "valid", "validation", "test"):
        return f"{_PARTS[first]}/{_metric(original)}"
    if first in ("eval", "metrics") and _is_known(rest):
        return f"val/{_metric(rest)}"
    if first in _METRICS and rest in _PARTS:
        return f"{_PARTS[rest]}/{first}"
    return None


def _metric(text: str) -> str:
    """Write known metrics in one way, without ``epoch_`` or ``batch_`` before them; all others as they are."""
    lower = re.sub(r"^(?:epoch|batch)_", "", re.sub(r"[ -]+", "_", text.lower()))
    name = _ALIASES.get(lower, lower)
    return name if name in _METRICS or lower in _ALIASES else text


def _is_known(text: str) -> bool:
    return _metric(text) in _METRICS or _metric(text) in _ALIASES.values()


def _of_detection(match: re.Match[str]) -> str:
    """Name the metrics of YOLO: of boxes (B) and masks (M) where it has both."""
    metric = re.sub(r"map_?0?\.5", "map50", match["metric"].lower())
    kind = {"B": "_box", "M": "_mask", None: ""}[match["kind"]]
    return f"val/{re.sub(r':0?[.]95', '-95', metric)}{kind}"


def _mmengine(tag: str) -> str | None:
    """Name the percentages of mmengine as what they are."""
    name = _mmcv(tag)
    is_percent = name is not None and (name.startswith("val/") or tag.endswith("acc_seg"))
    return f"{name}_percent" if is_percent else name


def _mmcv(tag: str) -> str | None:
    """Name the ratios of the older mmcv, which has the same tags; its losses and others with a dot are a head's."""
    metric = _MMENGINE.get(tag.lower())
    if metric is not None:
        return f"val/{metric}"
    return f"train/{tag}" if re.fullmatch(r"\w+\.(?:loss\w*|acc_seg)", tag) else None


def _hugging_face(tag: str) -> str | None:
    """Name what the Trainer logs, in its state (``eval_loss``) and in event files (``eval/loss``).

    Its ``train_loss`` is the mean over the whole training, told once at the end.
    """
    match = re.fullmatch(r"(?:(?P<part>train|eval|test)/|(?P<of>eval|test)_)?(?P<metric>.+)", tag)
    if match is None or match["metric"] == "learning_rate":
        return None
    return f"{_PARTS[match['part'] or match['of'] or 'train']}/{_metric(match['metric'])}"


def _detectron2(tag: str) -> str | None:
    """Name detectron2's losses, and its evaluation, which is in percent."""
    if tag == "total_loss":
        return "train/loss"
    if tag.startswith("loss_"):
        return f"train/{tag}"
    match = _TASK.fullmatch(tag)
    return f"val/{match['task']}_{match['metric'].lower()}_percent" if match is not None else None


def counts_epochs(tag: str, all_tags: list[str]) -> bool:
    """Say whether the steps of an event file's tag are epochs: Keras' ``epoch_…``, and the older CrackSeg's tags.

    ``Loss/train`` alone may count anything; with ``Loss/val`` and ``Metrics/…`` beside it, it is logged once an epoch.
    """
    if tag.rpartition("/")[2].startswith("epoch_"):
        return True
    if not tag.startswith(("Loss/", "Metrics/")):
        return False
    return "Loss/val" in all_tags and any(other.startswith("Metrics/") for other in all_tags)


_RULES: dict[str, Callable[[str], str | None]] = {
    "mmengine": _mmengine,
    "mmcv": _mmcv,
    "huggingface": _hugging_face,
    "detectron2": _detectron2,
}
