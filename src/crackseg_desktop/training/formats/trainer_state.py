"""Hugging Face's ``trainer_state.json``: the whole history so far, written anew with each checkpoint."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from crackseg_desktop.readings import Ending, RunConfig
from crackseg_desktop.training.formats.base import Point, as_number, as_step, json_object

if TYPE_CHECKING:
    from pathlib import Path

    from crackseg_desktop.training.formats.base import Clues

STATE_NAME = "trainer_state.json"
CHECKPOINT = re.compile(r"^checkpoint-(?P<step>\d+)$")
_NO_FIGURES = frozenset({"epoch", "step"})


def parse_trainer_state(data: bytes, clues: Clues, time: float) -> list[Point] | None:
    """Return the points of the history; None where the document is not whole.

    ``time`` (Unix seconds) is when the file was written: the rows tell none.
    """
    document = json_object(data)
    if document is None or not isinstance(document.get("log_history"), list):
        return None
    epoch, planned = as_number(document.get("epoch")), as_number(document.get("num_train_epochs"))
    if epoch is not None and math.isfinite(epoch):
        clues.epoch = math.floor(epoch + 1e-6) or None
    if planned is not None and math.isfinite(planned) and planned > 0:
        clues.total_epochs = math.ceil(planned)
    size = as_step(document.get("train_batch_size"))
    clues.config = RunConfig(batch_size=size or None, total_epochs=clues.total_epochs)
    step, most = as_step(document.get("global_step")), as_step(document.get("max_steps"))
    if step is not None and most is not None and 0 < most <= step:
        clues.ending = Ending("completed", None, time)
    clues.saw_time(time)
    return _points(document["log_history"], time)


def newest_state(folder: Path) -> tuple[Path | None, bool]:
    """Return the state of the newest checkpoint in an output folder, by number, and whether a newer one is expected.

    The folder's own state is written at the very end, and counts where no checkpoint is younger. A checkpoint gets its
    state last of all. Raises OSError where the folder cannot be looked into.
    """
    numbered = [(int(match["step"]), path) for path in folder.iterdir() if (match := CHECKPOINT.match(path.name))]
    states = [path / STATE_NAME for _, path in sorted(numbered, reverse=True)]
    newest = next((path for path in states if path.is_file()), None)
    is_pending = bool(states) and newest != states[0]
    own = folder / STATE_NAME
    if own.is_file() and (newest is None or own.stat().st_mtime_ns >= newest.stat().st_mtime_ns):
        return own, is_pending
    return newest, is_pending


def _points(history: object, time: float) -> list[Point]:
    points: list[Point] = []
    for row in history if isinstance(history, list) else ():
        step = as_step(row.get("step")) if isinstance(row, dict) else None
        if step is None:
            continue
        for tag, value in row.items():
            number = as_number(value)
            if number is not None and tag not in _NO_FIGURES:
                points.append(Point(str(tag), step, time, number, "step"))
    return points
