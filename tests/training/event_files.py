"""Event files as bytes, written without TensorBoard, in the styles of the common writers."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING, Any

from crackseg_desktop.training.formats.crc32c import load_crc32c, mask
from crackseg_desktop.training.formats.tfevents_decode import RawPoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crackseg_desktop.training.formats.tfevents import EventFile

SPECIALS = (float("nan"), float("inf"), float("-inf"), 0.0, -0.0)


def read(file: EventFile) -> list[RawPoint]:
    """Return the points that are new in a file, tag by tag."""
    return [
        RawPoint(tag, *row)
        for columns in file.portions()
        for tag, column in columns.items()
        for row in zip(column.steps, column.wall_times, column.values, strict=True)
    ]


def record(payload: bytes) -> bytes:
    return header(len(payload)) + payload + struct.pack("<I", mask(load_crc32c()(payload)))


def header(length: int) -> bytes:
    """Return the length of a record and its checksum."""
    packed = struct.pack("<Q", length)
    return packed + struct.pack("<I", mask(load_crc32c()(packed)))


def scalar(tag: str, step: int, time: float, value: float) -> bytes:
    """Return the record of a scalar as torch writes it, made by hand: protobuf takes long for a million."""
    name = tag.encode()
    content = b"\x0a" + varint(len(name)) + name + b"\x15" + struct.pack("<f", value)
    content = b"\x0a" + varint(len(content)) + content
    head = b"\x09" + struct.pack("<d", time) + (b"\x10" + varint(step) if step else b"")
    return record(head + b"\x2a" + varint(len(content)) + content)


def version(time: float) -> bytes:
    """Return the record that begins a file."""
    return record(b"\x09" + struct.pack("<d", time) + b"\x1a\x0dbrain.Event:2")


def varint(number: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first."""
    number &= 0xFFFF_FFFF_FFFF_FFFF
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*groups, number))


def event(**fields: Any) -> bytes:
    """Return an Event's bytes, as protobuf writes them."""
    from tensorboard.compat.proto import event_pb2

    pb: Any = event_pb2
    payload: bytes = pb.Event(**fields).SerializeToString()
    return payload


def summary(*values: dict[str, Any], step: int = 0, time: float = 1.0) -> bytes:
    return event(step=step, wall_time=time, summary={"value": list(values)})


def simple(tag: str, value: float) -> dict[str, Any]:
    """A scalar as TF1 and torch write it."""
    return {"tag": tag, "simple_value": value}


def keras(tag: str, value: float, *, plugin: str = "scalars", code: str = "f") -> dict[str, Any]:
    """A scalar as TF2 and Keras write it; without metadata where ``plugin`` is empty."""
    raw = struct.pack(f"<{code}", value)
    content: dict[str, Any] = {"dtype": 1 if code == "f" else 2, "tensor_content": raw, "tensor_shape": {}}
    return {"tag": tag, "tensor": content, **_metadata(plugin)}


def typed(tag: str, value: float) -> dict[str, Any]:
    """A scalar as torch writes it with ``new_style``."""
    metadata = {"plugin_data": {"plugin_name": "scalars", "content": b""}}
    return {"tag": tag, "tensor": {"dtype": 1, "float_val": [value], "tensor_shape": {}}, "metadata": metadata}


def image(tag: str, length: int) -> dict[str, Any]:
    return {"tag": tag, "image": {"height": 1, "width": 1, "encoded_image_string": bytes(length)}}


def histogram(tag: str) -> dict[str, Any]:
    return {"tag": tag, "histo": {"num": 3.0, "bucket": [1.0, 2.0], "bucket_limit": [1.0, 2.0]}}


def tensor(tag: str, plugin: str = "", **fields: Any) -> dict[str, Any]:
    """Any tensor."""
    return {"tag": tag, "tensor": fields, **_metadata(plugin)}


def _metadata(plugin: str) -> dict[str, Any]:
    return {"metadata": {"plugin_data": {"plugin_name": plugin}}} if plugin else {}


