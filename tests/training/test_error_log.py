from __future__ import annotations

import pytest

from crackseg_desktop.training.formats.error_log import classify, is_harmless, parse_error_log


def test_that_the_newest_error_counts() -> None:
    text = (
        "[2025-07-22T23:59:14.917553] [Main execution] Error occurred: ConfigError: no model\nTraceback:\n--- --- ---\n"
        "[2025-07-22T23:59:20] [Main execution] Error occurred: ValueError: bad batch\nTraceback:\n--- --- ---\n"
    )
    ending = parse_error_log(text)
    assert ending is not None
    assert (ending.kind, ending.message) == ("error", "ValueError: bad batch")
    assert ending.time is not None


def test_that_a_log_without_an_error_tells_no_end() -> None:
    assert parse_error_log("") is None


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("RuntimeError: CUDA error: out of memory", "out_of_memory"),
        ("RuntimeError: cuDNN error: CUDNN_STATUS_ALLOC_FAILED", "out_of_memory"),
        ("RuntimeError: DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes", "out_of_memory"),
        ("RuntimeError: Failed to load any valid samples after trying all 9 samples in the dataset.", "dataset_error"),
        ("OSError: [Errno 28] No space left on device: 'x.pth'", "disk_full"),
        ("RuntimeError: write failed: ENOSPC", "disk_full"),
        ("OSError: [WinError 112] There is not enough space on the disk", "disk_full"),
        ("OSError: [Errno 280] x", "error"),
        ("RuntimeError: Caught KeyError in DataLoader worker process 3.", "dataset_error"),
        ("ValueError: Expected more than 1 value per channel when training", "error"),
    ],
)
def test_that_errors_are_told_apart(message: str, kind: str) -> None:
    assert classify(message) == kind


@pytest.mark.parametrize(
    ("message", "harmless"),
    [
        ("Failed to load checkpoint from artifacts/experiments: [Errno 13] Permission denied", True),
        ("Checkpoint not found: artifacts/experiments", True),
        ("Starting training from scratch", True),
        ("Failed to load checkpoint from runs/checkpoint_last.pth: bad magic", False),
        ("Failed to save checkpoint to x: no space left", False),
    ],
)
def test_that_only_the_errors_of_healthy_runs_are_harmless(message: str, harmless: bool) -> None:
    assert is_harmless(message) is harmless
