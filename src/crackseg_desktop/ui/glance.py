"""What the tray says at a glance: from readings, runs and alerts to an icon state and a tooltip. Pure."""

from __future__ import annotations

import time as clock_time
from typing import TYPE_CHECKING

from crackseg_desktop import units
from crackseg_desktop.notify.words import clip, tidy
from crackseg_desktop.readings import AlertState, RunState, Severity, SourceState
from crackseg_desktop.ui.tray import APP_TITLE
from crackseg_desktop.ui.tray_icon import IconState, Kind, level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crackseg_desktop.readings import AlertEvent, GpuReading, Run, Sample

TOOLTIP_UNITS = 127
"""What Windows shows of a tray tooltip, in UTF-16 units; it cuts the rest."""
_NAME_UNITS, _REASON_UNITS, _ALERT_UNITS = 36, 48, 40
_WELL = frozenset({SourceState.OK, SourceState.ASLEEP})
GPU_SOURCE = "nvidia"


def icon_state(sample: Sample | None, runs: Iterable[Run], alerts: Iterable[AlertEvent], *, snoozed: bool) -> IconState:
    """Return what the icon shows.

    What a person decided comes first (paused), then what needs one, then the GPU, then the training. A machine without
    a GPU can still watch a training that runs elsewhere, so there a missing GPU is not worth a cross.
    """
    training = any(run.active for run in runs)
    fill = _fill(sample) if training else 0
    firing = {alert.severity for alert in alerts if alert.state == AlertState.FIRING}
    if snoozed:
        return IconState(Kind.PAUSED, fill)
    if Severity.CRITICAL in firing:
        return IconState(Kind.NEEDS_YOU)
    if Severity.WARNING in firing:
        return IconState(Kind.WARNING, fill)
    if _gpu_in_trouble(sample, training=training):
        return IconState(Kind.UNAVAILABLE)
    return IconState(Kind.TRAINING, max(1, fill)) if training else IconState()


def tooltip(
    sample: Sample | None,
    runs: Sequence[Run],
    alerts: Sequence[AlertEvent],
    snoozed_until: float | None,
    now: float,
) -> str:
    """Return the tooltip: run, epoch and time left, GPU memory and temperature, alerts; at most 127 UTF-16 units.

    ``runs`` and ``alerts`` are the active and the open ones, the most important first; times are Unix seconds.
    """
    lines = [*_run_lines(runs, simulated=is_simulated(sample, runs)), *_gpu_lines(sample)]
    if snoozed_until is not None and now < snoozed_until:
        lines.append(f"Alerts snoozed until {clock(snoozed_until)}")
    elif alerts:
        count = f"{len(alerts)} alerts: " if len(alerts) > 1 else ""
        lines.append(clip(f"{count}{plain(alerts[0].title)}", _ALERT_UNITS))
    return clip("\n".join(lines), TOOLTIP_UNITS)


def is_simulated(sample: Sample | None, runs: Iterable[Run]) -> bool:
    """Say whether anything shown is simulated."""
    return (sample is not None and sample.simulated) or any(run.facts.simulated for run in runs)


def epoch_text(run: Run) -> str:
    """Return ``Epoch 23 of 50``, or what of that is known."""
    facts = run.facts
    if facts.epoch is None:
        return "" if facts.step is None else f"Step {facts.step}"
    return f"Epoch {facts.epoch}" + (f" of {facts.total_epochs}" if facts.total_epochs else "")


def progress_text(run: Run) -> str:
    """Return the epoch and the time left, or that the run has stalled."""
    left = f"{units.duration(run.eta_seconds)} left" if run.eta_seconds is not None else ""
    words = (epoch_text(run), "stalled" if run.state == RunState.STALLED else left)
    return ", ".join(filter(None, words))


def plain(text: str) -> str:
    """Return a text on one line that no tray takes for markup: names come from folders that anybody may have named."""
    return tidy(text).replace("<", "‹").replace(">", "›").replace("&", "+")


def until_tomorrow_at(hour: int, now: float) -> float:
    """Return the seconds from now (Unix seconds) to the next day at a full hour, local time."""
    today = clock_time.localtime(now)
    day = (today.tm_year, today.tm_mon, today.tm_mday + 1, hour, 0, 0, 0, 0, -1)
    return clock_time.mktime(day) - now


def clock(moment: float) -> str:
    """Return the local time of day of a moment (Unix seconds) as ``08:00``."""
    return clock_time.strftime("%H:%M", clock_time.localtime(moment))


def _run_lines(runs: Sequence[Run], *, simulated: bool) -> Iterator[str]:
    mark = " (Simulated)" if simulated else ""
    if not runs:
        yield f"{APP_TITLE}{mark}"
        yield "No training is running"
        return
    others = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
    yield f"{clip(plain(runs[0].facts.name), _NAME_UNITS)}{others}{mark}"
    progress = progress_text(runs[0])
    if progress:
        yield progress


def _gpu_lines(sample: Sample | None) -> Iterator[str]:
    if sample is None:
        return
    gpu = _fullest(sample.gpus)
    if gpu is not None:
        figures = (_memory_text(gpu), units.figure("celsius", gpu.get("gpu_temperature_celsius")))
        trouble = "" if gpu.state == SourceState.OK else f"{gpu.state}"
        shown = [trouble] if gpu.state in (SourceState.LOST, SourceState.NOT_RESPONDING) else [*figures, trouble]
        yield f"GPU {gpu.index}: {', '.join(filter(None, shown))}"
        return
    reason = next((plain(source.reason or "") for source in sample.sources if source.name == GPU_SOURCE), "")
    yield clip(reason, _REASON_UNITS) if reason else "No GPU"


def _memory_text(gpu: GpuReading) -> str:
    used, unit = units.split_figure("bytes", gpu.get("gpu_memory_used_bytes"))
    total, total_unit = units.split_figure("bytes", gpu.get("gpu_memory_total_bytes"))
    if used == units.MISSING or total == units.MISSING:
        return f"{used} {unit}".strip()
    return f"{used} of {total} {unit}" if unit == total_unit else f"{used} {unit} of {total} {total_unit}"


def _fill(sample: Sample | None) -> int:
    gpu = _fullest(sample.gpus) if sample is not None else None
    return level(_share(gpu)) if gpu is not None else 0


def _fullest(gpus: Sequence[GpuReading]) -> GpuReading | None:
    return max(gpus, key=_share, default=None)


def _share(gpu: GpuReading) -> float:
    share = gpu.get("gpu_memory_used_ratio")
    if share is not None:
        return share
    used, total = gpu.get("gpu_memory_used_bytes"), gpu.get("gpu_memory_total_bytes")
    return used / total if used is not None and total else 0.0


def _gpu_in_trouble(sample: Sample | None, *, training: bool) -> bool:
    if sample is None:
        return False
    states = {gpu.state for gpu in sample.gpus} | {
        source.state for source in sample.sources if source.name == GPU_SOURCE
    }
    return any(state not in _WELL and not (state == SourceState.UNAVAILABLE and training) for state in states)
