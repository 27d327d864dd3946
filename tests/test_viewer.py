"""What TensorBoard is pointed at: the person's own event files, and ours for runs without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crackseg_desktop.curves import Curve
from crackseg_desktop.readings import RunFacts
from crackseg_desktop.survey import Found, find_others
from crackseg_desktop.training.formats.tfevents_writer import keep_event_file
from crackseg_desktop.viewer import OWN, places_of, places_of_folders, places_of_run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from tests.conftest import FakeClock


def write_rows(root: Path, name: str, values: list[float]) -> Path:
    """Write a run without event files: rows of a metric."""
    folder = root / "artifacts" / "experiments" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        json.dumps({"name": "val_iou", "value": value, "step": step, "timestamp": f"2026-01-02T03:04:{step:02d}"})
        for step, value in enumerate(values, 1)
    ]
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "metrics" / "metrics.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def write_events(folder: Path) -> Path:
    """Write a run with an event file."""
    (curve,) = run_named("any").curves.values()
    keep_event_file(folder, {curve.tag: curve})
    return folder


def run_named(name: str, run_id: str = "0123456789", path: str = "/x", files: tuple[str, ...] = ()) -> Found:
    """Make a run with a curve of one point."""
    curve = Curve("val_iou", "val/iou")
    curve.steps.append(1)
    curve.wall_times.append(5.0)
    curve.values.append(0.5)
    return Found(RunFacts(run_id, name, path, (), "metrics", files=files), {"val_iou": curve})


def written(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("*/*tfevents*"))


def test_that_runs_without_event_files_get_some_in_the_data_directory(tmp_path: Path, clock: FakeClock) -> None:
    root, data = tmp_path / "checkout", tmp_path / "data"
    write_rows(root, "20260102-030400-a", [0.1, 0.2])
    write_rows(root, "20260102-050400-b", [0.3])
    before = sorted(root.rglob("*"))
    places = places_of_folders([root], data, clock)
    assert list(places) == [OWN]
    assert places[OWN].is_relative_to(data.resolve() / "tensorboard")
    assert written(places[OWN]) == ["20260102-030400-a", "20260102-050400-b"]
    assert sorted(root.rglob("*")) == before


def test_that_folders_with_event_files_are_shown_beside_them(tmp_path: Path, clock: FakeClock) -> None:
    plain, mixed = tmp_path / "plain", tmp_path / "mixed"
    write_rows(plain, "20260102-030400-a", [0.1])
    write_events(mixed / "exp1")
    places = places_of_folders([plain, mixed], tmp_path / "data", clock)
    assert list(places) == [OWN, "mixed"]
    assert places["mixed"] == mixed.resolve()
    assert written(places[OWN]) == ["20260102-030400-a"]


def test_that_folders_of_event_files_alone_are_shown_as_they_are(tmp_path: Path, clock: FakeClock) -> None:
    roots = [tmp_path / "x" / "runs", tmp_path / "y" / "runs"]
    for root in roots:
        write_events(root / "exp1")
    places = places_of_folders(roots, tmp_path / "data", clock)
    assert list(places.values()) == [root.resolve() for root in roots]
    assert not (tmp_path / "data").exists()


def test_that_a_run_of_several_kinds_is_shown_with_the_event_files_it_has(tmp_path: Path, clock: FakeClock) -> None:
    root = tmp_path / "checkout"
    write_events(write_rows(root, "20260102-030400-a", [0.1]))
    assert places_of_folders([root], tmp_path / "data", clock) == {"checkout": root.resolve()}


def test_that_an_empty_folder_is_shown_since_a_training_may_begin(tmp_path: Path, clock: FakeClock) -> None:
    assert places_of_folders([], tmp_path, clock) == {}
    (tmp_path / "r").mkdir()
    assert places_of_folders([tmp_path / "r"], tmp_path, clock) == {"r_": (tmp_path / "r").resolve()}


def test_that_files_of_runs_that_are_gone_or_write_their_own_now_are_removed(tmp_path: Path, clock: FakeClock) -> None:
    root, data = tmp_path / "checkout", tmp_path / "data"
    kept = write_rows(root, "20260102-030400-a", [0.1])
    gone = write_rows(root, "20260102-050400-b", [0.3])
    own = places_of_folders([root], data, clock)[OWN]
    (gone / "metrics" / "metrics.jsonl").unlink()
    assert written(places_of_folders([root], data, clock)[OWN]) == ["20260102-030400-a"]
    write_events(kept)
    assert OWN not in places_of_folders([root], data, clock)
    assert written(own) == []


def test_that_another_choice_of_folders_has_files_of_its_own(tmp_path: Path, clock: FakeClock) -> None:
    first, second, data = tmp_path / "first", tmp_path / "second", tmp_path / "data"
    write_rows(first, "20260102-030400-a", [0.1])
    write_rows(second, "20260102-030400-b", [0.1])
    one = places_of_folders([first], data, clock)[OWN]
    both = places_of_folders([second, first], data, clock)[OWN]
    assert places_of_folders([first, second], data, clock)[OWN] == both
    assert (written(one), len(written(both))) == (["20260102-030400-a"], 2)


def test_that_names_of_runs_become_names_of_folders_that_differ(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a/b", "A_B", "con", "..", "x:y\x1b", "", "n" * 300, "Größe #1"]
    runs = [run_named(name, f"{number:010x}") for number, name in enumerate(names)]
    monkeypatch.setattr("crackseg_desktop.viewer.find_others", lambda folders, clock, *, demo: (runs, []))
    own = places_of_folders([tmp_path], tmp_path / "data", clock)[OWN]
    found = {path.name for path in own.iterdir()}
    expected = {"a_b-0000000000", "A_B-0000000001", "con_", "x_y_", "n" * 80, "Größe #1"}
    assert found == expected | {"_-0000000003", "_-0000000005"}


def test_that_one_run_is_shown_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert written(places_of_run(run_named("a"), data)[OWN]) == ["a"]
    folder = write_events(tmp_path / "runs" / "exp1")
    (event_file,) = folder.iterdir()
    for path in (folder, event_file):
        with_events = run_named("a", path=str(path), files=(str(event_file),))
        assert list(places_of_run(with_events, data).values()) == [folder]


def test_that_a_run_is_found_by_id_and_otherwise_all_are_shown(tmp_path: Path, clock: FakeClock) -> None:
    places = places_of(None, [], tmp_path, clock, demo=True)
    assert len(written(places[OWN])) > 1
    assert places_of("nothing", [], tmp_path, clock, demo=True) == places
    run = find_others([], clock, demo=True)[0][0]
    assert written(places_of(run.facts.id, [], tmp_path, clock, demo=True)[OWN]) == [run.facts.name]
