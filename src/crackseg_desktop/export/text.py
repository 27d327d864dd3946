"""What the commands print for a person: the documents as lines. Pure."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, TextIO

from crackseg_desktop import units
from crackseg_desktop.export.gpu_lines import Use, gpu_line
from crackseg_desktop.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crackseg_desktop.export.verdict import Verdict

Document = dict[str, Any]

_MIB = 1024**2
_RUN_HEAD = ("ID", "STATE", "EPOCH", "BEST IOU", "BEST DICE", "SPEED", "TIME LEFT", "STARTED", "NAME")


def status_lines(status: Document) -> Iterator[str]:
    """Write ``status``: GPUs, host, runs, alerts."""
    if status["simulated"]:
        yield "Simulated data."
    yield from (gpu_line(_use(gpu)) for gpu in status["gpus"])
    if not status["gpus"]:
        yield f"GPU       {_why_no_gpu(status)}"
    yield from _host_lines(status["host"])
    yield f"Runs      {len(status['runs'])} active"
    yield from (f"          {line}" for line in _table(status["runs"], _widths(status["runs"]), with_head=True))
    alerts = status["alerts"]
    yield f"Alerts    {len(alerts) or 'none'}"
    yield from (f"          {alert['severity']}: {alert['title']}. {alert['summary']}" for alert in alerts)
    own = status["self"]
    yield f"Self      {_percent(own['cpu_ratio'])} of a core, {units.figure('bytes', own['rss_bytes'])}"


def runs_lines(batches: Iterable[Sequence[Document]]) -> Iterator[str]:
    """Write ``runs``: a table, and below it what else is known where it is one run only."""
    count, only = 0, None
    widths: list[int] = []
    for runs in batches:
        widths = widths or _widths(runs)
        yield from _table(runs, widths, with_head=count == 0)
        count, only = count + len(runs), runs[0] if runs else only
    if not count:
        yield "No runs found."
    elif count == 1 and only is not None:
        yield ""
        yield from (f"{name:<15}{words}" for name, words in _details(only))


def _widths(runs: Sequence[Document]) -> list[int]:
    """Return how wide the columns are; the first runs set it for those that are still being read."""
    rows = [_RUN_HEAD, *(_run_row(run) for run in runs)]
    return [max(map(len, column)) for column in zip(*rows, strict=True)] if runs else []


def _table(runs: Sequence[Document], widths: Sequence[int], *, with_head: bool) -> Iterator[str]:
    """Write runs in columns, with a second line for a reason."""
    if runs and with_head:
        yield _in_columns(_RUN_HEAD, widths)
    for run in runs:
        yield _in_columns(_run_row(run), widths)
        if run["reason"]:
            yield f"{'':{widths[0]}}  {run['reason']}"


def _in_columns(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def check_lines(verdict: Verdict) -> Iterator[str]:
    """Write ``check``: the three lines of the guide's script first, so that what reads it goes on reading."""
    yield f"GPU Memory: {_guide_memory(verdict)}"
    yield f"Disk Usage: {_guide_disk(verdict)}"
    yield f"Active Training Jobs: {verdict.active_runs}"
    yield f"{verdict.state.upper()}{f': {verdict.reason}' if verdict.reason else ''}"
    for event in verdict.alerts:
        yield f"{event.severity.upper()} {event.rule}: {event.title}. {event.summary}"


