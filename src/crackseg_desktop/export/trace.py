"""What ``trace`` prints: a profiler trace summed up, as one document and as tables that a person reads. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crackseg_desktop import units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crackseg_desktop.training.formats.trace import TraceRow, TraceSummary

    Document = dict[str, Any]
    _Column = tuple[str, str, str]

_DEVICE_KINDS = frozenset({"kernel", "memcpy", "memset"})
_TOP = 10
_OPERATOR_WIDTH, _KERNEL_WIDTH = 48, 96
_PROPERTIES_LIMIT = 64
_CPU_COLUMNS = (
    ("Self CPU %", "self_cpu_ratio", "share"),
    ("Self CPU", "self_cpu_seconds", "time"),
    ("CPU total %", "cpu_total_ratio", "share"),
    ("CPU total", "cpu_total_seconds", "time"),
    ("CPU time avg", "cpu_average_seconds", "time"),
)
_CUDA_COLUMNS = (
    ("Self CUDA", "self_cuda_seconds", "time"),
    ("Self CUDA %", "self_cuda_ratio", "share"),
    ("CUDA total", "cuda_total_seconds", "time"),
    ("CUDA time avg", "cuda_average_seconds", "time"),
)
_CALLS = (("# of Calls", "calls", "count"),)


def trace_document(file: str, summary: TraceSummary) -> Document:
    """Describe a trace as ``trace --json`` does: times in seconds, the rows that took longest first."""
    work = [row for row in summary.rows if row.kind.value in _DEVICE_KINDS]
    host = [row for row in summary.rows if row.kind.value not in _DEVICE_KINDS]
    sums = sum(row.self_cpu for row in host), sum(row.self_device for row in work)
    properties = [_flat(item) for item in _listed(summary.properties)[:_PROPERTIES_LIMIT]]
    return {
        "file": file,
        "complete": summary.note is None,
        "note": summary.note,
        "events": summary.events,
        "started": summary.started,
        "span_seconds": _seconds(summary.span),
        "steps": {"count": summary.steps, "mean_seconds": _mean(summary.step_time, summary.steps)},
        "data_loader": {
            "waits": summary.loads,
            "wait_seconds": _seconds(summary.load_time),
            "wait_ratio": _ratio(summary.load_time, summary.span),
        },
        "devices": [
            {
                "device": use.device,
                "name": next((item.get("name") for item in properties if str(item.get("id")) == use.device), None),
                "busy_seconds": _seconds(use.busy),
                "busy_ratio": _ratio(use.busy, summary.span),
                "pieces": use.pieces,
            }
            for use in summary.devices
        ],
        "memory": [
            {"device": device, "peak_allocated_bytes": peak.allocated, "peak_reserved_bytes": peak.reserved}
            for device, peak in sorted(summary.memory.items())
        ],
        "out_of_memory": summary.out_of_memory,
        "device_properties": properties,
        "distributed": _flat(summary.distributed) or None,
        "self_cpu_seconds": _seconds(sums[0]),
        "self_cuda_seconds": _seconds(sums[1]),
        "operators": _row_documents((row for row in host if row.kind.value != "python"), *sums),
        "kernels": _row_documents(work, *sums),
        "python": _row_documents((row for row in host if row.kind.value == "python"), *sums),
    }


def trace_lines(document: Document) -> Iterator[str]:
    """Write ``trace``: what it comes to first, then the operators and kernels that took longest."""
    yield from _summary_lines(document)
    operators, kernels = document["operators"], document["kernels"]
    name = "cuda" if kernels else "cpu"
    columns = (*_CPU_COLUMNS, *(_CUDA_COLUMNS if kernels else ()), *_CALLS)
    yield from _table(f"Operators by {name.upper()} total", operators, columns, f"{name}_total_seconds")
    yield from _table(f"Operators by self {name.upper()}", operators, columns, f"self_{name}_seconds")
    yield from _table("Kernels and copies", kernels, (*_CUDA_COLUMNS, *_CALLS), "cuda_total_seconds", _KERNEL_WIDTH)


def _row_documents(rows: Iterable[TraceRow], self_cpu: int, self_device: int) -> list[Document]:
    return [
        {
            "name": row.name,
            "kind": row.kind.value,
            "self_cpu_ratio": _ratio(row.self_cpu, self_cpu),
            "self_cpu_seconds": _seconds(row.self_cpu),
            "cpu_total_ratio": _ratio(row.total_cpu, self_cpu),
            "cpu_total_seconds": _seconds(row.total_cpu),
            "cpu_average_seconds": _mean(row.total_cpu, row.calls),
            "self_cuda_seconds": _seconds(row.self_device),
            "self_cuda_ratio": _ratio(row.self_device, self_device),
            "cuda_total_seconds": _seconds(row.total_device),
            "cuda_average_seconds": _mean(row.total_device, row.calls),
            "calls": row.calls,
        }
        for row in sorted(rows, key=lambda row: (-row.total_device, -row.total_cpu, row.name))
    ]


def _summary_lines(document: Document) -> Iterator[str]:
    span = units.short_duration(document["span_seconds"])
    when = "" if document["started"] is None else f", {_moment(document['started'])}"
    yield f"Trace        {document['file']}"
    yield f"             {document['events']:,} events over {span}{when}"
    if document["note"]:
        yield f"Note         {document['note']}"
    steps, loading = document["steps"], document["data_loader"]
    if steps["count"]:
        yield f"Steps        {steps['count']}, {units.short_duration(steps['mean_seconds'])} each"
    for device in document["devices"]:
        name = f"{device['name']}: " if device["name"] else ""
        busy = f"{_share(device['busy_ratio'])} busy, {units.short_duration(device['busy_seconds'])} of {span}"
        yield f"{'GPU ' + device['device']:<12} {name}{busy}"
    if loading["waits"]:
        waited = f"{units.short_duration(loading['wait_seconds'])}, {_share(loading['wait_ratio'])} of the time"
        yield f"Data loader  waited for {loading['waits']} times: {waited}"
    for memory in document["memory"]:
        reserved = memory["peak_reserved_bytes"]  # the CPU's allocator reserves nothing
        held = f", {units.figure('bytes', reserved)} reserved" if reserved else ""
        allocated = units.figure("bytes", memory["peak_allocated_bytes"])
        yield f"Memory peak  {memory['device']}: {allocated} allocated{held}"
    if document["out_of_memory"]:
        yield f"Memory       ran out {document['out_of_memory']} times"
    if document["distributed"]:
        yield f"Distributed  {', '.join(f'{key} {value}' for key, value in document['distributed'].items())}"


def _table(
    title: str, rows: Sequence[Document], columns: Sequence[_Column], key: str, name_width: int = _OPERATOR_WIDTH
) -> Iterator[str]:
    """Write the first rows by a figure, names to the left and figures to the right."""
    top = sorted((row for row in rows if row[key]), key=lambda row: -row[key])[:_TOP]
    if not top:
        return
    cells = [(title, *(heading for heading, _, _ in columns))]
    cells += [
        (_cut(row["name"], name_width), *(_WRITERS[style](row[name]) for _, name, style in columns)) for row in top
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    yield ""
    for name, *figures in cells:
        yield "  ".join((name.ljust(widths[0]), *map(str.rjust, figures, widths[1:])))


def _share(ratio: float | None) -> str:
    return units.MISSING if ratio is None else f"{ratio * 100:.2f} %"


_WRITERS: dict[str, Callable[[Any], str]] = {"share": _share, "time": units.short_duration, "count": "{:,}".format}


def _cut(name: str, width: int) -> str:
    short = name.removeprefix("void ")  # what every kernel returns
    return short if len(short) <= width else f"{short[: width - 1]}…"


def _moment(time: float) -> str:
    try:
        return datetime.fromtimestamp(time, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):  # a damaged base can be any number
        return units.MISSING


def _seconds(nanoseconds: int) -> float:
    return nanoseconds / 1e9


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(total: int, count: int) -> float | None:
    return total / count / 1e9 if count else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _flat(value: Any) -> Document:
    """Return what an object of the trace says in plain figures and words."""
    if not isinstance(value, dict):
        return {}
    plain = {key: float(item) if isinstance(item, Decimal) else item for key, item in value.items()}
    return {key: item for key, item in plain.items() if isinstance(item, (str, int, float))}
