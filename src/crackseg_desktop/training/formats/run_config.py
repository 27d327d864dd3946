"""Planned epochs and names from a run's configuration: ``config.json``, ``training_config.yaml``, ``.hydra``.

The planned epochs are those in effect. ``overrides.yaml`` is not asked: an override may be ignored by the training.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crackseg_desktop.training.formats.base import as_step, as_time, json_object

_LONGEST_LINE = 400
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[\w.\-]+|\"[^\"]*\"|'[^']*') *:(?: +(?P<value>.*?))? *$")
_PLANNED_KEYS = ("max_epochs", "num_train_epochs", "total_epochs", "num_epochs", "n_epochs", "epochs")
_INLINE_EPOCHS = re.compile(r"[{,]\s*epochs\s*:\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Experiment:
    """What ``experiment_info.json`` tells. ``status`` is "completed" after crashes and Ctrl-C too."""

    name: str | None
    created: float | None
    updated: float | None
    status: str | None


def epochs_of_json(data: bytes) -> int | None:
    """Return the planned epochs of a ``config.json``; None where it tells none."""
    document = json_object(data) or {}
    training = document.get("training")
    return _planned(training.get("epochs")) if isinstance(training, dict) else None


def epochs_of_yaml(text: str) -> int | None:
    """Return the planned epochs of a configuration in YAML; None where it tells none.

    An experiment nested under ``experiments:`` is what CrackSeg then trains; a ``training:`` beside it is ignored.
    """
    found = dict(yaml_values(text, "epochs"))
    nested = [path for path in found if path.startswith("experiments.") and path.endswith("training.epochs")]
    return _planned(found.get(nested[0] if nested else "training.epochs"))


def planned_epochs(text: str) -> int | None:
    """Return the planned epochs in the configuration of any framework, YAML or Python; None where it tells none."""
    for key in _PLANNED_KEYS:
        match = re.search(rf"(?<![\w.]){key}['\"]?\s*[:=]\s*(\d{{1,9}})(?![\w.])", text)
        if match is not None:
            return _planned(match[1])
    return None


def yaml_values(text: str, key: str) -> list[tuple[str, str]]:
    """Return the dotted paths that end in ``key`` and their plain values, in block style. No YAML library is needed."""
    found: list[tuple[str, str]] = []
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _KEY.match(line[:_LONGEST_LINE].split(" #")[0])
        if match is None:
            continue
        indent, name, value = len(match["indent"]), match["key"].strip("\"'"), match["value"]
        while parents and parents[-1][0] >= indent:
            parents.pop()
        path = ".".join([*(parent for _, parent in parents), name])
        if name == key and value:
            found.append((path, value.strip("\"'")))
        elif value and key == "epochs" and (inline := _INLINE_EPOCHS.search(value)):
            found.append((f"{path}.epochs", inline[1]))
        elif not value:
            parents.append((indent, name))
    return found


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


def _planned(value: object) -> int | None:
    epochs = as_step(value)
    return epochs if epochs is not None and epochs > 0 else None
