from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.training.event_files import read

from crackseg_desktop.training.formats.crc32c import load_crc32c, mask
from crackseg_desktop.training.formats.tfevents import EventFile, RewrittenError, event_writer, is_event_file
from crackseg_desktop.training.sources import EventFileSource

if TYPE_CHECKING:
    from pathlib import Path


def values(path: Path) -> list[tuple[str, int, float]]:
    return [(point.tag, point.step, point.value) for point in read(EventFile(path))]


def test_that_a_float_is_widened_exactly(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    log.scalar("loss", 3, 0.1, time=123.5)
    (point,) = read(EventFile(log.path))
    assert point.value == struct.unpack("<f", struct.pack("<f", 0.1))[0]
    assert (point.tag, point.step, point.time) == ("loss", 3, 123.5)


@pytest.mark.parametrize(
    ("tensor", "value"),
    [
        ({"dtype": 1, "float_val": [0.5]}, 0.5),
        ({"dtype": 2, "double_val": [0.1]}, 0.1),
        ({"dtype": 3, "int_val": [-7]}, -7.0),
        ({"dtype": 9, "int64_val": [2**40]}, 2.0**40),
        ({"dtype": 10, "bool_val": [True]}, 1.0),
        ({"dtype": 23, "uint64_val": [2**63]}, 2.0**63),
        ({"dtype": 14, "half_val": [0x3F80]}, 1.0),
        ({"dtype": 19, "half_val": [0x3C00]}, 1.0),
        ({"dtype": 1, "tensor_content": struct.pack("<f", 0.25)}, 0.25),
        ({"dtype": 2, "tensor_content": struct.pack("<d", 0.1)}, 0.1),
        ({"dtype": 14, "tensor_content": b"\x80\x3f"}, 1.0),
        ({"dtype": 19, "tensor_content": struct.pack("<e", 0.5)}, 0.5),
        ({"dtype": 5, "tensor_content": struct.pack("<h", -3)}, -3.0),
        ({"dtype": 1, "float_val": [0.5], "tensor_shape": {"dim": [{"size": 1}]}}, 0.5),
    ],
)
def test_that_scalar_tensors_of_every_type_are_read(
    tmp_path: Path, event_log: Any, tensor: dict[str, Any], value: float
) -> None:
    log = event_log(tmp_path)
    log.tensor("x", 1, **tensor)
    assert values(log.path) == [("x", 1, value)]


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": 1, "float_val": [0.5, 0.5], "tensor_shape": {"dim": [{"size": 2}]}},
        {"dtype": 7, "string_val": [b"text"]},
        {"dtype": 1, "tensor_content": b"xx"},
        {"dtype": 1},
        {"dtype": 99, "float_val": [1.0]},
    ],
)
def test_that_other_tensors_are_no_scalars(tmp_path: Path, event_log: Any, tensor: dict[str, Any]) -> None:
    log = event_log(tmp_path)
    log.tensor("x", 1, **tensor)
    assert values(log.path) == []


def test_that_a_tag_of_another_plugin_stays_one(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    log.tensor("h", 1, "histograms", dtype=1, float_val=[0.5])
    log.tensor("h", 2, "", dtype=1, float_val=[0.5])
    log.tensor("s", 2, "", dtype=1, float_val=[0.5])
    assert values(log.path) == [("s", 2, 0.5)]


def test_that_nan_infinity_and_negative_steps_are_data(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    for step, value in ((-2, math.nan), (-1, math.inf), (0, -math.inf)):
        log.scalar("x", step, value)
    found = values(log.path)
    assert [step for _, step, _ in found] == [-2, -1, 0]
    assert math.isnan(found[0][2])
    assert [value for *_, value in found[1:]] == [math.inf, -math.inf]


def test_that_a_growing_file_is_read_on_record_by_record(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "whole")
    for step in range(3):
        log.scalar("x", step, float(step))
    whole = log.path.read_bytes()
    path = tmp_path / log.path.name
    path.write_bytes(b"")
    file = EventFile(path)
    found: list[int] = []
    for length in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:length])
        found += [point.step for point in read(file)]
    path.write_bytes(whole)
    found += [point.step for point in read(file)]
    assert found == [0, 1, 2]
    assert not file.clues.notes


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)