def alerts_lines(events: Iterable[Document]) -> Iterator[str]:
    """Write ``alerts``: one line an alert, as its last change left it, in the order in which they began."""
    last: dict[tuple[Any, ...], Document] = {}
    for event in events:
        last[event["rule"], tuple(sorted(event["labels"].items())), event["since"]] = event
    if not last:
        yield "No alerts."
    rows = [_alert_row(event) for event in last.values()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    yield from (_in_columns(row, widths) for row in rows)


def _alert_row(event: Document) -> tuple[str, ...]:
    row = CATALOGUE.get(event["metric"])
    unit = row.unit if row is not None else ""
    peak = f"peak {units.figure(unit, event['peak'])}" if event["peak"] is not None and unit != "state" else ""
    title = f"{'simulated: ' if event['simulated'] else ''}{event['title']}"
    note = f"({event['note']})" if event["note"] else ""
    return (
        _moment(event["since"]),
        event["severity"],
        event["state"],
        units.duration(event["lasted"]),
        peak,
        f"{title} {note}",
    )


def doctor_lines(document: Document) -> Iterator[str]:
    """Write ``doctor``: one line a check."""
    width = max(len(item["name"]) for item in document["checks"])
    for item in document["checks"]:
        yield f"{item['state']:<12} {item['name']:<{width}}  {item['detail']}"


def page_break(stream: TextIO) -> str:
    """Return what takes a terminal back to a blank first line, so that a page takes the place of the last one.

    Empty for a file or a pipe, and for a console of Windows that would print the codes.
    """
    understands = os.name != "nt" or "WT_SESSION" in os.environ
    return "\x1b[H\x1b[2J" if understands and stream.isatty() else ""


def _use(gpu: Document) -> Use:
    return Use(
        gpu["index"],
        gpu["name"],
        "" if gpu["state"] == "ok" else gpu["reason"] or gpu["state"],
        gpu["gpu_temperature_celsius"],
        gpu["gpu_utilization_ratio"],
        gpu["gpu_memory_used_bytes"],
        gpu["gpu_memory_total_bytes"],
        tuple((item["name"] or f"PID {item['pid']}", item["memory_bytes"]) for item in gpu["processes"]),
    )


def _host_lines(host: Document) -> Iterator[str]:
    if "host_cpu_used_ratio" not in host:
        yield "Host      not read"
        return
    yield f"CPU       {_figure(host, 'host_cpu_used_ratio')} of {_figure(host, 'host_cpu_threads')} threads"
    yield f"RAM       {_figure(host, 'host_memory_used_bytes')} of {_figure(host, 'host_memory_total_bytes')}"
    for disk in host["disks"]:
        free = f"{_figure(disk, 'host_disk_free_bytes')} free of {_figure(disk, 'host_disk_total_bytes')}"
        yield f"Disk      {disk['mount']}: {free}"


def _figure(document: Document, metric: str) -> str:
    value = document.get(metric)
    if value is None:
        return f"{CATALOGUE[metric].title} {units.MISSING} ({document['unavailable'].get(metric, 'not read')})"
    return units.figure(CATALOGUE[metric].unit, value)


def _why_no_gpu(status: Document) -> str:
    reasons = (item["reason"] for item in status["sources"] if item["name"] == "nvidia" and item["reason"])
    return next(reasons, "none found")


def _run_row(run: Document) -> tuple[str, ...]:
    epoch = units.MISSING if run["epoch"] is None else str(run["epoch"])
    total = f" of {run['total_epochs']}" if run["total_epochs"] else ""
    speed = run["epochs_per_hour"]
    return (
        run["id"],
        run["state"],
        f"{epoch}{total}",
        _best(run, "val/iou"),
        _best(run, "val/dice"),
        f"{speed:.1f}/h" if speed else units.MISSING,
        units.duration(run["eta_seconds"]),
        _moment(run["started"]),
        run["name"],
    )


def _details(run: Document) -> Iterator[tuple[str, str]]:
    config, figures, saved = run["config"] or {}, run["performance"], run["checkpoints"]
    for name, key in (("Model", "model"), ("Batch size", "batch_size"), ("Learning rate", "learning_rate")):
        if config.get(key) is not None:
            yield name, str(config[key])
    interval = figures["eta_interval_seconds"]
    if run["eta_seconds"] is not None:
        likely = f", likely {units.span(*interval)}" if interval else ""
        yield "Time left", f"{units.duration(run['eta_seconds'])}{likely}"
    if figures["best_epoch"] is not None:
        yield "Best epoch", f"{figures['best_epoch']} by {figures['monitor']}"
    if figures["loss_reduction_per_epoch"] is not None:
        share = figures["loss_reduction_per_epoch"] * 100
        yield (
            "Loss",
            f"{figures['loss']} {'fell' if share >= 0 else 'rose'} by {abs(share):.2g} % of its first value an epoch",
        )
    for comparison in figures["baselines"].values():
        yield "Baseline", comparison["summary"]
    yield (
        "Checkpoints",
        f"{len(saved)}, {units.figure('bytes', sum(item['size_bytes'] for item in saved))}" if saved else "none",
    )
    for item in saved:
        kind = f" ({item['kind']})" if item["kind"] else ""
        yield "", f"{_moment(item['time'])}  {units.figure('bytes', item['size_bytes']):>9}  {item['path']}{kind}"


def _best(run: Document, metric: str) -> str:
    best = run["best"].get(metric)
    return units.score(best["value"]) if best else units.MISSING


def _moment(time: float | None) -> str:
    local = None if time is None else units.local_time(time)
    return units.MISSING if local is None else local.strftime("%Y-%m-%d %H:%M")


def _percent(ratio: float | None) -> str:
    return units.MISSING if ratio is None else f"{ratio * 100:.1f} %"


def _guide_memory(verdict: Verdict) -> str:
    """Write ``used/total MB`` as ``nvidia-smi --format=nounits`` counts them (MiB), each GPU after the other."""
    figures = [
        f"{used / _MIB:.0f}/{total / _MIB:.0f} MB"
        for gpu in verdict.sample.gpus
        if (used := gpu.get("gpu_memory_used_bytes")) is not None
        and (total := gpu.get("gpu_memory_total_bytes")) is not None
    ]
    if figures:
        return ", ".join(figures)
    reasons = (source.reason for source in verdict.sample.sources if source.name == "nvidia" and source.reason)
    return f"unavailable ({next(reasons, 'no GPU found')})"


def _guide_disk(verdict: Verdict) -> str:
    """Write the share of the system disk in use, rounded up as ``df`` does."""
    disks = verdict.sample.host.disks if verdict.sample.host is not None else ()
    system = min(disks, key=lambda disk: len(disk.labels["mount"]), default=None)
    ratio = system.get("host_disk_used_ratio") if system is not None else None
    return "unavailable" if ratio is None else f"{math.ceil(ratio * 100)}%"
