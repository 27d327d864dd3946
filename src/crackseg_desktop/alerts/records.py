"""Alert events as plain documents, for the log and for the state that survives a restart, and back. Pure."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from crackseg_desktop.readings import AlertEvent, AlertState, Evidence, Severity


def event_document(event: AlertEvent) -> dict[str, Any]:
    """Describe an event with the names of its fields; evidence has its points as lists."""
    document = {item.name: getattr(event, item.name) for item in fields(event)}
    evidence = event.evidence
    return document | {
        "labels": dict(event.labels),
        "state": event.state.value,
        "severity": event.severity.value,
        "channels": list(event.channels),
        "evidence": None
        if evidence is None
        else {"points": [list(point) for point in evidence.points], "cause": evidence.cause, "advice": evidence.advice},
    }


def event_from(document: dict[str, Any]) -> AlertEvent:
    """Return the event that a document describes.

    Raises KeyError, TypeError or ValueError where it describes none; a field that it lacks has its default.
    """
    known = {item.name for item in fields(AlertEvent)}
    values = {name: value for name, value in document.items() if name in known}
    values["state"], values["severity"] = AlertState(values["state"]), Severity(values["severity"])
    values["channels"] = tuple(values.get("channels", ()))
    if (evidence := values.get("evidence")) is not None:
        points = tuple((float(time), float(value)) for time, value in evidence["points"])
        values["evidence"] = Evidence(points, evidence["cause"], evidence["advice"])
    return AlertEvent(**values)
