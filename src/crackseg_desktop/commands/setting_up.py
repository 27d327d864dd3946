"""Commands that try out how this machine is set up: the channels, the rules, and everything else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from crackseg_desktop.clock import SystemClock
from crackseg_desktop.commands.common import (
    FAILURE,
    USAGE,
    CommandError,
    data_dir_of,
    folders_of,
    print_document,
    settings_of,
    temporary_folder,
)
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    import argparse

    from crackseg_desktop.settings import Settings


def notify_test(options: argparse.Namespace) -> int:
    """Send a test message through every channel, or one, and say what happened."""
    from crackseg_desktop.core import channel_names, try_channels
    from crackseg_desktop.notify.desktop import native_notifiers

    settings = settings_of(options).settings
    if options.set_url or options.forget_url:
        return _change_secret(options, settings)
    native = native_notifiers()
    names = channel_names(settings, native)
    if options.channel is not None and options.channel not in names:
        raise CommandError(f"there is no channel {options.channel!r}; there are {', '.join(names)}", USAGE)
    has_arrived = False
    for delivery in try_channels(settings, data_dir_of(options), SystemClock(), native, options.channel, options.demo):
        print(printable(f"{delivery.notifier}: {delivery.error or 'sent'}"), flush=True)
        has_arrived |= delivery.error is None
    return 0 if has_arrived else FAILURE


def _change_secret(options: argparse.Namespace, settings: Settings) -> int:
    """Store or forget the address of a channel; it comes by stdin, so that no list of processes shows it."""
    from crackseg_desktop.system.secrets import SecretError, Secrets

    if options.channel is None:
        raise CommandError("name the CHANNEL whose address it is", USAGE)
    if options.read_only:
        raise CommandError("--read-only stores nothing", USAGE)
    secrets = Secrets(data_dir_of(options))
    try:
        if options.forget_url:
            secrets.remove(options.channel)
            print(f"forgotten: the address of {options.channel}")
            return 0
        print(f"stored in {secrets.put(options.channel, _read_secret(options.channel))}")
    except SecretError as error:
        raise CommandError(str(error)) from error
    chosen = settings.channels.get(options.channel)
    if chosen is None or chosen.url != f"keyring:{options.channel}":
        print(f'to use it, write into the settings: [channels.{options.channel}] url = "keyring:{options.channel}"')
    return 0


def _read_secret(name: str) -> str:
    """Read one line without showing it, from the terminal or a pipe."""
    if sys.stdin is not None and sys.stdin.isatty():
        from getpass import getpass

        secret = getpass(f"Address for {name} (not shown): ").strip()
    else:
        secret = sys.stdin.readline().strip() if sys.stdin is not None else ""
    if "://" not in secret:
        raise CommandError("an address such as mailto://user:password@example.org was expected on stdin", USAGE)
    return secret


def simulate(options: argparse.Namespace) -> int:
    """Act out a fault before the real rules and channels, labelled as simulated, and say what happens."""
    import logging
    import time

    from crackseg_desktop.core import build_remote
    from crackseg_desktop.notify.desktop import native_notifiers
    from crackseg_desktop.simulation.faults import FAULTS
    from crackseg_desktop.simulator import simulate as act_out

    logging.getLogger("crackseg_desktop").addHandler(logging.NullHandler())  # the lines say what goes wrong
    fault = next(fault for fault in FAULTS if fault.name == options.fault)
    settings, clock = settings_of(options).settings, SystemClock()
    why_nobody = act_out(
        fault,
        options.seconds,
        settings,
        temporary_folder(),
        clock,
        native_notifiers(),
        pause=time.sleep,
        say=lambda line: print(line, flush=True),
        remote=None if options.demo else build_remote(settings, data_dir_of(options), clock, is_kept=False),
    )
    if why_nobody is not None:
        raise CommandError(why_nobody)
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Say what works on this machine, what does not, and why."""
    from crackseg_desktop.doctor import examine
    from crackseg_desktop.export import text

    document = examine(settings_of(options), data_dir_of(options), folders_of(options, []), SystemClock())
    print_document(document, options.json, text.doctor_lines)
    return 0
