"""How a figure is written for a person: value, space, unit, as the design's language page lays down."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

GIB = 1024**3
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL_HERTZ = ((1e9, "GHz"), (1e6, "MHz"), (1.0, "Hz"))
_FRACTIONS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
MISSING = "–"


def split_figure(unit: str, value: float | None) -> tuple[str, str]:
    """Return the figure and its unit as two texts, so that a face can set the unit smaller.

    ``unit`` is a catalogue unit. A missing or NaN value is an en dash without a unit.
    """
    if value is None or math.isnan(value):
        return MISSING, ""
    match unit:
        case "bytes" | "bytes_per_second":
            figure, name = _binary(value)
            return figure, name if unit == "bytes" else f"{name}/s"
        case "ratio":
            return f"{value * 100:.0f}", "%"
        case "celsius":
            return f"{value:.0f}", "°C"
        case "watts":
            return f"{value:.0f}", "W"
        case "joules":
            return f"{value / 3.6e6:.2f}", "kWh"
        case "hertz":
            scale, name = next(pair for pair in _DECIMAL_HERTZ if value >= pair[0] or pair[0] == 1.0)
            return f"{value / scale:.{2 if scale == 1e9 else 0}f}", name
        case "rpm":
            return f"{value:.0f}", "rpm"
        case "per_hour":
            return f"{value:.1f}", "epochs/h"
        case "seconds":
            return duration(value), ""
        case _:
            return f"{value:g}", ""


def figure(unit: str, value: float | None) -> str:
    """Return a figure with its unit in one text, such as ``6.6 GiB`` or ``76 °C``."""
    return " ".join(part for part in split_figure(unit, value) if part)


def score(value: float | None) -> str:
    """Write a loss or a score with three decimals (``0.612``); very small and very large ones in scientific form."""
    if value is None:
        return MISSING
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    if value != 0 and not 1e-3 <= abs(value) < 1e4:
        return f"{value:.1e}".replace("-", "−")
    return f"{value:.3f}".replace("-", "−")


def duration(seconds: float | None) -> str:
    """Write a span of time in its two largest units: ``12 s``, ``4 min``, ``1 h 42 min``, ``3 d 4 h``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def local_time(moment: float) -> datetime | None:
    """Return a moment (Unix seconds) as local time; None for one that no calendar has, which files may well tell."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(moment, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def span(low: float, high: float) -> str:
    """Write between which two times something lies: ``1 h 38 – 1 h 47 min``; one time where both read the same."""
    first, last = duration(low), duration(high)
    unit = last[last.rfind(" ") :]
    return first if first == last else f"{first.removesuffix(unit)} – {last}"


def short_duration(seconds: float | None) -> str:
    """Write a span of time of which fractions count: ``7.914 ms``, ``721.272 µs``, ``1.250 s``."""
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    if seconds == 0:
        return "0 s"
    scale, name = next((pair for pair in _FRACTIONS if abs(seconds) >= pair[0]), _FRACTIONS[-1])
    return f"{seconds / scale:.3f} {name}".replace("-", "−")


def printable(line: str) -> str:
    """Escape what could steer a terminal or forge a line: names of runs and tags come from anywhere."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)


def _binary(value: float) -> tuple[str, str]:
    size, name = float(value), _BINARY[0]
    for name in _BINARY:
        if abs(size) < 1000 or name == _BINARY[-1]:
            break
        size /= 1024
    decimals = 0 if name == "B" or abs(size) >= 100 else 1
    return f"{size:.{decimals}f}", name
