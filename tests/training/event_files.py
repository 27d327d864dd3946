"""Event files as bytes, written without TensorBoard, in the styles of the common writers."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING, Any

from crackseg_desktop.training.formats.crc32c import load_crc32c, mask

if TYPE_CHECKING:
    from collections.abc import Iterable

SPECIALS = (float("nan"), float("inf"), float("-inf"), 0.0, -0.0)


def record(payload: bytes) -> bytes:
    crc32c = load_crc32c()
    header = struct.pack("<Q", len(payload))
    return header + struct.pack("<I", mask(crc32c(header))) + payload + struct.pack("<I", mask(crc32c(payload)))


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
    tensor = {"dtype": 1 if code == "f" else 2, "tensor_content": struct.pack(f"<{code}", value), "tensor_shape": {}}
    metadata = {"metadata": {"plugin_data": {"plugin_name": plugin}}} if plugin else {}
    return {"tag": tag, "tensor": tensor, **metadata}


def typed(tag: str, value: float) -> dict[str, Any]:
    """A scalar as torch writes it with ``new_style``."""
    metadata = {"plugin_data": {"plugin_name": "scalars", "content": b""}}
    return {"tag": tag, "tensor": {"dtype": 1, "float_val": [value], "tensor_shape": {}}, "metadata": metadata}


def image(tag: str, length: int) -> dict[str, Any]:
    return {"tag": tag, "image": {"height": 1, "width": 1, "encoded_image_string": bytes(length)}}


def histogram(tag: str) -> dict[str, Any]:
    return {"tag": tag, "histo": {"num": 3.0, "bucket": [1.0, 2.0], "bucket_limit": [1.0, 2.0]}}


def mixed(seed: int, count: int, *, oddities: float = 0.1) -> list[bytes]:
    """Return the records of a training that logs in every style, told by a seed."""
    source = random.Random(seed)
    tags = [f"tag{'x' * source.randrange(9)}/{number}" for number in range(source.choice((1, 3, 40)))]
    step = source.choice((-3, 0, 100, 16_380, 2**40))
    records = [record(event(wall_time=1.0, file_version="brain.Event:2"))]
    style = source.choice((simple, keras, typed))
    for _ in range(count):
        step += source.choice((0, 1, 1, 1, 7))
        if source.random() < 0.01:
            step = source.choice((-5, -(2**62), 0, 3, 2**62))
        value = source.random() if source.random() < 0.95 else source.choice(SPECIALS)
        time = 1.7e9 + source.random() if source.random() < 0.97 else source.choice((*SPECIALS, -1.0))
        tag = source.choice(tags)
        if source.random() < oddities:
            records.append(record(_oddity(source, tag, step, time, value)))
        else:
            records.append(record(summary(style(tag, value), step=step, time=time)))
    return records


def _oddity(source: random.Random, tag: str, step: int, time: float, value: float) -> bytes:
    values: Iterable[dict[str, Any]]
    match source.randrange(12):
        case 0:
            values = (simple(tag, value), simple("other", value))
        case 1:
            values = (image("picture", source.choice((10, 600, 70_000))),)
        case 2:
            values = (histogram("weights"),)
        case 3:
            values = (keras(tag, value, plugin="histograms"),) if source.random() < 0.3 else ()
        case 4:
            values = (keras(tag, value, plugin=""),)
        case 5:
            values = (keras(tag, value, code="d"),)
        case 6:
            return event(session_log={"status": 1}, step=step, wall_time=time)
        case 7:
            return source.randbytes(source.randrange(40))
        case 8:
            values = (simple(f"once{step}", value),)
        case 9:
            values = (typed(tag, value),)
        case 10:
            return b""
        case _:
            values = (simple(tag, value),)
    return summary(*values, step=step, time=time)
