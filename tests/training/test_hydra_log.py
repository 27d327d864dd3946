from __future__ import annotations

import math

import pytest

from crackseg_desktop.training.formats.hydra_log import HydraLog, SharedLog

H = "[2026-11-23 13:12:50,047][trainer.metrics][INFO] - "
OURS = "[2026-11-23 13:12:50,047][experiment.demo][INFO] - "


def read(*lines: str, encoding: str = "utf-8") -> HydraLog:
    parser = HydraLog()
    parser.feed("".join(f"{line}\n" for line in lines).encode(encoding), 1.0)
    return parser


def figures(*lines: str) -> list[tuple[str, int, float, bool]]:
    return [(point.tag, point.step, point.value, point.exact) for point in read(*lines).take()]


@pytest.mark.parametrize(
    "head",
    [
        "[2026-11-23 13:12:50,047][experiment.demo][INFO] - ",
        "[2026-11-23 13:12:50,047][INFO][experiment.demo] - ",
        "2026-11-23 13:12:50,047 - experiment.demo - INFO - ",
        "[INFO] experiment.demo: ",
        "[2026-11-23 13:12:50] INFO - ",
    ],
)
def test_that_every_dialect_is_understood(head: str) -> None:
    assert figures(head + "[2] val_loss: 0.7130509614944458") == [("val_loss", 2, 0.7130509614944458, True)]


def test_that_a_captured_console_tells_each_line_once() -> None:
    assert len(figures("[INFO] experiment.demo: [2] lr: 0.001", OURS + "[2] lr: 0.001")) == 1


def test_that_batches_count_steps() -> None:
    (point,) = read(OURS + "[13] train_batch/batch_loss: 0.65").take()
    assert (point.step, point.axis) == (13, "step")


def test_that_nan_and_large_numbers_are_values() -> None:
    points = read(OURS + "[2] train/epoch_loss: nan", OURS + "[2] lr: 1e+32", OURS + "[3] val_loss: -inf").take()
    assert math.isnan(points[0].value)
    assert [point.value for point in points[1:]] == [1e32, -math.inf]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[VAL] Epoch 2 Step 0 | val_loss: 0.7131 | val_iou: nan", {"val_loss": 0.7131, "val_iou": math.nan}),
        ("Epoch 2: val_loss: 0.9075 | val_iou: 0.0902", {"val_loss": 0.9075, "val_iou": 0.0902}),
        ("Epoch 2 | Average Training Loss: 0.5309", {"train/epoch_loss": 0.5309}),
        ("Epoch 2 | Validation Results | Val_loss: 0.4 | Val_iou: 0.2", {"val_loss": 0.4, "val_iou": 0.2}),
        ("Epoch 2 - Train Loss: 0.5, Val Loss: 0.6", {"train/epoch_loss": 0.5, "val_loss": 0.6}),
        ("Epoch 2/100 - Loss: 0.2345 - IoU: 0.1234", {"train/epoch_loss": 0.2345, "train/iou": 0.1234}),
        ("Epoch [2/9], Val Loss: 0.5262, IoU: 0.0113", {"val_loss": 0.5262, "val_iou": 0.0113}),
        ("Validation - Epoch: [2/9], Val Loss: 0.123, F1: 0.987", {"val_loss": 0.123, "val_f1": 0.987}),
    ],
)  # fmt: skip
def test_that_rounded_epoch_lines_are_read(line: str, expected: dict[str, float]) -> None:
    points = read(H + line).take()
    assert {point.tag: repr(point.value) for point in points} == {tag: repr(value) for tag, value in expected.items()}
    assert {(point.step, point.exact) for point in points} == {(2, False)}


def test_that_the_summary_block_belongs_to_its_epoch() -> None:
    block = ("=== Epoch 3 Summary ===", "Train: loss: 0.6452", "Val:   loss: 0.7131 | iou: 0.4213", "LR:    0.001000")
    best = "Best:  loss: 0.6153 (epoch 2) | iou: 0.4213 (epoch 1)"
    found = figures(*(H + line for line in (*block, best)))
    assert [(tag, step) for tag, step, *_ in found] == [
        ("train/epoch_loss", 3),
        ("val_loss", 3),
        ("val_iou", 3),
        ("lr", 3),
    ]


