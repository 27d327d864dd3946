"""The composition of the core: which sources and notifiers a Monitor is given. Headless and tray share it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crackseg_desktop.alerts.log import AlertLog
from crackseg_desktop.alerts.rules import rules_from
from crackseg_desktop.history.recorder import Recorder
from crackseg_desktop.history.tiers import keeping_of
from crackseg_desktop.monitor import Monitor
from crackseg_desktop.notify.channels import channel_of, channels_from
from crackseg_desktop.notify.flood import NATIVE_CAP, Cap
from crackseg_desktop.notify.notifier import Delivery
from crackseg_desktop.notify.quiet import quiet_hours
from crackseg_desktop.notify.router import Router
from crackseg_desktop.notify.words import TEST_KEY
from crackseg_desktop.run_index import RunIndex
from crackseg_desktop.system.hosts import HostWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.hardware.driver import Source
    from crackseg_desktop.monitor import Worker
    from crackseg_desktop.notify.notifier import Notifier
    from crackseg_desktop.notify.remote import Remote
    from crackseg_desktop.notify.sending import AppriseSender
    from crackseg_desktop.readings import AlertEvent, Event, Sample
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
        keepers: what keeps the alerts and the history.
        remote: sends to mail, chats and phones; None where that is off (a demonstration).
        on_settings: is told settings that take effect at once.
        recorder: writes the history; None: none is written.
        show_processes: has the table of all processes read; None: a simulated machine always tells it.
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
    remote: Remote | None = None
    on_settings: list[Callable[[Settings], None]] = field(default_factory=list)
    recorder: Recorder | None = None
    show_processes: ShowProcesses | None = None

    def start(self) -> None:
        """Start everything; what keeps is stopped last of all."""
        notifiers = [*self.keepers, self.router, *([] if self.remote is None else [self.remote])]
        self.monitor.start([self.sampler, self.follower, *self.others], notifiers)

    def configure_notifications(self, settings: Settings) -> None:
        """Use other channels and quiet hours from now on, or tell nobody; in any thread."""
        _configure_router(self.router, settings)
        if self.remote is not None:
            self.remote.configure(channels_from(settings))
        for tell in self.on_settings:
            tell(settings)

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
    router, remote = build_router(settings, clock, notifiers), build_remote(settings, data_dir, clock)
    index, kept = RunIndex(data_dir), AlertLog(data_dir, clock)
    recorder = Recorder(data_dir, clock, keeping_of(settings.history)) if settings.history.enabled else None
    monitor = Monitor(rules, clock, announcer(router, remote), index.remember, kept, recorder)
    watched = list(map(_absolute, folders))
    machine = build_machine(settings, data_dir, watched, clock, monitor.publish)
    follower = Follower(watched, monitor.publish, clock, recall=index.recall)

    monitor.read_curves = follower.read_curves

    def watch_folder(path: Path) -> None:
        follower.add_folder(path)
        machine.watch_disks([*watched, path, data_dir])

    hosts = (HostWatch(settings.watch.hosts, monitor.publish, clock),) if settings.watch.hosts else ()
    keepers = (kept,) if recorder is None else (kept, recorder)
    monitor.look_soon = machine.look_soon
    return Core(
        monitor,
        router,
        machine.sampler,
        follower,
        watched,
        watch_folder,
        index,
        hosts,
        keepers,
        remote,
        recorder=recorder,
        show_processes=machine.show_processes,
    )


def assemble_demo(settings: Settings, clock: Clock, *, notifiers: Sequence[Notifier]) -> Core:
    """Build the core on simulated sources; nothing of this machine is read."""
    from crackseg_desktop.simulation.sources import SimulatedFollower, SimulatedSampler

    rules, _ = rules_from(settings.rules, with_disabled=True)
    router = build_router(settings, clock, notifiers)
    monitor = Monitor(rules, clock, announcer(router))
    sampler = SimulatedSampler(monitor.publish, clock)
    return Core(monitor, router, sampler, SimulatedFollower(monitor.publish, clock), [], lambda path: None)


class ShowProcesses(Protocol):
    """Has the table of all processes read from now on, or no longer; any thread."""

    def __call__(self, wanted: bool, *, network: bool = False) -> None:
        """Read it where ``wanted``, with the TCP bytes of each process where ``network``."""
        ...


@dataclass(frozen=True, slots=True)
class Machine:
    """The sampler of this machine, and what can be asked of its sources, from any thread.

    Attributes:
        watch_disks: changes the folders whose disks are read.
        show_processes: has the table of all processes read while somebody looks.
        look_soon: has all processes looked through for trainings with the next reading.
    """

    sampler: SamplingWorker
    watch_disks: Callable[[Sequence[Path]], None]
    show_processes: ShowProcesses
    look_soon: Callable[[], None]


def build_machine(
    settings: Settings, data_dir: Path, folders: Sequence[Path], clock: Clock, publish: Callable[[Event], None]
) -> Machine:
    """Build the sampler of this machine."""
    from crackseg_desktop.hardware.host import DiskSource, HostSource
    from crackseg_desktop.hardware.nvidia import NvidiaSource
    from crackseg_desktop.hardware.process_table import ProcessTableSource
    from crackseg_desktop.hardware.processes import ProcessSource
    from crackseg_desktop.hardware.sampler import Sampler
    from crackseg_desktop.hardware.schedule import Periods
    from crackseg_desktop.hardware.sensors import SensorSource

    disks, processes = DiskSource([*folders, data_dir]), ProcessSource(clock.monotonic)
    table = ProcessTableSource(clock.monotonic)
    hosts: list[Source] = [HostSource(clock.monotonic), disks, SensorSource()]
    sampling = settings.sampling
    periods = Periods(sampling.fast_seconds, sampling.medium_seconds, sampling.slow_seconds)
    sources = [NvidiaSource(clock), *hosts, processes, table]
    sampler = Sampler(sources, publish, clock, periods, deadline=sampling.deadline_seconds)
    return Machine(sampler, disks.watch_folders, table.show, processes.look_soon)


def _absolute(folder: Path) -> Path:
    """Return the absolute path without touching it: it may lie on a mount that does not answer."""
    return Path(os.path.abspath(folder.expanduser()))


def build_remote(settings: Settings, data_dir: Path, clock: Clock, *, is_kept: bool = True) -> Remote:
    """Build what sends to the remote channels; nothing is opened yet.

    Its queue is in the data folder, or in memory where it is not to be kept.
    """
    from crackseg_desktop.notify.outbox import open_outbox, outbox_in_memory
    from crackseg_desktop.notify.remote import Remote

    place = socket.gethostname()
    sender = build_sender(data_dir, clock)
    open_queue = partial(open_outbox, data_dir) if is_kept else outbox_in_memory
    return Remote(channels_from(settings), open_queue, sender, clock, place=place)


def build_sender(data_dir: Path, clock: Clock) -> AppriseSender:
    """Build what sends one message, with the addresses that are kept as secrets."""
    from crackseg_desktop.notify.sending import AppriseSender
    from crackseg_desktop.system.secrets import Secrets

    return AppriseSender(Secrets(data_dir).resolve, clock)


def channel_names(settings: Settings, native: Sequence[Notifier]) -> list[str]:
    """Name what ``try_channels`` can try: the notifiers of this machine, then the remote channels."""
    return [*(notifier.name for notifier in native), *settings.channels]


def try_channels(
    settings: Settings,
    data_dir: Path,
    clock: Clock,
    native: Sequence[Notifier],
    name: str | None = None,
    is_demo: bool = False,
) -> Iterator[Delivery]:
    """Send a test message past queues and quiet hours through one channel, or each, and yield what happened.

    A channel that is switched off is tried where it is named.
    """
    from crackseg_desktop.notify.remote import try_channel

    if name not in settings.channels:
        yield from Router(native, clock).test(name)
    send = build_sender(data_dir, clock)
    for channel, chosen in settings.channels.items():
        if name == channel or (name is None and chosen.enabled):
            if is_demo:
                yield Delivery(clock.time(), TEST_KEY, channel, "a demonstration sends nothing")
            else:
                yield try_channel(channel_of(channel, settings), send, clock)


def build_router(settings: Settings, clock: Clock, notifiers: Sequence[Notifier]) -> Router:
    """Build what shows alerts on this screen, with the cap and the quiet hours of the settings."""
    shared = settings.notifications
    cap = Cap(shared.native_per_minute, NATIVE_CAP.seconds)
    router = Router(notifiers, clock, backend=shared.backend, cap=cap)
    _configure_router(router, settings)
    return router


def _configure_router(router: Router, settings: Settings) -> None:
    shared = settings.notifications
    router.is_silent, router.backend = not shared.enabled, shared.backend
    router.quiet = quiet_hours(shared.quiet_from, shared.quiet_to)
    router.follow_do_not_disturb = shared.follow_do_not_disturb


def announcer(router: Router, remote: Remote | None = None) -> Callable[[AlertEvent], None]:
    """Return what tells alerts to a person, on this screen and elsewhere."""

    def announce(event: AlertEvent) -> None:
        if router.is_silent:
            return
        router.post(event)
        if remote is not None:
            remote.post(event)

    return announce
