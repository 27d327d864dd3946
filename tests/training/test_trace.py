from __future__ import annotations

import contextlib
import gzip
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crackseg_desktop.training.formats import trace_columns
from crackseg_desktop.training.formats.trace import TraceRow, TraceSummary, summarise
from crackseg_desktop.training.formats.trace_columns import (
    FURTHER,
    NAMES_LIMIT,
    Kind,
    MemoryPeak,
    Numbers,
    TraceColumns,
)
from crackseg_desktop.training.formats.trace_nesting import add_up, nest
from crackseg_desktop.training.formats.trace_stream import SKIPPED_LIMIT, VALUE_LIMIT, NotATraceError

if TYPE_CHECKING:
    from pathlib import Path

    Event = dict[str, Any]


Args = dict[str, Any]


def span(
    name: str, start: float, duration: float, cat: str = "cpu_op", *, tid: int = 1, args: Args | None = None
) -> Event:
    place = {"pid": 1, "tid": tid, "ts": start, "dur": duration}
    return {"ph": "X", "cat": cat, "name": name, **place, "args": args or {}}


def work(
    name: str, start: float, duration: float, cat: str = "kernel", *, device: int = 0, args: Args | None = None
) -> Event:
    return span(name, start, duration, cat, tid=7, args={"device": device} | (args or {}))


def phase(sign: str, time: float, *, tid: int = 1, **more: Any) -> Event:
    return {"ph": sign, "pid": 1, "tid": tid, "ts": time, **more}


def launch(start: float, correlation: int, args: Args | None = None) -> Event:
    return span("cudaLaunchKernel", start, 1, "cuda_runtime", args={"correlation": correlation} | (args or {}))


def told_text(tmp_path: Path, text: str | bytes) -> TraceSummary:
    path = tmp_path / "x.pt.trace.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return summarise(path)


def told_with_peak(tmp_path: Path, packed: bytes) -> tuple[TraceSummary, int]:
    """Sum up a trace and return with it how much Python held at most meanwhile, in bytes."""
    tracemalloc.start()
    try:
        return told_text(tmp_path, packed), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def told(tmp_path: Path, events: list[Event], **beside: Any) -> TraceSummary:
    return told_text(tmp_path, json.dumps({"schemaVersion": 1, **beside, "traceEvents": events, "traceName": "x"}))


def row(summary: TraceSummary, name: str) -> TraceRow:
    (found,) = (row for row in summary.rows if row.name == name)
    return found


def test_that_time_spent_inside_is_not_ones_own_whatever_the_order_of_the_events(tmp_path: Path) -> None:
    events = [span("inner", 20, 5), span("inner", 30, 10), span("outer", 10, 50), span("other", 20, 5, tid=2)]
    for order in (events, events[::-1]):
        summary = told(tmp_path, order)
        assert row(summary, "outer") == TraceRow("outer", Kind.OPERATOR, 1, 35_000, 50_000, 0, 0)
        assert row(summary, "inner") == TraceRow("inner", Kind.OPERATOR, 2, 15_000, 15_000, 0, 0)
        assert row(summary, "other").self_cpu == 5_000
        assert (summary.note, summary.span) == (None, 50_000)


def test_that_an_event_that_ends_after_another_is_not_inside_it(tmp_path: Path) -> None:
    summary = told(tmp_path, [span("a", 0, 10), span("b", 5, 10), span("c", 6, 2)])
    assert [row(summary, name).self_cpu for name in "abc"] == [10_000, 8_000, 2_000]


def test_that_a_call_that_only_hands_on_to_its_own_name_is_one_call(tmp_path: Path) -> None:
    handed_on = [span("add", 0, 10), span("add", 1, 8), span("add", 2, 6), span("fill", 3, 1)]
    assert row(told(tmp_path, handed_on), "add") == TraceRow("add", Kind.OPERATOR, 1, 9_000, 10_000, 0, 0)
    twice = [span("add", 0, 10), span("add", 1, 3), span("add", 5, 3)]
    assert row(told(tmp_path, twice), "add") == TraceRow("add", Kind.OPERATOR, 3, 10_000, 16_000, 0, 0)


