"""What ``check`` answers, and the three lines that the guide's script printed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.alerts.engine import judge_once
from crackseg_desktop.alerts.observe import observations
from crackseg_desktop.alerts.rules import BUILTIN
from crackseg_desktop.export.text import check_lines
from crackseg_desktop.export.verdict import Verdict, verdict
from crackseg_desktop.readings import GpuReading, HostReading, Reading, Sample, SourceHealth, SourceState

if TYPE_CHECKING:
    from collections.abc import Callable


def judged(sample: Sample) -> Verdict:
    return verdict(sample, judge_once(BUILTIN, observations(sample), sample.time), active_runs=1)


@pytest.mark.parametrize(
    ("figures", "code", "state"),
    [
        ({}, 0, "ok"),
        ({"temperature": 90.0}, 1, "warning"),
        ({"memory": 0.99}, 2, "critical"),
        ({"memory": 0.99, "temperature": 90.0}, 2, "critical"),
    ],
)
def test_that_the_worst_alert_is_the_exit_code(
    make_sample: Callable[..., Sample], figures: dict[str, float], code: int, state: str
) -> None:
    result = judged(make_sample(**figures))
    assert (result.code, result.state) == (code, state)


@pytest.mark.parametrize(
    ("state", "code"), [(SourceState.UNAVAILABLE, 0), (SourceState.MISMATCH, 3), (SourceState.NOT_RESPONDING, 3)]
)
def test_that_a_driver_that_should_answer_and_does_not_is_unknown(
    make_sample: Callable[..., Sample], state: SourceState, code: int
) -> None:
    sample = replace(make_sample(), gpus=(), sources=(SourceHealth("nvidia", state, "why"),))
    assert judged(sample).code == code


def test_that_the_first_lines_are_those_of_the_guide(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample(memory=0.75)
    disk = Reading({"mount": "/"}, {"host_disk_used_ratio": 0.412})
    sample = replace(sample, host=HostReading({}, {}, disks=(disk,)))
    lines = list(check_lines(judged(sample)))
    assert lines[:3] == ["GPU Memory: 6144/8192 MB", "Disk Usage: 42%", "Active Training Jobs: 1"]
    assert lines[3] == "OK"


def test_that_without_a_gpu_the_first_line_says_why(make_sample: Callable[..., Sample]) -> None:
    health = SourceHealth("nvidia", SourceState.UNAVAILABLE, "No NVIDIA driver found")
    sample = replace(make_sample(), gpus=(), sources=(health,))
    assert next(iter(check_lines(judged(sample)))) == "GPU Memory: unavailable (No NVIDIA driver found)"


def test_that_a_lost_gpu_is_unknown(make_sample: Callable[..., Sample]) -> None:
    lost = GpuReading({"gpu": "GPU-1"}, {}, state=SourceState.LOST, reason="fell off the bus")
    result = judged(replace(make_sample(), gpus=(lost,)))
    assert (result.code, result.reason) == (3, "GPU 0: fell off the bus")
