"""Collects the figures of a reading, and beside them why one is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.hardware.rates import NOT_YET

if TYPE_CHECKING:
    from collections.abc import Callable


class Figures:
    """Figures by metric name and, where one is not to be had, the reason."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self.reasons: dict[str, str] = {}

    def add(self, metrics: tuple[str, ...], ask: Callable[[], tuple[float | None, ...]]) -> None:
        """Ask for figures; what the system or psutil refuses becomes a reason."""
        try:
            values = ask()
        except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
            self.miss(metrics, reason_of(error))
            return
        self.take(metrics, values)

    def take(self, metrics: tuple[str, ...], values: tuple[float | None, ...]) -> None:
        """Take over figures; a None is one that needs a second reading."""
        for metric, value in zip(metrics, values, strict=True):
            if value is None:
                self.reasons[metric] = NOT_YET
            else:
                self.figures[metric] = float(value)

    def miss(self, metrics: tuple[str, ...], reason: str) -> None:
        """Say why figures are not to be had."""
        self.reasons |= dict.fromkeys(metrics, reason)


def reason_of(error: Exception) -> str:
    """Return what an error says, without the file's name that an OSError adds."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
