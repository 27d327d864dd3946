"""Simulated readings: two GPUs and a host that follow the main training of the story. Pure.

A sample depends on its time alone, so the past can be told at once and the present goes on from it without a seam.
"""

from __future__ import annotations

import math
from random import Random

from crackseg_desktop.readings import GpuProcess, GpuReading, Sample, SourceHealth, SourceState
from crackseg_desktop.simulation.host import MAIN_PID, host_at, processes_at
from crackseg_desktop.simulation.phase import Phase, phase_at
from crackseg_desktop.simulation.processes import table_at
from crackseg_desktop.simulation.scripts import MAIN
from crackseg_desktop.simulation.timeline import ASLEEP_SINCE, HOTTEST, SEED, SLOWED_SECONDS, as_told, smooth_noise
from crackseg_desktop.units import GIB

LAPTOP_GPU = "GPU-51a7e0d2-3c48-4f19-9b60-7e0a5d1c8f24"
BOX_GPU = "GPU-c93b1f76-08de-4a52-8d17-42f6b9ae3051"

_DESKTOP = ((2210, 0.3), (3987, 0.2))
_RESERVED = 0.2
_COOL, _WARM, _HOT = 45.0, 75.4, 82.0


def sample_at(time: float, monotonic: float, anchor: float, seed: int = SEED) -> Sample:
    """Return the sample of a moment. ``time`` and ``anchor`` (what stands for 14:05 of the story) are Unix seconds."""
    at = time - anchor
    phase = phase_at(at)
    return Sample(
        time=time,
        monotonic=monotonic,
        host=host_at(at, phase, seed),
        gpus=(_laptop_gpu(at, time, phase, seed), _box_gpu(at, time, anchor)),
        sources=(SourceHealth("nvidia", SourceState.OK), SourceHealth("host", SourceState.OK)),
        processes=processes_at(at, anchor),
        table=table_at(at, anchor, seed, works=phase != "idle"),
        simulated=True,
    )


def _laptop_gpu(at: float, time: float, phase: Phase, seed: int) -> GpuReading:
    run = as_told(at, 6.1, {"idle": 0.0, "train": 6.1, "validate": 5.6, "checkpoint": 5.5}[phase])
    slowed = HOTTEST <= at < HOTTEST + SLOWED_SECONDS
    return GpuReading(
        labels={"gpu": LAPTOP_GPU},
        figures=_memory(8.0, run + sum(size for _, size in _DESKTOP))
        | _load(at, phase, seed)
        | {
            "gpu_temperature_celsius": _temperature(at, seed),
            "gpu_temperature_slowdown_celsius": 87.0,
            "gpu_power_limit_watts": 125.0,
            "gpu_energy_joules_total": _energy(at),
            "gpu_clock_sm_hertz": 1290e6 if slowed else 1605e6 if phase != "idle" else 210e6,
            "gpu_clock_memory_hertz": 7001e6 if phase != "idle" else 405e6,
            "gpu_performance_state": 2.0 if phase != "idle" else 8.0,
            "gpu_throttled": float(slowed),
            "gpu_throttled_by_heat": float(slowed),
        },
        unavailable={"gpu_fan_speed_ratio": "not reported on laptops"},
        uuid=LAPTOP_GPU,
        index=0,
        name="NVIDIA GeForce RTX 3070 Ti Laptop GPU",
        throttle_reasons=("The hardware lowers the clocks because of heat",) if slowed else (),
        processes=_gpu_processes(run),
        taken=time,
    )


def _box_gpu(at: float, time: float, anchor: float) -> GpuReading:
    """Return the GPU of the external box: without work, and asleep since 13:40 with its figures of then."""
    asleep = at > ASLEEP_SINCE
    return GpuReading(
        labels={"gpu": BOX_GPU},
        figures=_memory(12.0, 0.0)
        | {
            "gpu_utilization_ratio": 0.0,
            "gpu_memory_controller_utilization_ratio": 0.0,
            "gpu_temperature_celsius": 36.0,
            "gpu_temperature_slowdown_celsius": 90.0,
            "gpu_power_watts": 13.0,
            "gpu_power_limit_watts": 170.0,
            "gpu_energy_joules_total": 412e3 + 13.0 * min(at, ASLEEP_SINCE),
            "gpu_clock_sm_hertz": 210e6,
            "gpu_clock_memory_hertz": 405e6,
            "gpu_fan_speed_ratio": 0.0,
            "gpu_performance_state": 8.0,
            "gpu_throttled": 0.0,
            "gpu_throttled_by_heat": 0.0,
        },
        uuid=BOX_GPU,
        index=1,
        name="NVIDIA GeForce RTX 3060",
        state=SourceState.ASLEEP if asleep else SourceState.OK,
        reason="powered down, and not woken to be read" if asleep else None,
        taken=anchor + ASLEEP_SINCE if asleep else time,
    )


def _memory(total: float, used: float) -> dict[str, float]:
    return {
        "gpu_memory_total_bytes": total * GIB,
        "gpu_memory_used_bytes": used * GIB,
        "gpu_memory_reserved_bytes": _RESERVED * GIB,
        "gpu_memory_free_bytes": (total - used - _RESERVED) * GIB,
        "gpu_memory_used_ratio": used / total,
    }


def _load(at: float, phase: Phase, seed: int) -> dict[str, float]:
    depth = Random(f"{seed}/dip/{MAIN.epochs_done(at)}").uniform(0.18, 0.55)
    level = {"idle": 0.02, "train": 0.93, "validate": 0.62, "checkpoint": depth}[phase]
    busy = as_told(at, 0.92, level + 0.02 * smooth_noise(seed, "gpu", at, 4.0))
    drawn = {"idle": 18.0, "train": 105.5, "validate": 82.0, "checkpoint": 35.0 + 60.0 * depth}[phase]
    return {
        "gpu_utilization_ratio": busy,
        "gpu_memory_controller_utilization_ratio": busy * 0.52,
        "gpu_power_watts": as_told(at, 104.0, drawn + 3.5 * smooth_noise(seed, "power", at, 5.0)),
    }


def _temperature(at: float, seed: int) -> float:
    """Return a temperature that warms up with the training, wanders, and has its one peak at 13:21."""
    working = _WARM + 1.2 * smooth_noise(seed, "temperature", at, 300.0)
    peak = math.exp(-(((at - HOTTEST) / 110.0) ** 2))
    working += (_HOT - working) * peak
    since_start, since_end = at - MAIN.started, at - MAIN.end
    warmth = 1.0 - math.exp(-max(0.0, since_start) / 240.0)
    if since_end > 0:
        warmth *= math.exp(-since_end / 240.0)
    return as_told(at, 76.0, _COOL + (working - _COOL) * warmth)


def _energy(at: float) -> float:
    """Return joules since the driver was loaded; they rise with the mean power of work and of rest."""
    worked = min(max(at, MAIN.started), MAIN.end)
    return 9.1e6 + 103.0 * worked + 18.0 * (at - worked)


def _gpu_processes(run: float) -> tuple[GpuProcess, ...]:
    desktop = tuple(GpuProcess(pid, round(size * GIB), "graphics") for pid, size in _DESKTOP)
    return (GpuProcess(MAIN_PID, round(run * GIB), "compute"), *desktop) if run else desktop
