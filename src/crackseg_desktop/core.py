"""The composition of the core: which sources and notifiers a Monitor is given. Headless and tray share it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crackseg_desktop.alerts.log import AlertLog
from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.monitor import Monitor
from crackseg_desktop.notify.router import Router
from crackseg_desktop.run_index import RunIndex
from crackseg_desktop.system.hosts import HostWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.hardware.driver import Source
    from crackseg_desktop.monitor import Worker
    from crackseg_desktop.notify.notifier import Notifier
    from crackseg_desktop.readings import Event, Sample
    from crackseg_desktop.settings import Settings


class SamplingWorker(Protocol):
    """A sampler, real or simulated."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self, timeout: float) -> object:
        """End."""
        ...

    def sample_once(self) -> Sample:
        """Read everything once, for commands that look once."""
        ...

    @property
    def stuck(self) -> tuple[str, ...]:
        """Name the sources whose driver never came back."""
        ...


@dataclass(slots=True)
class Core:
    """A Monitor with its sources and notifiers, ready to start.

    Attributes:
        folders: what is watched now.
        others: further sources, such as the watch over hosts.
        keepers: what keeps the alerts.
    """

    monitor: Monitor
    router: Router
    sampler: SamplingWorker
    follower: Worker
    folders: list[Path]
    watch_folder: Callable[[Path], None]
    index: RunIndex | None = None
    others: tuple[Worker, ...] = ()
    keepers: tuple[Worker, ...] = ()

    def start(self) -> None:
        """Start everything; what keeps is stopped last of all."""
        self.monitor.start([self.sampler, self.follower, *self.others], [*self.keepers, self.router])

    def stop(self, timeout: float = 5.0) -> None:
        """Stop everything in order; idempotent."""
        self.monitor.stop(timeout)
        if self.index is not None:
            self.index.close()

    def add_folder(self, path: Path) -> None:
        """Watch one more folder from now on."""
        folder = _absolute(path)
        if folder not in self.folders:
            self.folders.append(folder)
            self.watch_folder(folder)

    @property
    def stuck(self) -> tuple[str, ...]:
        """Name the sources whose driver hangs: the process must then end with ``os._exit``."""
        return self.sampler.stuck


def assemble(
    settings: Settings, data_dir: Path, folders: Sequence[Path], clock: Clock, *, notifiers: Sequence[Notifier]
) -> Core:
    """Build the core on the machine's own sources."""
    from crackseg_desktop.training.follower import Follower

    rules, _ = rules_from(settings.rules, with_disabled=True)
    router = Router(notifiers, clock, backend=settings.notifications.backend)
    index, kept = RunIndex(data_dir), AlertLog(data_dir, clock)
    monitor = Monitor(rules, clock, announcer(settings, router), index.remember, kept)
    watched = list(map(_absolute, folders))
    sampler, watch_disks = build_sampler(settings, data_dir, watched, clock, monitor.publish)
    follower = Follower(watched, monitor.publish, clock, recall=index.recall)

    monitor.read_curves = follower.read_curves

    def watch_folder(path: Path) -> None:
        follower.add_folder(path)
        watch_disks([*watched, path, data_dir])

    hosts = (HostWatch(settings.watch.hosts, monitor.publish, clock),) if settings.watch.hosts else ()
    return Core(monitor, router, sampler, follower, watched, watch_folder, index, hosts, (kept,))


def assemble_demo(settings: Settings, clock: Clock, *, notifiers: Sequence[Notifier]) -> Core:
    """Build the core on simulated sources; nothing of this machine is read."""
    from crackseg_desktop.simulation.sources import SimulatedFollower, SimulatedSampler

    rules, _ = rules_from(settings.rules, with_disabled=True)
    router = Router(notifiers, clock, backend=settings.notifications.backend)
    monitor = Monitor(rules, clock, announcer(settings, router))
    sampler = SimulatedSampler(monitor.publish, clock)
    return Core(monitor, router, sampler, SimulatedFollower(monitor.publish, clock), [], lambda path: None)


def build_sampler(
    settings: Settings, data_dir: Path, folders: Sequence[Path], clock: Clock, publish: Callable[[Event], None]
) -> tuple[SamplingWorker, Callable[[Sequence[Path]], None]]:
    """Build the sampler of this machine; also return what changes the folders whose disks it reads."""
    from crackseg_desktop.hardware.host import DiskSource, HostSource
    from crackseg_desktop.hardware.nvidia import NvidiaSource
    from crackseg_desktop.hardware.processes import ProcessSource
    from crackseg_desktop.hardware.sampler import Sampler
    from crackseg_desktop.hardware.schedule import Periods

    disks = DiskSource([*folders, data_dir])
    sources: list[Source] = [NvidiaSource(clock), HostSource(clock.monotonic), disks, ProcessSource()]
    sampling = settings.sampling
    periods = Periods(sampling.fast_seconds, sampling.medium_seconds, sampling.slow_seconds)
    return Sampler(sources, publish, clock, periods, deadline=sampling.deadline_seconds), disks.watch_folders


def _absolute(folder: Path) -> Path:
    """Return the absolute path without touching it: it may lie on a mount that does not answer."""
    return Path(os.path.abspath(folder.expanduser()))


def announcer(settings: Settings, router: Router) -> Callable[..., None]:
    """Return what tells alerts to a person, unless the settings say that nothing is told."""
    return router.post if settings.notifications.enabled else lambda event: None
