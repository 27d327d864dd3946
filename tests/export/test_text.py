"""What the commands print for a person."""

from __future__ import annotations

from dataclasses import replace

from crackseg_desktop.export.documents import run_document
from crackseg_desktop.export.text import runs_lines
from crackseg_desktop.readings import Checkpoint, Performance, Run, RunConfig, RunFacts, RunState


def run() -> Run:
    facts = RunFacts(
        *("0123456789", "first", "/r", ("/r",), "crackseg"),
        epoch=23,
        total_epochs=50,
        config=RunConfig(4, 50, 0.001, "BaseUNet", "val/loss"),
        checkpoints=(Checkpoint("/r/best.pth", 2048, 5.0, "best"), Checkpoint("/r/epoch_3.pth", 1024, 6.0)),
    )
    figures = Performance((5880.0, 6420.0), "train/loss", 0.021, "val/loss", 22, None)
    return Run(facts, RunState.RUNNING, epochs_per_hour=20.0, eta_seconds=6120.0, performance=figures)


def details(found: Run) -> dict[str, str]:
    lines = list(runs_lines([[run_document(found)]]))
    return {line[:15].strip(): line[15:] for line in lines[3:]}


def test_that_one_run_is_told_in_full_below_the_table() -> None:
    told = details(run())
    assert (told["Model"], told["Batch size"], told["Learning rate"]) == ("BaseUNet", "4", "0.001")
    assert told["Time left"] == "1 h 42 min, likely 1 h 38 – 1 h 47 min"
    assert told["Best epoch"] == "22 by val/loss"
    assert told["Loss"] == "train/loss fell by 2.1 % of its first value an epoch"
    assert told["Checkpoints"] == "2, 3.0 KiB"
    assert told[""].endswith("1.0 KiB  /r/epoch_3.pth")
    lines = list(runs_lines([[run_document(run())]]))
    assert any("on course for 2.5 h for 50 epochs, within the usual 2–3 h" in line for line in lines)
    assert any(line.endswith("2.0 KiB  /r/best.pth (best)") for line in lines)


def test_that_several_runs_are_a_table_only() -> None:
    one = run_document(run())
    assert len(list(runs_lines([[one, one]]))) == 3


def test_that_what_is_not_known_is_left_out() -> None:
    bare = replace(run(), facts=RunFacts("0", "r", "/r", (), "csv"), eta_seconds=None, performance=Performance())
    told = details(bare)
    assert told["Checkpoints"] == "none"
    assert not {"Model", "Batch size", "Time left", "Loss", "Best epoch"} & told.keys()