def test_that_device_time_belongs_to_the_operator_of_its_external_id_and_to_all_around_it(tmp_path: Path) -> None:
    events = [
        span("conv2d", 0, 30, args={"External id": 1}),
        span("cudnn", 5, 10, args={"External id": 2}),
        launch(6, 9, args={"External id": 2}),
        work("gemm", 100, 40, args={"External id": 2, "correlation": 9}),
    ]
    summary = told(tmp_path, events)
    assert (row(summary, "conv2d").self_device, row(summary, "conv2d").total_device) == (0, 40_000)
    assert (row(summary, "cudnn").self_device, row(summary, "cudnn").total_device) == (40_000, 40_000)
    assert row(summary, "cudaLaunchKernel") == TraceRow("cudaLaunchKernel", Kind.RUNTIME, 1, 1_000, 1_000, 0, 0)
    assert row(summary, "gemm") == TraceRow("gemm", Kind.KERNEL, 1, 0, 0, 40_000, 40_000)


def test_that_without_an_external_id_the_call_that_launched_it_tells_whose_work_it_is(tmp_path: Path) -> None:
    events = [
        span("relu", 0, 10, args={"External id": 4}),
        launch(50, 1, args={"external id": 4}),
        work("by id of the call", 100, 3, args={"external id": 0, "correlation": 1}),
        span("ProfilerStep#3", 20, 20),
        launch(25, 2),
        work("by place of the call", 110, 5, cat="gpu_memset", args={"correlation": 2}),
        work("launched before the trace began", 120, 7, args={"correlation": 77}),
    ]
    summary = told(tmp_path, events)
    assert row(summary, "relu").self_device == 3_000
    assert row(summary, "ProfilerStep*").self_device == 5_000
    assert sum(item.total_device for item in summary.rows if item.kind is Kind.RUNTIME) == 0
    assert summary.devices[0].busy == 15_000


def test_that_a_device_is_busy_while_anything_runs_on_it(tmp_path: Path) -> None:
    events = [
        span("step", 0, 100),
        work("a", 10, 20),
        work("b", 20, 20),
        work("c", 22, 2),
        work("copy", 60, 10, cat="gpu_memcpy"),
        work("d", 0, 5, device=1),
        work("repeated annotation", 0, 100, cat="gpu_user_annotation"),
    ]
    summary = told(tmp_path, events)
    assert [(use.device, use.busy, use.pieces) for use in summary.devices] == [("0", 40_000, 4), ("1", 5_000, 1)]
    assert summary.span == 100_000


def test_that_steps_and_waits_for_data_are_counted(tmp_path: Path) -> None:
    name = "enumerate(DataLoader)#_MultiProcessingDataLoaderIter.__next__"
    events = [span(f"ProfilerStep#{step}", step * 100, 90, "user_annotation") for step in range(3)]
    events += [span(name, step * 100 + 1, 20, "user_annotation") for step in range(3)]
    summary = told(tmp_path, events)
    assert (summary.steps, summary.step_time) == (3, 270_000)
    assert (summary.loads, summary.load_time) == (3, 60_000)
    assert row(summary, "ProfilerStep*").self_cpu == 210_000


def test_that_memory_peaks_are_told_by_device(tmp_path: Path) -> None:
    def memory(kind: int, device: int, allocated: int, reserved: int) -> Event:
        figures = {"Total Allocated": allocated, "Total Reserved": reserved, "Bytes": 1}
        place = {"Device Type": kind, "Device Id": device}
        return {"ph": "i", "cat": "cpu_instant_event", "name": "[memory]", "ts": 1, "args": place | figures}

    events = [memory(1, 0, 5, 20), memory(1, 0, 9, 10), memory(0, -1, 3, 0), memory(1, 1, 1, 2)]
    summary = told(tmp_path, [*events, {"ph": "i", "name": "[OutOfMemory]", "ts": 2, "args": {}}])
    assert summary.memory == {"cuda:0": MemoryPeak(9, 20), "cpu": MemoryPeak(3, 0), "cuda:1": MemoryPeak(1, 2)}
    assert summary.out_of_memory == 1


