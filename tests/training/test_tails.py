from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training.formats.base import Point
from crackseg_desktop.training.tails import Change, Novelty, Tail, Watch, open_regular, read_head

if TYPE_CHECKING:
    from pathlib import Path


def test_that_a_watch_tells_what_became_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    watch = Watch(path)
    assert watch.look() is Change.GONE
    path.write_bytes(b"one")
    assert watch.look() is Change.REPLACED
    assert watch.look() is Change.SAME
    path.write_bytes(b"one, two")
    assert watch.look() is Change.GROWN
    path.write_bytes(b"one")
    assert watch.look() is Change.REPLACED
    path.unlink()
    assert watch.look() is Change.GONE


def test_that_another_file_under_the_same_name_is_a_replacement(tmp_path: Path) -> None:
    path, other = tmp_path / "a.log", tmp_path / "b.log"
    path.write_bytes(b"one")
    other.write_bytes(b"one, two")
    watch = Watch(path)
    watch.look()
    os.replace(other, path)
    assert watch.look() is Change.REPLACED


def test_that_a_tail_reads_on_from_what_was_consumed(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\ntw")
    tail = Tail(path)
    tail.consume(tail.read(100) or b"", 4)
    path.write_bytes(b"one\ntwo\n")
    assert tail.read(100) == b"two\n"


def test_that_a_file_rewritten_in_place_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"one\n")
    tail = Tail(path)
    tail.consume(tail.read(100) or b"", 4)
    path.write_bytes(b"ONE\ntwo\n")
    assert tail.read(100) is None
    tail.restart()
    assert tail.read(100) == b"ONE\ntwo\n"


def test_that_another_beginning_is_noticed_where_the_end_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    same = b"the same for a long time\n" * 9
    path.write_bytes(b"one\n" + same)
    tail = Tail(path)
    data = tail.read(1000) or b""
    tail.consume(data, len(data))
    path.write_bytes(b"ONE\n" + same + b"more\n")
    assert tail.read(1000) is None
    path.write_bytes(b"one\n" + same + b"more\n")
    assert tail.read(1000) == b"more\n"


def test_that_a_file_which_is_read_again_tells_nothing_twice() -> None:
    nan = float("nan")
    novelty = Novelty()
    points = [Point("a", 1, 0.0, 1.0), Point("a", 2, 0.0, nan), Point("b", 1, 0.0, 1.0)]
    assert novelty.fresh(points) == points
    novelty.rewind()
    longer = [*points, Point("a", 3, 0.0, 3.0)]
    assert novelty.fresh([point._replace(time=9.0) for point in longer]) == [Point("a", 3, 9.0, 3.0)]


def test_that_a_file_which_differs_tells_all_from_there_on() -> None:
    novelty = Novelty()
    novelty.fresh([Point("a", step, 0.0, 1.0) for step in (1, 2, 3)])
    novelty.rewind()
    assert [point.step for point in novelty.fresh([Point("a", 1, 0.0, 1.0), Point("a", 2, 0.0, 5.0)])] == [2]
    assert [point.step for point in novelty.fresh([Point("a", 3, 0.0, 1.0)])] == [3]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files on Windows")
def test_that_a_file_which_would_be_waited_for_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A pipe that somebody holds open without writing; /proc/kmsg is like it, but says that it is a regular file.
    path = tmp_path / "kmsg"
    if sys.platform != "win32":
        os.mkfifo(path)
    monkeypatch.setattr(stat, "S_ISREG", lambda mode: True)
    holder = os.open(path, os.O_RDWR)
    try:
        assert read_head(path, 9) == b""
        with pytest.raises(BlockingIOError), open_regular(path) as file:
            file.read(9)
    finally:
        os.close(holder)
