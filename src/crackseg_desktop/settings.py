"""The settings: their defaults, reading them from TOML with the line of every mistake, and saving them atomically.

The file is the user's: comments stay, a broken file is never overwritten, and what is wrong is said with its line and
key while the program starts on the default.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import MutableMapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class SettingsError(Exception):
    """The settings could not be saved."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched: folders of trainings, and ``hosts`` (``NAME`` or ``NAME:PORT``) that must be reachable."""

    folders: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often hardware is read, and how long a driver may take, in seconds."""

    fast_seconds: float = 1.0
    medium_seconds: float = 5.0
    slow_seconds: float = 30.0
    deadline_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Targets:
    """The guide's goals for a model, drawn as lines."""

    iou: float = 0.75
    dice: float = 0.82


@dataclass(frozen=True, slots=True)
class Baselines:
    """What is usual for a training, from and to; the defaults are the guide's, for SwinV2 on an 8 GB card.

    ``total_hours`` is for ``epochs`` epochs, ``memory_gib`` the peak of GPU memory.
    """

    total_hours: tuple[float, float] = (2.0, 3.0)
    epochs: int = 50
    memory_gib: tuple[float, float] = (6.0, 7.0)
    convergence_epochs: tuple[float, float] = (30.0, 40.0)


@dataclass(frozen=True, slots=True)
class Notifications:
    """How a person is told. ``backend``: auto, dbus, plyer, toast, tray, window.

    From ``quiet_from`` to ``quiet_to`` ("23:00", "07:00", local time; none where one is empty), and while the desktop
    is not to be disturbed, only what is critical is told; the rest comes as a digest after it.
    """

    enabled: bool = True
    backend: str = "auto"
    quiet_from: str = ""
    quiet_to: str = ""
    follow_do_not_disturb: bool = True
    native_per_minute: int = 6
    remote_per_hour: int = 30


@dataclass(frozen=True, slots=True)
class RemoteChannel:
    """A way to reach a person elsewhere: a mailbox, a chat, a phone.

    ``url`` is "keyring:NAME" for an address that is kept with the secrets, or an address without a secret.
    ``severity`` is the least that is sent. ``quiet_hours`` says whether it keeps any, ``quiet_from`` and ``quiet_to``
    give it hours of its own.
    """

    url: str = ""
    severity: str = "warning"
    enabled: bool = True
    quiet_hours: bool = True
    quiet_from: str = ""
    quiet_to: str = ""


@dataclass(frozen=True, slots=True)
class Appearance:
    """How it looks. ``theme``: system, dark, light."""

    theme: str = "system"


@dataclass(frozen=True, slots=True)
class History:
    """What is kept, for how long, and how much of the disk it may take; see ``history.tiers``.

    ``seconds_hours`` is how long every sample is kept; then buckets of 10 s, 1 min and 15 min, in days.
    """

    enabled: bool = True
    seconds_hours: float = 24.0
    ten_seconds_days: float = 14.0
    minutes_days: float = 90.0
    quarters_days: float = 730.0
    most_megabytes: int = 500


@dataclass(frozen=True, slots=True)
class Energy:
    """What electricity costs: ``tariff`` for a kWh, in ``currency``; 0: not known, and then no cost is told."""

    tariff: float = 0.0
    currency: str = "€"


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports: the ``environment`` they name, and when they are written (local time; none where it is empty).

    ``weekly_on`` is the day on which the week before is reported, at ``weekly_at``. ``send`` sends them through the
    channels as well.
    """

    environment: str = "Development"
    daily_at: str = "18:00"
    weekly_on: str = "monday"
    weekly_at: str = "08:00"
    send: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. ``rules`` are plain tables by rule name, such as ``{"gpu_temperature": {"limit": 85}}``.

    ``channels`` are by the name that a person gave them.
    """

    watch: Watch = field(default_factory=Watch)
    sampling: Sampling = field(default_factory=Sampling)
    targets: Targets = field(default_factory=Targets)
    baselines: Baselines = field(default_factory=Baselines)
    notifications: Notifications = field(default_factory=Notifications)
    appearance: Appearance = field(default_factory=Appearance)
    history: History = field(default_factory=History)
    energy: Energy = field(default_factory=Energy)
    reports: Reports = field(default_factory=Reports)
    channels: Mapping[str, RemoteChannel] = field(default_factory=lambda: MappingProxyType({}))
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: MappingProxyType({}))


