"""The simulated workstation "nemo": its host, disks, network and training processes. Pure, in story time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from crackseg_desktop.readings import HostReading, ProcessReading, Reading
from crackseg_desktop.simulation.scripts import MAIN, STALLED, begun_by
from crackseg_desktop.simulation.timeline import DOWNLOAD, as_told, smooth_noise
from crackseg_desktop.simulation.training import CHECKOUT, CHECKPOINT_BYTES, metrics_file
from crackseg_desktop.units import GIB

if TYPE_CHECKING:
    from crackseg_desktop.simulation.phase import Phase

MAIN_PID = 48213
STALLED_PID = 31877
_MIB = 1024**2
_THREADS = 20
_MEMORY = 31.2 * GIB
_NO_LIMITS = (
    "host_limit_memory_bytes",
    "host_limit_memory_used_bytes",
    "host_limit_memory_used_ratio",
    "host_limit_cpu_threads",
)
_SAVED = sum(script.epochs_done(0.0) for script in begun_by(0.0))
_MOUNTS = (("/", 234, 61.0), ("/home", 466, 118.2), ("/mnt/nas", 7.3 * 1024, 1.9 * 1024))


def host_at(at: float, phase: Phase, seed: int, *, brief: bool = False) -> HostReading:
    """Return the host's figures at a story time; ``brief`` leaves out the cores."""
    traffic = _disk_traffic(at, phase, seed)
    return HostReading(
        labels={},
        figures=_processor(at, phase, seed) | _memory(at, phase, seed) | traffic | _at_rest(),
        unavailable=dict.fromkeys(_NO_LIMITS, "no limit is set below what the machine has"),
        hostname="nemo",
        disks=(
            _disk("/data", 466 * GIB, _data_free(at)),
            *(_disk(m, all_ * GIB, free * GIB) for m, all_, free in _MOUNTS),
        ),
        interfaces=(_interface(at, seed), _traffic("wlp0s20f3", 0.0, 0.0)),
        cores=() if brief else tuple(_core(at, seed, number) for number in range(_THREADS)),
        drives=(_drive(traffic),),
        sensors=(Reading({"sensor": "nvme Composite"}, {"host_sensor_temperature_celsius": 44.0}),),
        fans=(Reading({"fan": "thinkpad fan1"}, {"host_fan_speed_rpm": 2700.0 if phase != "idle" else 1900.0}),),
    )


def processes_at(at: float, anchor: float) -> tuple[ProcessReading, ...]:
    """Return the trainings that are alive at a story time: the main one, and the one that no longer moves."""
    stalled = _training(STALLED_PID, STALLED.name, STALLED.started, anchor)
    if not MAIN.started <= at < MAIN.end:
        return (stalled,)
    return (_training(MAIN_PID, MAIN.name, MAIN.started, anchor), stalled)


def _training(pid: int, name: str, started: float, anchor: float) -> ProcessReading:
    return ProcessReading(pid, anchor + started - 9.0, ("python", "run.py"), CHECKOUT, (metrics_file(name),))


def _processor(at: float, phase: Phase, seed: int) -> dict[str, float]:
    level = {"idle": 0.06, "train": 0.37, "validate": 0.53, "checkpoint": 0.5}[phase]
    busy = as_told(at, 0.38, level + 0.03 * smooth_noise(seed, "cpu", at, 4.0))
    load = level * _THREADS + 0.8 * smooth_noise(seed, "load", at, 45.0)
    return {
        "host_cpu_used_ratio": busy,
        "host_cpu_threads": _THREADS,
        "host_cpu_frequency_hertz": 2.3e9 + 1.9e9 * busy,
        "host_cpu_temperature_celsius": 47.0 + 45.0 * busy,
        "host_cpu_pressure_ratio": 0.02 * busy,
        "host_load1": as_told(at, 7.6, load),
        "host_load5": level * _THREADS,
        "host_load15": level * _THREADS,
    }


