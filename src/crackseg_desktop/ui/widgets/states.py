"""How run states and alerts look: a glyph, a word and colours each, never colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from crackseg_desktop.readings import AlertEvent, AlertState, RunState, Severity, SourceState


@dataclass(frozen=True, slots=True)
class Look:
    """Glyph, word, text colour and ground (chip) as names of the design."""

    glyph: str
    word: str
    colour: str = "text2"
    ground: str = "raised"


RUN_LOOKS: dict[RunState, Look] = {
    RunState.RUNNING: Look("play", "Running", "accent", "accent_soft"),
    RunState.STALLED: Look("bars", "Stalled", "warning", "warning_soft"),
    RunState.FINISHED: Look("tick", "Finished"),
    RunState.FAILED: Look("cross", "Failed", "critical", "critical_soft"),
    RunState.INTERRUPTED: Look("square", "Interrupted"),
    RunState.UNKNOWN: Look("ring", "Unknown"),
}

GPU_LOOKS: dict[SourceState, Look] = {
    SourceState.OK: Look("tick", "OK"),
    SourceState.UNAVAILABLE: Look("ring", "Unavailable"),
    SourceState.MISMATCH: Look("cross", "Driver and library differ"),
    SourceState.NO_PERMISSION: Look("ring", "No permission"),
    SourceState.ASLEEP: Look("moon", "Asleep"),
    SourceState.LOST: Look("cross", "Lost", "critical"),
    SourceState.NOT_RESPONDING: Look("clock", "Not responding", "warning"),
    SourceState.FAILED: Look("cross", "Failed", "critical"),
}

_STATES: dict[AlertState, Look] = {
    AlertState.PENDING: Look("clock", "Pending"),
    AlertState.ACKNOWLEDGED: Look("tick", "Acknowledged"),
    AlertState.SNOOZED: Look("snoozed", "Snoozed"),
    AlertState.RESOLVED: Look("tick", "Resolved"),
    AlertState.NO_DATA: Look("ring", "No data"),
}

_FIRING: dict[Severity, Look] = {
    Severity.CRITICAL: Look("critical", "Needs you", "on_critical", "critical_fill"),
    Severity.WARNING: Look("warning", "Warning", "warning", "warning_soft"),
    Severity.INFO: Look("info", "Note"),
}


SEVERITY_WORDS = {Severity.CRITICAL: "Critical", Severity.WARNING: "Warning", Severity.INFO: "Note"}


def alert_chip(event: AlertEvent, snoozed: str = "") -> Look:
    """Return the chip that names the state of an alert; ``snoozed`` says until when, where it is."""
    if snoozed and event.state in (AlertState.FIRING, AlertState.SNOOZED):
        return Look("snoozed", f"Snoozed {snoozed}")
    return _STATES.get(event.state) or _FIRING[event.severity]


def alert_glyph(event: AlertEvent) -> tuple[str, str]:
    """Return (glyph, colour) for the severity of an alert: filled while it fires, an outline once it is over."""
    if event.state == AlertState.FIRING:
        return event.severity.value, {"critical": "critical", "warning": "warning_shape"}.get(event.severity, "text2")
    return f"{event.severity.value}-over", "text2" if event.state != AlertState.RESOLVED else "text3"


def alert_ground(event: AlertEvent) -> str:
    """Return the ground of the row or banner of an alert."""
    if event.state != AlertState.FIRING:
        return "card"
    return {"critical": "critical_soft", "warning": "warning_soft"}.get(event.severity, "card")
