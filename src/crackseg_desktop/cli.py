"""The command line: one function a command. What it prints is a contract that scripts test against.

Exit codes: 0 done, 1 failure, 2 bad usage, 141 nobody reads the output; ``check`` follows the monitoring-plugin
convention (0 ok, 1 warning, 2 critical, 3 unknown, and 3 for bad usage too). Errors are one line on stderr. Rooms are
imported inside the commands: the tray icon must not wait for what only ``doctor`` needs.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crackseg_desktop import APP_NAME
from crackseg_desktop.arguments import UsageError, parse
from crackseg_desktop.clock import SystemClock
from crackseg_desktop.masking import masked
from crackseg_desktop.system import streams
from crackseg_desktop.units import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.core import Core
    from crackseg_desktop.history.archive import Archive
    from crackseg_desktop.inbox import Inbox
    from crackseg_desktop.notify.channels import Channel
    from crackseg_desktop.notify.notifier import Delivery
    from crackseg_desktop.reports.period import Period
    from crackseg_desktop.reports.report import Report
    from crackseg_desktop.settings import Loaded, Settings
    from crackseg_desktop.survey import Found, Look
    from crackseg_desktop.ui.desk import Desk

    Document = dict[str, Any] | list[Any]

FAILURE, USAGE, UNKNOWN = 1, 2, 3


class CommandError(Exception):
    """A command cannot do its work; the message is one clear line."""

    def __init__(self, message: str, code: int = FAILURE) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    streams.prepare()
    failure = UNKNOWN if next((word for word in words if word in COMMANDS), None) == "check" else FAILURE
    try:
        code = _run(words, failure)
        sys.stdout.flush()
    except OSError as error:
        if not streams.is_lost(error):
            raise
        streams.abandon_output()
        if streams.is_closed(error):
            return streams.CLOSED_PIPE
        streams.complain(f"{APP_NAME}: the output cannot be written: {error.strerror}")
        return failure
    return code


def _run(words: Sequence[str], failure: int) -> int:
    """Run the command and return its exit code; raises only the OSError of an output that cannot be written."""
    try:
        options = parse(words, {name: (function.__doc__ or "").strip() for name, function in COMMANDS.items()})
        code = COMMANDS[options.command](options) if options.command else tray(options)
        sys.stdout.flush()
        if "stuck" in options and options.stuck:
            os._exit(code)  # a thread that hangs in the driver could keep the interpreter from ending
    except (CommandError, UsageError) as error:
        streams.complain(printable(f"{APP_NAME}: {error}"))
        return failure if failure == UNKNOWN else getattr(error, "code", USAGE)
    except SystemExit as end:  # --help and --version
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if streams.is_lost(error):
            raise
        import traceback

        # Scripts were promised one line and a code of the convention.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        streams.complain(f"{APP_NAME}: unexpected {type(error).__name__} at {where}: {masked(str(error))}")
        return failure
    return code


def tray(options: argparse.Namespace) -> int:
    """Run the tray application, or ask the running instance to show itself."""
    from crackseg_desktop.inbox import Inbox
    from crackseg_desktop.system.display import missing_display

    data_dir = _data_dir(options)
    folders = _folders(options, []) if options.runs else []
    if _ask_running_instance(data_dir, folders):
        return 0
    if (problem := missing_display(os.environ, sys.platform)) is not None:
        raise CommandError(problem)
    inbox = Inbox()
    with _only_instance(data_dir, inbox) as is_only:
        if is_only:
            return _run_tray(options, data_dir, folders, inbox)
    if _ask_running_instance(data_dir, folders):
        return 0
    raise CommandError("an instance is running and does not answer; end its process first")


def _run_tray(options: argparse.Namespace, data_dir: Path, folders: Sequence[Path], inbox: Inbox) -> int:
    from crackseg_desktop.ui.app import AppOptions, run

    app = AppOptions(
        lambda: _settings(options), data_dir, show=options.show, demo=options.demo, read_only=options.read_only
    )
    return run(app, lambda: _core(options, folders or _folders(options, [])), inbox)


@contextmanager
def _only_instance(data_dir: Path, inbox: Inbox) -> Iterator[bool]:
    """Be the one instance with this data folder, which others can ask through ``inbox``; False: there is another.

    Where that cannot be had, neither a lock nor a socket, watching without it is better than not watching.
    """
    from crackseg_desktop.system.instance import claim

    try:
        instance = claim(data_dir, inbox)
    except OSError as error:
        streams.complain(f"{APP_NAME}: cannot make sure that no other instance runs: {error}")
        yield True
        return
    if instance is None:
        yield False
        return
    inbox.on_close = instance.retire
    with closing(instance):
        yield True


def _ask_running_instance(data_dir: Path, folders: Sequence[Path]) -> bool:
    """Hand this start over to the instance that runs already; False: there is none."""
    from crackseg_desktop.system.instance import ask

    if folders and ask(data_dir, {"command": "add_runs", "folders": [str(path.resolve()) for path in folders]}) is None:
        return False
    answer = ask(data_dir, {"command": "show"})
    if answer is not None and "error" in answer:
        raise CommandError(answer["error"])
    return answer is not None


def status(options: argparse.Namespace) -> int:
    """Print one reading: GPUs, host, active runs, firing alerts."""
    import time

    from crackseg_desktop.export import text

    while True:
        document = _look(options, []).status()
        if options.watch is not None and not options.json:
            sys.stdout.write(text.page_break(sys.stdout))
        _print(document, options.json, text.status_lines)
        if options.watch is None:
            return 0
        sys.stdout.flush()
        time.sleep(options.watch)


def runs(options: argparse.Namespace) -> int:
    """List the runs found, newest first."""
    from crackseg_desktop.export import text

    looks = _look_at_runs(options)
    if options.json:
        documents = [document for look in looks for document in look.run_documents()]
        _print_json(sorted(documents, key=lambda run: (run["started"] or 0.0, run["name"]), reverse=True))
        return 0
    for line in text.runs_lines(look.run_documents() for look in looks):
        print(printable(line), flush=True)
    return 0


def curves(options: argparse.Namespace) -> int:
    """Print every point of a run's curves."""
    from crackseg_desktop.export import documents, tables

    found = _find_run(options)
    chosen = tables.choose(found.curves, options.tag, normalised=options.normalised, superseded=options.superseded)
    if options.format == "json":
        _print_json(documents.curves_document(found.facts.name, chosen))
    else:
        tables.write_curves(sys.stdout, found.facts.name, chosen)
    return 0


