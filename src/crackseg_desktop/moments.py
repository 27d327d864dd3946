"""How a person names a moment on the command line: Unix seconds, ISO 8601, or an age. Pure."""

from __future__ import annotations

import math
import re
from datetime import datetime

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


def parse_moment(text: str, now: float) -> float:
    """Return a moment in Unix seconds: ``1700000000``, ``2026-11-23T08:00`` (local without a zone) or ``10m`` ago.

    Raises ValueError for anything else.
    """
    text = text.strip()
    if age := _AGE.fullmatch(text):
        return now - float(age[1]) * _SECONDS[age[2]]
    try:
        moment = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text).timestamp()
        except (ValueError, OverflowError, OSError):
            moment = math.nan
    if not math.isfinite(moment):
        raise ValueError(f"must be Unix seconds, ISO 8601 or an age such as 10m, 24h, 7d, not {text!r}")
    return moment
