"""How a run compares with what is usual: the guide's performance baselines, or the user's. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.units import GIB

if TYPE_CHECKING:
    from crackseg_desktop.readings import Run
    from crackseg_desktop.settings import Baselines

Side = Literal["below", "within", "above"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of a run beside its usual span; ``summary`` says it in a sentence.

    ``verdict`` is None where ``value`` is not known, or where it is too early to judge.
    """

    value: float | None
    usual: tuple[float, float]
    verdict: Side | None
    summary: str


def compare(run: Run, baselines: Baselines) -> dict[str, Comparison]:
    """Return the comparisons by the name of the setting."""
    return {
        "total_hours": _hours(run, baselines),
        "memory_gib": _memory(run, baselines),
        "convergence_epochs": _convergence(run, baselines),
    }


def _hours(run: Run, baselines: Baselines) -> Comparison:
    usual = baselines.total_hours
    if run.epochs_per_hour is None:
        return Comparison(None, usual, None, "its speed is not known before two epochs have ended")
    hours = baselines.epochs / run.epochs_per_hour
    verdict = _side(hours, usual)
    words = {"below": "faster than", "within": "within", "above": "slower than"}[verdict]
    begun = "on course for" if run.active else "its speed makes"
    told = f"{begun} {_hours_words(hours)} for {baselines.epochs} epochs"
    return Comparison(hours, usual, verdict, f"{told}, {words} the usual {_span(usual)} h")


def _memory(run: Run, baselines: Baselines) -> Comparison:
    peak, usual = run.performance.peak_memory_bytes, baselines.memory_gib
    if peak is None:
        reason = run.performance.unavailable.get("peak_memory_bytes", "not measured")
        return Comparison(None, usual, None, f"peak GPU memory is not known: {reason}")
    verdict = _side(peak / GIB, usual)
    words = {"below": "less than", "within": "within", "above": "more than"}[verdict]
    return Comparison(peak / GIB, usual, verdict, f"peak of {peak / GIB:.1f} GiB, {words} the usual {_span(usual)} GiB")


def _convergence(run: Run, baselines: Baselines) -> Comparison:
    epoch, usual = run.performance.convergence_epoch, baselines.convergence_epochs
    if epoch is not None:
        verdict = _side(epoch, usual)
        words = {"below": "earlier than", "within": "within", "above": "later than"}[verdict]
        return Comparison(epoch, usual, verdict, f"converged at epoch {epoch}, {words} the usual {_span(usual)}")
    if run.facts.epoch is None or run.performance.monitor is None:
        return Comparison(None, usual, None, "nothing tells yet whether it converged")
    told = f"not converged by epoch {run.facts.epoch}"
    if run.facts.epoch > usual[1]:
        return Comparison(None, usual, "above", f"{told}, later than the usual {_span(usual)}")
    return Comparison(None, usual, None, f"{told}, usual is {_span(usual)}")


def _side(value: float, usual: tuple[float, float]) -> Side:
    return "below" if value < usual[0] else "above" if value > usual[1] else "within"


def _hours_words(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 0.1 else f"{hours * 60:.1f} min"


def _span(usual: tuple[float, float]) -> str:
    return f"{usual[0]:g}–{usual[1]:g}"
