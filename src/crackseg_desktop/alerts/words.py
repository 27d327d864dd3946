"""The words of an alert: from a rule and an observation to a title and a summary that a notification holds. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop import units

if TYPE_CHECKING:
    from crackseg_desktop.alerts.observation import Observation
    from crackseg_desktop.alerts.rule import Rule
    from crackseg_desktop.readings import AlertEvent

TITLE_LENGTH, SUMMARY_LENGTH = 63, 255
AGAIN = "Still: "
"""How a title begins that is said once more."""
_BACK, _OVER = "Back to normal after", "Over after"


def written(rule: Rule, seen: Observation, limit: float) -> tuple[str, str]:
    """Return title and summary of what was seen."""
    words = {
        "subject": seen.subject,
        "value": units.figure(rule.unit, seen.value),
        "limit": units.figure(rule.unit, limit),
        "detail": seen.detail,
        "fact": seen.fact,
    }
    title, summary = rule.title.format(**words), rule.summary.format(**words)
    return cut(title, TITLE_LENGTH), cut(summary.strip(), SUMMARY_LENGTH)


def recovery(rule: Rule, event: AlertEvent, seconds: float) -> str:
    """Say how long it took and how bad it was; ``event`` has the value of now and the peak."""
    lasted = units.duration(seconds)
    if rule.unit == "state":
        return f"{_OVER} {lasted}."
    kind = "peak" if rule.comparison == "above" else "lowest"
    value, peak, limit = (units.figure(rule.unit, figure) for figure in (event.value, event.peak, event.limit))
    return cut(f"{_BACK} {lasted}: {value} now, {kind} {peak}, limit {limit}.", SUMMARY_LENGTH)


def is_recovery(summary: str) -> bool:
    """Say whether the summary of a resolved alert is that of ``recovery``, not another reason why it was closed."""
    return summary.startswith((_BACK, _OVER))


def again(event: AlertEvent, seconds: float) -> tuple[str, str]:
    """Return title and summary of what is said once more after so long."""
    return (
        cut(f"{AGAIN}{event.title}", TITLE_LENGTH),
        cut(f"For {units.duration(seconds)} by now. {event.summary}", SUMMARY_LENGTH),
    )


def flapping(event: AlertEvent) -> str:
    """Return the summary of what comes and goes."""
    return cut(f"Flapping: {event.occurrence} times in 30 min. {event.summary}", SUMMARY_LENGTH)


def cut(text: str, length: int) -> str:
    """Cut a text to so many characters, with an ellipsis."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
