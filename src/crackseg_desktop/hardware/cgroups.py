"""Control groups (Linux): what limits this program, as in a container, and which container a process is in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_UNLIMITED = 1 << 60  # version 1 writes the largest number of whole pages where there is no limit
_ID = r"([0-9a-f]{12})[0-9a-f]{52}"
_CONTAINERS = (
    ("docker", re.compile(rf"/(?:docker[-/]){_ID}(?:\.scope)?(?:/|$)")),
    ("podman", re.compile(rf"/libpod-(?:payload-)?{_ID}(?:\.scope)?(?:/|$)")),
    ("kubernetes", re.compile(rf"kubepods.*/(?:[a-z-]+-)?{_ID}(?:\.scope)?(?:/|$)")),
    ("containerd", re.compile(rf"/(?:cri-containerd|nerdctl|containerd|crio)[-/:]{_ID}(?:\.scope)?(?:/|$)")),
    ("lxc", re.compile(r"/lxc(?:\.payload)?[./]([^/]+)(?:/|$)")),
    ("machine", re.compile(r"/machine\.slice/(?:machine|systemd-nspawn@)-?([^/]+?)\.(?:scope|service)(?:/|$)")),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The tightest limits above this program; None where none is set. ``group`` names where each is set."""

    memory_bytes: int | None = None
    memory_used_bytes: int | None = None
    memory_group: str = ""
    cpu_threads: float | None = None
    cpu_group: str = ""


def read_limits(membership: Path = _MEMBERSHIP, root: Path = _ROOT) -> Limits:
    """Return the limits of both versions of control groups; raises OSError where there are none at all."""
    paths = parse_membership(membership.read_text())
    memory = (_memory_limit(group) for group in _groups(paths, "memory", root))
    cpus = (_cpu_limit(group) for group in _groups(paths, "cpu", root))
    tightest = min((found for found in memory if found is not None), key=lambda found: found[0], default=None)
    fewest = min((found for found in cpus if found is not None), default=None)
    return Limits(*(tightest or (None, None, "")), *(fewest or (None, "")))


def parse_membership(text: str) -> dict[str, str]:
    """Return the path of a process's group by controller from /proc/PID/cgroup; "" is version 2's."""
    paths: dict[str, str] = {}
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, separator, path = rest.partition(":")
        if separator:
            paths |= dict.fromkeys(controllers.split(","), path)
    return paths


def container_of(text: str) -> str | None:
    """Return the kind of container and its id or name from /proc/PID/cgroup; None outside of one."""
    for path in dict.fromkeys(parse_membership(text).values()):
        for kind, pattern in _CONTAINERS:
            if (found := pattern.search(path)) is not None:
                return f"{kind} {found[1]}"
    return None


def _groups(paths: dict[str, str], controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of a process's group and of all above it, of each version that has the controller."""
    for top, path in (
        (root / controller, paths.get(controller)),
        (root, paths.get("")),
        (root / "unified", paths.get("")),
    ):
        if path is None or not top.is_dir():
            continue
        # Seen from within a container the path may name what lies outside of it: then its top is ours.
        below = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(below), -1, -1):
            yield top.joinpath(*below[:depth])


def _memory_limit(group: Path) -> tuple[int, int | None, str] | None:
    for limit_file, used_file, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit = _number(group / limit_file)
        if limit is None or limit >= _UNLIMITED:
            continue
        used = _number(group / used_file)
        if used is not None:
            used = max(0, used - _statistic(group / "memory.stat", cache))
        return limit, used, group.name
    return None


def _cpu_limit(group: Path) -> tuple[float, str] | None:
    try:
        quota, _, period = (group / "cpu.max").read_text().partition(" ")
    except OSError:
        quota, period = str(_number(group / "cpu.cfs_quota_us")), str(_number(group / "cpu.cfs_period_us"))
    try:
        threads = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max", or no such files
        return None
    return (threads, group.name) if threads > 0 else None


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # not there, or "max"
        return None


def _statistic(file: Path, name: str) -> int:
    try:
        pairs = (line.split() for line in file.read_text().splitlines())
        return next((int(pair[1]) for pair in pairs if len(pair) == 2 and pair[0] == name), 0)
    except (OSError, ValueError):
        return 0
