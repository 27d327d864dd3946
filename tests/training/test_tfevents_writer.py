"""Event files of our own, read back with TensorBoard's accumulator and with our reader."""

from __future__ import annotations

import io
import math
import os
import struct
import warnings
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackseg_desktop.curves import Curve
from crackseg_desktop.training.formats.tfevents_writer import keep_event_file, write_scalars
from crackseg_desktop.training.runs import read_runs

if TYPE_CHECKING:
    from pathlib import Path

    Points = list[tuple[int, float, float]]


def curve(tag: str, points: Points) -> Curve:
    made = Curve(tag, tag)
    made.steps = array("q", (step for step, _, _ in points))
    made.wall_times = array("d", (time for _, time, _ in points))
    made.values = array("d", (value for _, _, value in points))
    return made


def curves(**points: Points) -> dict[str, Curve]:
    return {tag: curve(tag, rows) for tag, rows in points.items()}


def accumulated(folder: Path) -> dict[str, Points]:
    """Return what TensorBoard's own accumulator reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        make: Any = EventAccumulator
        accumulator = make(str(folder), size_guidance={"scalars": 0, "tensors": 0})
        accumulator.Reload()
    return {
        tag: [(event.step, event.wall_time, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }


def float32(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


LOSS: Points = [(1, 1_700_000_000.25, 0.7), (2, 1_700_000_060.5, 0.1), (3, 1_700_000_120.0, 1e-30)]


def test_that_tensorboard_reads_every_point_back(tmp_path: Path) -> None:
    assert keep_event_file(tmp_path, curves(loss=LOSS, iou=[(0, 5.5, 1.0)]))
    assert accumulated(tmp_path) == {
        "loss": [(step, time, float32(value)) for step, time, value in LOSS],
        "iou": [(0, 5.5, 1.0)],
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=200),
        st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(0, 4e9), st.floats()), min_size=1, max_size=20),
        max_size=3,
    )
)
def test_that_any_point_of_any_tag_is_read_back(tmp_path: Path, points: dict[str, Points]) -> None:
    from tensorboard.compat.proto import event_pb2

    from crackseg_desktop.training.formats.tfevents_framing import Framing

    file = io.BytesIO()
    write_scalars(file, {tag: curve(tag, rows) for tag, rows in points.items()}, 5.0)
    payloads = [payload for _, payload in Framing().records(file.getvalue())]
    parse: Any = event_pb2
    head, *events = [parse.Event.FromString(payload) for payload in payloads]
    assert (head.file_version, head.wall_time) == ("brain.Event:2", 5.0)
    expected = [(tag, step, time, float32(value)) for tag, rows in points.items() for step, time, value in rows]
    found = [
        (value.tag, event.step, event.wall_time, value.simple_value)
        for event in events
        for value in event.summary.value
    ]
    assert repr(found) == repr(expected)


def test_that_our_own_reader_reads_it_as_a_run(tmp_path: Path) -> None:
    keep_event_file(tmp_path / "run", {"val/iou": curve("val/iou", LOSS)})
    (run,) = read_runs([tmp_path])
    assert [point[:2] for point in run.curves["val/iou"].points()] == [point[:2] for point in LOSS]


def test_that_a_file_is_written_again_only_for_other_points(tmp_path: Path) -> None:
    def names() -> list[str]:
        return sorted(path.name for path in tmp_path.iterdir())

    assert keep_event_file(tmp_path, curves(loss=LOSS))
    (first,) = names()
    assert first.startswith("events.out.tfevents.1700000000.")
    stamp = (tmp_path / first).stat().st_mtime_ns
    assert not keep_event_file(tmp_path, curves(loss=LOSS))
    assert (names(), (tmp_path / first).stat().st_mtime_ns) == ([first], stamp)
    for changed in (curves(loss=[*LOSS, (4, 1_700_000_180.0, 0.5)]), curves(other=LOSS), curves(loss=LOSS[:-1])):
        assert keep_event_file(tmp_path, changed)
        assert len(names()) == 1
        assert first not in names()


@pytest.mark.parametrize("time", [0.0, -5.0, math.nan, math.inf])
def test_that_a_time_that_is_none_makes_a_name_too(tmp_path: Path, time: float) -> None:
    keep_event_file(tmp_path, curves(loss=[(1, time, 0.5)]))
    assert [path.name.split(".")[3] for path in tmp_path.iterdir()] == ["0000000000"]


def test_that_a_file_that_could_not_be_finished_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        keep_event_file(tmp_path, curves(loss=LOSS))
    assert list(tmp_path.iterdir()) == []