def test_that_times_are_exact_to_the_nanosecond(tmp_path: Path) -> None:
    text = """{"traceEvents": [
      {"ph": "X", "cat": "cpu_op", "name": "a", "pid": 1, "tid": 1, "ts": 1610366728298088.123, "dur": 10.007},
      {"ph": "X", "cat": "cpu_op", "name": "b", "pid": 1, "tid": 1, "ts": 1610366728298089.124, "dur": 9.006}]}"""
    summary = told_text(tmp_path, text)
    assert (row(summary, "a").self_cpu, row(summary, "b").self_cpu) == (1_001, 9_006)


def test_that_the_time_of_day_is_told_where_the_trace_has_it(tmp_path: Path) -> None:
    assert told(tmp_path, [span("a", 5, 1)]).started is None
    assert told(tmp_path, [span("a", 1610366728298088, 1)]).started == pytest.approx(1610366728.298088)
    with_base = told(tmp_path, [span("a", 5_000_000, 1)], baseTimeNanoseconds=1700000000_000000000)
    assert with_base.started == 1700000005.0


def test_that_what_stands_beside_the_events_is_told_before_or_after_them(tmp_path: Path) -> None:
    text = '{"deviceProperties": [{"id": 0}], "other": {"x": [1]}, "traceEvents": [], "distributedInfo": {"rank": 1}}'
    summary = told_text(tmp_path, text)
    assert (summary.properties, summary.distributed, summary.events) == ([{"id": 0}], {"rank": 1}, 0)


def test_that_begin_and_end_make_an_event_and_other_phases_none(tmp_path: Path) -> None:
    events = [
        phase("B", 0, name="a", cat="cpu_op"),
        phase("B", 2, name="b"),
        phase("E", 5),
        phase("E", 10),
        phase("M", 0, name="process_name"),
        phase("s", 0, name="ac2g", cat="ac2g"),
    ]
    summary = told(tmp_path, events)
    assert {item.name: (item.self_cpu, item.total_cpu) for item in summary.rows} == {
        "b": (3_000, 3_000),
        "a": (7_000, 10_000),
    }
    assert summary.note is None


def test_that_events_that_only_begin_or_only_end_are_counted(tmp_path: Path) -> None:
    one = told(
        tmp_path, [span("a", 0, 1), phase("B", 12, name="never ended"), phase("B", 0, tid=2), phase("E", 1, tid=2)]
    )
    assert ([item.name for item in one.rows], one.events) == (["a", "None"], 2)
    assert one.note == "The trace is not whole: 1 event has no beginning or no end."
    none = told(tmp_path, [phase("E", 3)] + [phase("B", number, name="b") for number in range(5)])
    assert (none.rows, none.events) == ((), 0)
    assert none.note == "The trace is not whole: 6 events have no beginning or no end."


def test_that_too_many_begun_events_are_not_kept_but_paired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_columns, "_OPEN_LIMIT", 2)
    events = [phase("B", number, name=f"{number}") for number in range(4)]
    events += [phase("E", number) for number in range(4, 8)] + [phase("B", 8, name="later"), phase("E", 9)]
    summary = told(tmp_path, events)
    assert {item.name: item.total_cpu for item in summary.rows} == {"0": 7_000, "1": 5_000, "later": 1_000}
    assert summary.note == "The trace is not whole: 2 events have no beginning or no end."


def test_that_an_event_without_duration_or_with_a_negative_one_takes_no_time(tmp_path: Path) -> None:
    odd = [span("outer", 0, 10), span("negative", 2, -5), {"ph": "X", "name": "none", "ts": 3, "pid": 1, "tid": 1}]
    assert {item.name: (item.calls, item.self_cpu) for item in told(tmp_path, odd).rows} == {
        "outer": (1, 10_000),
        "negative": (1, 0),
        "none": (1, 0),
    }


def test_that_categories_of_old_versions_are_known(tmp_path: Path) -> None:
    events = [
        span("aten::add", 0, 10, "Operator", args={"External id": 3}),
        work("k", 20, 4, "Kernel", args={"external id": 3}),
        work("Memset (Device)", 30, 1, "Memset"),
        work("Memcpy HtoD", 40, 1, "Memcpy"),
    ]
    summary = told(tmp_path, events)
    assert row(summary, "aten::add").total_device == 4_000
    assert {item.kind for item in summary.rows} == {Kind.OPERATOR, Kind.KERNEL, Kind.MEMSET, Kind.MEMCPY}


