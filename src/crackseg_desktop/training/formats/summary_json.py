"""``summary.json`` and ``complete_summary.json``: the whole history of a run, rewritten in place after each epoch.

They are not written atomically, so a moment with half a document, or none, is normal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crackseg_desktop.training.formats.base import Point, as_number, as_step, as_time, json_object

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary tells: when the trainer began, the last epoch reached, every figure of every epoch."""

    started: float | None
    epochs: int | None
    points: list[Point] = field(default_factory=list)


def parse_summary(data: bytes) -> Summary | None:
    """Return what either kind of summary tells; None where it cannot be read (yet)."""
    document = json_object(data)
    if document is None:
        return None
    info = document.get("experiment_info")
    info = info if isinstance(info, dict) else document
    started = as_time(info.get("start_time") or info.get("experiment_start"))
    history = document.get("metric_history") or document.get("epoch_summaries")
    points = list(_points(history)) if isinstance(history, list) else []
    if started is None and not points and not {"best_metrics", "final_metrics"} & document.keys():
        return None
    return Summary(started, as_step(info.get("total_epochs")), points)


def _points(history: list[object]) -> Iterator[Point]:
    for entry in history:
        epoch = as_step(entry.get("epoch")) if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or epoch is None:
            continue
        time = as_time(entry.get("timestamp")) or 0.0
        figures = {"lr": entry.get("learning_rate")}
        figures |= _tagged(entry.get("train_metrics"), "train/epoch_")
        figures |= _tagged(entry.get("val_metrics"), "val_")
        for tag, figure in figures.items():
            value = as_number(figure)
            if value is not None:
                yield Point(tag, epoch, time, value)


def _tagged(metrics: object, prefix: str) -> dict[str, object]:
    """Give the figures the tags that CrackSeg's other files have for them."""
    return {f"{prefix}{key}": value for key, value in metrics.items()} if isinstance(metrics, dict) else {}
