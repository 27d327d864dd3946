from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.readings import RunConfig
from crackseg_desktop.training.formats.run_config import (
    config_of_framework,
    config_of_json,
    config_of_yaml,
    merged_config,
    parse_experiment_info,
)


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("training:\n  epochs: 4\n  optimizer:\n    epochs: 9\nmodel:\n  epochs: 7\n", 4),
        ("model:\n  x: 1\ntraining:\n  betas:\n  - 0.9\n  epochs: 12  # planned\n", 12),
        ('training: {lr: 0.1, epochs: 5}\n', 5),
        ("training:\n  epochs: 50\nexperiments:\n  swinv2:\n    training:\n      epochs: 3\n", 3),
        ("training:\n  epochs: ${total}\n", None),
        ("epochs: 4\n", None),
        ("\tno: yaml: at all\n", None),
        ("", None),
    ],
)  # fmt: skip
def test_that_planned_epochs_are_found_in_yaml(text: str, epochs: int | None) -> None:
    assert config_of_yaml(text).total_epochs == epochs


@pytest.mark.parametrize(
    ("document", "epochs"),
    [({"training": {"epochs": 50}}, 50), ({"training": {"epochs": 0}}, None), ({"training": 3}, None), ([], None)],
)
def test_that_planned_epochs_are_found_in_json(document: object, epochs: int | None) -> None:
    assert config_of_json(json.dumps(document).encode()).total_epochs == epochs


def test_that_half_an_experiment_info_is_none_yet() -> None:
    whole = b'{"name": "demo", "created_at": "2026-11-23T12:00:00", "status": "created"}'
    info = parse_experiment_info(whole)
    assert info is not None
    assert (info.name, info.status, info.updated) == ("demo", "created", None)
    assert all(parse_experiment_info(whole[:length]) is None for length in range(len(whole)))


CRACKSEG = {
    "training": {
        "epochs": 12,
        "learning_rate": 0.001,
        "batch_size": 8,
        "optimizer": {"lr": 0.2},
        "monitor_metric": "val_loss",
        "lr_scheduler": {"step_size": 10},
    },
    "model": {"_target_": "crackseg.model.core.unet.BaseUNet", "encoder": {"_target_": "crackseg.CNNEncoder"}},
    "data": {"dataloader": {"batch_size": 4}},
    "evaluation": {"batch_size": 16},
}


def as_yaml(document: dict[str, Any], indent: int = 0) -> str:
    lines = []
    for key, value in document.items():
        inner = f"\n{as_yaml(value, indent + 2)}" if isinstance(value, dict) else f" {value}\n"
        lines.append(f"{' ' * indent}{key}:{inner}")
    return "".join(lines)


def test_that_the_batch_size_is_that_of_the_loader_and_the_rate_that_of_the_optimizer() -> None:
    expected = RunConfig(4, 12, 0.2, "BaseUNet", "val/loss")
    assert config_of_json(json.dumps(CRACKSEG).encode()) == expected
    assert config_of_yaml(as_yaml(CRACKSEG)) == expected


def test_that_an_experiment_nested_in_the_configuration_is_what_counts() -> None:
    nested = {"experiments": {"swinv2": {"training": {"epochs": 3, "learning_rate": 1e-4}}}} | CRACKSEG
    config = config_of_yaml(as_yaml(nested))
    assert (config.total_epochs, config.batch_size) == (3, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("task: segment\nmodel: yolov8n-seg.pt\nepochs: 100\nbatch: 16\nlr0: 0.01\n",
         RunConfig(16, 100, 0.01, "yolov8n-seg.pt")),
        ("model: yolov8n.pt\nbatch: -1\n", RunConfig(model="yolov8n.pt")),
        ("batch_size: 64\nlearning_rate: 1e-3\nmax_epochs: 20\n", RunConfig(64, 20, 0.001)),
        ("trainer:\n  max_epochs: 5\ndata:\n  loader:\n    batch_size: 2\n", RunConfig(2, 5)),
        ("a:\n  batch_size: 2\nb:\n  batch_size: 4\n", RunConfig()),
        ("model: !!python/object:torch.nn.Linear\nbatch_size: ${size}\n", RunConfig()),
        ("train_dataloader = dict(batch_size=4, num_workers=2)\nmodel = dict(type='EncoderDecoder', data=dict(a=1))\n"
         "optim_wrapper = {'optimizer': dict(type='SGD', lr=0.01)}\ntrain_cfg = dict(max_epochs=80, **more)\n",
         RunConfig(4, 80, 0.01, "EncoderDecoder")),
        ("import os\nos.abort()\nmodel = dict(type=os.environ['X'])\n", RunConfig()),
        ("model = " + "(" * 5000, RunConfig()),
        ("model = " + "-" * 50_000 + "1", RunConfig()),
        ("model = '\\d'\nx = '\0'", RunConfig()),
        ("", RunConfig()),
    ],
)  # fmt: skip
def test_that_other_frameworks_configurations_are_read(text: str, expected: RunConfig) -> None:
    assert config_of_framework(text) == expected


def test_that_of_several_files_the_first_that_tells_a_figure_counts() -> None:
    told = [None, RunConfig(batch_size=4), RunConfig(8, 10), RunConfig()]
    assert merged_config(told) == RunConfig(4, 10)
    assert merged_config([RunConfig(), None]) is None


@given(st.text(max_size=300) | st.from_regex(r"([ ]{0,4}[a-z_]{1,10}: ?[{!&0-9a-z,:}]{0,9}\n){1,9}"))
def test_that_no_text_is_too_strange(text: str) -> None:
    config_of_framework(text)
    config_of_yaml(text)
    config_of_json(text.encode("utf-8", "replace"))
