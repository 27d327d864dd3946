from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training import event_files as ef

from crackseg_desktop.training.formats import tfevents_bulk
from crackseg_desktop.training.formats.tfevents import BulkTables, EventFile, RewrittenError
from crackseg_desktop.training.formats.tfevents_decode import Column, Columns, Decoder

SEEDS = st.integers(0, 2**32)
NAME = "events.out.tfevents.1700000000.host.1.0"


def never() -> BulkTables:
    return BulkTables(big_bytes=1 << 60, least_bytes=1 << 60)


def always() -> BulkTables:
    return BulkTables(big_bytes=1, least_bytes=1)


class Reading:
    """Reads a file in portions and remembers everything it tells, comparable though there are NaNs."""

    def __init__(self, path: Path, tables: BulkTables, window_bytes: int = 1 << 16) -> None:
        self.file = EventFile(path, tables)
        self.columns: Columns = {}
        self._window_bytes = window_bytes

    def go_on(self) -> None:
        with mock.patch.object(tfevents_bulk, "WINDOW_BYTES", self._window_bytes):
            for portion in self.file.portions():
                for tag, column in portion.items():
                    self.columns.setdefault(tag, Column()).extend(column)

    def told(self) -> dict[str, Any]:
        file, decoder = self.file, self.file.decoder
        columns = self.columns.items()
        stored = decoder.stored.items()
        return {
            "points": {tag: (c.steps.tobytes(), c.wall_times.tobytes(), c.values.tobytes()) for tag, c in columns},
            "count": sum(len(column) for column in self.columns.values()),
            "notes": sorted(file.clues.notes),
            "times": (file.clues.first_time, file.clues.last_time),
            "state": (file.ended, file.offset, file.damaged_records, decoder.starts, decoder.other_plugins),
            "stored": {key: list(zip(s.offsets, s.lengths, s.steps, strict=True)) for key, s in stored},
        }


