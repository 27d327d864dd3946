"""Limits of control groups, on made-up trees, and the names of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.hardware.cgroups import Limits, container_of, parse_membership, read_limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ID = "0123456789ab" + "c" * 52


def limits(folder: Path, membership: str, files: Mapping[str, str]) -> Limits:
    for name, text in files.items():
        file = folder / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
    (folder / "membership").write_text(membership)
    return read_limits(folder / "membership", folder / "cgroup")


def test_that_the_tightest_limit_of_all_groups_above_counts(tmp_path: Path) -> None:
    found = limits(
        tmp_path,
        "0::/user.slice/job.scope\n",
        {
            "memory.stat": "",
            "user.slice/memory.max": "1000",
            "user.slice/memory.current": "700",
            "user.slice/memory.stat": "anon 100\ninactive_file 300",
            "user.slice/cpu.max": "400000 100000",
            "user.slice/job.scope/memory.max": "max",
            "user.slice/job.scope/cpu.max": "50000 100000",
        },
    )
    assert found == Limits(1000, 400, "user.slice", 0.5, "job.scope")


def test_that_within_a_container_the_top_of_the_tree_is_its_own(tmp_path: Path) -> None:
    found = limits(tmp_path, "0::/\n", {"memory.max": "500", "memory.current": "100", "cpu.max": "max 100000"})
    assert found == Limits(500, 100, "cgroup")


def test_that_version_1_is_read(tmp_path: Path) -> None:
    found = limits(
        tmp_path,
        f"4:memory:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n0::/\n",
        {
            "memory/memory.limit_in_bytes": "800",
            "memory/memory.usage_in_bytes": "300",
            "memory/memory.stat": "total_inactive_file 50",
            "cpu/cpu.cfs_quota_us": "150000",
            "cpu/cpu.cfs_period_us": "100000",
        },
    )
    assert found == Limits(800, 250, "memory", 1.5, "cpu")


def test_that_no_limit_is_none(tmp_path: Path) -> None:
    files = {"memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1"}
    assert limits(tmp_path, "4:memory:/\n1:cpu:/\n", files) == Limits()


def test_that_a_machine_without_control_groups_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        read_limits(tmp_path / "none", tmp_path)


@pytest.mark.parametrize(
    ("line", "container"),
    [
        (f"0::/system.slice/docker-{ID}.scope", "docker 0123456789ab"),
        (f"4:memory:/docker/{ID}", "docker 0123456789ab"),
        (
            f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container",
            "podman 0123456789ab",
        ),
        (f"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{ID}.scope", "kubernetes 0123456789ab"),
        (f"0::/kubepods/besteffort/pod1/{ID}", "kubernetes 0123456789ab"),
        ("0::/lxc.payload.lab/system.slice/cron.service", "lxc lab"),
        ("9:name=systemd:/lxc/lab", "lxc lab"),
        ("0::/machine.slice/machine-lab.scope", "machine lab"),
        ("0::/user.slice/user-1000.slice/session-2.scope", None),
        ("0::/system.slice/docker.service", None),
        ("0::/", None),
    ],
)
def test_that_a_container_is_told_by_its_group(line: str, container: str | None) -> None:
    assert container_of(f"{line}\n") == container


@given(st.text())
def test_that_any_text_is_read_without_an_error(text: str) -> None:
    parse_membership(text)
    container_of(text)