def test_that_batch_lines_of_the_script_count_over_all_epochs() -> None:
    found = figures(H + "Epoch 1, Batch 10/307, Loss: 0.4321, IoU: 0.1234")
    assert found == [("train_batch/loss", 317, 0.4321, False), ("train_batch/iou", 317, 0.1234, False)]


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Epoch [2/10], Batch [50/100], Train Loss: 0.456", 250),
        ("Epoch 2 Step 70 | Training | Loss: 0.456", 70),
        ("Train Batch: 5/11, Loss: 0.456", 3 * 11 + 5),
    ],
)
def test_that_lines_of_a_batch_count_steps(line: str, step: int) -> None:
    (point,) = read(H + "Epoch 3/9", H + line).take()
    assert (point.tag, point.step, point.value, point.axis) == ("train_batch/loss", step, 0.456, "step")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Train Loss: 0.1, Metrics: {'loss': 0.0999, 'iou': 0.5}", {"train/epoch_loss": 0.1, "train/iou": 0.5}),
        ("Validation Loss: 0.1, Metrics: {'loss': 0.1, 'iou': 0.5}", {"val_loss": 0.1, "val_iou": 0.5}),
        ("Validation - Loss: 0.2123 - IoU: 0.1456", {"val_loss": 0.2123, "val_iou": 0.1456}),
        ("LR Scheduler step. Current LR: 0.001000", {"lr": 0.001}),
        ("New best val_iou: 0.3456", {}),
        ("New best metric value: 0.4238 (was inf). Saved best checkpoint.", {}),
        ("Epoch 3 finished in 42.85s", {}),
    ],
)
def test_that_lines_without_a_number_belong_to_the_epoch_before(line: str, expected: dict[str, float]) -> None:
    assert {tag: value for tag, step, value, _ in figures(H + "Epoch 3/9", H + line) if step == 3} == expected


@pytest.mark.parametrize("line", ["--- Epoch 1/3 ---", "Starting epoch 1/3", "  training/epochs: 3", "Epoch 1/3"])
def test_that_planned_epochs_are_told(line: str) -> None:
    assert read(H + line).clues.total_epochs == 3


DONE = "Metrics summary exported to: artifacts/experiments/metrics/complete_summary.json"
EARLY = "Early stopping triggered"
CLOSED = "Closing logger for experiment 'demo'"
ERROR = "[2026-11-23 13:12:50,047][experiment.demo][ERROR] - "


@pytest.mark.parametrize(
    ("messages", "kind"),
    [
        ((DONE, CLOSED, "Training pipeline completed successfully!"), "completed"),
        ((EARLY, DONE, CLOSED), "early_stopping"),
        ((CLOSED, "Main execution finished."), "closed"),
        (("Training finished in 173.95s",), "completed"),
        (("Experiment interrupted by user",), "closed"),
        (("[2] val_loss: 0.5",), None),
        (("Early stopping counter: 1/10",), None),
    ],
)
def test_that_the_end_is_told_by_what_was_written(messages: tuple[str, ...], kind: str | None) -> None:
    ending = read(*(H + message for message in messages)).clues.ending
    assert (ending.kind if ending is not None else None) == kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("DataError: Error loading data: Images directory not found: /x/images", "dataset_error"),
        ("OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "out_of_memory"),
        ("ConfigError: no model", "error"),
    ],
)
def test_that_a_crash_tells_what_it_was(message: str, kind: str) -> None:
    parser = read(ERROR + f"[Main execution] Error occurred: {message}", H + CLOSED, H + "Main execution finished.")
    ending = parser.clues.ending
    assert ending is not None
    assert (ending.kind, ending.message) == (kind, message)
    assert ending.time == parser.clues.last_time


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", "out_of_memory"),
        ("OSError: [Errno 28] No space left on device", "disk_full"),
        ("ValueError: bad shape", "error"),
        ("KeyboardInterrupt", "closed"),
    ],
)
def test_that_a_console_tells_of_an_exception_that_nobody_logged(last: str, kind: str) -> None:
    crash = ("Traceback (most recent call last):", '  File "run.py", line 1, in <module>', last)
    ending = read(H + "Epoch 1: val_loss: 0.5", *crash).clues.ending
    assert ending is not None
    assert (ending.kind, ending.message) == (kind, last)
    assert read(H + "Epoch 1: val_loss: 0.5", *crash, H + "Epoch 2: val_loss: 0.4").clues.ending is None