RANGES = {
    "sampling.fast_seconds": (0.2, 3600.0),
    "sampling.medium_seconds": (1.0, 3600.0),
    "sampling.slow_seconds": (5.0, 3600.0),
    "sampling.deadline_seconds": (0.1, 60.0),
    "targets.iou": (0.0, 1.0),
    "targets.dice": (0.0, 1.0),
    "baselines.total_hours": (0.0, 1e5),
    "baselines.epochs": (1, 1e6),
    "baselines.memory_gib": (0.0, 1e5),
    "baselines.convergence_epochs": (0.0, 1e6),
    "notifications.native_per_minute": (1, 60),
    "notifications.remote_per_hour": (1, 300),
    "history.seconds_hours": (1.0, 24.0 * 366),
    "history.ten_seconds_days": (1.0, 3660.0),
    "history.minutes_days": (1.0, 3660.0),
    "history.quarters_days": (1.0, 3660.0),
    "history.most_megabytes": (20, 1e6),
    "energy.tariff": (0.0, 1e6),
}
_LARGEST_FILE = 1 << 20
CHOICES = {
    "notifications.backend": ("auto", "dbus", "plyer", "toast", "tray", "window"),
    "channels.*.severity": ("info", "warning", "critical"),
    "appearance.theme": ("system", "dark", "light"),
    "reports.weekly_on": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
}
TIMES = frozenset(
    {f"{place}.quiet_{end}" for place in ("notifications", "channels.*") for end in ("from", "to")}
    | {"reports.daily_at", "reports.weekly_at"}
)
"""The settings that are a time of day such as "23:00", or empty."""

_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|")
_CHANNEL_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in the settings file."""

    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}, " if self.line else ""
        return f"{where}{self.key}: {self.message}" if self.key else f"{where}{self.message}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings as read, where from, and what was wrong with the file (its keys are then on their defaults)."""

    settings: Settings
    path: Path
    problems: tuple[Problem, ...] = ()
    text: str = ""

    def with_problems(self, found: Iterable[tuple[str, str]]) -> Loaded:
        """Add problems that only another room can see, such as of a rule: the dotted key and what is wrong."""
        more = tuple(Problem(_line_of(self.text, key), key, message) for key, message in found)
        return replace(self, problems=(*self.problems, *more))

    def message(self) -> str | None:
        """Return one clear line about the problems, or None."""
        if not self.problems:
            return None
        return f"{self.path}: {'; '.join(map(str, self.problems))} (the default is used, the file is left as it is)"


def load(path: Path) -> Loaded:
    """Read a settings file; a file that is not there gives the defaults, a broken one its problems as well."""
    try:
        if path.exists() and (not path.is_file() or path.stat().st_size > _LARGEST_FILE):
            return Loaded(Settings(), path, (Problem(None, "", "is no settings file"),))
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Loaded(Settings(), path)
    except (OSError, UnicodeDecodeError) as error:
        return Loaded(Settings(), path, (Problem(None, "", f"cannot be read: {error}"),))
    return parse(text, path)