TENSORS: tuple[dict[str, Any], ...] = (
    {"dtype": 1, "float_val": [0.1]},
    {"dtype": 1, "tensor_content": struct.pack("<f", 0.1), "tensor_shape": {"dim": [{"size": 1}]}},
    {"dtype": 2, "double_val": [0.1]},
    {"dtype": 2, "tensor_content": struct.pack("<d", 0.1)},
    {"dtype": 3, "int_val": [-7]},
    {"dtype": 4, "tensor_content": b"\xff"},
    {"dtype": 5, "tensor_content": struct.pack("<h", -3)},
    {"dtype": 7, "string_val": [b"text"]},
    {"dtype": 9, "int64_val": [-(2**40)]},
    {"dtype": 10, "bool_val": [True]},
    {"dtype": 14, "tensor_content": b"\x80\x3f"},
    {"dtype": 19, "half_val": [0x3C00]},
    {"dtype": 22, "uint32_val": [2**32 - 1]},
    {"dtype": 23, "uint64_val": [2**63]},
    {"dtype": 1, "float_val": [0.5, 0.5], "tensor_shape": {"dim": [{"size": 2}]}},
    {"dtype": 1},
)
STYLES: tuple[Callable[[str, float], dict[str, Any]], ...] = (
    simple,
    keras,
    typed,
    lambda tag, value: keras(tag, value, code="d"),
    lambda tag, value: keras(tag, value, plugin=""),
)
TAG_ENDS = ("", "x", "loss", "a" * 8, "é损失🙂", "y" * 70, "z" * 700)


def mixed(seed: int, count: int, *, oddities: float = 0.1) -> list[bytes]:
    """Return the records of a training that logs in every style, told by a seed."""
    source = random.Random(seed)
    tags = [
        f"{number}/{source.choice(TAG_ENDS[: source.choice((2, 5, 7))])}" for number in range(source.choice((1, 3, 40)))
    ]
    step = source.choice((-3, 0, 0, 100, 16_380, 2**40, 2**48))
    still = source.random() < 0.1  # a training that logs no step
    time = source.choice((1.7e9, 1.7e9, 0.0))
    records = [record(event(wall_time=1.0, file_version="brain.Event:2"))]
    styles = source.choice((*((style,) for style in STYLES), STYLES))
    for _ in range(count):
        step += 0 if still else source.choice((0, 1, 1, 1, 7))
        if source.random() < 0.01:
            step = source.choice((-5, -(2**62), 0, 3, 2**62))
        value = source.random() if source.random() < 0.95 else source.choice(SPECIALS)
        moment = time + source.random() if source.random() < 0.97 else source.choice((*SPECIALS, -1.0))
        tag, style = source.choice(tags), source.choice(styles)
        if source.random() < oddities:
            records.append(record(_oddity(source, tag, step, moment, value)))
        else:
            records.append(record(summary(style(tag, value), step=step, time=moment)))
    return records


def _oddity(source: random.Random, tag: str, step: int, time: float, value: float) -> bytes:
    values: Iterable[dict[str, Any]]
    match source.randrange(12):
        case 0:
            values = (simple(tag, value), simple("other", value), source.choice(STYLES)(tag, -value))
        case 1:
            values = (image("picture", source.choice((10, 600, 70_000))),)
        case 2:
            values = (histogram("weights"),)
        case 3:
            values = (keras(tag, value, plugin="histograms"),) if source.random() < 0.3 else ()
        case 4:
            values = (tensor("words", "text", dtype=7, string_val=[b"words"]),)
        case 5:
            values = (tensor(tag, source.choice(("", "scalars")), **source.choice(TENSORS)),)
        case 6:
            return event(session_log={"status": source.choice((1, 2))}, step=step, wall_time=time)
        case 7:
            return source.randbytes(source.randrange(40))
        case 8:
            values = (simple(f"once{step}", value),)
        case 9:
            values = (source.choice(STYLES)(tag, value),)
        case 10:
            return source.choice((b"", event(graph_def=b"graph", step=step), event(log_message={"message": "x"})))
        case _:
            # Fields twice and in another order: legal, and the last one counts.
            return summary(simple("old", 1.0), step=7) + summary(simple(tag, value), step=step, time=time)
    return summary(*values, step=step, time=time)