def test_that_a_damaged_payload_is_passed_over_and_counted(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    places = []
    for step in range(5):
        places.append(log.path.stat().st_size)
        log.scalar("x", step, 1.0)
    damage(log.path, places[1] + 14)
    damage(log.path, places[3] + 14)
    file = EventFile(log.path)
    assert [point.step for point in read(file)] == [0, 2, 4]
    assert file.damaged_records == 2
    assert file.clues.notes == [f"2 damaged records of {log.path.name} were passed over, the first at byte {places[1]}"]


@pytest.mark.parametrize("byte", [0, 7, 8, 11])
def test_that_a_damaged_length_ends_the_file_and_keeps_what_came_before(
    tmp_path: Path, event_log: Any, byte: int
) -> None:
    log = event_log(tmp_path)
    log.scalar("x", 1, 1.0)
    good = log.path.stat().st_size
    log.scalar("x", 2, 2.0)
    damage(log.path, good + byte)
    file = EventFile(log.path)
    assert [point.step for point in read(file)] == [1]
    assert file.ended
    assert read(file) == []
    assert file.clues.notes == [f"{log.path.name} is damaged at byte {good}: it was read up to there"]


def test_that_the_start_of_a_session_is_seen(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    log.event(step=7, session_log={"status": 1})
    log.event(step=8, session_log={"status": 2})
    log.scalar("x", 1, 1.0)
    file = EventFile(log.path)
    assert len(read(file)) == 1
    assert file.decoder.starts == [7]


def test_that_what_is_no_scalar_is_found_by_its_place(tmp_path: Path, event_log: Any) -> None:
    from tensorboard.compat.proto import event_pb2

    log = event_log(tmp_path)
    log.event(step=0, graph_def=b"graph")
    log.summary(1, 1.0, tag="i", image={"encoded_image_string": b"png" * 200_000})
    log.summary(2, 1.0, tag="h", histo={"num": 3})
    log.tensor("t", 3, "text", dtype=7, string_val=[b"words"])
    file = EventFile(log.path)
    assert read(file) == []
    assert list(file.decoder.stored) == [("", "graph_def"), ("i", "images"), ("h", "histograms"), ("t", "text")]
    place = file.decoder.stored["i", "images"]
    pb: Any = event_pb2
    event = pb.Event.FromString(file.stored_payload(place.offsets[0], place.lengths[0]))
    assert (list(place.steps), event.summary.value[0].image.encoded_image_string[:3]) == ([1], b"png")


def test_that_a_stored_record_is_checked_when_it_is_looked_at(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    log.summary(1, 1.0, tag="i", image={"encoded_image_string": b"png"})
    file = EventFile(log.path)
    read(file)
    place = file.decoder.stored["i", "images"]
    offset, length = place.offsets[0], place.lengths[0]
    assert file.stored_payload(offset, length) is not None
    assert file.stored_payload(offset, length + 1) is None
    assert file.stored_payload(offset + 1, length) is None
    assert file.stored_payload(1 << 40, 1 << 50) is None
    damage(log.path, offset + 20)
    assert file.stored_payload(offset, length) is None


def test_that_a_file_which_another_took_the_place_of_is_known_by_its_bytes(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "log")
    for step in range(20):
        log.scalar("x", step, 1.0)
    content, path = log.path.read_bytes(), tmp_path / log.path.name
    path.write_bytes(content)
    file = EventFile(path)
    assert len(read(file)) == 20
    for same in (content, content + b"more", content[:-1], content[:30], b"", content):
        path.unlink()
        path.write_bytes(same)
        assert read(file) == []
    for other in (b"x" + content[1:30], content[:-1] + b"x", content[:-1] + b"x and longer"):
        path.write_bytes(other)
        with pytest.raises(RewrittenError):
            read(file)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read(file)


def test_that_a_source_begins_a_rewritten_file_anew(tmp_path: Path, event_log: Any) -> None:
    first, second = event_log(tmp_path / "first"), event_log(tmp_path / "second")
    for step in range(3):
        first.scalar("x", step, 1.0)
    for step in range(5):
        second.scalar("x", step, 2.0)
    path = tmp_path / first.path.name
    path.write_bytes(first.path.read_bytes())
    source = EventFileSource(path, 3)
    assert [point.value for portion in source.read(0.0) for point in portion] == [1.0] * 3
    path.write_bytes(second.path.read_bytes())
    assert [point.value for portion in source.read(0.0) for point in portion] == [2.0] * 5
    assert not source.clues.notes


def test_that_a_file_copied_here_once_more_tells_nothing_twice(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "log")
    for step in range(20):
        log.scalar("x", step, 1.0)
    content, path = log.path.read_bytes(), tmp_path / log.path.name
    path.write_bytes(content)
    source = EventFileSource(path, 3)
    steps = []
    log.scalar("x", 20, 1.0)
    for size in (len(content), 200, 900, None):
        path.write_bytes(log.path.read_bytes()[:size])
        steps += [point.step for portion in source.read(0.0) for point in portion]
    assert steps == list(range(21))


def test_that_blocks_written_late_are_read_in_the_end(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "log")
    log.scalar("x", 1, 1.0)
    content, path = log.path.read_bytes(), tmp_path / log.path.name
    path.write_bytes(content + bytes(500))
    file = EventFile(path)
    assert [point.step for point in read(file)] == [1]
    assert file.ended
    assert file.clues.notes
    log.scalar("x", 2, 1.0)
    path.write_bytes(log.path.read_bytes())
    assert [point.step for point in read(file)] == [2]
    assert not file.clues.notes


def test_that_a_record_too_large_for_the_memory_is_passed_over(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "log")
    log.scalar("x", 1, 1.0)
    before, path = log.path.stat().st_size, tmp_path / log.path.name
    length = 1 << 29
    header = struct.pack("<Q", length)
    header += struct.pack("<I", mask(load_crc32c()(header)))
    log.scalar("x", 2, 1.0)
    content = log.path.read_bytes()
    with path.open("wb") as out:
        out.write(content[:before] + header)
        out.seek(before + len(header) + length + 4)  # a hole: it takes no space
        out.write(content[before:])
    file = EventFile(path)
    assert [point.step for point in read(file)] == [1, 2]
    assert file.damaged_records == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_that_a_pipe_in_the_place_of_a_file_is_no_reason_to_wait(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "log")
    log.scalar("x", 1, 1.0)
    path = tmp_path / log.path.name
    path.write_bytes(log.path.read_bytes())
    source = EventFileSource(path, 3)
    assert sum(map(len, source.read(0.0))) == 1
    path.unlink()
    if sys.platform != "win32":
        os.mkfifo(path)
    assert sum(map(len, source.read(0.0))) == 0
    assert "no regular file" in source.clues.notes[0]


def test_that_a_replaced_file_which_continues_is_read_on(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path / "log")
    log.scalar("x", 1, 1.0)
    path = tmp_path / log.path.name
    path.write_bytes(log.path.read_bytes())
    file = EventFile(path)
    assert [point.step for point in read(file)] == [1]
    log.scalar("x", 2, 1.0)
    (tmp_path / "new").write_bytes(log.path.read_bytes())
    (tmp_path / "new").replace(path)
    assert [point.step for point in read(file)] == [2]


def test_that_a_file_cut_short_is_named_when_nobody_writes_it_any_more(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    log.scalar("x", 1, 1.0)
    log.path.write_bytes(log.path.read_bytes()[:-3])
    file = EventFile(log.path)
    assert read(file) == []
    file.finish()
    assert file.clues.notes == [f"{log.path.name} ends in the middle of a record"]


def test_that_a_git_lfs_pointer_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1700000000.host.1.0"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    file = EventFile(path)
    assert read(file) == []
    assert "Git LFS pointer" in file.clues.notes[0]


def test_that_the_name_tells_the_writer() -> None:
    assert event_writer("events.out.tfevents.1741391504.Zenbook.19884.0") == ("Zenbook", 19884)
    assert event_writer("events.out.tfevents.1749213100.Laptop-von-X.local.11312.1") == ("Laptop-von-X.local", 11312)
    assert event_writer("events.out.tfevents.1778807163.iiitd.1774490.1.v2") == ("iiitd", 1774490)
    assert event_writer("events.out.tfevents.1715872920.Chris.local") is None


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("events.out.tfevents.1.host.1.0", True),
        ("end_2_end.tfevents", True),
        ("._events.out.tfevents.1.host.1.0", False),
        ("events.out.tfevents.1.host.1.0.meta", False),
        ("metrics.jsonl", False),
    ],
)
def test_that_event_files_are_known_by_their_names(name: str, is_one: bool) -> None:
    assert is_event_file(name) is is_one


def test_that_nothing_heavy_is_loaded_to_read_a_small_file(tmp_path: Path, event_log: Any) -> None:
    event_log(tmp_path).scalar("loss", 1, 0.5)
    code = (
        "import sys; from pathlib import Path; from crackseg_desktop.training import follower, runs;"
        f"found = runs.read_runs([Path({str(tmp_path)!r})]);"
        "assert found[0].curves['loss'].values[0] == 0.5, found;"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'tensorboard', 'google.protobuf')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
