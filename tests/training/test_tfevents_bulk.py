from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.training import event_files as ef

from crackseg_desktop.training.formats import tfevents_bulk
from crackseg_desktop.training.formats.tfevents import BulkTables, EventFile
from crackseg_desktop.training.formats.tfevents_decode import Column, Columns

SEEDS = st.integers(0, 2**32)


def never() -> BulkTables:
    return BulkTables(1 << 60, 1 << 60)


def always() -> BulkTables:
    return BulkTables(1, 1)


def told(path: Path, tables: BulkTables, window_bytes: int = 1 << 16) -> dict[str, Any]:
    """Everything that reading a file tells, comparable though there are NaNs."""
    columns: Columns = {}
    with mock.patch.object(tfevents_bulk, "WINDOW_BYTES", window_bytes):
        file = EventFile(path, tables)
        for portion in file.portions():
            for tag, column in portion.items():
                columns.setdefault(tag, Column()).extend(column)
        file.finish()
    decoder = file.decoder
    return {
        "points": {tag: (c.steps.tobytes(), c.wall_times.tobytes(), c.values.tobytes()) for tag, c in columns.items()},
        "count": sum(len(column) for column in columns.values()),
        "notes": sorted(file.clues.notes),
        "times": (file.clues.first_time, file.clues.last_time),
        "state": (file.ended, file.offset, file.damaged_records, decoder.starts, decoder.other_plugins),
        "stored": {key: list(zip(s.offsets, s.lengths, s.steps, strict=True)) for key, s in decoder.stored.items()},
    }


def assert_equal_ways(data: bytes, window_bytes: int = 1 << 16, tables: BulkTables | None = None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.out.tfevents.1.host.1.0"
        path.write_bytes(data)
        serial, bulk = told(path, never()), told(path, tables or always(), window_bytes)
    assert serial == bulk
    return serial


@settings(max_examples=25, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.data())
def test_that_every_single_flipped_bit_is_noticed(seed: int, data: st.DataObject) -> None:
    content = bytearray(b"".join(ef.mixed(seed, 300, oddities=0.02)))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    ended, offset, damaged, *_ = assert_equal_ways(bytes(content))["state"]
    assert (ended, damaged) in [(True, 0), (False, 1)]
    assert offset <= at if ended else offset == len(content)


def test_that_a_record_inside_a_payload_is_no_record() -> None:
    inner = b"".join(ef.record(ef.summary(ef.simple("inner", 1.0), step=step)) for step in range(3000))
    outer = [ef.record(ef.summary(ef.simple("outer", 1.0), step=step)) for step in range(500)]
    log = ef.event(log_message={"message": "x"}, wall_time=1.0)
    records = [*outer, ef.record(log[:-1] + inner), *outer]
    assert list(assert_equal_ways(b"".join(records), 1 << 20)["points"]) == ["outer"]


def test_that_many_tags_and_many_lengths_are_read_in_bulk() -> None:
    source = random.Random(1)
    tags = [f"layer{number}/{'w' * (number % 5)}" for number in range(300)]
    records = [
        ef.record(ef.summary(ef.simple(tag, source.random()), step=200 + step * 37, time=source.random()))
        for step in range(30)
        for tag in tags
    ]
    with mock.patch("crackseg_desktop.training.formats.tfevents_decode.Decoder.points", side_effect=AssertionError):
        found = bulk_columns(b"".join(records))
    assert {tag: list(column.steps) for tag, column in found.items()} == {
        tag: [200 + step * 37 for step in range(30)] for tag in tags
    }


def bulk_columns(data: bytes) -> Columns:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.out.tfevents.1.host.1.0"
        path.write_bytes(data)
        (columns,) = EventFile(path, always()).portions()
    return columns


def test_that_a_tag_which_another_plugin_claims_late_is_no_scalar_from_there_on() -> None:
    before = [ef.record(ef.summary(ef.keras("x", 1.0, plugin=""), step=step)) for step in range(100)]
    claim = ef.record(ef.summary(ef.keras("x", 1.0, plugin="histograms"), step=100))
    after = [ef.record(ef.summary(ef.keras("x", 1.0, plugin=""), step=step)) for step in range(101, 200)]
    found = assert_equal_ways(b"".join([*before, claim, *after]), 1 << 20)
    assert found["count"] == 100
    assert len(found["stored"]["x", "tensors"]) == 99


@pytest.mark.parametrize("tail", [0, 1, 11, 12, 13, 30])
def test_that_a_big_file_is_read_on_where_it_was_cut(tmp_path: Path, tail: int) -> None:
    records = [ef.record(ef.summary(ef.simple("x", 1.0), step=step)) for step in range(3000)]
    whole, path = b"".join(records), tmp_path / "events.out.tfevents.1.host.1.0"
    cut = sum(map(len, records[:2000])) + tail
    path.write_bytes(whole[:cut])
    file = EventFile(path, always())
    steps = [point.step for point in file.read(1 << 20)]
    path.write_bytes(whole)
    steps += [point.step for point in file.read(1 << 20)]
    assert steps == list(range(3000))
    assert not file.clues.notes