def _core(at: float, seed: int, number: int) -> float:
    return min(1.0, max(0.0, 0.4 + 0.3 * smooth_noise(seed, f"core {number}", at, 6.0)))


def _at_rest() -> dict[str, float]:
    """Return what stays as it is all day: nothing waits for memory, nothing is swapped, the battery is full."""
    still = (
        "host_memory_pressure_ratio",
        "host_memory_full_pressure_ratio",
        "host_swap_used_bytes",
        "host_swap_in_bytes_per_second",
        "host_swap_out_bytes_per_second",
        "host_on_battery",
    )
    full = {
        "host_battery_charge_ratio": 1.0,
        "host_battery_remaining_seconds": 6600.0,
        "host_swap_total_bytes": 8 * GIB,
    }
    return dict.fromkeys(still, 0.0) | full


def _drive(traffic: dict[str, float]) -> Reading:
    read, written = traffic["host_disk_read_bytes_per_second"], traffic["host_disk_written_bytes_per_second"]
    busy = min(1.0, (read + written) / (1600 * _MIB))
    figures = {
        "host_drive_read_bytes_per_second": read,
        "host_drive_written_bytes_per_second": written,
        "host_drive_busy_ratio": busy,
        "host_drive_latency_seconds": 0.0003 + 0.002 * busy,
    }
    return Reading({"drive": "nvme0n1"}, figures)


def _memory(at: float, phase: Phase, seed: int) -> dict[str, float]:
    level = 19.3 if phase != "idle" else 11.0
    used = as_told(at, 19.4, level + 0.4 * smooth_noise(seed, "ram", at, 700.0)) * GIB
    return {
        "host_memory_total_bytes": _MEMORY,
        "host_memory_used_bytes": used,
        "host_memory_available_bytes": _MEMORY - used,
        "host_memory_used_ratio": used / _MEMORY,
        "host_memory_cached_bytes": 8.2 * GIB,
    }


def _disk_traffic(at: float, phase: Phase, seed: int) -> dict[str, float]:
    level = {"idle": 0.1, "train": 88.0, "validate": 70.0, "checkpoint": 8.0}[phase]
    read = level * (1.0 + 0.15 * smooth_noise(seed, "read", at, 6.0))
    written = (145.0 if phase == "checkpoint" else 1.8) + 0.6 * smooth_noise(seed, "written", at, 6.0)
    return {
        "host_disk_read_bytes_per_second": as_told(at, 86.0, read) * _MIB,
        "host_disk_written_bytes_per_second": as_told(at, 2.0, written) * _MIB,
        "host_io_pressure_ratio": (read + written) / 8000,
        "host_io_full_pressure_ratio": (read + written) / 16000,
    }


def _data_free(at: float) -> float:
    """Return what is free where the checkpoints go: each epoch leaves one there."""
    saved = sum(script.epochs_done(at) for script in begun_by(at))
    return 13.1 * GIB - (saved - _SAVED) * CHECKPOINT_BYTES


def _disk(mount: str, total: float, free: float) -> Reading:
    figures = {
        "host_disk_total_bytes": total,
        "host_disk_used_bytes": total - free,
        "host_disk_free_bytes": free,
        "host_disk_used_ratio": (total - free) / total,
    }
    return Reading({"mount": mount}, figures)


def _interface(at: float, seed: int) -> Reading:
    download = 1.65 * math.exp(-(((at - DOWNLOAD) / 75.0) ** 2))
    down = as_told(at, 0.2, 0.2 + 0.08 * smooth_noise(seed, "down", at, 8.0) + download)
    up = as_told(at, 0.1, 0.1 + 0.03 * smooth_noise(seed, "up", at, 8.0))
    return _traffic("enp4s0", down * _MIB, up * _MIB)


def _traffic(interface: str, down: float, up: float) -> Reading:
    figures = {"host_network_receive_bytes_per_second": down, "host_network_transmit_bytes_per_second": up}
    return Reading({"interface": interface}, figures)
