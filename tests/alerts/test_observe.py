"""What of a sample, and of what lies around the machine, rules can judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.alerts.observe import observations, sentence
from crackseg_desktop.alerts.outages import Outages
from crackseg_desktop.readings import FoldersRead, HostAnswer, SourceHealth, SourceState, XidError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import Sample

NOW = 1_000_000.0


def values(sample: Sample) -> dict[str, float]:
    return {item.metric: item.value for item in observations(sample)}


@pytest.mark.parametrize(
    ("state", "lost"), [(SourceState.OK, 0), (SourceState.LOST, 1), (SourceState.ASLEEP, 0), (SourceState.FAILED, 0)]
)
def test_that_a_lost_gpu_is_told_and_no_other_state_is(
    make_sample: Callable[..., Sample], state: SourceState, lost: float
) -> None:
    sample = make_sample()
    gpu = replace(sample.gpus[0], state=state, reason="it fell off the bus")
    (seen,) = [item for item in observations(replace(sample, gpus=(gpu,))) if item.metric == "gpu_lost"]
    assert (seen.value, seen.labels, seen.subject) == (lost, {"gpu": "GPU-1"}, "GPU 0")
    assert seen.detail == "It fell off the bus."


FAULT = XidError(31, 0.0, "Xid 31: a page fault")
OFF_THE_BUS = XidError(79, 0.0, "Xid 79: it fell off the bus", critical=True)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ((), (0, "", "", "")),
        (((FAULT, 5),), (1, "Xid 31: a page fault.", "Xid 31", "31")),
        (((OFF_THE_BUS, 9), (FAULT, 5)), (2, "Xid 79: it fell off the bus.", "Xid 79", "79")),
        (((OFF_THE_BUS, 600), (FAULT, 599)), (1, "Xid 31: a page fault.", "Xid 31", "31")),
        (((FAULT, 600),), (0, "", "", "")),
    ],
)
def test_that_the_worst_xid_error_of_ten_minutes_is_a_series(
    make_sample: Callable[..., Sample], errors: tuple[tuple[XidError, float], ...], expected: tuple[object, ...]
) -> None:
    sample = make_sample()
    came = tuple(replace(error, time=sample.time - age) for error, age in errors)
    gpu = replace(sample.gpus[0], xid_errors=came)
    (seen,) = [item for item in observations(replace(sample, gpus=(gpu,))) if item.metric == "gpu_xid_severity"]
    assert (seen.value, seen.detail, seen.fact, seen.kind) == expected


def test_that_a_lost_gpu_is_told_with_the_error_that_said_so(make_sample: Callable[..., Sample]) -> None:
    sample = make_sample()
    error = replace(OFF_THE_BUS, time=sample.time)
    gpu = replace(sample.gpus[0], state=SourceState.LOST, reason="the GPU is lost", xid_errors=(error,))
    (seen,) = [item for item in observations(replace(sample, gpus=(gpu,))) if item.metric == "gpu_lost"]
    assert seen.detail == "The GPU is lost. Xid 79: it fell off the bus."


@pytest.mark.parametrize(
    ("state", "silent", "mismatch"),
    [
        (SourceState.OK, 0, 0),
        (SourceState.NOT_RESPONDING, 1, 0),
        (SourceState.FAILED, 1, 0),
        (SourceState.MISMATCH, 0, 1),
        (SourceState.UNAVAILABLE, 0, 0),
        (SourceState.ASLEEP, 0, 0),
    ],
)
def test_that_the_state_of_a_source_is_a_series(
    make_sample: Callable[..., Sample], state: SourceState, silent: float, mismatch: float
) -> None:
    seen = values(replace(make_sample(), sources=(SourceHealth("nvidia", state, "why"),)))
    assert (seen["source_silent"], seen["driver_mismatch"]) == (silent, mismatch)


def test_that_a_mount_is_silent_since_its_time_and_then_answers() -> None:
    outages = Outages()
    assert list(outages.observations(NOW)) == []
    outages.on_folders(FoldersRead((("/mnt/nas", NOW - 40),)))
    assert [(item.labels, item.value) for item in outages.observations(NOW)] == [({"mount": "/mnt/nas"}, 40)]
    outages.on_folders(FoldersRead())
    assert [item.value for item in outages.observations(NOW)] == [0]


def test_that_a_host_is_unreachable_since_its_time_and_then_answers() -> None:
    outages = Outages()
    outages.on_host(HostAnswer("nas", NOW - 90, "no route"))
    (seen,) = outages.observations(NOW)
    assert (seen.metric, seen.labels, seen.value, seen.detail) == (
        "host_unreachable_seconds", {"host": "nas"}, 90, "No route.",
    )  # fmt: skip
    outages.on_host(HostAnswer("nas"))
    assert [item.value for item in outages.observations(NOW)] == [0]


@pytest.mark.parametrize(("text", "expected"), [("", ""), ("no route", "No route."), ("It is.", "It is.")])
def test_that_a_reason_becomes_a_sentence(text: str, expected: str) -> None:
    assert sentence(text) == expected
