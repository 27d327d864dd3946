"""What works on this machine, what does not, and why: each check is one line and never raises."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

from crackseg_desktop import __version__
from crackseg_desktop.masking import masked
from crackseg_desktop.readings import SourceState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.notify.outbox import Backlog
    from crackseg_desktop.settings import Loaded, RemoteChannel

Check = tuple[str, str, str]
"""Name, state (ok, unavailable, problem), detail."""

_PACKAGES = (
    "PySide6-Essentials",
    "pyqtgraph",
    "nvidia-ml-py",
    "psutil",
    "tensorboard",
    "google-crc32c",
    "plyer",
    "apprise",
    "keyring",
    "jeepney",
)


def examine(loaded: Loaded, data_dir: Path, folders: Sequence[Path], clock: Clock) -> dict[str, Any]:
    """Return the document of ``doctor --json``: ``{"checks": [{"name", "state", "detail"}]}``."""
    checks = [
        *_program(),
        _settings(loaded),
        _rules(loaded),
        _data_folder(data_dir),
        _alert_log(data_dir),
        _history(loaded, data_dir),
        *_sources(loaded, data_dir, folders, clock),
        *_runs(folders, clock),
        *_notifiers(loaded),
        *_channels(loaded, data_dir, clock),
        _display(),
        *_packages(),
    ]
    return {"checks": [{"name": name, "state": state, "detail": detail} for name, state, detail in checks]}


def _program() -> Iterator[Check]:
    yield "program", "ok", f"crackseg-desktop {__version__}, Python {platform.python_version()}, {platform.platform()}"


def _settings(loaded: Loaded) -> Check:
    problem = loaded.message()
    if problem is not None:
        return "settings", "problem", problem
    return "settings", "ok", f"{loaded.path}{'' if loaded.path.exists() else ' (not there: the defaults are used)'}"


def _rules(loaded: Loaded) -> Check:
    from crackseg_desktop.alerts.rules import rules_from

    rules, _ = rules_from(loaded.settings.rules)
    return "rules", "ok", f"{len(rules)} on: {', '.join(rule.name for rule in rules)}"


def _data_folder(data_dir: Path) -> Check:
    nearest = next((folder for folder in (data_dir, *data_dir.parents) if folder.exists()), data_dir)
    if not os.access(nearest, os.W_OK):
        return "data folder", "problem", f"{data_dir}: {nearest} cannot be written"
    return "data folder", "ok", str(data_dir)


def _alert_log(data_dir: Path) -> Check:
    import sqlite3

    from crackseg_desktop.alerts.log import FILE_NAME, count_log
    from crackseg_desktop.storage import NewerDatabaseError

    try:
        return "alert log", "ok", f"{count_log(data_dir)} changes in {data_dir / FILE_NAME}"
    except (OSError, sqlite3.Error, NewerDatabaseError) as error:
        return "alert log", "problem", f"{data_dir / FILE_NAME} cannot be read: {error}"


def _history(loaded: Loaded, data_dir: Path) -> Check:
    import time

    from crackseg_desktop.history.archive import Archive
    from crackseg_desktop.history.schema import FILE_NAME
    from crackseg_desktop.units import figure

    path = data_dir / FILE_NAME
    if not loaded.settings.history.enabled:
        return "history", "unavailable", "switched off in the settings (history.enabled)"
    if not path.exists():
        return "history", "ok", f"{path} (not there yet)"
    archive = Archive(data_dir)
    covered, count = archive.covered(), len(archive.series())
    archive.close()
    if archive.problem is not None:
        return "history", "problem", archive.problem
    size = figure("bytes", float(sum(file.stat().st_size for file in data_dir.glob(f"{FILE_NAME}*"))))
    begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(covered[0])) if covered is not None else None
    since = f", since {begun}" if begun is not None else ""
    return "history", "ok", f"{count} series{since}, {size} in {path}"


def _sources(loaded: Loaded, data_dir: Path, folders: Sequence[Path], clock: Clock) -> Iterator[Check]:
    from crackseg_desktop.core import build_machine

    machine = build_machine(loaded.settings, data_dir, folders, clock, lambda event: None)
    sample = machine.sampler.sample_once()
    for source in sample.sources:
        state = "ok" if source.state == SourceState.OK else _severity(source.state)
        yield f"source {source.name}", state, source.reason or "answers"
    for gpu in sample.gpus:
        missing = ", ".join(f"{metric}: {reason}" for metric, reason in gpu.unavailable.items())
        yield f"GPU {gpu.index}", _severity(gpu.state), f"{gpu.name} {gpu.reason or missing or 'every figure is read'}"


def _severity(state: SourceState) -> str:
    match state:
        case SourceState.OK:
            return "ok"
        case SourceState.UNAVAILABLE | SourceState.ASLEEP:
            return "unavailable"
        case _:
            return "problem"


def _runs(folders: Sequence[Path], clock: Clock) -> Iterator[Check]:
    from crackseg_desktop.training.mounts import Mounts
    from crackseg_desktop.training.runs import read_runs

    if not folders:
        yield "trainings", "unavailable", "no folder is watched: give --runs DIR or set watch.folders in the settings"
    mounts = Mounts(clock)
    for folder in folders:
        if not mounts.answers(folder):
            yield f"trainings in {folder}", "problem", "it is on a file system that does not answer"
            continue
        found = read_runs([folder], answers=mounts.answers)
        yield f"trainings in {folder}", "ok", f"{len(found)} runs"
        for run in found:
            yield from ((f"run {run.facts.name}", "problem", note) for note in run.facts.notes)


def _notifiers(loaded: Loaded) -> Iterator[Check]:
    from crackseg_desktop.notify.desktop import native_notifiers
    from crackseg_desktop.notify.notifier import Considerate
    from crackseg_desktop.notify.quiet import quiet_hours

    for notifier in native_notifiers():
        reason = notifier.probe()
        yield f"notifications by {notifier.name}", "unavailable" if reason else "ok", reason or "ready"
        if isinstance(notifier, Considerate) and reason is None:
            on = notifier.do_not_disturb()
            known = {True: "on", False: "off", None: "unknown: this desktop does not tell"}[on]
            yield "do not disturb", "unavailable" if on is None else "ok", known
    shared = loaded.settings.notifications
    quiet = quiet_hours(shared.quiet_from, shared.quiet_to)
    yield "quiet hours", "ok", "none" if quiet is None else f"{quiet}, local time"


def _channels(loaded: Loaded, data_dir: Path, clock: Clock) -> Iterator[Check]:
    """Tell how the remote channels fare, without asking for a secret: that could ask the person to unlock it."""
    import sqlite3

    from crackseg_desktop.notify.outbox import backlogs
    from crackseg_desktop.system.secrets import Secrets

    channels = loaded.settings.channels
    yield "secrets", "ok", f"kept in {Secrets(data_dir).place()}"
    try:
        queued = backlogs(data_dir)
    except sqlite3.Error as error:
        yield "queue of remote messages", "problem", f"cannot be read: {error}"
        queued = {}
    if not channels:
        yield "remote channels", "ok", "none in the settings"
    for name, chosen in channels.items():
        yield _channel(name, chosen, queued.get(name), clock.time())


def _channel(name: str, chosen: RemoteChannel, queued: Backlog | None, now: float) -> Check:
    words = [
        masked(chosen.url) or "no url",
        f"{chosen.severity} and above" if chosen.severity != "critical" else "critical",
    ]
    if not chosen.enabled:
        return f"channel {name}", "unavailable", ", ".join(["switched off", *words])
    if queued is not None and queued.since is not None:
        words.append(f"{queued.waiting} waiting for {(now - queued.since) / 60:.0f} min")
    if queued is None or not queued.rest.failures:
        return f"channel {name}", "ok" if chosen.url else "problem", ", ".join(words)
    rest = queued.rest
    words.append(f"failed {rest.failures} times: {rest.error}; next try in {max(0.0, rest.until - now):.0f} s")
    return f"channel {name}", "problem", ", ".join(words)


def _display() -> Check:
    from crackseg_desktop.system.display import missing_display

    problem = missing_display(os.environ, sys.platform)
    return "display", "unavailable" if problem else "ok", problem or "there is one"


def _packages() -> Iterator[Check]:
    for name in _PACKAGES:
        try:
            yield f"package {name}", "ok", importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield f"package {name}", "unavailable", "not installed"
    try:
        foreign = importlib.metadata.version("pynvml")
    except importlib.metadata.PackageNotFoundError:
        return
    yield "package pynvml", "problem", f"pynvml {foreign} shadows nvidia-ml-py: pip uninstall pynvml"