def test_that_python_frames_are_around_operators_and_helpers_of_the_profiler_are_left_out(tmp_path: Path) -> None:
    events = [span("train.py(3): main", 0, 10, "python_function"), span("aten::add", 2, 4), span("aten::is_leaf", 7, 1)]
    summary = told(tmp_path, events)
    assert {item.name: item.self_cpu for item in summary.rows} == {"train.py(3): main": 6_000, "aten::add": 4_000}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "nan", "inf", "-inf", "INF"])
def test_that_words_for_no_number_break_nothing(tmp_path: Path, word: str) -> None:
    event = '{"ph": "X", "name": "nan, inf", "pid": 1, "tid": 1, "ts": 1, "dur": 2, "args": {"x": [@, @]}}'
    summary = told_text(tmp_path, '{"traceEvents": [' + event.replace("@", word) + "]}")
    assert (summary.note, [item.name for item in summary.rows]) == (None, ["nan, inf"])


def test_that_names_that_are_no_clean_text_break_nothing(tmp_path: Path) -> None:
    def event(name: bytes) -> bytes:
        return b'{"ph": "X", "name": "' + name + b'", "pid": 1, "tid": 1, "ts": 1, "dur": 2}'

    names = [rb"C:\Users\home\x.py(1): f", b"\xff\xfe", b"a\nb\x00", rb"\ud800", "ä".encode(), rb"\uZZ"]
    summary = told_text(tmp_path, b'{"traceEvents": [' + b",".join(map(event, names)) + b"]}")
    assert summary.note is None
    assert [item.name for item in summary.rows] == [
        r"C:\Users\home\x.py(1): f",
        "\ufffd\ufffd",
        "a\nb\0",
        "\ud800",
        "ä",
        r"\uZZ",
    ]


@pytest.mark.parametrize("end", ["]", "", ",\n"])
def test_that_a_list_at_the_top_is_a_trace_with_or_without_its_end(tmp_path: Path, end: str) -> None:
    text = f"\ufeff [{json.dumps(span('a', 0, 2))}, {json.dumps(span('a', 5, 2))}"
    summary = told_text(tmp_path, text + end)
    assert (row(summary, "a").calls, summary.note) == (2, None)


def many(count: int) -> str:
    events = [span(f"op{number * 7919 % 1009}", number * 10, 5) for number in range(count)]
    return json.dumps({"traceEvents": events})


@pytest.mark.parametrize("share", [0.3, 0.5, 0.99])
def test_that_a_trace_that_was_cut_off_is_told_as_far_as_it_goes(tmp_path: Path, share: float) -> None:
    text = many(500)
    cut = text[: int(len(text) * share)]
    summary = told_text(tmp_path, cut)
    assert summary.events == cut.count("}}")
    assert summary.note == (
        f"The trace is not whole: it ends in the middle, this sums up the {summary.events} events before."
    )


