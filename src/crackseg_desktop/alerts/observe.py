"""From a sample to what rules can judge: every figure of the catalogue, and how its sources are doing, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.alerts.observation import Observation
from crackseg_desktop.readings import GpuReading, Reading, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crackseg_desktop.readings import Sample, SourceHealth, XidError

XID_SECONDS = 600.0
"""For so long an Xid error counts as there."""
_SILENT = frozenset({SourceState.NOT_RESPONDING, SourceState.FAILED})


def observations(sample: Sample) -> Iterator[Observation]:
    """Yield the figures of a sample; those of a GPU that does not answer are old and left out."""
    for reading in sample.readings():
        if isinstance(reading, GpuReading) and reading.state != SourceState.OK:
            continue
        subject = _subject(reading)
        for metric, value in reading.figures.items():
            yield Observation(
                metric, reading.labels, value, subject, _detail(reading, metric), simulated=sample.simulated
            )
    for gpu in sample.gpus:
        yield _lost(gpu, sample)
        yield _xid(gpu, sample)
    for source in sample.sources:
        yield from _of_source(source, simulated=sample.simulated)


def sentence(text: str) -> str:
    """Return a text with a capital at its beginning and a full stop at its end."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _lost(gpu: GpuReading, sample: Sample) -> Observation:
    said = [gpu.reason or gpu.name, *(error.reason for error in _recent_xids(gpu, sample)[-1:])]
    is_lost = float(gpu.state == SourceState.LOST)
    detail = " ".join(map(sentence, said))
    return Observation("gpu_lost", gpu.labels, is_lost, _subject(gpu), detail, simulated=sample.simulated)


def _xid(gpu: GpuReading, sample: Sample) -> Observation:
    """Tell the worst of the recent Xid errors, the newest of those that are equally bad."""
    worst = max(_recent_xids(gpu, sample), key=lambda error: (error.critical, error.time), default=None)
    severity = 0.0 if worst is None else 2.0 if worst.critical else 1.0
    return Observation(
        "gpu_xid_severity",
        gpu.labels,
        severity,
        _subject(gpu),
        "" if worst is None else sentence(worst.reason),
        fact="" if worst is None else f"Xid {worst.number}",
        simulated=sample.simulated,
        kind="" if worst is None else str(worst.number),
    )


def _recent_xids(gpu: GpuReading, sample: Sample) -> list[XidError]:
    return [error for error in gpu.xid_errors if sample.time - error.time < XID_SECONDS]


def _of_source(source: SourceHealth, *, simulated: bool) -> Iterator[Observation]:
    labels, detail = {"source": source.name}, sentence(source.reason or source.state)
    states = {"driver_mismatch": source.state == SourceState.MISMATCH, "source_silent": source.state in _SILENT}
    for metric, holds in states.items():
        yield Observation(metric, labels, float(holds), source.name, detail, simulated=simulated)


def _subject(reading: Reading) -> str:
    if isinstance(reading, GpuReading):
        return f"GPU {reading.index}"
    return next(iter(reading.labels.values()), "this machine")


def _detail(reading: Reading, metric: str) -> str:
    """Give the evidence that a rule's sentence can hold beside the value itself."""
    match metric:
        case "gpu_memory_used_ratio":
            return _share(reading, "gpu_memory_used_bytes", "gpu_memory_total_bytes")
        case "host_memory_used_ratio":
            return _share(reading, "host_memory_used_bytes", "host_memory_total_bytes")
        case "gpu_throttled_by_heat" if isinstance(reading, GpuReading):
            return sentence("; ".join(reading.throttle_reasons))
        case "gpu_temperature_celsius" if isinstance(reading, GpuReading):
            slowdown = reading.get("gpu_temperature_slowdown_celsius")
            limit = f", slows itself at {units.figure('celsius', slowdown)}" if slowdown else ""
            return f"{reading.name}{limit}."
        case _:
            return ""


def _share(reading: Reading, part: str, whole: str) -> str:
    used, unit = units.split_figure("bytes", reading.get(part))
    total, total_unit = units.split_figure("bytes", reading.get(whole))
    return f"{used} of {total} {total_unit}" if unit == total_unit else f"{used} {unit} of {total} {total_unit}"