def check(options: argparse.Namespace) -> int:
    """Make one pass over all rules and exit as a monitoring plugin does."""
    from crackseg_desktop.export import text

    verdict = _look(options, options.folders).check()
    _print(verdict.document(), options.json, lambda _: text.check_lines(verdict))
    return verdict.code


def alerts(options: argparse.Namespace) -> int:
    """Print the alert log."""
    import sqlite3

    from crackseg_desktop.alerts.log import FILE_NAME, read_log
    from crackseg_desktop.alerts.records import event_document
    from crackseg_desktop.export import text
    from crackseg_desktop.moments import parse_moment
    from crackseg_desktop.storage import NewerDatabaseError

    data_dir = _data_dir(options)
    since = parse_moment(options.since, SystemClock().time()) if options.since else 0.0
    try:
        events = read_log(data_dir, since)
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        raise CommandError(f"{data_dir / FILE_NAME} cannot be read: {error}") from error
    _print([event_document(event) for event in events], options.json, text.alerts_lines)
    return 0


def history(options: argparse.Namespace) -> int:
    """Print the stored figures."""
    from crackseg_desktop.export import history as stored
    from crackseg_desktop.moments import parse_moment

    if options.like and options.format == "json":
        raise CommandError(f"--like {options.like} is CSV", USAGE)
    now = SystemClock().time()
    since, until = parse_moment(options.since, now), parse_moment(options.until or str(now), now)
    if until < since:
        raise CommandError("--until lies before --since", USAGE)
    with closing(_archive(options, now)) as past:
        chosen = stored.excerpt(past, options.metric, since, until)
        _check_readable(past, _data_dir(options))
        if options.like:
            stored.write_nvidia_smi(sys.stdout, past, since, until)
        else:
            write = stored.write_json if options.format == "json" else stored.write_csv
            write(sys.stdout, chosen)
        _check_readable(past, _data_dir(options))
    return 0


