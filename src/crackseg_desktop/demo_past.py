"""What the demonstration has behind it: a week of simulated history, in a folder of its own."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from crackseg_desktop.history.recorder import Recorder
from crackseg_desktop.simulation.past import told_past
from crackseg_desktop.simulation.timeline import StoryClock

if TYPE_CHECKING:
    from pathlib import Path

_ROWS_AT_ONCE = 1000


def write_demo_history(folder: Path, anchor: float) -> None:
    """Write the week before ``anchor`` (Unix seconds), which stands for 14:05 of the story; takes some seconds."""
    recorder = Recorder(folder, StoryClock(anchor))
    rows = told_past(anchor, anchor)
    while chunk := list(islice(rows, _ROWS_AT_ONCE)):
        for row in chunk:
            recorder.add(*row)
        recorder.write()
    recorder.stop(0.0)
