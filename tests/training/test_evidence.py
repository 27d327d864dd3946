"""What files tell beside their points."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training.runs import read_runs

if TYPE_CHECKING:
    from pathlib import Path

NOON = 1_795_435_200.0
HOUR = 3600.0


def updated(folder: Path, logged: float, written: float) -> float | None:
    path = folder / "metrics.jsonl"
    path.write_text(f'{{"epoch": 1, "loss": 0.5, "timestamp": {logged}}}\n', encoding="utf-8")
    os.utime(path, (written, written))
    (run,) = read_runs([folder], now=NOON)
    return run.facts.updated


@pytest.mark.parametrize("later", [0.0, 5.0, 0.6 * HOUR, 30 * 24 * HOUR])
def test_that_the_last_logged_time_is_the_last_sign_of_life(tmp_path: Path, later: float) -> None:
    assert updated(tmp_path, NOON, NOON + later) == NOON


@pytest.mark.parametrize("zone", [-8.0, -3.5, 1.0, 5.5, 14.0])
def test_that_a_log_in_another_time_zone_makes_no_dead_run(tmp_path: Path, zone: float) -> None:
    assert updated(tmp_path, NOON + zone * HOUR, NOON + 2) == NOON + 2


@pytest.mark.parametrize("logged", [NOON * 1000, NOON + 24 * HOUR])
def test_that_a_time_later_than_its_writing_is_none(tmp_path: Path, logged: float) -> None:
    assert updated(tmp_path, logged, NOON) == NOON
