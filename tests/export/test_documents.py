"""The JSON documents: strict, complete, and honest about what is missing."""

from __future__ import annotations

import io
import json
import math
from array import array
from typing import TYPE_CHECKING

from crackseg_desktop.curves import Curve
from crackseg_desktop.export.documents import curves_document, run_document, status_document, strict
from crackseg_desktop.export.tables import choose, write_curves
from crackseg_desktop.readings import Best, Checkpoint, Performance, Run, RunConfig, RunFacts, RunState
from crackseg_desktop.settings import Baselines

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import Sample


def curve(tag: str, name: str, *rows: tuple[int, float]) -> Curve:
    made = Curve(tag, name, "epoch")
    made.steps = array("q", (step for step, _ in rows))
    made.wall_times = array("d", (1.5 for _ in rows))
    made.values = array("d", (value for _, value in rows))
    return made


def test_that_numbers_json_has_not_become_strings() -> None:
    value = {"a": [math.nan, math.inf, -math.inf, 1.5], "b": (0, None, True)}
    assert strict(value) == {"a": ["NaN", "Infinity", "-Infinity", 1.5], "b": [0, None, True]}
    json.dumps(strict(value), allow_nan=False)


def test_that_status_gives_every_metric_or_null_with_its_reason(make_sample: Callable[..., Sample]) -> None:
    document = status_document(make_sample(temperature=None), [], [])
    gpu = document["gpus"][0]
    assert gpu["uuid"] == "GPU-1"
    assert gpu["gpu_memory_used_ratio"] == 0.5
    assert gpu["gpu_temperature_celsius"] is None
    assert gpu["unavailable"]["gpu_temperature_celsius"] == "not supported on this GPU"
    assert set(gpu["unavailable"]) == {name for name, value in gpu.items() if name.startswith("gpu_") and value is None}
    assert document["host"]["host_cpu_used_ratio"] == 0.25
    assert document["host"]["disks"][0]["mount"] == "/data"
    assert document["self"] == {"cpu_ratio": None, "rss_bytes": None}


def test_that_a_run_has_all_the_keys_of_the_contract() -> None:
    run = Run(
        RunFacts("0123456789", "r", "/r", ("/r", "/s"), "crackseg", epoch=3),
        RunState.FINISHED,
        best={"val/iou": Best(0.5, 2, 2)},
        latest={"val/iou": math.nan},
    )
    document = run_document(run, [{"rule": "nan", "labels": {"run": "0123456789"}}, {"rule": "x", "labels": {}}])
    assert {
        "id",
        "name",
        "path",
        "folders",
        "state",
        "reason",
        "findings",
        "source",
        "epoch",
        "total_epochs",
        "step",
        "started",
        "updated",
        "epochs_per_hour",
        "eta_seconds",
        "best",
        "latest",
        "alerts",
    } <= document.keys()
    assert document["best"] == {"val/iou": {"value": 0.5, "step": 2, "epoch": 2}}
    assert [alert["rule"] for alert in document["alerts"]] == ["nan"]
    assert document["total_epochs"] is None


def test_that_a_run_tells_its_configuration_checkpoints_and_performance() -> None:
    facts = RunFacts(
        *("0123456789", "r", "/r", ("/r",), "crackseg"),
        config=RunConfig(4, 50, 0.001, "BaseUNet", "val/loss"),
        checkpoints=(Checkpoint("/r/best.pth", 70, 5.0, "best"),),
    )
    figures = Performance(
        eta_interval_seconds=(500.0, 700.0),
        monitor="val/loss",
        convergence_epoch=34,
        unavailable={"peak_memory_bytes": "the run is not linked to a GPU yet"},
    )
    run = Run(facts, RunState.RUNNING, epochs_per_hour=20.0, eta_seconds=600.0, performance=figures)
    document = run_document(run, baselines=Baselines(total_hours=(1.0, 2.0)))
    assert document["config"] == {
        "batch_size": 4,
        "total_epochs": 50,
        "learning_rate": 0.001,
        "model": "BaseUNet",
        "monitor": "val/loss",
    }
    assert document["checkpoints"] == [{"path": "/r/best.pth", "size_bytes": 70, "time": 5.0, "kind": "best"}]
    told = document["performance"]
    assert (told["epochs_per_hour"], told["eta_seconds"], told["eta_interval_seconds"]) == (20.0, 600.0, [500.0, 700.0])
    assert (told["batch_size"], told["convergence_epoch"], told["best_epoch"]) == (4, 34, None)
    assert told["peak_memory_bytes"] is None
    assert told["unavailable"]["peak_memory_bytes"] == "the run is not linked to a GPU yet"
    assert told["baselines"]["total_hours"]["verdict"] == "above"
    assert told["baselines"]["convergence_epochs"]["verdict"] == "within"
    json.dumps(strict(document), allow_nan=False)


def test_that_what_is_not_known_of_a_run_is_null() -> None:
    document = run_document(Run(RunFacts("0123456789", "r", "/r", (), "tensorboard"), RunState.UNKNOWN))
    assert (document["config"], document["checkpoints"]) == (None, [])
    known = {"unavailable", "baselines"}
    assert all(value is None for key, value in document["performance"].items() if key not in known)


def test_that_csv_values_read_back_exactly() -> None:
    value = 0.1 + 0.2
    out = io.StringIO()
    write_curves(out, 'a "b", c', {"val_iou": curve("val_iou", "val/iou", (1, value), (2, math.nan), (3, -math.inf))})
    lines = out.getvalue().splitlines()
    assert lines[0] == "run,tag,step,wall_time,value"
    assert lines[1] == '"a ""b"", c",val_iou,1,1.5,0.30000000000000004'
    assert [line.rpartition(",")[2] for line in lines[2:]] == ["nan", "-inf"]


def test_that_curves_are_chosen_by_the_printed_tag_and_superseded_points_on_request() -> None:
    curves = {"val_iou": curve("val_iou", "val/iou", (1, 0.1), (2, 0.2), (1, 0.3)), "lr": curve("lr", "lr", (1, 1.0))}
    assert list(choose(curves, ["val_*"], normalised=False, superseded=False)) == ["val_iou"]
    assert list(choose(curves, ["val/*"], normalised=True, superseded=False)) == ["val/iou"]
    assert list(choose(curves, [], normalised=False, superseded=False)["val_iou"].steps) == [1]
    assert list(choose(curves, [], normalised=False, superseded=True)["val_iou"].steps) == [1, 2, 1]
    document = curves_document("r", choose(curves, ["lr"], normalised=False, superseded=False))
    assert document == {"run": "r", "curves": {"lr": {"steps": [1], "wall_times": [1.5], "values": [1.0]}}}


def test_that_two_tags_that_mean_the_same_are_both_printed() -> None:
    curves = {"loss": curve("loss", "train/loss", (1, 2.0)), "train/loss": curve("train/loss", "train/loss", (1, 1.0))}
    assert list(choose(curves, [], normalised=True, superseded=False)) == ["loss", "train/loss"]
