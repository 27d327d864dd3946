from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.training.formats.mmengine_log import MmengineLog
from crackseg_desktop.training.formats.text_log import TextLog

if TYPE_CHECKING:
    from crackseg_desktop.training.formats.base import Point

NOON = 1_795_435_200.0


def read(text: str, parser: TextLog | None = None) -> list[Point]:
    parser = TextLog() if parser is None else parser
    data = text.encode()
    used = parser.feed(data, NOON)
    parser.finish(data[used:], NOON)
    return parser.take()


def figures(points: list[Point]) -> list[tuple[str, int, float, str]]:
    return [(point.tag, point.step, point.value, point.axis) for point in points]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Epoch 1/200, Train Loss: 1.0591, Val Acc: 0.3286",
            [("Train Loss", 1, 1.0591, "epoch"), ("Val Acc", 1, 0.3286, "epoch")],
        ),
        (
            "Epoch [3/9], Train Loss: 0.5, Val Loss: 0.6, IoU: 0.01 - Saving metrics",
            [("Train Loss", 3, 0.5, "epoch"), ("Val Loss", 3, 0.6, "epoch"), ("val/IoU", 3, 0.01, "epoch")],
        ),
        ("epoch: 0 end, loss: 2.5", [("loss", 0, 2.5, "epoch")]),
        ("epoch: 0 validation, acc: 0.5, loss: nan", [("val/acc", 0, 0.5, "epoch"), ("val/loss", 0, None, "epoch")]),
        ("epoch 4 val acc: 85.5%", [("val acc%", 4, 85.5, "epoch")]),
        ("iter 100: loss 10.5, time 20ms", [("loss", 100, 10.5, "step")]),
        ("Train Epoch 2 Iters 352 Train loss 1.25 Density 0.05", [("Train loss", 2, 1.25, "epoch")]),
        ("Epoch: [2][ 10/100]  Time 0.5  Loss 6.9 (7.0)", [("train_batch/Loss", 210, 6.9, "step")]),
        ("global_step: 7 epoch: 1 loss=0.5", [("loss", 7, 0.5, "step")]),
        ("Epoch 3, learning rate: 1e-05", [("learning rate", 3, 1e-05, "epoch")]),
        (
            "Epoch 1: val_loss: 0.9075 | val_iou: 0.0902 | val_recall: 0.9813",
            [("val_loss", 1, 0.9075, "epoch"), ("val_iou", 1, 0.0902, "epoch"), ("val_recall", 1, 0.9813, "epoch")],
        ),
        (
            "Epoch 2: Train Loss 0.5 Acc 0.8, Val Loss 0.6 Acc 0.7",
            [
                ("Train Loss", 2, 0.5, "epoch"),
                ("train/Acc", 2, 0.8, "epoch"),
                ("Val Loss", 2, 0.6, "epoch"),
                ("val/Acc", 2, 0.7, "epoch"),
            ],
        ),
        ("Epoch 1, Step 20: loss 0.5", [("loss", 20, 0.5, "step")]),
        (
            "(epoch: 2, iters: 100, time: 0.12, data: 0.45) side: 0.789 total: nan ",
            [("train_batch/loss_side", 100, 0.789, "step"), ("train_batch/loss_total", 100, None, "step")],
        ),
        ("Epoch 3: 100%|###| 2/2 [00:01, v_num=1ss9, train_loss=nan.0]", [("train_loss", 3, None, "epoch")]),
        ("Epoch 3: best val loss: 0.5", []),
        ("Epoch 3 saved to /runs/loss: 0.5/x", []),
        ("Training with loss: 0.5", []),
        ("epochs: 100, loss: 3", []),
        ("Epoch time: 173.21s", []),
        ("epoch 1.5 loss: 3", []),
    ],
)
def test_that_figures_are_taken_from_lines_that_name_an_epoch_or_a_step(
    line: str, expected: list[tuple[str, int, float | None, str]]
) -> None:
    found = [(tag, step, None if value != value else value, axis) for tag, step, value, axis in figures(read(line))]
    assert found == expected


