"""One NVML handle behind the gate: the newest way that answers, and what was found to have no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crackseg_desktop.hardware.nvml import Missing

if TYPE_CHECKING:
    from crackseg_desktop.hardware.nvml import Nvml

Way = tuple[str, tuple[int, ...]]
"""An NVML function and its arguments after the handle."""


class Device:
    """A GPU's handle. What it cannot do is learned once, for as long as NVML is not started anew."""

    def __init__(self, nvml: Nvml, handle: object) -> None:
        self.nvml, self.handle = nvml, handle
        self._unable: dict[Way, str] = {}

    def ask(self, ways: tuple[Way, ...]) -> Any:
        """Return the answer of the first way that works; raise ``Missing`` where none does.

        ``GpuGone`` and ``DriverDown`` pass through.
        """
        absence = Missing("not known", lasting=False)
        for way in ways:
            try:
                return self._try(way, way[1])
            except Missing as missing:
                if not missing.lasting:
                    raise  # an older way may tell something slightly different: no change of ways for one bad answer
                absence = missing
        raise absence

    def call(self, function: str, *arguments: int) -> Any:
        """Call a function whose arguments change from call to call; what cannot be is learned of the function."""
        return self._try((function, ()), arguments)

    def reason(self, way: Way) -> str | None:
        """Return why a way is not tried any more, None where it is."""
        return self._unable.get(way)

    def _try(self, known_as: Way, arguments: tuple[int, ...]) -> Any:
        if known_as in self._unable:
            raise Missing(self._unable[known_as], lasting=True)
        try:
            return self.nvml.call(known_as[0], self.handle, *arguments)
        except Missing as missing:
            if missing.lasting:
                self._unable[known_as] = missing.reason
            raise
