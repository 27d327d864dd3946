"""What ``check`` says: the monitoring-plugin convention over all alerts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crackseg_desktop.export.documents import alert_document
from crackseg_desktop.readings import Severity, SourceState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.readings import AlertEvent, Sample

_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
_UNKNOWABLE = frozenset(
    {
        SourceState.MISMATCH,
        SourceState.NO_PERMISSION,
        SourceState.LOST,
        SourceState.NOT_RESPONDING,
        SourceState.FAILED,
    }
)
"""A source in one of these states should answer and does not. A machine without a GPU is not unknown but without."""

_OF_SOURCES = frozenset({"driver_mismatch", "source_silent", "gpu_lost"})
"""Rules about what cannot be read: they say that a state is unknown, not that it is bad."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state (ok, warning, critical, unknown), why it is unknown, and what it rests on."""

    state: str
    reason: str | None
    alerts: tuple[AlertEvent, ...]
    sample: Sample
    active_runs: int

    @property
    def code(self) -> int:
        """Return the exit code."""
        return _CODES[self.state]

    def document(self) -> dict[str, Any]:
        """Return the document of ``check --json``."""
        return {
            "state": self.state,
            "reason": self.reason,
            "alerts": [alert_document(event) for event in self.alerts],
        }


def verdict(sample: Sample, alerts: Sequence[AlertEvent], active_runs: int) -> Verdict:
    """Sum up: the worst alert counts; without one, a source that should answer and does not is unknown."""
    severities = {event.severity for event in alerts if event.rule not in _OF_SOURCES}
    reason = next(
        (f"{source.name}: {source.reason or source.state}" for source in sample.sources if source.state in _UNKNOWABLE),
        None,
    ) or next((f"GPU {gpu.index}: {gpu.reason or gpu.state}" for gpu in sample.gpus if gpu.state in _UNKNOWABLE), None)
    if Severity.CRITICAL in severities:
        state = "critical"
    elif Severity.WARNING in severities:
        state = "warning"
    else:
        state = "unknown" if reason else "ok"
    return Verdict(state, reason, tuple(alerts), sample, active_runs)
