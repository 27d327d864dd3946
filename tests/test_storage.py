"""Opening SQLite files."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.storage import NewerDatabaseError, open_database, open_for_reading

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "CREATE TABLE a (x)"
SECOND = "ALTER TABLE a ADD COLUMN y DEFAULT 2"


def rows(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT * FROM a").fetchall()


def test_that_a_file_is_brought_up_to_date_and_keeps_its_content(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.sqlite"
    with closing(open_database(path, [FIRST])) as connection:
        connection.execute("INSERT INTO a VALUES (1)")
    for _ in range(2):
        with closing(open_database(path, [FIRST, SECOND])) as connection:
            assert rows(connection) == [(1, 2)]


def test_that_the_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    open_database(path, [FIRST, SECOND]).close()
    before = path.read_bytes()
    with pytest.raises(NewerDatabaseError):
        open_database(path, [FIRST])
    assert path.read_bytes() == before


def test_that_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    open_database(path, [FIRST]).close()
    with pytest.raises(sqlite3.OperationalError):
        open_database(path, [FIRST, "ALTER TABLE a ADD COLUMN y; CREATE TABLE a (z)"])
    with closing(open_database(path, [FIRST])) as connection:
        assert [row[1] for row in connection.execute("PRAGMA table_info(a)")] == ["x"]


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 20, b"\0" * 4096])
def test_that_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.sqlite"
    path.write_bytes(content)
    with closing(open_database(path, [FIRST])) as connection:
        assert rows(connection) == []
    assert (tmp_path / "file.sqlite.damaged").read_bytes() == content


def test_that_a_locked_file_is_not_taken_for_a_damaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.sqlite"
    open_database(path, [FIRST]).close()
    monkeypatch.setattr("crackseg_desktop.storage.BUSY_SECONDS", 0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError):
            open_database(path, [FIRST, SECOND])
    assert not list(tmp_path.glob("*.damaged"))


def test_that_a_new_file_can_give_its_free_pages_back(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "file.sqlite", [FIRST])) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)  # incremental


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes among its files")
def test_that_nobody_waits_for_a_pipe_in_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    if sys.platform != "win32":
        os.mkfifo(path)
    with pytest.raises(OSError, match="is no file"):
        open_for_reading(path, 1)
