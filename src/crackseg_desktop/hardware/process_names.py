"""What a few processes are called, where the table of all of them is not read."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_names(pids: Iterable[int]) -> dict[int, str]:
    """Return the name of each process that is there and may be asked."""
    import psutil

    names: dict[int, str] = {}
    for pid in set(pids):
        with suppress(psutil.Error, OSError):
            names[pid] = psutil.Process(pid).name()
    return names
