"""What is using a GPU, in one line as gpustat prints it: for ``status``, and for the menu of the tray. Pure.

``[0] RTX 3070 Ti | 76°C, 92 % | 6758 / 8192 MB | swinv2-crack500-360(6100M) gnome-shell(307M)``; the figures are MiB,
which gpustat and ``nvidia-smi`` call MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crackseg_desktop.readings import GpuReading, ProcessReading, ProcessRow, Run

_MIB = 1024**2
_MAKERS = ("NVIDIA ", "GeForce ")
_MISSING = "–"
_INTERPRETER = "python"


@dataclass(frozen=True, slots=True)
class Use:
    """The figures of a GPU in base units; ``trouble`` is its state where that is not "ok".

    ``holders`` are (name, bytes; None: not told) of its processes.
    """

    index: int
    name: str
    trouble: str = ""
    temperature: float | None = None
    utilization: float | None = None
    used: float | None = None
    total: float | None = None
    holders: tuple[tuple[str, int | None], ...] = ()


def gpu_line(use: Use, most: int | None = None) -> str:
    """Write the line of a GPU; ``most``: so many holders at most, and how many there are beyond."""
    head = f"[{use.index}] {short_name(use.name)}"
    if use.trouble:
        return f"{head} | {use.trouble}"
    celsius = _MISSING if use.temperature is None else f"{use.temperature:.0f}°C"
    busy = _MISSING if use.utilization is None else f"{use.utilization * 100:.0f} %"
    memory = f"{_mib(use.used)} / {_mib(use.total)} MB"
    holders = sorted(use.holders, key=lambda holder: -(holder[1] or 0))
    told = [f"{name}({_mib(size)}{'' if size is None else 'M'})" for name, size in holders[:most]]
    if len(told) < len(holders):
        told.append(f"+{len(holders) - len(told)}")
    return " | ".join((head, f"{celsius}, {busy}", memory, " ".join(told))).removesuffix(" | ")


def use_of(gpu: GpuReading, names: Mapping[int, str]) -> Use:
    """Return the use of a GPU; ``names`` are those of its processes by PID."""
    return Use(
        gpu.index,
        gpu.name,
        "" if gpu.state == "ok" else gpu.reason or gpu.state.value,
        gpu.get("gpu_temperature_celsius"),
        gpu.get("gpu_utilization_ratio"),
        gpu.get("gpu_memory_used_bytes"),
        gpu.get("gpu_memory_total_bytes"),
        tuple((names.get(item.pid, f"PID {item.pid}"), item.memory_bytes) for item in gpu.processes),
    )


def process_names(
    runs: Iterable[Run], trainings: Iterable[ProcessReading], table: Iterable[ProcessRow] | None = None
) -> dict[int, str]:
    """Return what to call processes, by PID: the run they work for, else their script, else their name."""
    names = {row.pid: row.name for row in table or ()}
    names |= {process.pid: _program(process.command) for process in trainings if process.command}
    return names | {pid: run.facts.name for run in runs for pid in run.pids}


def short_name(name: str) -> str:
    """Return the name of a GPU without its maker."""
    for maker in _MAKERS:
        name = name.removeprefix(maker)
    return name.removesuffix(" GPU")


def _program(command: tuple[str, ...]) -> str:
    """Return the script that an interpreter runs, or the program."""
    parts = [part.replace("\\", "/").rpartition("/")[2] for part in command]
    scripts = [part for part in parts[1:] if part and not part.startswith("-")]
    return scripts[0] if parts[0].casefold().startswith(_INTERPRETER) and scripts else parts[0]


def _mib(size: float | None) -> str:
    return _MISSING if size is None else f"{size / _MIB:.0f}"
