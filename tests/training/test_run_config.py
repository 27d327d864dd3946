from __future__ import annotations

import json

import pytest

from crackseg_desktop.training.formats.run_config import epochs_of_json, epochs_of_yaml, parse_experiment_info


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
    assert epochs_of_yaml(text) == epochs


@pytest.mark.parametrize(
    ("document", "epochs"),
    [({"training": {"epochs": 50}}, 50), ({"training": {"epochs": 0}}, None), ({"training": 3}, None), ([], None)],
)
def test_that_planned_epochs_are_found_in_json(document: object, epochs: int | None) -> None:
    assert epochs_of_json(json.dumps(document).encode()) == epochs


def test_that_half_an_experiment_info_is_none_yet() -> None:
    whole = b'{"name": "demo", "created_at": "2026-11-23T12:00:00", "status": "created"}'
    info = parse_experiment_info(whole)
    assert info is not None
    assert (info.name, info.status, info.updated) == ("demo", "created", None)
    assert all(parse_experiment_info(whole[:length]) is None for length in range(len(whole)))
