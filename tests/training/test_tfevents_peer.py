"""Event files of TensorBoard's own writer, read by its EventAccumulator and by us."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.training.formats.tfevents import BulkTables, EventFile
from crackseg_desktop.training.formats.tfevents_decode import Column, Columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytest.importorskip("tensorboard")

STEPS = range(700)
TAGS = ("train/loss", "val/iou", "lr-Adam/pg1", "损失")


def event(**fields: Any) -> Any:
    from tensorboard.compat.proto import event_pb2

    pb: Any = event_pb2
    return pb.Event(**fields)


def time_of(step: int) -> float:
    return 1.7e9 + 0.37 * step


def value_of(step: int, tag: str) -> float:
    return float("nan") if step == 99 else (len(tag) - 5) / (step + 1)


def torch_style() -> Iterator[Any]:
    """One value in each event, as add_scalar writes it, also with ``new_style``; an image and a histogram between."""
    metadata = {"plugin_data": {"plugin_name": "scalars"}}
    for step in STEPS:
        for tag in TAGS:
            value = {"tag": tag, "simple_value": value_of(step, tag)}
            yield event(step=step, wall_time=time_of(step), summary={"value": [value]})
        tensor = {"dtype": 1, "float_val": [value_of(step, "new")], "tensor_shape": {}}
        value = {"tag": "new", "tensor": tensor, "metadata": metadata}
        yield event(step=step, wall_time=time_of(step), summary={"value": [value]})
        if step % 50 == 0:
            image = {"tag": "mask", "image": {"height": 1, "width": 1, "encoded_image_string": bytes(2000)}}
            histogram = {"tag": "weights", "histo": {"num": 1.0, "bucket_limit": [1.0], "bucket": [1.0]}}
            yield event(step=step, wall_time=time_of(step), summary={"value": [image]})
            yield event(step=step, wall_time=time_of(step), summary={"value": [histogram]})


def tf1_style() -> Iterator[Any]:
    """A graph, a session, and all values of a step in one event, as merged summaries are."""
    yield event(wall_time=time_of(0), graph_def=b"")
    yield event(wall_time=time_of(0), session_log={"status": 1})
    for step in STEPS:
        merged = [{"tag": tag, "simple_value": value_of(step, tag)} for tag in TAGS]
        yield event(step=step, wall_time=time_of(step), summary={"value": merged})


def keras_style() -> Iterator[Any]:
    """Tensors with metadata, as the TensorBoard callback of Keras writes them."""
    metadata = {"plugin_data": {"plugin_name": "scalars"}, "data_class": 1}
    for step in STEPS:
        for tag in TAGS:
            tensor = {"dtype": 1, "tensor_content": struct.pack("<f", value_of(step, tag)), "tensor_shape": {}}
            value = {"tag": tag, "tensor": tensor, "metadata": metadata}
            yield event(step=step, wall_time=time_of(step), summary={"value": [value]})
        text = {"dtype": 7, "string_val": [b"words"], "tensor_shape": {}}
        value = {"tag": "notes", "tensor": text, "metadata": {"plugin_data": {"plugin_name": "text"}}}
        if step % 100 == 0:
            yield event(step=step, wall_time=time_of(step), summary={"value": [value]})


def written(folder: Path, events: Iterator[Any]) -> Path:
    from tensorboard.summary.writer import event_file_writer

    module: Any = event_file_writer
    writer = module.EventFileWriter(str(folder))
    for one in events:
        writer.add_event(one)
    writer.close()
    (path,) = folder.iterdir()
    return path


Rows = dict[str, list[tuple[int, float, bytes]]]


def read_by_tensorboard(path: Path) -> Rows:
    from tensorboard.backend.event_processing import event_accumulator
    from tensorboard.util import tensor_util

    module: Any = event_accumulator
    make_array: Any = tensor_util.make_ndarray
    accumulator = module.EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    scalars, tensors = accumulator.Tags()["scalars"], accumulator.Tags()["tensors"]
    tensors = [tag for tag in tensors if accumulator.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"]
    rows: Rows = {tag: [(s.step, s.wall_time, bits(s.value)) for s in accumulator.Scalars(tag)] for tag in scalars}
    for tag in tensors:
        found = accumulator.Tensors(tag)
        rows[tag] = [(t.step, t.wall_time, bits(make_array(t.tensor_proto).item())) for t in found]
    return rows


def read_by_us(path: Path, bulk: BulkTables) -> Rows:
    columns: Columns = {}
    for portion in EventFile(path, bulk).portions():
        for tag, column in portion.items():
            columns.setdefault(tag, Column()).extend(column)
    return {
        tag: [(step, time, bits(value)) for step, time, value in zip(c.steps, c.wall_times, c.values, strict=True)]
        for tag, c in columns.items()
    }


def bits(number: float) -> bytes:
    """A number that is equal to itself though it is NaN."""
    return b"nan" if number != number else struct.pack("<d", number)


@pytest.mark.parametrize("style", [torch_style, tf1_style, keras_style])
@pytest.mark.parametrize("big_bytes", [1, 1 << 60], ids=["bulk", "serial"])
def test_that_tensorboard_reads_the_same(tmp_path: Path, style: Callable[[], Iterator[Any]], big_bytes: int) -> None:
    path = written(tmp_path, style())
    expected = read_by_tensorboard(path)
    assert set(expected) == {*TAGS, *(["new"] if style is torch_style else [])}
    assert all(len(rows) == len(STEPS) for rows in expected.values())
    assert read_by_us(path, BulkTables(big_bytes, big_bytes)) == expected
