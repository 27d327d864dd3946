from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.training.checkpoints import checkpoints_in
from crackseg_desktop.training.discovery import RunPlan, discover, watched_folders_here
from crackseg_desktop.training.folders import MOST_FILES
from crackseg_desktop.training.places import Kind, tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.training.conftest import Checkout, Layout

NOON = 1_795_435_200.0


def plans(*roots: Path) -> list[RunPlan]:
    return [plan for plan in discover(roots).plans if plan.is_wanted]


def kinds(plan: RunPlan) -> set[Kind]:
    return {file.kind for file in plan.files}


@pytest.mark.parametrize("layout", ["L1", "L2"])
@pytest.mark.parametrize("trainer_later", [0.0, 1.0])
def test_that_the_scattered_folders_of_a_run_are_one_run(
    checkout: Checkout, layout: Layout, trainer_later: float
) -> None:
    run = checkout.begin(layout=layout, trainer_later=trainer_later)
    run.epoch(1, 1.0, 2.0)
    (plan,) = plans(checkout.root)
    assert {run.log.parent, run.folder, run.inner} <= set(plan.folders)
    assert {Kind.LOG, Kind.METRICS, Kind.CONFIG_JSON, Kind.CONFIG_YAML, Kind.INFO} <= kinds(plan)
    assert plan.name == (run.id if layout == "L1" else run.folder.name)
    assert plan.path == run.folder
    assert plan.source == "crackseg"


def test_that_runs_of_the_same_name_in_the_same_seconds_stay_apart(checkout: Checkout) -> None:
    first, second = checkout.complete(began=NOON), checkout.complete(began=NOON + 2)
    assert {plan.name for plan in plans(checkout.root)} == {first.id, second.id}


def test_that_two_checkouts_are_never_merged(make_checkout: Callable[[str], Checkout], tmp_path: Path) -> None:
    roots = [make_checkout(name) for name in ("one", "two")]
    runs = [checkout.complete(began=NOON) for checkout in roots]
    found = plans(tmp_path)
    assert {plan.tree for plan in found} == {checkout.root for checkout in roots}
    assert len({plan.key for plan in found}) == 2
    for run in runs:
        (plan,) = [plan for plan in found if run.folder in plan.folders]
        assert all(folder.is_relative_to(run.root) for folder in plan.folders)


def test_that_an_empty_twin_is_hidden(checkout: Checkout) -> None:
    run = checkout.complete(began=NOON)
    twin = checkout.begin(began=NOON + 1).inner
    for path in (twin / "config.json", *checkout.root.glob(f"artifacts/experiments/{twin.name}/**/*")):
        if path.is_file():
            path.unlink()
    assert [plan.name for plan in plans(checkout.root)] == [run.id]


@pytest.mark.parametrize("layout", ["L1", "L2"])
def test_that_the_key_of_a_run_is_there_from_its_first_moment(
    checkout: Checkout, layout: Layout, tmp_path: Path
) -> None:
    run = checkout.begin(layout=layout)
    others = [run.inner, run.folder] if layout == "L2" else [run.inner]
    later = discover([checkout.root]).plans[0].key
    for number, folder in enumerate(others):
        folder.rename(tmp_path / f"later{number}")
    assert discover([checkout.root]).plans[0].key == later


@pytest.mark.parametrize("part", ["artifacts", "artifacts/experiments", "src/crackseg/artifacts", "."])
def test_that_a_run_is_the_same_whichever_folder_is_given(checkout: Checkout, part: str) -> None:
    run = checkout.complete()
    (whole,) = plans(checkout.root)
    (plan,) = plans(checkout.root / part)
    assert plan == whole
    assert plans(run.inner) == plans(run.folder) == [whole]


def test_that_one_run_folder_gives_one_run(checkout: Checkout) -> None:
    runs = [checkout.complete(began=NOON + 100 * number) for number in range(3)]
    assert [plan.name for plan in plans(runs[1].folder)] == [runs[1].id]


def test_that_a_run_that_died_at_once_is_a_run(checkout: Checkout) -> None:
    run = checkout.begin()
    run.crash("ConfigError: no model")
    (plan,) = plans(checkout.root)
    assert {Kind.LOG, Kind.ERRORS} <= kinds(plan)


def test_that_the_log_of_another_program_is_no_run(tmp_path: Path) -> None:
    folder = tmp_path / "outputs" / "2026-11-23" / "10-00-00"
    (folder / ".hydra").mkdir(parents=True)
    (folder / "main.log").write_text("[2026-11-23 10:00:00,000][__main__][INFO] - hello\n")
    assert plans(tmp_path) == []


def test_that_an_old_folder_with_nothing_but_metrics_is_a_run(tmp_path: Path) -> None:
    (tmp_path / "100_epochs").mkdir()
    (tmp_path / "100_epochs" / "metrics.jsonl").write_text('{"name": "val_loss", "value": 1, "step": 1}\n')
    (plan,) = plans(tmp_path)
    assert (plan.name, plan.source) == ("100_epochs", "metrics")


def test_that_configurations_alone_are_no_run(checkout: Checkout) -> None:
    folder = checkout.root / "artifacts" / "experiments" / "configurations" / "20261123-120000-demo"
    folder.mkdir(parents=True)
    (folder / "training_config.yaml").write_text("training:\n  epochs: 3\n")
    assert plans(checkout.root) == []


def test_that_a_folder_with_event_files_is_a_run(tmp_path: Path, event_log: Any) -> None:
    event_log(tmp_path / "runs" / "one")
    event_log(tmp_path / "runs" / "two")
    assert [plan.name for plan in plans(tmp_path)] == ["runs/one", "runs/two"]
    assert [plan.name for plan in plans(tmp_path / "runs" / "one")] == ["one"]
    assert {plan.source for plan in plans(tmp_path)} == {"tensorboard"}


