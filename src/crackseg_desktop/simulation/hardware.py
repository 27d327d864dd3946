"""Simulated readings: two GPUs and a host that follow the trainings of the story. Pure.

A sample depends on its time alone, so the past can be told at once and the present goes on from it without a seam.
"""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from crackseg_desktop.readings import GpuProcess, GpuReading, Sample, SourceHealth, SourceState
from crackseg_desktop.simulation.host import MAIN_PID, host_at, processes_at
from crackseg_desktop.simulation.phase import Phase, phase_at
from crackseg_desktop.simulation.processes import table_at
from crackseg_desktop.simulation.scripts import begun_by, working_at
from crackseg_desktop.simulation.timeline import ASLEEP_SINCE, HOTTEST, SEED, SLOWED_SECONDS, as_told, smooth_noise
from crackseg_desktop.units import GIB

if TYPE_CHECKING:
    from crackseg_desktop.simulation.scripts import Script

LAPTOP_GPU = "GPU-51a7e0d2-3c48-4f19-9b60-7e0a5d1c8f24"
BOX_GPU = "GPU-c93b1f76-08de-4a52-8d17-42f6b9ae3051"

_DESKTOP = ((2210, 0.3), (3987, 0.2))
_RESERVED = 0.2
_COOL, _WARM, _HOT = 45.0, 75.4, 82.0
_WARMING_SECONDS = 240.0
_LOADED_SECONDS = 10 * 86_400.0


def sample_at(time: float, monotonic: float, anchor: float, seed: int = SEED, *, brief: bool = False) -> Sample:
    """Return the sample of a moment. ``time`` and ``anchor`` (what stands for 14:05 of the story) are Unix seconds.

    ``brief`` leaves out what is not stored and takes longest to tell: cores and the table of processes.
    """
    at = time - anchor
    phase = phase_at(at)
    return Sample(
        time=time,
        monotonic=monotonic,
        host=host_at(at, phase, seed, brief=brief),
        gpus=(_laptop_gpu(at, time, phase, seed), _box_gpu(at, time, anchor)),
        sources=(SourceHealth("nvidia", SourceState.OK), SourceHealth("host", SourceState.OK)),
        processes=processes_at(at, anchor),
        table=None if brief else table_at(at, anchor, seed, works=phase != "idle"),
        simulated=True,
    )


def _laptop_gpu(at: float, time: float, phase: Phase, seed: int) -> GpuReading:
    run = as_told(at, 6.1, {"idle": 0.0, "train": 6.1, "validate": 5.6, "checkpoint": 5.5}[phase])
    slowed = HOTTEST <= at < HOTTEST + SLOWED_SECONDS
    return GpuReading(
        labels={"gpu": LAPTOP_GPU},
        figures=_memory(8.0, run + sum(size for _, size in _DESKTOP))
        | _load(at, phase, seed)
        | _card(87.0, 92.0, _temperature(at, seed), 16, works=phase != "idle")
        | {
            "gpu_temperature_celsius": _temperature(at, seed),
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
        | _card(90.0, 95.0, 36.0, 4, works=False)
        | {
            "gpu_utilization_ratio": 0.0,
            "gpu_memory_controller_utilization_ratio": 0.0,
            "gpu_temperature_celsius": 36.0,
            "gpu_power_watts": 13.0,
            "gpu_power_limit_watts": 170.0,
            "gpu_energy_joules_total": 13.0 * (min(at, ASLEEP_SINCE) + _LOADED_SECONDS),
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


def _card(slowdown: float, shutdown: float, temperature: float, lanes: int, *, works: bool) -> dict[str, float]:
    """Return what a card is made for, and what else follows from whether it works."""
    return {
        "gpu_temperature_slowdown_celsius": slowdown,
        "gpu_temperature_shutdown_celsius": shutdown,
        "gpu_temperature_headroom_celsius": slowdown - temperature,
        "gpu_clock_sm_max_hertz": 2100e6,
        "gpu_clock_memory_max_hertz": 7501e6,
        "gpu_pcie_generation": 4.0 if works else 1.0,
        "gpu_pcie_generation_max": 4.0,
        "gpu_pcie_width": float(lanes),
        "gpu_pcie_width_max": float(lanes),
        "gpu_pcie_transmit_bytes_per_second": 310e6 if works else 0.0,
        "gpu_pcie_receive_bytes_per_second": 1250e6 if works else 0.0,
        "gpu_encoder_utilization_ratio": 0.0,
        "gpu_decoder_utilization_ratio": 0.0,
        "gpu_xid_errors_total": 0.0,
    }


def _memory(total: float, used: float) -> dict[str, float]:
    return {
        "gpu_memory_total_bytes": total * GIB,
        "gpu_memory_used_bytes": used * GIB,
        "gpu_memory_reserved_bytes": _RESERVED * GIB,
        "gpu_memory_free_bytes": (total - used - _RESERVED) * GIB,
        "gpu_memory_used_ratio": used / total,
    }


def _load(at: float, phase: Phase, seed: int) -> dict[str, float]:
    depth = _depth(at, seed) if phase == "checkpoint" else 0.0
    level = {"idle": 0.02, "train": 0.93, "validate": 0.62, "checkpoint": depth}[phase]
    busy = as_told(at, 0.92, level + 0.02 * smooth_noise(seed, "gpu", at, 4.0))
    drawn = {"idle": 18.0, "train": 105.5, "validate": 82.0, "checkpoint": 35.0 + 60.0 * depth}[phase]
    return {
        "gpu_utilization_ratio": busy,
        "gpu_memory_controller_utilization_ratio": busy * 0.52,
        "gpu_power_watts": as_told(at, 104.0, drawn + 3.5 * smooth_noise(seed, "power", at, 5.0)),
    }


def _depth(at: float, seed: int) -> float:
    """Return how busy the GPU is while the checkpoint of this epoch is written."""
    script = working_at(at)
    return Random(f"{seed}/dip/{script.epochs_done(at) if script is not None else 0}").uniform(0.18, 0.55)


def _temperature(at: float, seed: int) -> float:
    """Return a temperature that warms up with the training, wanders, and has its one peak at 13:21."""
    working = _WARM + 1.2 * smooth_noise(seed, "temperature", at, 300.0)
    peak = math.exp(-(((at - HOTTEST) / 110.0) ** 2))
    working += (_HOT - working) * peak
    warmth = max((_warmth(at, script) for script in begun_by(at)[-2:]), default=0.0)
    return as_told(at, 76.0, _COOL + (working - _COOL) * warmth)


def _warmth(at: float, script: Script) -> float:
    """Return how much of the warmth of work a training has left in the card, 0 to 1."""
    warmed = 1.0 - math.exp((script.started - min(at, script.end)) / _WARMING_SECONDS)
    return warmed * math.exp(min(0.0, script.end - at) / _WARMING_SECONDS)


def _energy(at: float) -> float:
    """Return joules since the driver was loaded, ten days ago; they rise with the mean power of work and of rest."""
    worked = sum(min(at, script.end) - script.started for script in begun_by(at))
    return 18.0 * (at + _LOADED_SECONDS) + (103.0 - 18.0) * worked


def _gpu_processes(run: float) -> tuple[GpuProcess, ...]:
    desktop = tuple(GpuProcess(pid, round(size * GIB), "graphics", 0.01) for pid, size in _DESKTOP)
    return (GpuProcess(MAIN_PID, round(run * GIB), "compute", 0.9), *desktop) if run else desktop