def test_that_a_progress_bar_counts_where_it_is_full() -> None:
    text = "".join(f"\rEpoch 2: {10 * n}%|###  | {n}/10 [00:01<00:02, 3.2it/s, loss=0.{n:02}]" for n in range(11))
    assert figures(read(text + "\n")) == [("loss", 2, 0.1, "epoch")]


def test_that_a_full_bar_without_an_epoch_belongs_to_the_epoch_before() -> None:
    text = "Epoch 5/9\n 3/10 [==>.......] - loss: 0.9\r10/10 [==========] - 2s 5ms/step - loss: 0.5 - val_loss: 0.6\n"
    parser = TextLog()
    assert figures(read(text, parser)) == [("loss", 5, 0.5, "epoch"), ("val_loss", 5, 0.6, "epoch")]
    assert parser.clues.total_epochs == 9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Epoch 3: 100%|####| 10/10 [00:01, loss=0.5]\n\tvalid_loss = 0.25\n", [("loss", 0.5), ("valid_loss", 0.25)]),
        (
            "   3/9      3.2G   0.123: 100%|####| 10/10 [00:01]\nINFO: VALIDATION: Dice Score: 0.8, Dice Loss: 0.2\n",
            [("val/Dice Score", 0.8), ("val/Dice Loss", 0.2)],
        ),
    ],
)
def test_that_a_line_of_the_validation_belongs_to_the_epoch_before(
    text: str, expected: list[tuple[str, float]]
) -> None:
    assert [(point.tag, point.value) for point in read(text) if point.step == 3] == expected


def test_that_steps_that_begin_anew_in_each_epoch_are_counted_on() -> None:
    text = "".join(f"epoch {epoch} step {step} loss: 0.5{epoch}{step}\n" for epoch in (1, 2, 3) for step in (5, 10))
    assert [point.step for point in read(text)] == [5, 10, 15, 20, 25, 30]
    text = "".join(f"epoch {step // 10} step {step} loss: 0.5{step}\n" for step in (5, 10, 15, 20))
    assert [point.step for point in read(text)] == [5, 10, 15, 20]


def test_that_a_bar_of_megabytes_without_a_line_end_is_read() -> None:
    bar = b"\rEpoch 1:  50%|#####     | 5/10 [00:01, loss=0.9]"
    data = b"Epoch 1 loss: 0.7" + bar * 40_000 + b"\nEpoch 2 loss: 0.6\n"
    parser, used = TextLog(), 0
    while used < len(data):
        used += parser.feed(data[used : used + (1 << 20)], NOON)
    assert figures(parser.take()) == [("loss", 1, 0.7, "epoch"), ("loss", 2, 0.6, "epoch")]


def test_that_an_echo_tells_nothing_and_a_later_line_does() -> None:
    line = "epoch 1 loss: 0.5\n"
    text = f"2026-11-23 12:00:00 {line}{line}2026-11-23 12:05:00 {line}"
    assert len(read(text)) == 2


def test_that_times_of_lines_are_told() -> None:
    parser = TextLog()
    (point,) = read("[2026/11/23 12:00:00,5] epoch 1 loss: 0.5", parser)
    assert point.time == parser.clues.first_time == parser.clues.last_time
    assert parser.clues.first_time is not None
    assert parser.clues.first_time % 1 == 0.5


def test_that_epochs_that_begin_anew_are_all_told() -> None:
    text = "".join(f"Epoch {epoch} loss: {loss}\n" for epoch, loss in [(1, 0.9), (2, 0.8), (1, 0.7), (2, 0.6)])
    assert [point.step for point in read(text)] == [1, 2, 1, 2]


