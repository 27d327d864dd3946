"""What does not answer around this machine: mounts and named hosts, as they were last told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop.alerts.observation import Observation
from crackseg_desktop.alerts.observe import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crackseg_desktop.readings import FoldersRead, HostAnswer


class Outages:
    """Keeps since when each has been silent; what answers again stays listed, so that its alert ends."""

    def __init__(self) -> None:
        self._mounts: dict[str, float | None] = {}
        self._simulated = False
        self._hosts: dict[str, HostAnswer] = {}

    def on_folders(self, read: FoldersRead) -> None:
        """Take over which mounts are silent."""
        self._simulated = read.simulated
        self._mounts = {**dict.fromkeys(self._mounts), **dict(read.silent)}

    def on_host(self, answer: HostAnswer) -> None:
        """Take over how a host answered."""
        self._hosts[answer.host] = answer

    def observations(self, now: float) -> Iterator[Observation]:
        """Yield how long each has been silent, in seconds; 0 where it answers. ``now`` is in Unix seconds."""
        for point, since in self._mounts.items():
            silent, labels = _seconds(since, now), {"mount": point}
            yield Observation("mount_silent_seconds", labels, silent, point, simulated=self._simulated)
        for name, answer in self._hosts.items():
            silent, labels, detail = _seconds(answer.since, now), {"host": name}, sentence(answer.reason)
            yield Observation("host_unreachable_seconds", labels, silent, name, detail, simulated=answer.simulated)


def _seconds(since: float | None, now: float) -> float:
    return 0.0 if since is None else max(0.0, now - since)