def assert_equal_ways(
    data: bytes, window_bytes: int = 1 << 16, tables: BulkTables | None = None, cuts: tuple[int, ...] = ()
) -> dict[str, Any]:
    """Read a file both ways, and also while it grows to the lengths ``cuts``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        path.touch()
        serial, bulk = Reading(path, never()), Reading(path, tables or always(), window_bytes)
        begin = 0
        for cut in (*sorted(cuts), len(data)):
            with path.open("ab") as file:
                file.write(data[begin:cut])
            begin = cut
            serial.go_on()
            bulk.go_on()
            assert serial.told() == bulk.told()
        serial.file.finish()
        bulk.file.finish()
    assert serial.told() == bulk.told()
    return serial.told()


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(0, 2500), st.sampled_from([0.0, 0.02, 0.3]), st.sampled_from([1 << 13, 1 << 16, 1 << 22]))
def test_that_both_ways_read_the_same(seed: int, count: int, oddities: float, window_bytes: int) -> None:
    assert_equal_ways(b"".join(ef.mixed(seed, count, oddities=oddities)), window_bytes)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.data())
def test_that_both_ways_read_damaged_files_alike(seed: int, data: st.DataObject) -> None:
    content = bytearray(b"".join(ef.mixed(seed, 800, oddities=0.02)))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    hole = data.draw(st.integers(0, len(content)))
    content[hole : hole + data.draw(st.sampled_from([0, 0, 100, 5000]))] = b""
    content += data.draw(st.sampled_from([b"", b"", bytes(4096), b"\xff" * 300]))
    assert_equal_ways(bytes(content[: data.draw(st.integers(0, len(content)))]))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.data())
def test_that_both_ways_read_growing_files_alike(seed: int, data: st.DataObject) -> None:
    content = b"".join(ef.mixed(seed, 1000, oddities=0.02))
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=5))
    assert_equal_ways(content, cuts=tuple(cuts))


@settings(max_examples=15, deadline=None)
@given(st.lists(SEEDS, min_size=2, max_size=5))
def test_that_what_one_file_taught_does_not_change_another(seeds: list[int]) -> None:
    tables = always()
    for seed in (*seeds, seeds[0]):
        assert_equal_ways(b"".join(ef.mixed(seed, 500, oddities=0.05)), tables=tables)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.data())
def test_that_a_single_flipped_bit_is_noticed(seed: int, data: st.DataObject) -> None:
    content = bytearray(b"".join(ef.mixed(seed, 300, oddities=0.02)))
    whole = assert_equal_ways(bytes(content))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    assert_noticed(at, len(content), assert_equal_ways(bytes(content)), whole)


@pytest.mark.parametrize("style", [ef.simple, ef.keras])
def test_that_every_flipped_bit_of_a_record_is_noticed_in_bulk(style: Any, tmp_path: Path) -> None:
    records = [ef.record(ef.summary(style("loss/x", 0.1), step=200 + step, time=1.7e9)) for step in range(40)]
    content, path, tables = bytearray(b"".join(records)), tmp_path / NAME, always()
    whole = told_in_bulk(path, content, tables)
    assert whole["count"] == 40
    begin = sum(map(len, records[:30]))
    for at in range(begin, begin + len(records[30])):
        for bit in range(8):
            content[at] ^= 1 << bit
            assert_noticed(at, len(content), told_in_bulk(path, content, tables), whole)
            content[at] ^= 1 << bit


def told_in_bulk(path: Path, content: bytearray, tables: BulkTables) -> dict[str, Any]:
    path.write_bytes(content)
    reading = Reading(path, tables)
    reading.go_on()
    return reading.told()


def assert_noticed(at: int, length: int, told: dict[str, Any], whole: dict[str, Any]) -> None:
    """A flipped bit at a place ends the file before it, or costs one record that is counted."""
    ended, offset, damaged, *_ = told["state"]
    assert (ended, damaged) in [(True, 0), (False, 1)]
    assert offset <= at if ended else offset == length
    for tag, columns in told["points"].items():
        for found, expected in zip(columns, whole["points"][tag], strict=True):
            assert is_part(found, expected)


def is_part(found: bytes, expected: bytes) -> bool:
    """Whether 64-bit numbers are those expected, some of which are missing."""
    rest = iter([expected[at : at + 8] for at in range(0, len(expected), 8)])
    return all(found[at : at + 8] in rest for at in range(0, len(found), 8))


@pytest.mark.parametrize("inner_records", [700, 3000])
def test_that_a_record_inside_a_payload_is_no_record(inner_records: int) -> None:
    inner = b"".join(ef.scalar("inner", step, 1.0, 1.0) for step in range(inner_records))
    outer = [ef.scalar("outer", step, 1.0, 1.0) for step in range(4000)]
    log = ef.event(log_message={"message": "x"}, wall_time=1.0)
    content = b"".join([*outer, *outer, ef.record(log[:-1] + inner), *outer])
    assert list(assert_equal_ways(content, 1 << 22)["points"]) == ["outer"]


@pytest.mark.parametrize("length", [1 << 20, 1 << 32 | 30, 1 << 63, (1 << 64) - 1, (1 << 64) - 28])
def test_that_a_length_beyond_the_file_is_waited_for(length: int) -> None:
    records = [ef.scalar("x", step, 1.0, 1.0) for step in range(1000)]
    content = b"".join([*records, ef.header(length), *records[:100]])
    ended, offset, *_ = assert_equal_ways(content)["state"]
    assert (ended, offset) == (False, sum(map(len, records)))


def test_that_long_records_do_not_keep_others_from_being_read_in_bulk(tmp_path: Path) -> None:
    records = [ef.scalar("x", step, 1.0, 1.0) for step in range(1, 3000)]
    pictures = [ef.record(ef.summary(ef.image("picture", 200_000), step=step)) for step in range(5)]
    content = b"".join([*records[:1000], *pictures, *records[1000:]])
    assert_equal_ways(content, 1 << 22)
    path = tmp_path / NAME
    path.write_bytes(content)
    with mock.patch.object(Decoder, "points", return_value=[]) as decoded:
        assert sum(len(columns["x"]) for columns in EventFile(path, always()).portions()) == 2999
    assert decoded.call_count == 5


def test_that_many_tags_and_many_lengths_are_read_in_bulk(tmp_path: Path) -> None:
    source = random.Random(1)
    tags = [f"layer{number}/{'w' * (number % 5)}" for number in range(300)]
    steps = list(range(200, 1310, 37))
    path = tmp_path / NAME
    path.write_bytes(b"".join(ef.scalar(tag, step, source.random(), 0.5) for step in steps for tag in tags))
    with mock.patch.object(Decoder, "points", side_effect=AssertionError):
        (columns,) = EventFile(path, always()).portions()
    assert {tag: list(column.steps) for tag, column in columns.items()} == dict.fromkeys(tags, steps)


def test_that_steps_of_every_width_are_read(tmp_path: Path) -> None:
    steps = [step for bits in range(63) for step in range(1 << bits, (1 << bits) + 8)]
    assert_equal_ways(b"".join(ef.scalar("x", step, 1.0, 1.0) for step in (*steps, *(-step for step in steps))))


@pytest.mark.parametrize("is_scalar_before", [True, False])
def test_that_a_tag_which_another_plugin_claims_late_is_no_scalar_from_there_on(is_scalar_before: bool) -> None:
    before = [ef.record(ef.summary(ef.keras("x", 1.0, plugin=""), step=step)) for step in range(100)]
    claim = ef.record(ef.summary(ef.keras("x", 1.0, plugin="histograms"), step=100))
    after = [ef.record(ef.summary(ef.keras("x", 1.0, plugin=""), step=step)) for step in range(101, 200)]
    also = [ef.scalar("x", step, 1.0, 1.0) for step in range(50)]
    tables = always()
    found = assert_equal_ways(b"".join([*before, claim, *after, *also]), 1 << 20, tables)
    assert found["count"] == 150
    assert len(found["stored"]["x", "tensors"]) == 99
    if is_scalar_before:
        assert assert_equal_ways(b"".join([claim, *after, *also]), 1 << 20, tables)["count"] == 50


def test_that_more_writers_styles_than_are_remembered_are_read() -> None:
    records = [
        ef.record(ef.summary({**ef.keras("x", 1.0), "metadata": {"summary_description": "d" * kind}}, step=step))
        for kind in range(20)
        for step in range(50)
    ]
    assert assert_equal_ways(b"".join(records * 2), 1 << 14)["count"] == 2000


@pytest.mark.parametrize("tail", [0, 1, 11, 12, 13, 30])
def test_that_a_big_file_is_read_on_where_it_was_cut(tmp_path: Path, tail: int) -> None:
    records = [ef.scalar("x", step, 1.0, 1.0) for step in range(3000)]
    whole, path = b"".join(records), tmp_path / NAME
    path.write_bytes(whole[: sum(map(len, records[:2000])) + tail])
    file = EventFile(path, always())
    steps = [point.step for point in ef.read(file)]
    path.write_bytes(whole)
    steps += [point.step for point in ef.read(file)]
    assert steps == list(range(3000))
    assert not file.clues.notes
    path.write_bytes(whole[:-1] + b"x")
    with pytest.raises(RewrittenError):
        ef.read(file)


@pytest.mark.parametrize(("files", "is_imported"), [(4, False), (9, True)])
def test_that_numpy_is_imported_only_where_much_is_read(tmp_path: Path, files: int, is_imported: bool) -> None:
    for number in range(files):
        records = [ef.scalar("loss", step, 1.0, 1.0) for step in range(3000)]
        (tmp_path / f"{number}.tfevents").write_bytes(b"".join(records))
    code = (
        "import sys; from pathlib import Path; from crackseg_desktop.training.formats.tfevents import *;"
        f"tables = BulkTables(); files = [EventFile(path, tables) for path in Path({str(tmp_path)!r}).iterdir()];"
        "counts = [sum(len(c) for columns in file.portions() for c in columns.values()) for file in files];"
        f"assert counts == [3000] * {files}, counts;"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.strip() == str(is_imported)