def test_that_a_gzip_file_is_read_and_one_that_was_cut_off_or_damaged_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = gzip.compress(many(5000).encode())
    assert (told_text(tmp_path, packed).events, told_text(tmp_path, packed).note) == (5000, None)
    cut = told_text(tmp_path, packed[: len(packed) // 2])
    assert 1000 < cut.events < 4000
    assert cut.note is not None
    assert "cannot be read any further" in cut.note
    damaged = bytearray(packed)
    damaged[len(packed) // 2] ^= 0x10
    assert told_text(tmp_path, bytes(damaged)).note is not None


def test_that_a_damaged_event_is_skipped_and_counted(tmp_path: Path) -> None:
    events = [json.dumps(span("a", number * 10, 5)) for number in range(9)]
    events[2] = events[2].replace('"name": "a"', '"name": "a')
    events[5] = events[5][:30]
    events[7] = events[7].replace('"ts": 70', '"ts": NaN')
    summary = told_text(tmp_path, '{"traceEvents": [' + ", ".join(events) + "]}")
    assert row(summary, "a").calls == 6
    assert summary.note == "The trace is not whole: 3 damaged events were skipped."


def test_that_what_never_ends_is_no_event(tmp_path: Path) -> None:
    good = json.dumps(span("a", 0, 5))
    endless = '{"ph": "X", "name": "' + "x" * (VALUE_LIMIT + 5_000_000)
    summary = told_text(tmp_path, f'{{"traceEvents": [{good}, {endless}, {json.dumps(span("a", 9, 5))}]}}')
    assert row(summary, "a").calls == 2
    assert summary.note is not None


@pytest.mark.parametrize(
    ("head", "sign", "tail"),
    [
        ("", " ", '[{"ph": "M"}]'),
        ("{", " ", '"traceEvents":[{"ph": "M"}]}'),
        ('{"traceEvents"', " ", ':[{"ph": "M"}]}'),
        ('{"traceEvents":', "\n", '[{"ph": "M"}]}'),
        ('{"traceEvents":[', " ", '{"ph": "M"}]}'),
        ('{"traceEvents":[', ",", '{"ph": "M"}]}'),
        ('{"traceEvents":[{"ph": "M"}', " ", "]}"),
        ('{"traceEvents":[{"ph": "M"}]', " ", "}"),
    ],
)
def test_that_space_without_end_is_forgotten_as_it_is_read(tmp_path: Path, head: str, sign: str, tail: str) -> None:
    packed = gzip.compress((head + sign * (40 << 20) + tail).encode(), 1)
    summary, peak = told_with_peak(tmp_path, packed)
    assert summary.note is None
    assert peak < 12 << 20


def test_that_a_number_without_end_is_not_kept(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"traceEvents":[1.' + b"3" * (60 << 20) + b', {"ph": "X", "ts": 1, "name": "a"}]}', 1)
    summary, peak = told_with_peak(tmp_path, packed)
    assert [item.name for item in summary.rows] == ["a"]
    assert peak < 40 << 20


def test_that_a_trace_that_is_damaged_throughout_is_given_up(tmp_path: Path) -> None:
    good, bad = json.dumps(span("a", 0, 5)), '{"ph": ?},'
    summary = told_text(tmp_path, f'{{"traceEvents": [{good}, {bad * SKIPPED_LIMIT * 2} {good}]}}')
    assert summary.events == 1
    assert summary.note is not None
    assert "damaged throughout" in summary.note


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("step,loss\n1,2\n", "no JSON document"),
        ('"traceEvents"', "no JSON document"),
        ("{}", "no traceEvents"),
        ('{"epoch": 1, "loss": NaN}', "no traceEvents"),
        ('{"traceEvents": {"ph": "X"}}', "no traceEvents"),
        ('{"schemaVersion": 1, "devi', "no traceEvents"),
        ("[1, 2, 3]", "no trace event"),
        ('[{"loss": 1}]', "no trace event"),
        ("[" * 5000, "no trace event"),
        (b"\x1f\x8b garbage", "cannot be read"),
        (gzip.compress(b'{"a": 1}'), "no traceEvents"),
    ],
)
def test_that_a_file_of_another_kind_is_no_trace(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(NotATraceError, match=reason):
        told_text(tmp_path, text)


def test_that_a_trace_without_events_is_one(tmp_path: Path) -> None:
    summary = told(tmp_path, [])
    assert (summary.events, summary.span, summary.rows, summary.started, summary.note) == (0, 0, (), None, None)


def test_that_events_that_make_no_sense_are_skipped(tmp_path: Path) -> None:
    odd: list[Any] = [
        {"ph": "X", "name": "no time", "pid": 1, "tid": 1},
        span("text for a time", 0, 1) | {"ts": "1"},
        span("far away", 0, 1) | {"ts": 10**30},
        span("args of another kind", 0, 1) | {"args": [1]},
        span("category of another kind", 0, 1) | {"cat": 7},
        {"name": "no phase"},
        3,
    ]
    summary = told(tmp_path, [*odd, span("good", 0, 1, args={"External id": 2**70, "correlation": "x"})])
    assert [item.name for item in summary.rows] == ["good"]
    assert summary.note == "The trace is not whole: 7 damaged events were skipped."


@pytest.mark.parametrize("zeros", ["999999999", "9" * 20, "-" + "9" * 20])
def test_that_a_time_of_a_billion_digits_costs_nothing(tmp_path: Path, zeros: str) -> None:
    endless = '{"ph": "X", "ts": 1e' + zeros + ', "name": "a", "args": {"x": inf}}'
    for event in (endless, endless.replace("inf", "1")):
        summary = told_text(tmp_path, f"[{event}, {json.dumps(span('b', 0, 1))}]")
        assert [item.name for item in summary.rows] == ["b"]
        assert summary.note is not None


def test_that_numbers_that_no_machine_has_are_as_good_as_none(tmp_path: Path) -> None:
    huge = int("9" * 4000)
    args = {"Device Type": 1, "Device Id": 0, "Total Allocated": huge, "Total Reserved": -huge}
    memory = {"ph": "i", "name": "[memory]", "ts": 1, "args": args}
    summary = told(tmp_path, [span("a", 5, 1), memory], baseTimeNanoseconds=huge)
    assert (summary.started, summary.memory) == (None, {"cuda:0": MemoryPeak()})


def test_that_names_without_end_share_one_row_beyond_a_limit() -> None:
    numbers: Numbers[str] = Numbers(3)
    assert [numbers.of(name, FURTHER) for name in "abcdea"] == [0, 1, 2, 3, 3, 0]
    assert list(numbers.known) == ["a", "b", "c", FURTHER]
    assert numbers.shared == 2


def test_that_names_beyond_the_limit_are_told_of(tmp_path: Path) -> None:
    events = [work(f"k{number}", number, 1) for number in range(NAMES_LIMIT + 3)]
    assert told(tmp_path, events[:-3]).note is None
    summary = told(tmp_path, events)
    assert row(summary, FURTHER).calls == 3
    assert summary.note is not None
    assert f"more than {NAMES_LIMIT} names" in summary.note
    assert "3 times" in summary.note


def test_that_the_numbers_of_rows_threads_and_devices_have_16_bits() -> None:
    assert NAMES_LIMIT + len(Kind) <= 1 << 16


def test_that_adding_up_takes_little_memory_beside_the_columns() -> None:
    columns, count = TraceColumns(), 200_000
    for number in range(count):
        columns.add(span(f"{number % 7}", number, number % 5))
    tracemalloc.start()
    try:
        totals = add_up(columns.host, columns.device, nest(columns.host), len(columns.rows.known))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert totals.calls.sum() == count
    assert peak / count < 48


def test_that_of_names_of_megabytes_only_the_beginning_is_kept(tmp_path: Path) -> None:
    long = "x" * (1 << 20)
    events = [work(f"{number}{long}", number, 1, args={"device": f"{number}{long}"}) for number in range(30)]
    events += [span(f"{number}{long}", 0, 1) | {"pid": f"{number}{long}"} for number in range(30)]
    summary, peak = told_with_peak(tmp_path, gzip.compress(json.dumps(events).encode(), 1))
    assert (summary.events, len(summary.rows), len(summary.devices), summary.note) == (60, 60, 30, None)
    assert {len(item.name) for item in summary.rows} == {1000}
    assert summary.rows[7].name == f"7{long[:998]}…"
    assert peak < 30 << 20


Spans = list[tuple[int, int, str, int]]
"""Start, duration, name, thread."""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.sampled_from("abc"), st.integers(1, 2))))
def test_that_self_times_are_what_a_walk_over_a_tree_finds(tmp_path: Path, spans: Spans) -> None:
    summary = told(tmp_path, [span(name, start, duration, tid=tid) for start, duration, name, tid in spans])
    expected = {name: 0 for _, _, name, _ in spans}
    for thread in (1, 2):
        around: list[tuple[int, str]] = []
        mine = [item for item in spans if item[3] == thread]
        for start, duration, name, _ in sorted(mine, key=lambda item: (item[0], -item[0] - item[1])):
            while around and (start >= around[-1][0] or start + duration > around[-1][0]):
                around.pop()
            expected[name] += duration * 1000
            if around:
                expected[around[-1][1]] -= duration * 1000
            around.append((start + duration, name))
    assert {item.name: item.self_cpu for item in summary.rows} == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_that_no_damage_breaks_the_reader(tmp_path: Path, data: st.DataObject) -> None:
    events = [span("op", number * 10, 5, args={"x": [1, "[{", None]}) for number in range(20)]
    text = bytearray(json.dumps({"deviceProperties": [{"id": 0}], "traceEvents": events}).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(NotATraceError):
        assert told_text(tmp_path, bytes(text[: data.draw(st.integers(0, len(text)))])).events <= 20
