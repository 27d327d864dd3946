"""What a run's configuration sets: CrackSeg's ``config.json``, ``training_config.yaml`` and ``.hydra``, and the files
of other frameworks (``args.yaml``, ``hparams.yaml``, ``config.py``).

Figures are those in effect. ``overrides.yaml`` is not asked: an override may be ignored by the training.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from crackseg_desktop.readings import RunConfig
from crackseg_desktop.training.formats.base import as_number, as_step, as_time, json_object
from crackseg_desktop.training.formats.config_leaves import leaves_of_json, leaves_of_python, leaves_of_yaml
from crackseg_desktop.training.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PLANNED_KEYS = ("max_epochs", "num_train_epochs", "total_epochs", "num_epochs", "n_epochs", "epochs")
_EPOCHS = ("training.epochs",)
_BATCH_SIZE = (
    "data.dataloader.batch_size",  # what CrackSeg's loaders take, whatever its training.batch_size says
    "train_dataloader.batch_size",
    "training.batch_size",
    "train.batch_size",
    "data.batch_size",
    "data.samples_per_gpu",
    "per_device_train_batch_size",
    "train_batch_size",
    "batch_size",
    "batch",
    "SOLVER.IMS_PER_BATCH",
)
_LEARNING_RATE = (
    "training.optimizer.lr",
    "training.learning_rate",
    "training.lr",
    "optim_wrapper.optimizer.lr",
    "optimizer.lr",
    "lr0",
    "learning_rate",
    "lr",
    "SOLVER.BASE_LR",
)
_MODEL = (
    "model._target_",
    "model.type",
    "model.name",
    "model.model_name",
    "model_name",
    "model",
    "arch",
    "architecture",
    "MODEL.META_ARCHITECTURE",
)
_MONITOR = (
    "training.checkpoints.save_best.monitor_metric",
    "training.save_best.monitor_metric",
    "training.monitor_metric",
    "monitor_metric",
    "monitor",
    "metric_for_best_model",
)
_NAMES = frozenset(path.rpartition(".")[2] for path in (*_EPOCHS, *_BATCH_SIZE, *_LEARNING_RATE, *_MODEL, *_MONITOR))
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Experiment:
    """What ``experiment_info.json`` tells. ``status`` is "completed" after crashes and Ctrl-C too."""

    name: str | None
    created: float | None
    updated: float | None
    status: str | None


def config_of_json(data: bytes) -> RunConfig:
    """Return what CrackSeg's ``config.json`` sets."""
    return _crackseg_config(leaves_of_json(json_object(data) or {}))


def config_of_yaml(text: str) -> RunConfig:
    """Return what a configuration of CrackSeg in YAML sets."""
    return _crackseg_config(leaves_of_yaml(text, _NAMES))


def config_of_framework(text: str) -> RunConfig:
    """Return what the configuration of any framework sets, YAML or Python."""
    leaves = leaves_of_yaml(text, _NAMES) or leaves_of_python(text)
    return _config(leaves, _planned_epochs(text))


def merged_config(configs: Iterable[RunConfig | None]) -> RunConfig | None:
    """Return what the files of one run set, the most trusted first; None where none sets anything."""
    told = [config for config in configs if config is not None]
    values = {
        item.name: next((value for config in told if (value := getattr(config, item.name)) is not None), None)
        for item in fields(RunConfig)
    }
    return RunConfig(**values) if any(value is not None for value in values.values()) else None


def parse_experiment_info(data: bytes) -> Experiment | None:
    """Return what an ``experiment_info.json`` tells; None where it cannot be read (yet)."""
    document = json_object(data)
    if document is None:
        return None
    name, status = document.get("name"), document.get("status")
    return Experiment(
        name if isinstance(name, str) else None,
        as_time(document.get("created_at")),
        as_time(document.get("updated_at")),
        status if isinstance(status, str) else None,
    )


def _crackseg_config(leaves: Mapping[str, object]) -> RunConfig:
    return _config(leaves, next((_count(value) for value in _told(leaves, _EPOCHS)), None))


def _config(leaves: Mapping[str, object], epochs: int | None) -> RunConfig:
    sizes = (*_told(leaves, _BATCH_SIZE), *_agreed(leaves, "batch_size"))
    rates = (*_told(leaves, _LEARNING_RATE), *_agreed(leaves, "lr"), *_agreed(leaves, "learning_rate"))
    monitor = next((name for value in _told(leaves, _MONITOR) if (name := _name(value))), None)
    return RunConfig(
        batch_size=next((size for value in sizes if (size := _count(value)) is not None), None),
        total_epochs=epochs,
        learning_rate=next((rate for value in rates if (rate := _rate(value)) is not None), None),
        model=next(
            (name.rpartition(".")[2] if path == "model._target_" else name for path, name in _models(leaves)), None
        ),
        monitor=normalise(monitor) if monitor is not None else None,
    )


def _told(leaves: Mapping[str, object], paths: Iterable[str]) -> Iterator[object]:
    """Yield the values at the paths, the first path first.

    An experiment nested under ``experiments:`` is what CrackSeg then trains; what stands beside it is ignored.
    """
    nested = [path for path in leaves if path.startswith("experiments.")]
    for wanted in paths:
        inner = [path for path in nested if path.endswith(f".{wanted}")]
        if inner:
            yield leaves[inner[0]]
        elif wanted in leaves:
            yield leaves[wanted]


def _agreed(leaves: Mapping[str, object], name: str) -> list[object]:
    """Return the value that all keys of a name have, wherever they stand; nothing where they differ."""
    values = {str(value): value for path, value in leaves.items() if path.rpartition(".")[2] == name}
    return list(values.values()) if len(values) == 1 else []


def _models(leaves: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for path in _MODEL:
        for value in _told(leaves, [path]):
            if name := _name(value):
                yield path, name


def _planned_epochs(text: str) -> int | None:
    for key in _PLANNED_KEYS:
        match = re.search(rf"(?<![\w.]){key}['\"]?\s*[:=]\s*(\d{{1,9}})(?![\w.])", text)
        if match is not None:
            return _count(match[1])
    return None


def _count(value: object) -> int | None:
    number = as_step(value)
    return number if number is not None and number > 0 else None


def _rate(value: object) -> float | None:
    number = as_number(value)
    return number if number is not None and 0 < number < float("inf") else None


def _name(value: object) -> str | None:
    """Return a name; None for what is empty, a reference to another key, or a tag of YAML."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME or value in ("null", "~"):
        return None
    return None if value[0] in "!&*[|>" or "${" in value else value
