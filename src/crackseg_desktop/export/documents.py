"""The JSON documents of the command line, in the shape that ``COMMANDS`` promises to scripts. Pure.

Times are Unix seconds, unknown is ``None``, and what JSON has no number for becomes the strings "NaN", "Infinity" and
"-Infinity", so that every strict parser reads the documents.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from crackseg_desktop.insight.baselines import compare
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.settings import Baselines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crackseg_desktop.curves import Curve
    from crackseg_desktop.readings import (
        AlertEvent,
        GpuReading,
        HostReading,
        Reading,
        Run,
        RunConfig,
        Sample,
        SourceHealth,
    )

Document = dict[str, Any]


def strict(value: Any) -> Any:
    """Return the same value with non-finite numbers as strings, all the way down."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [strict(item) for item in value]
    return value


def run_document(run: Run, alerts: Iterable[Document] = (), baselines: Baselines | None = None) -> Document:
    """Describe one run as ``runs --json`` does; ``baselines`` are what is usual, by default the guide's."""
    facts = run.facts
    return {
        "id": facts.id,
        "name": facts.name,
        "path": facts.path,
        "folders": list(facts.folders),
        "state": run.state.value,
        "reason": run.reason,
        "findings": [
            {"kind": item.kind, "tag": item.tag, "step": item.step, "summary": item.summary} for item in run.findings
        ],
        "source": facts.source,
        "epoch": facts.epoch,
        "total_epochs": facts.total_epochs,
        "step": facts.step,
        "started": facts.started,
        "updated": facts.updated,
        "epochs_per_hour": run.epochs_per_hour,
        "eta_seconds": run.eta_seconds,
        "best": {
            name: {"value": best.value, "step": best.step, "epoch": best.epoch} for name, best in run.best.items()
        },
        "latest": dict(run.latest),
        "config": _config_document(facts.config),
        "checkpoints": [
            {"path": item.path, "size_bytes": item.size_bytes, "time": item.time, "kind": item.kind}
            for item in facts.checkpoints
        ],
        "performance": _performance_document(run, baselines or Baselines()),
        "alerts": [alert for alert in alerts if alert.get("labels", {}).get("run") == facts.id],
        "notes": list(facts.notes),
        "pid": run.pid,
        "simulated": facts.simulated,
    }


def alert_document(event: AlertEvent) -> Document:
    """Describe one alert as ``check --json`` does; ``labels`` identify its subject."""
    return {
        "rule": event.rule,
        "subject": event.subject,
        "labels": dict(event.labels),
        "severity": event.severity.value,
        "state": event.state.value,
        "metric": event.metric,
        "value": event.value,
        "limit": event.limit,
        "since": event.since,
        "title": event.title,
        "summary": event.summary,
    }


def status_document(
    sample: Sample,
    runs: Iterable[Document],
    alerts: Iterable[Document],
    names: Mapping[int, str] | None = None,
) -> Document:
    """Describe one reading of everything as ``status --json`` does; ``names`` are those of processes, by PID."""
    return {
        "time": sample.time,
        "host": _host_document(sample.host),
        "gpus": [_gpu_document(gpu, names or {}) for gpu in sample.gpus],
        "runs": list(runs),
        "alerts": list(alerts),
        "self": {
            "cpu_ratio": sample.own.get("self_cpu_ratio") if sample.own else None,
            "rss_bytes": sample.own.get("self_memory_rss_bytes") if sample.own else None,
        },
        "sources": [source_document(source) for source in sample.sources],
        "simulated": sample.simulated,
    }


def source_document(source: SourceHealth) -> Document:
    """Describe the health of one source of readings."""
    return {"name": source.name, "state": source.state.value, "reason": source.reason, "since": source.since}


def curves_document(run: str, curves: Mapping[str, Curve]) -> Document:
    """Describe the curves of a run (by the tag to print) as ``curves --format json`` does."""
    return {
        "run": run,
        "curves": {
            tag: {
                "steps": curve.steps.tolist(),
                "wall_times": curve.wall_times.tolist(),
                "values": curve.values.tolist(),
            }
            for tag, curve in curves.items()
        },
    }


def _config_document(config: RunConfig | None) -> Document | None:
    return {item.name: getattr(config, item.name) for item in fields(config)} if config is not None else None


def _performance_document(run: Run, baselines: Baselines) -> Document:
    """Describe how well a run trains; a figure that is null has its reason under ``unavailable`` where one is known."""
    figures = run.performance
    interval = figures.eta_interval_seconds
    return {
        "epochs_per_hour": run.epochs_per_hour,
        "eta_seconds": run.eta_seconds,
        "eta_interval_seconds": list(interval) if interval is not None else None,
        "loss": figures.loss,
        "loss_reduction_per_epoch": figures.loss_reduction_per_epoch,
        "monitor": figures.monitor,
        "best_epoch": figures.best_epoch,
        "convergence_epoch": figures.convergence_epoch,
        "batch_size": run.facts.config.batch_size if run.facts.config is not None else None,
        "peak_memory_bytes": figures.peak_memory_bytes,
        "unavailable": dict(figures.unavailable),
        "baselines": {
            name: {"value": item.value, "usual": list(item.usual), "verdict": item.verdict, "summary": item.summary}
            for name, item in compare(run, baselines).items()
        },
    }


def _gpu_document(gpu: GpuReading, names: Mapping[int, str]) -> Document:
    identity = {"uuid": gpu.uuid, "index": gpu.index, "name": gpu.name, "state": gpu.state.value, "reason": gpu.reason}
    processes = [
        {
            "pid": item.pid,
            "name": names.get(item.pid),
            "memory_bytes": item.memory_bytes,
            "kind": item.kind,
            "sm_ratio": item.sm_ratio,
        }
        for item in gpu.processes
    ]
    told = {
        "throttle_reasons": list(gpu.throttle_reasons),
        "clock_reasons": list(gpu.clock_reasons),
        "xid_errors": [
            {"number": error.number, "time": error.time, "reason": error.reason, "critical": error.critical}
            for error in gpu.xid_errors
        ],
        "processes": processes,
        "process_reasons": dict(gpu.process_reasons),
        "taken": gpu.taken,
    }
    return identity | _figures(gpu, ("gpu",)) | told


def _host_document(host: HostReading | None) -> Document:
    if host is None:
        return {name: [] for name in ("disks", "interfaces", "drives", "sensors", "fans", "cores", "notes")} | {
            "unavailable": {}
        }
    return (
        {"hostname": host.hostname}
        | _figures(host, (), prefix="host_")
        | {
            "disks": [dict(disk.labels) | _figures(disk, ("mount",)) for disk in host.disks],
            "interfaces": [dict(card.labels) | _figures(card, ("interface",)) for card in host.interfaces],
            "drives": [dict(drive.labels) | _figures(drive, ("drive",)) for drive in host.drives],
            "sensors": [dict(sensor.labels) | _figures(sensor, ("sensor",)) for sensor in host.sensors],
            "fans": [dict(fan.labels) | _figures(fan, ("fan",)) for fan in host.fans],
            "cores": list(host.cores),
            "notes": list(host.notes),
        }
    )


def _figures(reading: Reading, labels: Sequence[str], prefix: str = "") -> Document:
    """List every metric of the catalogue with these labels: its value, or None and the reason."""
    rows = (row for row in CATALOGUE.values() if row.read and row.labels == tuple(labels))
    names = [row.name for row in rows if row.name.startswith(prefix)]
    reasons = {name: reading.unavailable.get(name, "not read") for name in names if reading.get(name) is None}
    return {name: reading.get(name) for name in names} | {"unavailable": reasons}
