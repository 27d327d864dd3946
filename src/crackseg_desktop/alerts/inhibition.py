"""Which alert makes which others moot: while it is there, they are recorded and not announced. Data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crackseg_desktop.readings import AlertEvent


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While ``source`` is there, ``targets`` with the same value of the label ``of`` are not told; "": all of them."""

    source: str
    targets: frozenset[str]
    of: str = ""

    def mutes(self, event: AlertEvent, sources: Iterable[AlertEvent]) -> bool:
        """Say whether one of the alerts of its source rule makes this one moot."""
        subject = event.labels.get(self.of)
        return any(not self.of or source.labels.get(self.of) == subject for source in sources)


_OF_GPU = frozenset({"gpu_temperature", "gpu_memory", "gpu_throttling", "gpu_xid"})
_OF_LIFE = frozenset({"stalled", "plateau", "gpu_idle"})

INHIBITIONS: tuple[Inhibition, ...] = (
    Inhibition("gpu_lost", _OF_GPU, "gpu"),
    Inhibition("gpu_lost", frozenset({"source_silent", "gpu_idle"})),
    Inhibition("driver_mismatch", _OF_GPU | {"gpu_lost", "gpu_idle", "source_silent"}),
    Inhibition("gpu_temperature", frozenset({"gpu_throttling"}), "gpu"),
    Inhibition("disk_space", frozenset({"disk_share"}), "mount"),
    Inhibition("nan", frozenset({"divergence", "overfit", "collapse", "plateau"}), "run"),
    Inhibition("divergence", frozenset({"overfit", "plateau"}), "run"),
    Inhibition("dataset_error", frozenset({"run_failed"}), "run"),
    Inhibition("run_failed", _OF_LIFE, "run"),
    Inhibition("run_finished", _OF_LIFE, "run"),
)
