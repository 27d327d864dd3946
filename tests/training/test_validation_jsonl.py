from __future__ import annotations

import json
import math

from crackseg_desktop.training.formats.validation_jsonl import ValidationJsonl


def row(epoch: int, **metrics: float) -> bytes:
    document = {"timestamp": "2026-11-23T12:00:00", "epoch": epoch, "step": 0, "phase": "val", "metrics": metrics}
    return json.dumps(document).encode() + b"\n"


def test_that_a_row_is_one_point_a_metric() -> None:
    parser = ValidationJsonl()
    parser.feed(row(2, val_loss=0.5, val_iou=math.nan), 0.0)
    points = parser.take()
    assert [(point.tag, point.step) for point in points] == [("val_loss", 2), ("val_iou", 2)]
    assert math.isnan(points[1].value)


def test_that_figures_without_their_phase_get_it() -> None:
    parser = ValidationJsonl()
    parser.feed(b'{"epoch": 1, "phase": "test", "metrics": {"iou": 0.5, "test_loss": 1}}\n', 7.0)
    assert [(point.tag, point.time) for point in parser.take()] == [("test_iou", 7.0), ("test_loss", 7.0)]


def test_that_rows_of_another_kind_are_passed_over() -> None:
    parser = ValidationJsonl()
    parser.feed(b'{"epoch": 1}\n{"metrics": {}}\nhello\n\n' + row(1, val_loss=1.0), 0.0)
    assert len(parser.take()) == 1
    assert parser.clues.notes == ["lines that are not JSON were passed over"]