def parse(text: str, path: Path) -> Loaded:
    """Read settings from a text; see ``load``."""
    import tomllib  # 5 ms that a first start, without a file, does without

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Loaded(Settings(), path, (_syntax_problem(text, str(error)),), text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets of thousands of levels
        return Loaded(Settings(), path, (Problem(None, "", f"cannot be read: {error}"),), text)
    problems: list[Problem] = []
    settings = _fill(Settings(), table, "", text, problems)
    return Loaded(settings, path, tuple(problems), text)


def save(path: Path, changes: Mapping[str, Any]) -> None:
    """Write changed values (``{"watch.folders": [...]}``) into the file, keeping its comments; None takes one out.

    The file is replaced in one step, so that a crash leaves either the old or the new one.

    Raises:
        SettingsError: the file on disk is broken or has a value where a table should be (it is left as it is), or the
            folder cannot be written.
    """
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        write_atomically(path, edited(text, changes).encode())
    except (OSError, ValueError) as error:  # tomlkit's parse errors are ValueErrors
        raise SettingsError(f"{path} was not changed: {error}") from error


def edited(text: str, changes: Mapping[str, Any]) -> str:
    """Return a settings text with changed values, as ``save`` writes it.

    Raises:
        ValueError: the text is broken, or has a value where a table should be.
    """
    import tomlkit  # only saving needs it

    document = tomlkit.parse(text)
    for key, value in changes.items():
        *sections, name = key.split(".")
        table: Any = document
        for section in sections:
            if value is None and section not in table:
                break
            table = table.setdefault(section, tomlkit.table())
            if not isinstance(table, MutableMapping):
                raise ValueError(f"{section} is not a table there")
        else:
            if value is None:
                table.pop(name, None)
            else:
                table[name] = value
    return tomlkit.dumps(document)


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file in one step, durably; of a link, what it points to. Raises OSError.

    ``mode`` are its permissions, less those that this process gives nobody; by default it is its owner's alone.
    """
    path = Path(os.path.realpath(path))
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _fill(default: Any, table: Mapping[str, Any], prefix: str, text: str, problems: list[Problem]) -> Any:
    """Return the dataclass ``default`` with what is valid in ``table``; add a problem for what is not."""
    known = {item.name: getattr(default, item.name) for item in fields(default)}
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        if name not in known:
            problems.append(Problem(_line_of(text, key), key, "is not a setting"))
        elif key == "channels" and isinstance(value, dict):
            values[name] = _fill_channels(value, text, problems)
        elif is_dataclass(known[name]) and isinstance(value, dict):
            values[name] = _fill(known[name], value, f"{key}.", text, problems)
        elif (reason := _mismatch(key, known[name], value)) is not None:
            problems.append(Problem(_line_of(text, key), key, reason))
        else:
            values[name] = _converted(known[name], value)
    return replace(default, **values)


def _fill_channels(tables: Mapping[str, Any], text: str, problems: list[Problem]) -> Mapping[str, RemoteChannel]:
    channels: dict[str, RemoteChannel] = {}
    taken = CHOICES["notifications.backend"]
    for name, table in tables.items():
        key = f"channels.{name}"
        if not isinstance(table, dict):
            problems.append(Problem(_line_of(text, key), key, "must be a table"))
        elif not _CHANNEL_NAME.fullmatch(name) or name in taken:
            reason = f"is no name for a channel: letters, digits, _ and -, and none of {', '.join(taken)}"
            problems.append(Problem(_line_of(text, key), key, reason))
        else:
            channels[name] = _fill(RemoteChannel(), table, f"{key}.", text, problems)
    return MappingProxyType(channels)


def _mismatch(key: str, default: object, value: object) -> str | None:
    """Say why a value cannot stand for this setting."""
    kind = re.sub(r"^channels\..*\.", "channels.*.", key)
    choices = CHOICES.get(kind)
    if choices and value not in choices:
        return f"must be one of {', '.join(choices)}, not {value!r}"
    if kind in TIMES and not (isinstance(value, str) and _TIME.fullmatch(value)):
        return f'must be a time such as "23:00", not {value!r}'
    if kind == "channels.*.url" and not isinstance(value, str):
        return "must be a text"  # without the value: it may hold a password
    match default:
        case bool():
            return None if isinstance(value, bool) else f"must be true or false, not {value!r}"
        case int() | float():
            low, high = RANGES[key]
            ok = _is_number(value, key) and (isinstance(default, float) or isinstance(value, int))
            return None if ok else f"must be a {_KINDS[type(default)]} from {low:g} to {high:g}, not {value!r}"
        case str():
            return None if isinstance(value, str) else f"must be a text, not {value!r}"
        case (float(), float()):
            low, high = RANGES[key]
            pair = value if isinstance(value, list) and len(value) == 2 else []
            ok = bool(pair) and all(_is_number(item, key) for item in pair) and pair[0] <= pair[1]
            return None if ok else f"must be two rising numbers from {low:g} to {high:g}, not {value!r}"
        case tuple():
            ok = isinstance(value, list) and all(isinstance(item, str) and "\0" not in item for item in value)
            return None if ok else f"must be a list of texts, not {value!r}"
        case _:
            ok = isinstance(value, dict) and all(isinstance(item, dict) for item in value.values())
            return None if ok else f"must be tables, not {value!r}"


_KINDS: dict[type, str] = {int: "whole number", float: "number"}


def _is_number(value: object, key: str) -> bool:
    low, high = RANGES[key]
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def _converted(default: object, value: Any) -> Any:
    match default:
        case (float(), float()):
            return tuple(map(float, value))
        case tuple():
            return tuple(value)
        case float():
            return float(value)
        case _:
            return value


def _line_of(text: str, key: str) -> int | None:
    """Find the line that sets a dotted key: tomllib does not tell where a value stood."""
    *sections, name = key.split(".")
    for number, section, found in _assignments(text):
        if [*section, found] == [*sections, name] or section == [*sections, name]:
            return number
    return None


def _assignments(text: str) -> Iterator[tuple[int, list[str], str]]:
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            section = [part.strip(" \"'") for part in header[1].split(".")]
            yield number, section, ""
        elif assignment := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            *inner, name = (part.strip("\"'") for part in assignment[1].split("."))
            yield number, section + inner, name


def _syntax_problem(text: str, message: str) -> Problem:
    """Name the line and the key of a syntax error; tomllib says "... (at line 3, column 9)"."""
    found = re.search(r"\(at line (\d+), column \d+\)", message)
    lines = text.splitlines()
    line = int(found[1]) if found else max(1, len(lines))
    before = [(number, section, name) for number, section, name in _assignments(text) if number <= line and name]
    key = ".".join([*before[-1][1], before[-1][2]]) if before else ""
    return Problem(line, key, message.split(" (at ")[0])
