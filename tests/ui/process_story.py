"""The processes of a workstation with a training, for the tests of tables. Without Qt."""

from __future__ import annotations

from typing import Any

from tests.ui import story

from crackseg_desktop.readings import Confidence, Link, ProcessRow, Run

MIB = 1024**2
TRAIN = ("/usr/bin/python", "run.py", "--epochs", "50")


def row(pid: int, parent: int = 1, command: tuple[str, ...] = ("bash",), **changes: Any) -> ProcessRow:
    """Return a process of ana's that does little."""
    known: dict[str, Any] = {
        "started": story.NOW - 3600.0,
        "user": "ana",
        "own": True,
        "state": "sleeping",
        "threads": 1,
        "memory_bytes": 10 * MIB,
        "cpu_ratio": 0.0,
        "read_bytes_per_second": 0.0,
        "written_bytes_per_second": 0.0,
    }
    known |= changes
    return ProcessRow(pid=pid, parent=parent, name=command[0].rpartition("/")[2], command=command, **known)


def table() -> tuple[ProcessRow, ...]:
    """Return a shell with a training and two data-loader workers, a desktop, and root's daemon."""
    reasons = {"read_bytes_per_second": "own processes only", "written_bytes_per_second": "own processes only"}
    return (
        row(
            900,
            1,
            ("dockerd",),
            user="root",
            own=False,
            cpu_ratio=0.02,
            unavailable=reasons,
            read_bytes_per_second=None,
            written_bytes_per_second=None,
        ),
        row(2210, 1, ("gnome-shell",), cpu_ratio=0.12, memory_bytes=412 * MIB),
        row(3987, 2210, ("firefox",), cpu_ratio=0.62, memory_bytes=1800 * MIB),
        row(4000, 1),
        row(48213, 4000, TRAIN, cpu_ratio=1.1, memory_bytes=5000 * MIB),
        row(48214, 48213, TRAIN, cpu_ratio=0.7, memory_bytes=700 * MIB, read_bytes_per_second=10.0 * MIB),
        row(48215, 48213, TRAIN, cpu_ratio=0.9, memory_bytes=700 * MIB, read_bytes_per_second=12.0 * MIB),
    )


def linked(**changes: Any) -> Run:
    """Return the run with its process."""
    known = {"evidence": "It holds metrics.jsonl of the run open.", "pids": (48213, 48214, 48215)} | changes
    link = Link(48213, story.NOW - 3600.0, known.pop("confidence", Confidence.CERTAIN), **known)
    return story.run(link=link, gpu_memory_peaks={story.GPU: 6 * 1024 * MIB})
