"""Whether the NVIDIA GPUs of this machine are powered down, asked of the kernel so that asking does not wake them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NVIDIA = "0x10de"
_DISPLAY = "0x03"  # PCI class of display controllers; the audio function of a GPU is 0x0403


class RuntimePower:
    """Runtime power management of the NVIDIA GPUs, as Linux tells it under ``/sys/bus/pci``; elsewhere there is none.

    NVML resumes a suspended GPU, and an open handle keeps it from being suspended again.
    """

    def __init__(self, sysfs: Path) -> None:
        self._devices = sysfs / "bus/pci/devices"

    def asleep(self) -> bool:
        """Say whether there are NVIDIA GPUs and all of them are suspended."""
        states = [_line(device / "power/runtime_status") for device in self._gpus()]
        return bool(states) and all(state == "suspended" for state in states)

    def _gpus(self) -> list[Path]:
        try:
            devices = list(self._devices.iterdir())
        except OSError:
            return []
        return [device for device in devices if _is_nvidia_gpu(device)]


def _is_nvidia_gpu(device: Path) -> bool:
    return _line(device / "vendor") == _NVIDIA and _line(device / "class").startswith(_DISPLAY)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
