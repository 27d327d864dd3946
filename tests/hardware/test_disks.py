"""Space on the disks that matter."""

from __future__ import annotations

import shutil
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
