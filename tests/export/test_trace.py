"""What ``trace`` prints: every figure in seconds and shares, and tables that line up."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from crackseg_desktop.export.documents import strict
from crackseg_desktop.export.trace import trace_document, trace_lines
from crackseg_desktop.training.formats.trace import DeviceUse, TraceRow, TraceSummary
from crackseg_desktop.training.formats.trace_columns import Kind, MemoryPeak

MS = 1_000_000
SUMMARY = TraceSummary(
    note=None,
    events=12345,
    started=1_700_000_000.0,
    span=200 * MS,
    steps=4,
    step_time=180 * MS,
    loads=4,
    load_time=20 * MS,
    rows=(
        TraceRow("aten::conv2d", Kind.OPERATOR, 2, 30 * MS, 80 * MS, 0, 60 * MS),
        TraceRow("aten::cudnn", Kind.OPERATOR, 3, 50 * MS, 50 * MS, 60 * MS, 60 * MS),
        TraceRow("train.py(1): main", Kind.PYTHON, 1, 20 * MS, 100 * MS, 0, 60 * MS),
        TraceRow("void gemm<" + "x" * 200, Kind.KERNEL, 3, 0, 0, 60 * MS, 60 * MS),
        TraceRow("Memset (Device)", Kind.MEMSET, 1, 0, 0, 20 * MS, 20 * MS),
    ),
    devices=(DeviceUse("0", 75 * MS, 4),),
    memory={"cuda:0": MemoryPeak(3 << 30, 4 << 30), "cpu": MemoryPeak(5 << 20, 0)},
    out_of_memory=0,
    properties=[{"id": 0, "name": "RTX 3070 Ti", "clock": Decimal("1.5"), "list": [1]}, 3],
    distributed={"backend": "nccl", "rank": 1, "pg_config": [{}]},
)


def test_that_the_document_has_the_columns_of_key_averages() -> None:
    document = trace_document("x.json", SUMMARY)
    assert document["operators"][0] == {
        "name": "aten::conv2d",
        "kind": "operator",
        "self_cpu_ratio": 0.3,
        "self_cpu_seconds": 0.03,
        "cpu_total_ratio": 0.8,
        "cpu_total_seconds": 0.08,
        "cpu_average_seconds": 0.04,
        "self_cuda_seconds": 0.0,
        "self_cuda_ratio": 0.0,
        "cuda_total_seconds": 0.06,
        "cuda_average_seconds": 0.03,
        "calls": 2,
    }
    assert [row["self_cuda_ratio"] for row in document["kernels"]] == [0.75, 0.25]
    assert [row["name"] for row in document["python"]] == ["train.py(1): main"]
    assert (document["self_cpu_seconds"], document["self_cuda_seconds"]) == (0.1, 0.08)


def test_that_the_document_sums_the_trace_up() -> None:
    document = trace_document("x.json", SUMMARY)
    assert (document["complete"], document["note"]) == (True, None)
    assert document["steps"] == {"count": 4, "mean_seconds": 0.045}
    assert document["data_loader"] == {"waits": 4, "wait_seconds": 0.02, "wait_ratio": 0.1}
    (device,) = document["devices"]
    assert (device["name"], device["busy_ratio"]) == ("RTX 3070 Ti", 0.375)
    assert document["device_properties"] == [{"id": 0, "name": "RTX 3070 Ti", "clock": 1.5}, {}]
    assert document["distributed"] == {"backend": "nccl", "rank": 1}
    assert document["memory"][1] == {
        "device": "cuda:0",
        "peak_allocated_bytes": 3 << 30,
        "peak_reserved_bytes": 4 << 30,
    }
    json.dumps(strict(document), allow_nan=False)


def test_that_the_text_says_what_it_comes_to_before_the_tables() -> None:
    lines = list(trace_lines(trace_document("x.json", replace(SUMMARY, note="The trace is not whole: x."))))
    head = lines[: lines.index("")]
    assert head[0].endswith("x.json")
    assert "12,345 events over 200.000 ms" in head[1]
    assert head[2] == "Note         The trace is not whole: x."
    assert "4, 45.000 ms each" in head[3]
    assert "RTX 3070 Ti: 37.50 % busy" in head[4]
    assert "10.00 % of the time" in head[5]
    assert "cpu: 5.0 MiB allocated" in head[6]
    assert "cuda:0: 3.0 GiB allocated, 4.0 GiB reserved" in head[7]


def test_that_the_tables_line_up_and_leave_python_frames_out() -> None:
    lines = list(trace_lines(trace_document("x.json", SUMMARY)))
    by_total = lines.index("") + 1
    assert lines[by_total].startswith("Operators by CUDA total")
    assert lines[by_total + 1].startswith("aten::conv2d")
    assert len({len(line) for line in lines[by_total : by_total + 3]}) == 1
    assert not any("main" in line for line in lines)
    kernel = next(line for line in lines if line.startswith("gemm<"))
    assert "…" in kernel
    assert len(kernel) < 170


def test_that_a_trace_of_the_cpu_alone_has_no_columns_of_zeros() -> None:
    rows = (TraceRow("aten::add", Kind.OPERATOR, 2, MS, MS, 0, 0),)
    lines = list(trace_lines(trace_document("x.json", replace(SUMMARY, rows=rows, devices=()))))
    assert any(line.startswith("Operators by CPU total") for line in lines)
    assert not any("CUDA" in line for line in lines)


@pytest.mark.parametrize("started", [None, 1e300])
def test_that_a_trace_without_anything_is_told_too(started: float | None) -> None:
    empty = replace(
        SUMMARY, events=0, started=started, span=0, steps=0, loads=0, rows=(), devices=(), memory={}, distributed=None
    )
    document = trace_document("x.json", empty)
    assert (document["steps"]["mean_seconds"], document["data_loader"]["wait_ratio"]) == (None, None)
    assert next(trace_lines(document)) == "Trace        x.json"