def test_that_train_and_validation_are_parts_of_one_run(tmp_path: Path, event_log: Any) -> None:
    for part in ("train", "validation"):
        event_log(tmp_path / "fit" / part)
    event_log(tmp_path / "fit")
    (plan,) = plans(tmp_path)
    assert plan.name == "fit"
    assert [file.prefix for file in plan.files] == ["", "train/", "validation/"]


def test_that_event_files_in_the_folder_of_a_run_belong_to_it(checkout: Checkout, event_log: Any) -> None:
    run = checkout.complete()
    event_log(run.folder / "logs" / "tensorboard")
    (plan,) = plans(checkout.root)
    assert Kind.EVENTS in kinds(plan)


def test_that_files_beside_event_files_are_passed_over_with_a_note(tmp_path: Path, event_log: Any) -> None:
    log = event_log(tmp_path)
    (tmp_path / f"{log.path.name}.meta").write_text("x")
    (plan,) = plans(tmp_path)
    assert [file.path for file in plan.files] == [log.path]
    assert "was passed over" in plan.notes[0]


def test_that_single_files_are_runs(tmp_path: Path, event_log: Any) -> None:
    path = tmp_path / "anything.jsonl"
    path.write_text('{"name": "val_loss", "value": 1, "step": 1}\n')
    events = event_log(tmp_path / "e").path
    assert [plan.path for plan in plans(path, events)] == [path, events]


def test_that_shared_files_are_no_runs_of_their_own(checkout: Checkout) -> None:
    run = checkout.complete()
    found = discover([checkout.root])
    assert {shared.path for shared in found.shared} == {
        run.shared / "validation_metrics.jsonl",
        run.shared / "summary.json",
        run.shared / "complete_summary.json",
        run.experiment_log,
    }
    assert {shared.tree for shared in found.shared} == {checkout.root}


def test_that_a_file_of_rows_is_known_by_its_content(tmp_path: Path) -> None:
    row = json.dumps({"epoch": 1, "phase": "val", "metrics": {"val_loss": 1.0}})
    (tmp_path / "old_validation_metrics_copy.jsonl").write_text(row + "\n")
    (tmp_path / "notes.jsonl").write_text(row + "\n")
    assert [shared.kind for shared in discover([tmp_path]).shared] == [Kind.ROWS]


@pytest.mark.parametrize(
    "place",
    [
        "artifacts/experiments/20261123-120000-demo",
        "artifacts/experiments/configurations/20261123-120000-demo",
        "artifacts/experiments/20261123-120000-demo/configurations/20261123-120000-demo",
        "src/crackseg/artifacts/experiments/20261123-120000-demo",
        "src/crackseg/outputs/experiments/20261123-120000-demo",
        "src/outputs/experiments/20261123-120000-demo",
        "outputs/2026-11-23/12-00-00",
    ],
)
def test_that_every_place_of_a_checkout_belongs_to_it(place: str) -> None:
    assert tree_of(Path("/home/outputs/crackseg") / place) == Path("/home/outputs/crackseg")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_that_links_in_a_circle_are_no_trouble(tmp_path: Path, checkout: Checkout) -> None:
    run = checkout.complete()
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (run.folder / "again").symlink_to(checkout.root)
    (run.folder / "train.log").symlink_to(run.folder / "train.log")
    assert [plan.name for plan in plans(checkout.root, loop, loop / "deeper")] == [run.id]
    assert watched_folders_here(loop) == []


def test_that_a_home_of_nobody_is_no_trouble(checkout: Checkout) -> None:
    run = checkout.complete()
    assert [plan.name for plan in plans(Path("~nobody-of-this-name/runs"), checkout.root)] == [run.id]


def test_that_files_that_vanish_or_are_closed_are_no_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Rights do not keep root out, so the refusal is played.
    for name in ("gone", "closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.log").write_text("Epoch 1 loss: 0.5\nEpoch 2 loss: 0.4\n")
    opening = os.open

    def play(path: Any, *args: Any, **options: Any) -> int:
        if Path(path).parent.name == "gone":
            shutil.rmtree(tmp_path / "gone")
        if Path(path).parent.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return opening(path, *args, **options)

    monkeypatch.setattr(os, "open", play)
    assert [plan.name for plan in plans(tmp_path)] == ["open/train.log"]
    assert not (tmp_path / "gone").exists()


def test_that_the_checkout_one_stands_in_is_watched(checkout: Checkout, tmp_path: Path) -> None:
    assert watched_folders_here(checkout.root / "src" / "crackseg") == [checkout.root.resolve()]
    (tmp_path / "elsewhere").mkdir()
    assert watched_folders_here(tmp_path / "elsewhere") == []
    (tmp_path / "old" / "artifacts" / "experiments").mkdir(parents=True)
    assert watched_folders_here(tmp_path / "old") == [(tmp_path / "old").resolve()]


def test_that_a_run_among_thousands_of_files_is_whole(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        (tmp_path / f"prediction{number}.png").touch()
    (tmp_path / "args.yaml").write_text("epochs: 9\n")
    (tmp_path / "results.csv").write_text("epoch,train/loss\n1,0.5\n")
    (tmp_path / "events.out.tfevents.1795435200.host.1.0").touch()
    (tmp_path / "last.pt").touch()
    (plan,) = plans(tmp_path)
    assert {file.path.name for file in plan.files} == {path.name for path in tmp_path.iterdir()} - {
        "last.pt",
        *(f"prediction{number}.png" for number in range(MOST_FILES + 1)),
    }
    assert [Path(item.path).name for item in checkpoints_in(plan.folders, {}, 0.0)] == ["last.pt"]
