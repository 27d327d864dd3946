"""The forms of /proc."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.hardware import procfs

if TYPE_CHECKING:
    from pathlib import Path

if sys.platform != "linux":
    pytest.skip("only Linux has /proc", allow_module_level=True)

TAIL = " 0 0 0 -1 4194304 1 0 0 0 150 50 0 0 20 0 3 0 777 1000 25 18446744073709551615\n"


@pytest.mark.parametrize("name", ["python", "a b", "(sd-pam)", "x) S 1 (", "tmux: server"])
def test_that_a_name_may_hold_brackets_and_spaces(name: str) -> None:
    stat = procfs.parse_stat(f"42 ({name}) D 7{TAIL}".encode())
    assert stat == procfs.Stat(name, "waiting for a disk", 7, 200, 3, 777, 25)


@given(st.binary())
def test_that_any_bytes_are_read_without_an_error(raw: bytes) -> None:
    procfs.parse_stat(raw)
    procfs.parse_io(raw)


@given(st.integers(0, 2**63), st.integers(0, 2**63), st.integers(0, 2**63))
def test_that_bytes_that_never_reached_the_disk_are_taken_off(read: int, written: int, cancelled: int) -> None:
    text = f"rchar: 1\nread_bytes: {read}\nwrite_bytes: {written}\ncancelled_write_bytes: {cancelled}\n"
    assert procfs.parse_io(text.encode()) == (read, max(0, written - cancelled))


def test_that_traffic_that_is_not_told_is_none() -> None:
    assert procfs.parse_io(b"rchar: 1\n") is None


def test_that_a_long_command_line_is_read_whole(tmp_path: Path) -> None:
    words = ["python", "train.py", *(f"--option{number}=value" for number in range(2000))]
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cmdline").write_bytes("\0".join([*words, ""]).encode())
    assert procfs.command_of(7, str(tmp_path)) == tuple(words)
    assert procfs.command_of(8, str(tmp_path)) == ()


def test_that_this_process_is_there_with_its_parent() -> None:
    assert procfs.parents()[os.getpid()] == os.getppid()


def test_that_the_sockets_of_a_process_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "7" / "fd"
    folder.mkdir(parents=True)
    for number, target in enumerate(("socket:[123]", "/dev/null", "pipe:[5]", "socket:[99]")):
        (folder / str(number)).symlink_to(target)
    assert sorted(procfs.socket_inodes(7, str(tmp_path))) == [99, 123]
    assert list(procfs.socket_inodes(8, str(tmp_path))) == []