def report(options: argparse.Namespace) -> int:
    """Print, write or send the report of a day or a week."""
    from crackseg_desktop.reporting import ReportError
    from crackseg_desktop.reports.schedule import asked_period

    if options.again and not options.send:
        raise CommandError("--again needs --send", USAGE)
    settings, now = _settings(options).settings, _report_clock(options).time()
    try:
        # A week that goes on would be sent before its time, and then not once it is over.
        day = options.date or ("last" if options.send and options.kind == "weekly" else "")
        period = asked_period(options.kind, day, now, settings.reports, None)
    except ValueError as error:
        raise CommandError(f"--date {error}", USAGE) from error
    try:
        return _send_report(options, period) if options.send else _show_report(options, period)
    except ReportError as error:
        raise CommandError(str(error)) from error


def _show_report(options: argparse.Namespace, period: Period) -> int:
    from crackseg_desktop.reports.markdown import render_markdown

    found = _gather(options, period)
    if options.output:
        _write_report(found, options.output)
    else:
        sys.stdout.write(render_markdown(found))
    return 0


def _send_report(options: argparse.Namespace, period: Period) -> int:
    """Send the report through the channels that have not had it; what was sent before is not even gathered."""
    from crackseg_desktop.notify.channels import channels_from
    from crackseg_desktop.reporting import entry_of

    if options.demo or options.read_only:
        raise CommandError("a demonstration sends nothing" if options.demo else "--read-only sends nothing", USAGE)
    channels = channels_from(_settings(options).settings)
    if not channels:
        raise CommandError("there is no channel to send through: set one up in the settings, under [channels]")
    entry = entry_of(period, _data_dir(options))
    is_due = options.again or entry.waits_for([channel.name for channel in channels])
    found = _gather(options, period) if is_due or options.output else None
    if found is not None and options.output:
        _write_report(found, options.output)
    if found is not None and is_due:
        deliveries = _deliver(options, found, channels)
        if deliveries:
            return FAILURE if any(delivery.error for delivery in deliveries) else 0
    through = f"through {', '.join(entry.sent)}" if entry.sent else "by another program"
    print(printable(f"{period.slug}: was sent {through}; --again repeats it"))
    return 0


def _deliver(options: argparse.Namespace, found: Report, channels: Sequence[Channel]) -> list[Delivery]:
    """Send a report, say what happened as it happens, and keep it with the past reports."""
    from crackseg_desktop.core import build_sender
    from crackseg_desktop.reporting import keep, send

    data_dir, clock = _data_dir(options), SystemClock()
    keep(found, data_dir, clock)
    deliveries = []
    for delivery in send(found, data_dir, clock, channels, build_sender(data_dir, clock), again=options.again):
        print(printable(f"{delivery.notifier}: {delivery.error or 'sent'}"), flush=True)
        deliveries.append(delivery)
    return deliveries


def _gather(options: argparse.Namespace, period: Period) -> Report:
    from crackseg_desktop.reporting import gather, gather_demo

    settings, clock = _settings(options).settings, SystemClock()
    if options.demo:
        return gather_demo(settings, _temporary_folder(), _report_clock(options), period)
    return gather(settings, _data_dir(options), _folders(options, []), clock, period, _look(options, []))


