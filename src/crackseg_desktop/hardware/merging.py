"""Puts the parts of all sources together into one sample; what is not fresh says so."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from crackseg_desktop.readings import GpuReading, HostReading, Part, Reading, SourceHealth, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = TypeVar("Item")
_STALE = frozenset({SourceState.NOT_RESPONDING, SourceState.FAILED})


def carried(part: Part, health: SourceHealth) -> Part:
    """Return the last good part of a source as it may be shown while the source does not answer.

    A GPU keeps its figures with their old ``taken``. Figures of the host bear no time of their own: they become
    unavailable, since repeating them would draw a flat line that nobody measured.
    """
    if health.state not in _STALE:
        return part
    reason = health.reason or health.state.value
    return replace(
        part,
        gpus=tuple(replace(gpu, state=health.state, reason=reason) for gpu in part.gpus),
        host=None if part.host is None else _host_without_figures(part.host, reason),
        own=None if part.own is None else _without_figures(part.own, reason),
        table=None,
    )


def merge_hosts(hosts: Iterable[HostReading]) -> HostReading | None:
    """Join what several sources say about the machine; the last one wins where two tell the same figure."""
    figures: dict[str, float] = {}
    reasons: dict[str, str] = {}
    everything = tuple(hosts)
    for host in everything:
        figures.update(host.figures)
        reasons.update(host.unavailable)
    if not everything:
        return None
    return HostReading(
        {},
        figures,
        {metric: reason for metric, reason in reasons.items() if metric not in figures},
        next((host.hostname for host in everything if host.hostname), ""),
        disks=_joined(host.disks for host in everything),
        interfaces=_joined(host.interfaces for host in everything),
        drives=_joined(host.drives for host in everything),
        sensors=_joined(host.sensors for host in everything),
        fans=_joined(host.fans for host in everything),
        cores=_joined(host.cores for host in everything),
        notes=_joined(host.notes for host in everything),
    )


def gpus_of(parts: Iterable[Part]) -> tuple[GpuReading, ...]:
    """Return all GPUs in the order of their index."""
    return tuple(sorted((gpu for part in parts for gpu in part.gpus), key=lambda gpu: (gpu.index, gpu.uuid)))


def _joined(parts: Iterable[tuple[Item, ...]]) -> tuple[Item, ...]:
    return tuple(chain.from_iterable(parts))


def _without_figures(reading: Reading, reason: str) -> Reading:
    return replace(reading, figures={}, unavailable={**reading.unavailable, **dict.fromkeys(reading.figures, reason)})


def _host_without_figures(host: HostReading, reason: str) -> HostReading:
    return replace(
        host,
        figures={},
        unavailable={**host.unavailable, **dict.fromkeys(host.figures, reason)},
        disks=tuple(_without_figures(disk, reason) for disk in host.disks),
        interfaces=tuple(_without_figures(interface, reason) for interface in host.interfaces),
        drives=tuple(_without_figures(drive, reason) for drive in host.drives),
        sensors=tuple(_without_figures(sensor, reason) for sensor in host.sensors),
        fans=tuple(_without_figures(fan, reason) for fan in host.fans),
        cores=(),
    )
