"""Runs made of plain lists."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import pytest

from crackseg_desktop.readings import CurvePoints

if TYPE_CHECKING:
    from crackseg_desktop.insight.summary import RunSummary

Adder = Callable[..., None]


@pytest.fixture
def add() -> Adder:
    """Add values of one curve to a summary, one epoch a minute from a start time."""

    def add_values(
        summary: RunSummary,
        name: str,
        values: Sequence[float],
        first: int = 1,
        start: float = 1_000_000.0,
        every: float = 60.0,
        axis: Literal["epoch", "step"] = "epoch",
    ) -> None:
        steps = array("q", range(first, first + len(values)))
        times = array("d", (start + every * index for index in range(len(values))))
        summary.add(CurvePoints("r", name.replace("/", "_"), name, steps, times, array("d", values), axis))

    return add_values