def _report_clock(options: argparse.Namespace) -> Clock:
    """Return the machine's clock; a demonstration's stands still at an afternoon, whose day has something to tell."""
    if not options.demo:
        return SystemClock()
    from crackseg_desktop.simulation.timeline import story_clock

    return story_clock()


def _write_report(found: Report, path: Path) -> None:
    """Write a report into a file; a PDF is drawn by Qt, which a server may lack."""
    if path.suffix.lower() != ".pdf":
        from crackseg_desktop.reporting import write

        write(found, path)
        return
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        from crackseg_desktop.ui.pdf import write_pdf
    except ImportError as error:
        raise CommandError(f"a PDF needs Qt: {error}; .md and .html do without it") from error
    try:
        write_pdf(found, path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error


def watch(options: argparse.Namespace) -> int:
    """Watch headless until told to stop."""
    from crackseg_desktop.headless import watch as watch_headless
    from crackseg_desktop.inbox import Inbox

    data_dir, folders = _data_dir(options), _folders(options, [])
    inbox = Inbox(f"'watch' runs with {data_dir}: end it first, or give another --data-dir")
    with _only_instance(data_dir, inbox) as is_only:
        if not is_only:
            raise CommandError(f"an instance with {data_dir} is running")
        return watch_headless(_core(options, folders), inbox, data_dir / "logs")


def screenshot(options: argparse.Namespace) -> int:
    """Draw the dashboard into a PNG without a screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from dataclasses import replace
    from functools import partial

    from crackseg_desktop.headless import collect, collect_demo
    from crackseg_desktop.history.archive import Archive
    from crackseg_desktop.settings import Watch
    from crackseg_desktop.simulation.archive import ToldPast
    from crackseg_desktop.simulation.timeline import story_clock
    from crackseg_desktop.ui.screenshot import render

    chosen = _settings(options).settings
    folders, clock = _folders(options, []), story_clock()
    snapshot = collect_demo(chosen, clock) if options.demo else collect(_core(options, folders))
    shown = replace(chosen, watch=Watch(tuple(map(str, folders))))
    past = partial(ToldPast, clock.time()) if options.demo else partial(Archive, _data_dir(options))
    try:
        desk = _desk(options, folders) if options.page == "reports" else None
        render(snapshot, options.file, options.page, options.theme, options.size, shown, past, desk=desk)
    except OSError as error:
        raise CommandError(str(error)) from error
    return 0


def _desk(options: argparse.Namespace, folders: Sequence[Path]) -> Desk:
    """Return what the page of reports shows; a demonstration writes one for it."""
    from crackseg_desktop.reporting import ReportError
    from crackseg_desktop.ui.app import AppOptions
    from crackseg_desktop.ui.report_desk import at_once
    from crackseg_desktop.ui.report_work import reporter_for

    data_dir = _temporary_folder() if options.demo else _data_dir(options)
    how = AppOptions(lambda: _settings(options), data_dir, demo=options.demo, clock=_report_clock(options))
    try:
        return at_once(reporter_for(how, _settings(options).settings, lambda: folders), writes=options.demo)
    except ReportError as error:
        raise CommandError(str(error)) from error


def notify_test(options: argparse.Namespace) -> int:
    """Send a test message through every channel, or one, and say what happened."""
    from crackseg_desktop.core import channel_names, try_channels
    from crackseg_desktop.notify.desktop import native_notifiers

    settings = _settings(options).settings
    if options.set_url or options.forget_url:
        return _change_secret(options, settings)
    native = native_notifiers()
    names = channel_names(settings, native)
    if options.channel is not None and options.channel not in names:
        raise CommandError(f"there is no channel {options.channel!r}; there are {', '.join(names)}", USAGE)
    has_arrived = False
    for delivery in try_channels(settings, _data_dir(options), SystemClock(), native, options.channel, options.demo):
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
    secrets = Secrets(_data_dir(options))
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
    settings, clock = _settings(options).settings, SystemClock()
    why_nobody = act_out(
        fault,
        options.seconds,
        settings,
        _temporary_folder(),
        clock,
        native_notifiers(),
        pause=time.sleep,
        say=lambda line: print(line, flush=True),
        remote=None if options.demo else build_remote(settings, _data_dir(options), clock, is_kept=False),
    )
    if why_nobody is not None:
        raise CommandError(why_nobody)
    return 0


def tensorboard(options: argparse.Namespace) -> int:
    """Start TensorBoard on localhost for the watched folders, or one run, and open it."""
    from crackseg_desktop.system.tensorboard import serve
    from crackseg_desktop.viewer import places_of_folders, places_of_run

    data_dir = _temporary_folder() if options.read_only else _data_dir(options)
    try:
        if options.run:
            places = places_of_run(_find_run(options), data_dir)
        else:
            places = places_of_folders(_folders(options, []), data_dir, SystemClock(), demo=options.demo)
    except OSError as error:
        raise CommandError(f"the curves cannot be written for TensorBoard: {error}") from error
    if not places:
        raise CommandError("no folder is watched: name a RUN, or set watch.folders in the settings")
    try:
        return serve(places)
    except OSError as error:
        raise CommandError(f"TensorBoard could not be started: {error}") from error


def trace(options: argparse.Namespace) -> int:
    """Sum up a PyTorch profiler trace."""
    from crackseg_desktop.export.trace import trace_document, trace_lines
    from crackseg_desktop.training.formats.trace import summarise
    from crackseg_desktop.training.formats.trace_stream import NotATraceError

    if options.file.exists() and not options.file.is_file():
        raise CommandError(f"{options.file} is no file", USAGE)
    try:
        summary = summarise(options.file)
    except NotATraceError as error:
        raise CommandError(f"{options.file} is no profiler trace: {error}") from error
    except OSError as error:
        raise CommandError(f"{options.file} cannot be read: {error.strerror or error}") from error
    _print(trace_document(str(options.file), summary), options.json, trace_lines)
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Say what works on this machine, what does not, and why."""
    from crackseg_desktop.doctor import examine
    from crackseg_desktop.export import text

    document = examine(_settings(options), _data_dir(options), _folders(options, []), SystemClock())
    _print(document, options.json, text.doctor_lines)
    return 0


COMMANDS = {
    "status": status,
    "runs": runs,
    "curves": curves,
    "check": check,
    "alerts": alerts,
    "history": history,
    "report": report,
    "watch": watch,
    "screenshot": screenshot,
    "notify-test": notify_test,
    "simulate": simulate,
    "tensorboard": tensorboard,
    "trace": trace,
    "doctor": doctor,
}


def _settings(options: argparse.Namespace) -> Loaded:
    """Load the settings and say on stderr, once, what is wrong with them; the program goes on with the defaults."""
    if "loaded" not in options:
        from crackseg_desktop.alerts.rules import rules_from
        from crackseg_desktop.locations import settings_path
        from crackseg_desktop.settings import load

        loaded = load(options.config or settings_path())
        options.loaded = loaded.with_problems(rules_from(loaded.settings.rules)[1])
        if (message := options.loaded.message()) is not None:
            streams.complain(f"{APP_NAME}: {message}")
    known: Loaded = options.loaded
    return known


def _data_dir(options: argparse.Namespace) -> Path:
    """Return the data folder; a demonstration gets one of its own that goes when it ends."""
    if options.data_dir is None and options.demo:
        options.data_dir = _temporary_folder()
    if options.data_dir is None:
        from crackseg_desktop.locations import data_folder

        options.data_dir = data_folder()
    return Path(options.data_dir)


def _temporary_folder() -> Path:
    """Return a folder that goes when the process ends."""
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="crackseg-desktop-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _folders(options: argparse.Namespace, given: Sequence[str]) -> list[Path]:
    """Return the folders to watch; one that was named and is not there is bad usage."""
    named = [Path(os.path.expanduser(folder)) for folder in given or options.runs]
    for folder in named:
        if not _answers(folder):
            raise CommandError(f"{folder} is on a file system that does not answer")
        if not os.path.exists(folder):
            raise CommandError(f"{folder} does not exist, or may not be looked into", USAGE)
    if named or options.demo:
        return named
    configured = [Path(os.path.expanduser(folder)) for folder in _settings(options).settings.watch.folders]
    if configured:
        return configured
    from crackseg_desktop.training.discovery import watched_folders_here

    try:
        return watched_folders_here(Path.cwd())
    except FileNotFoundError:  # the folder we stand in was deleted
        return []


def _answers(folder: Path) -> bool:
    from crackseg_desktop.training.mounts import Mounts

    return Mounts(SystemClock()).answers(folder)


def _core(options: argparse.Namespace, folders: Sequence[Path]) -> Core:
    from crackseg_desktop.core import assemble, assemble_demo
    from crackseg_desktop.notify.desktop import native_notifiers
    from crackseg_desktop.report_schedule import add_schedule

    chosen, clock = _settings(options).settings, SystemClock()
    if options.demo:
        core = assemble_demo(chosen, clock, notifiers=native_notifiers())
    else:
        core = assemble(chosen, _data_dir(options), folders, clock, notifiers=native_notifiers())
        if not options.read_only:
            add_schedule(core, chosen, _data_dir(options), clock)
    return core


def _archive(options: argparse.Namespace, now: float) -> Archive:
    """Open the history to read it; that of a demonstration is written first."""
    from crackseg_desktop.history.archive import Archive
    from crackseg_desktop.history.tiers import keeping_of

    if options.demo:
        from crackseg_desktop.demo_past import write_demo_history

        folder = _temporary_folder()
        write_demo_history(folder, now)
        return Archive(folder)
    return Archive(_data_dir(options), keeping_of(_settings(options).settings.history))


def _check_readable(past: Archive, data_dir: Path) -> None:
    """Raise where the history cannot be read; one that does not exist yet is empty."""
    from crackseg_desktop.history.schema import FILE_NAME

    path = data_dir / FILE_NAME
    if past.problem is not None and path.exists():
        raise CommandError(f"{path} cannot be read: {past.problem}")


def _look_at_runs(options: argparse.Namespace) -> Iterable[Look]:
    from crackseg_desktop.survey import look_at_demo, look_at_runs

    chosen = _settings(options).settings
    if options.demo:
        return [look_at_demo(chosen, SystemClock())]
    return look_at_runs(chosen, _data_dir(options), _folders(options, options.folders), SystemClock())


def _look(options: argparse.Namespace, given: Sequence[str]) -> Look:
    """Take one look at everything; a driver that hangs is left behind at the end of ``main``."""
    from crackseg_desktop.survey import look, look_at_demo

    if options.demo:
        return look_at_demo(_settings(options).settings, SystemClock())
    folders = _folders(options, given)
    seen = look(_settings(options).settings, _data_dir(options), folders, SystemClock())
    options.stuck = seen.stuck
    return seen


def _find_run(options: argparse.Namespace) -> Found:
    """Return the one run that RUN names; several are bad usage and are listed."""
    from crackseg_desktop.survey import find_runs

    found = find_runs(options.run, _folders(options, []), SystemClock(), demo=options.demo)
    if not found:
        raise CommandError(f"no run {options.run!r} was found")
    if len(found) > 1:
        names = ", ".join(f"{item.facts.id} ({item.facts.name})" for item in found)
        raise CommandError(f"{options.run!r} holds {len(found)} runs, name one of them: {names}", USAGE)
    return found[0]


def _print(document: Document, as_json: bool, as_lines: Callable[[Any], Iterable[str]]) -> None:
    if as_json:
        _print_json(document)
    else:
        print("\n".join(map(printable, as_lines(document))))


def _print_json(document: Document) -> None:
    import json

    from crackseg_desktop.export.documents import strict

    json.dump(strict(document), sys.stdout, allow_nan=False, ensure_ascii=False)
    print()