_CRASH = """Epoch 1 loss: 0.5
Traceback (most recent call last):
  File "train.py", line 3, in <module>
    main()
"""


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (_CRASH + "ValueError: shapes\n", "error"),
        (_CRASH + "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\n", "out_of_memory"),
        (_CRASH + "KeyboardInterrupt\n", "closed"),
        (_CRASH + "OSError: [Errno 28] No space left on device\n", "disk_full"),
        ("Epoch 1 loss: 0.5\nwandb: ERROR No space left on device\n", "disk_full"),
        (
            _CRASH
            + "FileNotFoundError: Caught FileNotFoundError in DataLoader worker process 0.\n"
            + _CRASH[18:]
            + "FileNotFoundError: [Errno 2] No such file or directory: 'a.png'\n",
            "dataset_error",
        ),
        (_CRASH + "torch.OutOfMemoryError: CUDA out of memory.\n" + _CRASH[18:] + "ValueError: x\n", "out_of_memory"),
        ("Epoch 1 loss: 0.5\nslurmstepd: error: Detected 1 oom_kill event in step\n", "out_of_memory"),
        ("Epoch 1 loss: 0.5\nRuntimeError: CUDA out of memory. Tried to allocate 20 MiB\n", "out_of_memory"),
        ("Epoch 1 loss: 0.5\nEarly stopping!\nTest Accuracy: 0.5\n", "early_stopping"),
        ("Epoch 1 loss: 0.5\n`Trainer.fit` stopped: `max_epochs=2` reached.\n", "completed"),
        ("Epoch 1 loss: 0.5\n2 epochs completed in 0.002 hours.\n", "completed"),
        (_CRASH + "ValueError: shapes\nEpoch 1 loss: 0.4\n", None),
        (_CRASH + "OSError: [Errno 28] No space left on device\nEpoch 2 loss: 0.4\n", None),
        ("Training complete\nException ignored in: <function x>\n" + _CRASH[18:] + "AttributeError: x\n", "completed"),
        ("Training complete\nError in atexit._run_exitfuncs:\n" + _CRASH[18:] + "OSError: x\n", "completed"),
        ("Exception ignored in: <function x>\n" + _CRASH[18:] + "MemoryError\n" + _CRASH + "ValueError: x\n", "error"),
        ("Exception ignored in: <module x>\nOSError: x\n" + _CRASH + "ValueError: x\n", "error"),
        ("Training complete\n" + _CRASH[18:] + "ValueError: x\n", "error"),
        ("Epoch 1 loss: 0.5\nearly_stopping: true\nearly stopping counter: 3/5\n", None),
    ],
)
def test_that_the_end_is_told(text: str, kind: str | None) -> None:
    parser = TextLog()
    read(text, parser)
    assert (None if parser.clues.ending is None else parser.clues.ending.kind) == kind


def test_that_mmengine_lines_have_the_tags_and_steps_of_its_json() -> None:
    text = """2024/05/13 22:58:17 - mmengine - INFO - Iter(train) [  50/400]  lr: 9.9891e-03  eta: 0:31:08  loss: 2.1
2024/05/13 22:59:17 - mmengine - INFO - Iter(val) [11/11]    aAcc: 87.4300  mIoU: 50.4000  time: 0.1462
"""
    assert figures(read(text, MmengineLog())) == [
        ("lr", 50, 9.9891e-03, "step"),
        ("loss", 50, 2.1, "step"),
        ("aAcc", 50, 87.43, "step"),
        ("mIoU", 50, 50.4, "step"),
        ("val/time", 50, 0.1462, "step"),
    ]


def test_that_mmengine_epochs_are_counted_on() -> None:
    parser = MmengineLog()
    text = "Epoch(train)  [2][10/25]  loss: 2.0  eta: 8 days, 6:13:38\n"
    text += "Epoch(val) [2][5/5]  mIoU: 50.4\nEpoch(val) [2][1/5]\n"
    assert figures(read(text, parser)) == [("loss", 35, 2.0, "step"), ("mIoU", 2, 50.4, "epoch")]
    assert parser.clues.epoch == 1


@pytest.mark.parametrize("word", ["epoch", "step"])
def test_that_only_padding_may_stand_before_a_number(word: str) -> None:
    # What may be longer is tried at every place of a line: one of 2000 blanks took 30 ms.
    assert [point.step for point in read(f"{word}{' ' * 20}7 loss: 0.5\n")] == [7]
    assert read(f"{word}{' ' * 1900}7 loss: 0.5\n") == []
