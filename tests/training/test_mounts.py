"""Mounts that do not answer, played by an event that nobody sets."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.mount_points import is_remote_type, look_into, mount_table, remote_point
from crackseg_desktop.training.mounts import RECHECK_SECONDS, Mounts, Silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import FakeClock

NFS = Path(Path.cwd().anchor, "net", "lab")
RUNS = NFS / "runs"
TABLE = {os.path.normcase(NFS): True, os.path.normcase(NFS.anchor): False}


class Server:
    """What stands behind a mount: answers at once, not before it is told to, or with an error."""

    def __init__(self) -> None:
        self.asked: list[Path] = []
        self.error: OSError | None = None
        self._free = threading.Event()
        self._free.set()

    def __call__(self, path: Path) -> None:
        self.asked.append(path)
        self._free.wait(30)
        if self.error is not None:
            raise self.error

    def hang(self) -> None:
        self._free.clear()

    def come_back(self) -> None:
        """Answer, and return when every probe has gone home."""
        self._free.set()
        for thread in threading.enumerate():
            if thread.name == "mount-probe":
                thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.come_back()


@pytest.fixture
def make(clock: FakeClock, server: Server) -> Callable[..., Mounts]:
    def mounts(deadline: float = 30.0) -> Mounts:
        return Mounts(clock, lambda: TABLE, server, deadline)

    return mounts


@pytest.fixture
def impatient(make: Callable[..., Mounts]) -> Mounts:
    return make(0.01)


def test_that_a_local_folder_answers_and_is_not_even_asked(make: Callable[..., Mounts], server: Server) -> None:
    server.hang()
    assert make().answers(Path.cwd())
    assert server.asked == []


def test_that_a_mount_that_answers_is_asked_again_only_after_a_while(
    make: Callable[..., Mounts], server: Server, clock: FakeClock
) -> None:
    mounts = make()
    for _ in range(5):
        assert mounts.answers(RUNS)
    assert server.asked == [RUNS]
    clock.advance(RECHECK_SECONDS)
    assert mounts.answers(RUNS)
    assert server.asked == [RUNS, RUNS]
    assert mounts.silent() == ()


def test_that_a_dead_mount_is_named_with_the_time_it_fell_silent(
    impatient: Mounts, server: Server, clock: FakeClock
) -> None:
    server.hang()
    began = clock.time()
    assert not impatient.answers(RUNS)
    clock.advance(500)
    assert not impatient.answers(RUNS)
    assert impatient.silent() == (Silence(NFS, began),)


def test_that_a_thread_that_hangs_is_not_doubled(impatient: Mounts, server: Server, clock: FakeClock) -> None:
    server.hang()
    for folder in (RUNS, NFS / "other", RUNS):
        assert not impatient.answers(folder)
        clock.advance(RECHECK_SECONDS)
    assert len(server.asked) == 1


def test_that_a_mount_comes_back_by_itself(impatient: Mounts, server: Server, clock: FakeClock) -> None:
    server.hang()
    assert not impatient.answers(RUNS)
    clock.advance(3600)
    server.come_back()
    assert impatient.answers(RUNS)
    assert impatient.silent() == ()


def test_that_an_error_in_time_is_an_answer(make: Callable[..., Mounts], server: Server) -> None:
    server.error = OSError(107, "Transport endpoint is not connected")
    mounts = make()
    assert mounts.answers(RUNS)
    assert mounts.silent() == ()


def test_that_an_error_after_the_deadline_is_none(impatient: Mounts, server: Server, clock: FakeClock) -> None:
    began = clock.time()
    server.hang()
    server.error = TimeoutError(110, "Connection timed out")
    assert not impatient.answers(RUNS)
    clock.advance(60)
    server.come_back()
    assert not impatient.answers(RUNS)
    assert impatient.silent() == (Silence(NFS, began),)
    clock.advance(RECHECK_SECONDS)
    impatient.answers(RUNS)
    server.come_back()
    assert impatient.answers(RUNS)  # the same error at once: it is there again


def test_that_a_dead_mount_says_nothing_of_another(clock: FakeClock, server: Server) -> None:
    home = NFS.parent / "home"
    table = {**TABLE, os.path.normcase(home): True}
    mounts = Mounts(clock, lambda: table, lambda path: server(path) if path != home else None, 0.01)
    server.hang()
    assert not mounts.answers(RUNS)
    hanging = set(threading.enumerate())
    mounts.answers(home)
    for thread in set(threading.enumerate()) - hanging:
        thread.join()
    assert mounts.answers(home)
    assert [silence.point for silence in mounts.silent()] == [NFS]


def test_that_what_was_unmounted_is_silent_no_more(clock: FakeClock, server: Server) -> None:
    table = dict(TABLE)
    mounts = Mounts(clock, lambda: table, server, 0.01)
    server.hang()
    assert not mounts.answers(RUNS)
    table.clear()
    clock.advance(RECHECK_SECONDS)
    assert mounts.answers(RUNS)
    assert mounts.silent() == ()


def test_that_a_mount_within_a_mount_is_told_apart() -> None:
    remote = frozenset(map(os.path.normcase, (NFS.parent, NFS)))
    assert remote_point(RUNS, remote) == NFS
    assert remote_point(NFS.parent / "other", remote) == NFS.parent
    assert remote_point(NFS.parent.parent, remote) is None


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
class TestLinks:
    def test_that_a_link_to_a_mount_lies_on_it(self, tmp_path: Path) -> None:
        (tmp_path / "runs").symlink_to("./here/../there")
        (tmp_path / "here").mkdir()
        (tmp_path / "there").symlink_to(RUNS)
        assert remote_point(tmp_path / "runs" / "a", frozenset([str(NFS)])) == NFS

    def test_that_a_link_to_a_local_folder_does_not(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        (tmp_path / "runs").symlink_to("there")
        assert remote_point(tmp_path / "runs", frozenset([str(NFS)])) is None

    def test_that_links_in_a_circle_end(self, tmp_path: Path) -> None:
        (tmp_path / "one").symlink_to("two")
        (tmp_path / "two").symlink_to("one")
        assert remote_point(tmp_path / "one", frozenset([str(NFS)])) is None

    def test_that_no_link_beyond_a_mount_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[Path] = []

        def readlink(path: Path) -> str:
            read.append(path)
            raise OSError(22, "Invalid argument")

        monkeypatch.setattr(os, "readlink", readlink)
        assert remote_point(RUNS / "a", frozenset([str(NFS)])) == NFS
        assert read == [Path("/"), NFS.parent]


@pytest.mark.parametrize(
    "name", ["nfs", "nfs4", "CIFS", "smb3", "fuse.sshfs", "fuse.rclone", "autofs", "9p", "macfuse"]
)
def test_that_these_types_are_of_another_machine_or_a_daemon(name: str) -> None:
    assert is_remote_type(name)


@pytest.mark.parametrize("name", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "apfs", "NTFS", "fuseblk", "fusectl", ""])
def test_that_these_types_are_of_this_machine(name: str) -> None:
    assert not is_remote_type(name)


def test_that_the_table_of_this_machine_has_its_root() -> None:
    assert Path.cwd().anchor.lower() in {point.lower() for point in mount_table()}


def test_that_a_look_reaches_the_folder(tmp_path: Path) -> None:
    look_into(tmp_path)
    with pytest.raises(FileNotFoundError):
        look_into(tmp_path / "missing")
