"""The index of runs on disk."""

from __future__ import annotations

import math
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop import run_index
from crackseg_desktop.readings import Ending, RunFacts, RunParked
from crackseg_desktop.run_index import RunIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def make_index(tmp_path: Path) -> Iterator[Callable[[], RunIndex]]:
    made: list[RunIndex] = []

    def make() -> RunIndex:
        made.append(RunIndex(tmp_path / "data"))
        return made[-1]

    yield make
    for index in made:
        index.close()


def some_run(run: str = "0123456789", signature: str = "s1") -> RunParked:
    facts = RunFacts(
        run,
        "näme",
        "/runs/a",
        ("/runs/a", "/runs/b"),
        "crackseg",
        started=1.5,
        epoch=3,
        ending=Ending("early_stopping", None, 7.25),
        files=("/runs/a/x",),
        writer=("host", 7),
        notes=("a note",),
    )
    return RunParked(facts, signature, ((1, 2.5, 0.5), (2, 3.5, math.inf)), {"version": 1, "curves": []})


def test_that_what_is_remembered_is_recalled_by_another_instance(make_index: Callable[[], RunIndex]) -> None:
    make_index().remember(some_run())
    assert make_index().recall("0123456789", "s1") == some_run()


def test_that_other_files_and_other_runs_are_not_known(make_index: Callable[[], RunIndex]) -> None:
    index = make_index()
    index.remember(some_run())
    assert index.recall("0123456789", "s2") is None
    assert index.recall("9876543210", "s1") is None


def test_that_the_newest_entry_of_a_run_counts(make_index: Callable[[], RunIndex]) -> None:
    index = make_index()
    index.remember(some_run())
    index.remember(replace(some_run(), signature="s2"))
    assert index.recall("0123456789", "s1") is None
    assert index.recall("0123456789", "s2") is not None


def test_that_entries_of_another_version_are_not_known(
    make_index: Callable[[], RunIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_index().remember(some_run())
    monkeypatch.setattr(run_index, "_MAKER", "another")
    assert make_index().recall("0123456789", "s1") is None


def test_that_an_entry_that_is_not_as_it_was_written_is_not_known(
    make_index: Callable[[], RunIndex], tmp_path: Path
) -> None:
    make_index().remember(some_run())
    with sqlite3.connect(tmp_path / "data" / "runs.sqlite") as connection:
        connection.execute("UPDATE runs SET content = replace(content, 'crackseg', 'vrackseg')")
    connection.close()
    index = make_index()
    assert index.recall("0123456789", "s1") is None
    index.remember(some_run())
    assert index.recall("0123456789", "s1") == some_run()


def test_that_damage_found_late_lets_it_begin_anew(make_index: Callable[[], RunIndex], tmp_path: Path) -> None:
    index = make_index()
    for number in range(200):
        index.remember(some_run(f"{number:010}"))
    index.close()
    path = tmp_path / "data" / "runs.sqlite"
    content = bytearray(path.read_bytes())
    for at in range(4096, len(content), 4096):  # every page but the first, which alone is looked at to open it
        content[at : at + 200] = b"\xff" * 200
    path.write_bytes(content)
    index = make_index()
    assert not any(index.recall(f"{number:010}", "s1") for number in range(200))
    index.remember(some_run())
    assert index.recall("0123456789", "s1") == some_run()


def test_that_a_damaged_file_is_begun_anew(make_index: Callable[[], RunIndex], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "runs.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    index = make_index()
    index.remember(some_run())
    assert index.recall("0123456789", "s1") == some_run()


def test_that_a_folder_that_cannot_be_written_to_is_done_without(
    make_index: Callable[[], RunIndex], tmp_path: Path
) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    index = make_index()
    index.remember(some_run())
    assert index.recall("0123456789", "s1") is None


def test_that_a_closed_index_knows_nothing(make_index: Callable[[], RunIndex]) -> None:
    index = make_index()
    index.remember(some_run())
    index.close()
    index.remember(some_run("1111111111"))
    assert index.recall("0123456789", "s1") is None


def test_that_it_does_not_grow_without_end(make_index: Callable[[], RunIndex], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_index, "_MOST_RUNS", 3)
    for number in range(5):
        index = make_index()
        index.remember(some_run(f"{number:010}"))
        index.close()
    index = make_index()
    assert [number for number in range(5) if index.recall(f"{number:010}", "s1")] == [2, 3, 4]
