"""Pressure stall information (Linux): the share of time in which processes waited for a resource."""

from __future__ import annotations

import sys
from pathlib import Path

_PRESSURE = Path("/proc/pressure")
_NO_KERNEL = "this kernel does not count pressure (PSI)"


def pressure(resource: str, folder: Path = _PRESSURE) -> tuple[float, float]:
    """Return the share of the last 10 s in which some, and in which all, processes waited for cpu, memory or io.

    Raises OSError with the reason where that is not counted. Of the whole machine's CPU "all" is always 0.
    """
    if sys.platform != "linux":
        msg = "only Linux counts pressure"
        raise OSError(msg)
    try:
        text = (folder / resource).read_text()
    except OSError as error:  # not there, or there and refused where it is switched off at boot
        raise OSError(_NO_KERNEL) from error
    shares = parse_pressure(text)
    return shares.get("some", 0.0), shares.get("full", 0.0)


def parse_pressure(text: str) -> dict[str, float]:
    """Return the 10 s averages by line ("some", "full") as ratios; raises ValueError where there is none.

    See Documentation/accounting/psi.rst of the kernel.
    """
    shares: dict[str, float] = {}
    for line in text.splitlines():
        kind, *pairs = line.split()
        averages = [pair.removeprefix("avg10=") for pair in pairs if pair.startswith("avg10=")]
        if averages:
            shares[kind] = float(averages[0]) / 100
    if not shares:
        msg = "the kernel's pressure file has an unknown form"
        raise ValueError(msg)
    return shares
