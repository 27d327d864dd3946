from __future__ import annotations

import json
import math

from crackseg_desktop.training.formats.summary_json import parse_summary

ENTRY = {
    "timestamp": "2026-11-23T12:00:00",
    "epoch": 2,
    "train_metrics": {"loss": 0.6},
    "val_metrics": {"loss": math.nan, "iou": 0.25},
    "learning_rate": None,
}


def test_that_the_history_has_the_tags_of_the_exact_files() -> None:
    summary = parse_summary(json.dumps({"experiment_start": "2026-11-23T11:00:00", "metric_history": [ENTRY]}).encode())
    assert summary is not None
    assert [point.tag for point in summary.points] == ["train/epoch_loss", "val_loss", "val_iou"]
    assert math.isnan(summary.points[1].value)
    assert summary.points[0].time - (summary.started or 0.0) == 3600


def test_that_the_complete_summary_is_read_too() -> None:
    info = {"start_time": "2026-11-23T11:00:00", "total_epochs": 2}
    summary = parse_summary(json.dumps({"experiment_info": info, "epoch_summaries": [ENTRY]}).encode())
    assert summary is not None
    assert summary.epochs == 2


def test_that_half_a_document_is_none_yet() -> None:
    whole = json.dumps({"experiment_start": "2026-11-23T11:00:00", "metric_history": [ENTRY]}).encode()
    assert all(parse_summary(whole[:length]) is None for length in range(len(whole)))


def test_that_other_documents_are_no_summary() -> None:
    assert parse_summary(b"{}") is None
    assert parse_summary(b"[]") is None
