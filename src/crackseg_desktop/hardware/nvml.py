"""The one gate to NVML: every call goes through it and comes back as a value or as a named absence."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crackseg_desktop.readings import SourceState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
NEEDS_NEWER_DRIVER = "needs a newer driver"
NOT_SUPPORTED = "not supported on this GPU"
TIMED_OUT = "no answer in time"
NO_NEWS = "nothing found"

# NVML's return codes (nvmlReturn_t): numbers, so that this table is there before the library is.
_NO_PERMISSION, _FUNCTION_NOT_FOUND = 4, 13
_LASTING = {
    3: NOT_SUPPORTED,
    _FUNCTION_NOT_FOUND: NEEDS_NEWER_DRIVER,
    25: NEEDS_NEWER_DRIVER,  # ARGUMENT_VERSION_MISMATCH: the structure is newer than the driver
    26: "no longer offered by this driver",
}
_PASSING = {
    _NO_PERMISSION: "not permitted for this user",
    6: NO_NEWS,
    10: TIMED_OUT,
    16: "the GPU needs a reset",
    21: "no data yet",
}
_MISMATCH = 18
_DOWN = {
    1: (SourceState.FAILED, "NVML is not initialised any more"),
    9: (SourceState.UNAVAILABLE, "The NVIDIA driver is installed but not loaded"),
    12: (SourceState.UNAVAILABLE, f"No NVIDIA driver found: {LIBRARY} is missing"),
}
_GONE = {15: "The GPU is lost: it fell off the bus", 28: "The GPU is gone"}


class Missing(Exception):  # noqa: N818  (an absence, not an error)
    """One figure is not to be had. ``lasting``: asking again is pointless until NVML is started anew."""

    def __init__(self, reason: str, *, lasting: bool) -> None:
        super().__init__(reason)
        self.reason, self.lasting = reason, lasting


class GpuGone(Exception):  # noqa: N818
    """One GPU does not exist any more; the others may go on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DriverDown(Exception):  # noqa: N818
    """No GPU can be read; ``state`` and ``reason`` say why."""

    def __init__(self, state: SourceState, reason: str) -> None:
        super().__init__(reason)
        self.state, self.reason = state, reason


class Nvml:
    """NVML behind its gate. Belongs to one thread, whose calls may block as long as the driver likes.

    Nothing is imported or loaded before ``start``. ``sysfs`` is where the kernel module tells its version.
    """

    def __init__(self, sysfs: Path = Path("/sys")) -> None:
        self._sysfs = sysfs
        self._bindings: ModuleType | None = None
        self._started = False
        self._calls: Counter[str] = Counter()

    @property
    def calls(self) -> Mapping[str, int]:
        """Return how often each function was called since the program started; in the gate's own thread."""
        return self._calls

    @property
    def started(self) -> bool:
        """Say whether NVML is initialised."""
        return self._started

    def start(self) -> None:
        """Load and initialise NVML; raise ``DriverDown`` where that is impossible."""
        if self._bindings is None:
            self._bindings = _bindings()
        try:
            self.call("nvmlInit")
        except (Missing, GpuGone) as absence:
            denied = isinstance(absence, Missing) and absence.reason == _PASSING[_NO_PERMISSION]
            state = SourceState.NO_PERMISSION if denied else SourceState.FAILED
            raise DriverDown(state, f"NVML did not start: {absence.reason}") from absence
        self._started = True

    def shut(self) -> None:
        """Give NVML back, as far as the driver still answers."""
        if self._started:
            self._started = False
            try:
                self.call("nvmlShutdown")
            except (Missing, GpuGone, DriverDown):
                return  # nothing is left to give back

    def constant(self, name: str) -> int | None:
        """Return a constant of the bindings, or None where they are too old to have it."""
        value = getattr(self._bindings, name, None)
        return value if isinstance(value, int) else None

    def call(self, function: str, *arguments: Any) -> Any:
        """Call an NVML function by name; raise ``Missing``, ``GpuGone`` or ``DriverDown``, nothing else."""
        bound = getattr(self._bindings, function, None)
        if self._bindings is None or bound is None:
            raise Missing("needs a newer nvidia-ml-py", lasting=True)
        self._calls[function] += 1
        try:
            return bound(*arguments)
        except UnicodeDecodeError as error:
            raise Missing("the driver's answer is not text", lasting=False) from error
        except self._bindings.NVMLError as error:
            raise self._absence(int(getattr(error, "value", _FUNCTION_NOT_FOUND)), str(error)) from error

    def _absence(self, code: int, words: str) -> Exception:
        if code in _LASTING:
            return Missing(_LASTING[code], lasting=True)
        if code in _GONE:
            return GpuGone(_GONE[code])
        if code in _DOWN:
            return DriverDown(*_DOWN[code])
        if code == _MISMATCH:
            return DriverDown(SourceState.MISMATCH, self._mismatch())
        return Missing(_PASSING.get(code, f"the driver answered: {words}"), lasting=False)

    def _mismatch(self) -> str:
        versions = [f"kernel module {self._module_version()}", f"library {self._library_version()}"]
        known = ", ".join(version for version in versions if not version.endswith(" None"))
        detail = f" ({known})" if known else ""
        return f"The NVIDIA driver was updated while it was in use{detail}: restart the machine"

    def _module_version(self) -> str | None:
        try:
            return (self._sysfs / "module/nvidia/version").read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            return None

    def _library_version(self) -> str | None:
        try:
            version = str(self.call("nvmlSystemGetNVMLVersion"))
        except (Missing, GpuGone, DriverDown):
            return None
        # "13.580.95.05" is CUDA's major version and the driver's.
        first, _, rest = version.partition(".")
        return rest if first.isdigit() and int(first) < 100 and "." in rest else version


def _bindings() -> ModuleType:
    try:
        import pynvml
    except ImportError as error:
        raise DriverDown(SourceState.UNAVAILABLE, "The package nvidia-ml-py is not installed") from error
    bindings: ModuleType = pynvml
    return bindings
