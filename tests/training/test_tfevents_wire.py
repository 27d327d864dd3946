from __future__ import annotations

import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crackseg_desktop.training.formats.tfevents_wire import Record, decode

OTHERS = {"graph_def": "graph_def", "tagged_run_metadata": "run_metadata", "meta_graph_def": "meta_graph_def"}
KINDS = {
    "simple_value": "simple",
    "tensor": "tensor",
    "image": "images",
    "histo": "histograms",
    "audio": "audio",
    "obsolete_old_style_histogram": "histograms",
}

floats = st.floats(width=32)
tags = st.text(max_size=12) | st.sampled_from(["t" * 200, "损失/é🙂"])
INTS = st.integers(-(2**31), 2**31 - 1)
NUMBERS: dict[int, tuple[str, str, st.SearchStrategy[Any]]] = {
    1: ("float_val", "f", floats),
    2: ("double_val", "d", st.floats()),
    3: ("int_val", "i", INTS),
    5: ("int_val", "h", st.integers(-(2**15), 2**15 - 1)),
    9: ("int64_val", "q", st.integers(-(2**63), 2**63 - 1)),
    10: ("bool_val", "?", st.booleans()),
    22: ("uint32_val", "I", st.integers(0, 2**32 - 1)),
    23: ("uint64_val", "Q", st.integers(0, 2**64 - 1)),
}


@st.composite
def tensors(draw: st.DrawFn) -> dict[str, Any]:
    dtype = draw(st.sampled_from(sorted(NUMBERS)))
    field, code, numbers = NUMBERS[dtype]
    elements = draw(st.lists(numbers, max_size=3))
    dims = draw(st.sampled_from([[], [1], [1, 1], [len(elements)]]))
    content = {"tensor_content": struct.pack(f"<{len(elements)}{code}", *elements)}
    where = content if draw(st.booleans()) else {field: elements}
    return {"dtype": dtype, "tensor_shape": {"dim": [{"size": size} for size in dims]}, **where}


@st.composite
def values(draw: st.DrawFn) -> dict[str, Any]:
    value: dict[str, Any] = {"tag": draw(tags)}
    kind = draw(st.sampled_from(sorted(KINDS)))
    contents: dict[str, st.SearchStrategy[Any]] = {
        "simple_value": floats,
        "tensor": tensors(),
        "image": st.fixed_dictionaries({"encoded_image_string": st.binary(max_size=300)}),
        "histo": st.fixed_dictionaries({"bucket": st.lists(st.floats(), max_size=4)}),
        "audio": st.fixed_dictionaries({"sample_rate": floats}),
        "obsolete_old_style_histogram": st.binary(max_size=9),
    }
    value[kind] = draw(contents[kind])
    plugin = draw(st.none() | st.sampled_from(["", "scalars", "hparams"]))
    if plugin is not None:
        description = draw(st.text(max_size=5))
        value["metadata"] = {"plugin_data": {"plugin_name": plugin}, "summary_description": description}
    return value


@st.composite
def events(draw: st.DrawFn) -> bytes:
    from tensorboard.compat.proto import event_pb2

    fields: dict[str, Any] = {"wall_time": draw(st.floats()), "step": draw(st.integers(-(2**63), 2**63 - 1))}
    what = draw(
        st.one_of(
            st.fixed_dictionaries({"summary": st.fixed_dictionaries({"value": st.lists(values(), max_size=4)})}),
            st.fixed_dictionaries({"session_log": st.fixed_dictionaries({"status": st.integers(0, 3)})}),
            st.fixed_dictionaries({"tagged_run_metadata": st.fixed_dictionaries({"tag": tags})}),
            st.sampled_from([{"file_version": "brain.Event:2"}, {"graph_def": b"x"}, {"meta_graph_def": b""}, {}]),
        )
    )
    pb: Any = event_pb2
    data: bytes = pb.Event(**fields, **what).SerializeToString()
    return data


def bits(number: float) -> bytes:
    """A number that is equal to itself though it is NaN."""
    return b"nan" if number != number else struct.pack("<d", number)


def read_by_protobuf(data: bytes) -> dict[str, Any]:
    from tensorboard.compat.proto import event_pb2

    pb: Any = event_pb2
    event = pb.Event.FromString(data)
    what = event.WhichOneof("what")
    return {
        "time": bits(event.wall_time),
        "step": event.step,
        "values": [
            (value.tag, value.metadata.plugin_data.plugin_name, KINDS[value.WhichOneof("value")], scalar(value))
            for value in event.summary.value
        ],
        "start": what == "session_log" and event.session_log.status == 1,
        "other": OTHERS.get(what, ""),
        "other_tag": event.tagged_run_metadata.tag if what == "tagged_run_metadata" else "",
    }


def scalar(value: Any) -> bytes | None:
    """The one number of a value."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return bits(value.simple_value)
    if kind != "tensor" or any(dim.size != 1 for dim in value.tensor.tensor_shape.dim):
        return None
    field, code, _ = NUMBERS[value.tensor.dtype]
    content = value.tensor.tensor_content
    elements = struct.unpack(f"<{len(content) // struct.calcsize(code)}{code}", content) or getattr(value.tensor, field)
    return bits(float(elements[0])) if len(elements) == 1 else None


def read_by_us(record: Record) -> dict[str, Any]:
    return {
        "time": bits(record.time),
        "step": record.step,
        "values": [
            (value.tag, value.plugin, value.kind, bits(value.number.value) if value.number is not None else None)
            for value in record.values
        ],
        "start": record.is_start,
        "other": record.other,
        "other_tag": record.other_tag,
    }


@settings(max_examples=300, deadline=None)
@given(events())
def test_that_events_are_read_as_protobuf_reads_them(data: bytes) -> None:
    assert read_by_us(decode(data)) == read_by_protobuf(data)


@settings(max_examples=100, deadline=None)
@given(st.lists(values(), max_size=3), events())
def test_that_fields_which_come_twice_are_read_as_protobuf_reads_them(first: list[dict[str, Any]], more: bytes) -> None:
    from tensorboard.compat.proto import event_pb2

    pb: Any = event_pb2
    data = pb.Event(wall_time=1.0, step=7, summary={"value": first}).SerializeToString() + more
    assert read_by_us(decode(data)) == read_by_protobuf(data)


@settings(max_examples=100, deadline=None)
@given(events())
def test_that_numbers_are_found_where_the_record_says(data: bytes) -> None:
    record = decode(data)
    if record.time_at >= 0:
        assert bits(struct.unpack_from("<d", data, record.time_at)[0]) == bits(record.time)
    for value in record.values:
        if value.number is not None and value.number.format:
            (number,) = struct.unpack_from(f"<{value.number.format}", data, value.number.at)
            assert bits(number) == bits(value.number.value)
