"""Space on the disks that matter."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from crackseg_desktop.hardware.disks import DiskSource, mount_of, system_root
from crackseg_desktop.readings import Reading, Tier

DUE = frozenset({Tier.MEDIUM})
METRICS = {"host_disk_total_bytes", "host_disk_used_bytes", "host_disk_free_bytes", "host_disk_used_ratio"}


def disks(source: DiskSource) -> tuple[Reading, ...]:
    host = source.read(DUE).host
    assert host is not None
    assert host.figures == {}
    return host.disks


def test_that_folders_of_one_disk_are_one_reading(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    found = disks(DiskSource([tmp_path, tmp_path / "a", tmp_path / "not" / "there"]))
    mounts = [disk.labels["mount"] for disk in found]
    assert len(set(mounts)) == len(mounts)
    assert mounts[0] == str(system_root())
    assert set(mounts) == {str(system_root()), str(mount_of(tmp_path))}


def test_that_the_figures_of_a_disk_are_the_system_s(tmp_path: Path) -> None:
    disk = next(disk for disk in disks(DiskSource([tmp_path])) if disk.labels["mount"] == str(mount_of(tmp_path)))
    total, used, free = (disk.figures[f"host_disk_{what}_bytes"] for what in ("total", "used", "free"))
    assert total == shutil.disk_usage(tmp_path).total
    assert used + free <= total
    assert disk.figures["host_disk_used_ratio"] == pytest.approx(used / (used + free))


def test_that_the_watched_folders_can_change() -> None:
    asked: list[Path] = []

    def usage(mount: Path) -> tuple[int, int, int]:
        asked.append(mount)
        return 100, 60, 20

    source = DiskSource(usage=usage)
    (disk,) = disks(source)
    assert disk.figures["host_disk_used_ratio"] == 0.75
    source.watch_folders([Path.cwd()])
    assert mount_of(Path.cwd()) in {Path(disk.labels["mount"]) for disk in disks(source)}
    assert asked[0] == system_root()


def test_that_a_mount_that_vanished_says_why() -> None:
    def usage(mount: Path) -> tuple[int, int, int]:
        raise FileNotFoundError(2, "No such file or directory", str(mount))

    (disk,) = disks(DiskSource(usage=usage))
    assert disk.figures == {}
    assert disk.unavailable == dict.fromkeys(METRICS, "No such file or directory")


def test_that_an_empty_file_system_has_no_share() -> None:
    (disk,) = disks(DiskSource(usage=lambda mount: (0, 0, 0)))
    assert disk.figures["host_disk_free_bytes"] == 0
    assert set(disk.unavailable) == {"host_disk_used_ratio"}


NFS = Path(Path.cwd().anchor, "net", "lab")


class Server:
    """Behind the mount NFS: answers at once, or not before it is told to."""

    def __init__(self, *, answers: bool) -> None:
        self.asked: list[Path] = []
        self.free = threading.Event()
        if answers:
            self.free.set()

    def usage(self, mount: Path) -> tuple[int, int, int]:
        if mount != NFS:
            return 100, 60, 20
        self.asked.append(mount)
        self.free.wait(10)
        return 1000, 500, 500

    def source(self, deadline: float) -> DiskSource:
        table = {os.path.normcase(NFS): True, os.path.normcase(NFS.anchor): False}
        return DiskSource([NFS / "runs"], self.usage, lambda: table, deadline=deadline)


def test_that_another_machine_s_file_system_is_read_by_its_mount_point() -> None:
    found = disks(Server(answers=True).source(deadline=10.0))
    assert [disk.labels["mount"] for disk in found] == [str(system_root()), str(NFS)]
    assert found[1].figures["host_disk_used_ratio"] == 0.5


def test_that_one_that_does_not_answer_blocks_nothing_and_is_asked_once() -> None:
    server = Server(answers=False)
    source = server.source(deadline=0.0)
    for _ in range(3):
        local, remote = disks(source)
        assert local.figures["host_disk_free_bytes"] == 20
        assert remote.unavailable == dict.fromkeys(METRICS, "the file system does not answer")
    assert len(server.asked) == 1
    server.free.set()


def test_that_one_that_answers_again_is_read_again() -> None:
    server = Server(answers=False)
    source = server.source(deadline=0.0)
    disks(source)
    server.free.set()
    source._attempts[NFS].done.wait(10)
    assert disks(source)[1].figures["host_disk_free_bytes"] == 500