def test_that_an_old_death_says_nothing_about_a_new_one() -> None:
    head, frame = "Traceback (most recent call last):", '  File "run.py", line 1, in <module>'
    parser = read(H + "Epoch 1: val_loss: 0.5", head, frame, "torch.OutOfMemoryError: CUDA out of memory.")
    again = (H + "Epoch 2: val_loss: 0.4", head, frame, "ValueError: bad shape")
    parser.feed("".join(f"{line}\n" for line in again).encode(), 1.0)
    assert parser.clues.ending is not None
    assert parser.clues.ending.kind == "error"


def test_that_a_checkpoint_that_did_not_fit_on_the_disk_is_the_end_where_nothing_follows() -> None:
    full = "Failed to save checkpoint to x.pth: [Errno 28] No space left on device"
    ending = read(H + "Epoch 1: val_loss: 0.5", ERROR + full).clues.ending
    assert ending is not None
    assert ending.kind == "disk_full"


def test_that_error_lines_of_healthy_runs_are_no_end() -> None:
    missing = "Failed to load checkpoint from artifacts/experiments: [Errno 21] Is a directory: 'artifacts/experiments'"
    assert read(ERROR + missing, ERROR + "Error loading checkpoint: [Errno 21] Is a directory").clues.ending is None


def test_that_an_error_which_the_training_outlived_is_no_end() -> None:
    real = "Failed to load checkpoint from old/model_best.pth.tar: no such file"
    assert read(ERROR + real).clues.ending is not None
    assert read(ERROR + real, OURS + "[1] val_loss: 0.5").clues.ending is None


def test_that_the_lines_of_a_message_stay_together_without_the_traceback() -> None:
    parser = read(
        ERROR + "[Main execution] Error occurred: ConfigError: \x1b[1mno model\x1b[0m",
        "Details: missing encoder",
        "    full_key: model.encoder",
        "Traceback (most recent call last):",
        '  File "x.py", line 1',
    )
    assert parser.clues.ending is not None
    assert parser.clues.ending.message == "ConfigError: no model Details: missing encoder full_key: model.encoder"


def test_that_a_restart_in_the_same_log_is_not_over() -> None:
    assert read(H + DONE, H + "Starting main execution...").clues.ending is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252"])
def test_that_other_encodings_are_read(encoding: str) -> None:
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    text = f"{mark}{H}Grabación en C:\\año\r\n{OURS}[1] val_loss: 0.5\r\n"
    parser, data = HydraLog(), text.encode(encoding)
    used = 0
    for length in range(len(data) + 1):
        used += parser.feed(data[used:length], 0.0)
    assert used == len(data)
    assert [point.value for point in parser.take()] == [0.5]


def test_that_no_bytes_make_it_fail() -> None:
    parser = HydraLog()
    noise = bytes(range(256)) * 20
    assert parser.feed(noise + b"\n", 0.0) == len(noise) + 1
    assert parser.take() == []


def test_that_a_log_of_many_runs_is_cut_where_a_run_begins() -> None:
    parser = SharedLog()
    starts = [OURS + "Logging to file: /x/demo.log", OURS + "Initialized experiment 'demo' in /x"]
    lines = [*starts, OURS + "[1] lr: 0.1", OURS + "[2] lr: 0.1", *starts, OURS + "[1] lr: 0.1", OURS + CLOSED]
    parser.feed("".join(f"{line}\n" for line in lines).encode(), 0.0)
    assert [len(run.take()) for run in parser.runs] == [2, 1]
    assert [run.clues.ending is not None for run in parser.runs] == [False, True]
