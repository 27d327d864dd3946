"""Whether the NVIDIA GPUs of this machine are powered down, asked of the kernel so that asking does not wake them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NVIDIA = "0x10de"
IDLE_SECONDS = 60.0
"""For so long nothing has used a GPU before it is let go."""
FALL_ASLEEP_SECONDS = 30.0
"""So long it has to power down; drivers take 10 s or more."""
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

    def may_sleep(self) -> bool:
        """Say whether there are NVIDIA GPUs and the system may suspend all of them while nobody uses them."""
        controls = [_line(device / "power/control") for device in self._gpus()]
        return bool(controls) and all(control == "auto" for control in controls)

    def _gpus(self) -> list[Path]:
        try:
            devices = list(self._devices.iterdir())
        except OSError:
            return []
        return [device for device in devices if _is_nvidia_gpu(device)]


class Rest:
    """Decides when NVML is to be let go so that idle GPUs can power down. Times are monotonic seconds.

    They are tried to be put to rest once for each time that they fall idle: where something else keeps them awake,
    they are read on.
    """

    def __init__(self, power: RuntimePower) -> None:
        self._power = power
        self._idle_since: float | None = None
        self._was_tried = False
        self._until: float | None = None

    def note(self, now: float, *, idle: bool) -> bool:
        """Take note of a reading; return whether NVML is to be let go now."""
        if not idle:
            self._idle_since, self._was_tried = None, False
            return False
        self._idle_since = now if self._idle_since is None else self._idle_since
        if self._was_tried or now - self._idle_since < IDLE_SECONDS:
            return False
        self._was_tried = True
        if not self._power.may_sleep():
            return False
        self._until = now + FALL_ASLEEP_SECONDS
        return True

    def waiting(self, now: float) -> bool:
        """Say whether they were let go and may yet fall asleep."""
        return self._until is not None and now < self._until

    def slept(self) -> None:
        """Take note that they fell asleep, or the whole machine did: when they wake, they are read at once."""
        self._idle_since, self._was_tried, self._until = None, False, None


def _is_nvidia_gpu(device: Path) -> bool:
    return _line(device / "vendor") == _NVIDIA and _line(device / "class").startswith(_DISPLAY)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
