"""Ticks of axes as a person would choose them: at most 5 or 6, round, each with its unit. Pure."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.units import MISSING, local_time

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUTE, HOUR, DAY, YEAR = 60.0, 3600.0, 86400.0, 365 * 86400.0
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_BINARY_STEPS = (1.0, 2.0, 4.0, 5.0, 10.0)
_SPANS = (
    *(15.0, 30.0, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 20 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, YEAR),
)
_SMALLEST_STEP = 1e-300  # the powers of ten below lose their digits
_MOST_TICKS = 1000
"""A diverging loss can span more than a step divides: a list of its multiples would fill the memory."""


class Tick(NamedTuple):
    """A place on an axis and its text; ``strong`` marks a limit."""

    value: float
    text: str
    strong: bool = False


def parts(pixels: float) -> int:
    """Return into how many parts the ticks of an axis so long may divide it: a line of text needs its room."""
    return max(1, min(4, round(pixels / 26)))


def nice_step(span: float, count: int, steps: tuple[float, ...] = _STEPS) -> float:
    """Return the smallest round step that divides a span into at most ``count`` parts."""
    if not span > 0 or not math.isfinite(span):
        return 1.0
    raw = max(span / max(1, count), _SMALLEST_STEP)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((step * power for step in steps if step * power >= raw * (1 - 1e-9)), 10 * power)
    return min(step, sys.float_info.max)


def nice_range(low: float, high: float, count: int) -> tuple[float, float]:
    """Widen a range to round ends."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    if high - low <= max(1e-12 * max(abs(low), abs(high)), _SMALLEST_STEP):
        pad = abs(high) * 0.1 if abs(high) > _SMALLEST_STEP else 1.0
        low, high = low - pad, high + pad
    step = nice_step(high - low, count)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def tick_step(low: float, high: float, count: int, steps: tuple[float, ...] = _STEPS) -> float:
    """Return the smallest round step that sets at most ``count`` + 1 ticks into a range."""
    step = nice_step(high - low, count + 1, steps)
    while len(multiples(low, high, step)) > count + 1:
        step = nice_step(step * 1.01, 1, steps)
    return step


def multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of a step within a range, ends included; none where no axis could show them all."""
    if not (math.isfinite(low / step) and math.isfinite(high / step)) or (high - low) / step > _MOST_TICKS:
        return []
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [value for index in range(first, last + 1) if math.isfinite(value := index * step)]


def y_ticks(low: float, high: float, pixels: float, unit: str, limit: float | None = None) -> list[Tick]:
    """Return the ticks of a y axis in a catalogue unit; the limit is one of them, and neighbours too close give way."""
    scale, name = unit_scale(unit, high)
    has_limit = limit is not None and math.isfinite(limit) and low <= limit <= high
    steps = _BINARY_STEPS if unit.startswith("bytes") else _STEPS
    step = tick_step(low / scale, high / scale, parts(pixels), steps)
    places = [value * scale for value in multiples(low / scale, high / scale, step)]
    ticks = [Tick(value, _with_unit(value / scale, step, name)) for value in places]
    if limit is not None and has_limit:
        near = 15.0 * (high - low) / max(1.0, pixels)
        ticks = [tick for tick in ticks if abs(tick.value - limit) > near][: 5 - 1]
        figure = f"{limit / scale:.1f}".removesuffix(".0")
        ticks.append(Tick(limit, f"{figure} {name}".strip(), strong=True))
    return sorted(ticks)[:5]


def unit_scale(unit: str, high: float) -> tuple[float, str]:
    """Return (what one unit on the axis is in base units, its name) for values up to ``high``."""
    match unit:
        case "bytes" | "bytes_per_second":
            power = 0
            while high / 1024**power >= 1000 and power < len(_BINARY) - 1:
                power += 1
            return float(1024**power), _BINARY[power] + ("/s" if unit == "bytes_per_second" else "")
        case "ratio":
            return 0.01, "%"
        case "celsius":
            return 1.0, "°C"
        case "watts":
            return 1.0, "W"
        case _:
            return 1.0, ""


def score_ticks(low: float, high: float, pixels: float) -> list[Tick]:
    """Return the ticks of a loss or a score, all with the decimals that their step needs."""
    step = tick_step(low, high, parts(pixels))
    return [Tick(value, _decimal(value, step)) for value in multiples(low, high, step)][:5]


def count_ticks(low: float, high: float, pixels: float) -> list[Tick]:
    """Return ticks of epochs or steps: the first, the last and round ones between, at most 6."""
    if not math.isfinite(high - low):
        return []
    if high - low < 1:
        return [Tick(low, _count(low))]
    step = max(1.0, nice_step(high - low, max(1, min(5, int(pixels / 56)))))
    step = math.ceil(step)
    near = 0.5 * step
    inner = [value for value in multiples(low, high, step) if value - low >= near and high - value >= near]
    return [Tick(value, _count(value)) for value in (low, *inner[:4], high)]


def ago_ticks(span: float, pixels: float) -> list[Tick]:
    """Return ticks of the time before now: ``−45 min``, ``−30``, ``−15``, ``now``."""
    step = _time_step(span, max(1, min(4, int(pixels / 50))))
    places = [-value for value in multiples(step, span - step * 0.4, step)][::-1]
    inner = [
        Tick(value, f"−{-value / MINUTE:g} min" if index == 0 else f"−{-value / MINUTE:g}")
        for index, value in enumerate(places)
    ]
    return [*inner, Tick(0.0, "now")]


def clock_ago_ticks(span: float, pixels: float, now: float) -> list[Tick]:
    """Return ticks of the time before now as clock times, both ends included."""
    step = _time_step(span, max(1, min(4, int(pixels / 60))))
    ticks = (Tick(-value, clock(now - value)) for value in reversed(multiples(0.0, span, step)))
    return _told(ticks)[:6]


def elapsed_ticks(low: float, high: float, pixels: float) -> list[Tick]:
    """Return ticks of the time since a start: ``0``, ``15 min``, ``1 h 15``."""
    step = _time_step(high - low, max(1, min(5, int(pixels / 64))))
    return [Tick(value, elapsed(value)) for value in multiples(low, high, step)][:6]


def clock_ticks(low: float, high: float, pixels: float) -> list[Tick]:
    """Return ticks of clock times between two moments (Unix seconds), on round local times; days where it is long.

    Midnight is told by its day. Moments that no calendar has are left out.
    """
    step = _time_step(high - low, max(1, min(5, int(pixels / 64))))
    text = day if step >= DAY else seconds_of_day if step < MINUTE else _clock_or_day if high - low > HOUR else clock
    return _told(Tick(place, text(place)) for place in _local_multiples(low, high, step))[:6]


def _local_multiples(low: float, high: float, step: float) -> list[float]:
    """Return the moments that are a multiple of a step in local time, which daylight saving may shift between them."""
    offset = _utc_offset(low)
    found = []
    for local in multiples(low + offset, high + offset + HOUR, step):
        place = local - offset
        place = local - _utc_offset(place)
        if low - 1e-6 <= place <= high + 1e-6 and place not in found:
            found.append(place)
    return found


def elapsed(seconds: float) -> str:
    """Write a time since a start, as axes do."""
    minutes = round(seconds / MINUTE)
    if seconds < MINUTE:
        return f"{seconds:.0f} s" if seconds else "0"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d}" if minutes else f"{hours} h"
    return f"{hours / 24:g} d"


def clock(moment: float) -> str:
    """Write a moment (Unix seconds) as local clock time."""
    local = local_time(moment)
    return MISSING if local is None else local.strftime("%H:%M")


def seconds_of_day(moment: float) -> str:
    """Write a moment (Unix seconds) as local clock time to the second."""
    local = local_time(moment)
    return MISSING if local is None else local.strftime("%H:%M:%S")


def _clock_or_day(moment: float) -> str:
    text = clock(moment)
    return day(moment) if text == "00:00" else text


def day(moment: float) -> str:
    """Write a moment (Unix seconds) as a local day, such as ``23 Nov``."""
    local = local_time(moment)
    return MISSING if local is None else f"{local.day} {local:%b}"


def _told(ticks: Iterable[Tick]) -> list[Tick]:
    return [tick for tick in ticks if tick.text != MISSING]


def _utc_offset(moment: float) -> float:
    local = local_time(moment)
    offset = None if local is None else local.utcoffset()
    return offset.total_seconds() if offset is not None else 0.0


def _time_step(span: float, count: int) -> float:
    for step in _SPANS:
        if span / step <= count + 1e-9:
            return step
    return math.ceil(span / count / YEAR) * YEAR if math.isfinite(span) else YEAR


def _with_unit(value: float, step: float, name: str) -> str:
    return f"{_decimal(value, step)} {name}".strip()


def _decimal(value: float, step: float) -> str:
    largest = max(abs(value), step)
    if largest >= 1e5 or step < 1e-4:
        return f"{value:.1e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e−").replace("-", "−")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if decimals and round(step * 10**decimals, 6) % 1:  # a step of 0.25 needs one more than one of 0.1
        decimals += 1
    elif not decimals and step % 1:
        decimals = 1
    return f"{value + 0.0:.{decimals}f}".replace("-", "−")


def _count(value: float) -> str:
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g} M"
    if abs(value) >= 1e4:
        return f"{value / 1e3:.3g} k"
    return f"{value:.0f}"
