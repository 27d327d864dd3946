"""What is using a GPU, in one line."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from crackseg_desktop.export import text
from crackseg_desktop.export.gpu_lines import Use, gpu_line, process_names, use_of
from crackseg_desktop.readings import (
    GpuProcess,
    GpuReading,
    ProcessReading,
    ProcessRow,
    Run,
    RunFacts,
    RunState,
    SourceState,
)

if TYPE_CHECKING:
    import pytest

MIB = 1024**2
BUSY = Use(
    0,
    "NVIDIA GeForce RTX 3070 Ti Laptop GPU",
    temperature=76.0,
    utilization=0.92,
    used=6758 * MIB,
    total=8192 * MIB,
    holders=(("gdm", 307 * MIB), ("swinv2-crack500-360", 6100 * MIB)),
)


def test_that_a_gpu_is_told_as_gpustat_does_with_those_that_hold_most_first() -> None:
    expected = "[0] RTX 3070 Ti Laptop | 76°C, 92 % | 6758 / 8192 MB | swinv2-crack500-360(6100M) gdm(307M)"
    assert gpu_line(BUSY) == expected


def test_that_of_many_holders_the_others_are_counted() -> None:
    assert gpu_line(BUSY, most=1).endswith("| swinv2-crack500-360(6100M) +1")


def test_that_an_idle_gpu_ends_with_its_memory_and_missing_figures_are_dashes() -> None:
    assert gpu_line(Use(1, "RTX 3060", total=MIB)) == "[1] RTX 3060 | –, – | – / 1 MB"


def test_that_a_gpu_in_trouble_says_what() -> None:
    asleep = GpuReading({}, {}, index=1, name="RTX 3060", state=SourceState.ASLEEP, reason="powered down")
    assert gpu_line(use_of(asleep, {})) == "[1] RTX 3060 | powered down"


def test_that_a_process_is_called_by_its_run_else_its_script_else_its_name() -> None:
    run = Run(RunFacts("0", "unet", "/r", (), "csv"), RunState.RUNNING, pid=10)
    trainings = [ProcessReading(pid, 0.0, ("/usr/bin/python3", "-u", "/x/train.py"), None) for pid in (10, 11)]
    table = [ProcessRow(12, 1, 0.0, "gnome-shell", (), "ana", True, None, None, None)]
    names = process_names([run], trainings, table)
    assert names == {10: "unet", 11: "train.py", 12: "gnome-shell"}
    gpu = GpuReading({}, {}, name="A", processes=(GpuProcess(12, MIB, "graphics"), GpuProcess(13, None, "compute")))
    assert use_of(gpu, names).holders == (("gnome-shell", MIB), ("PID 13", None))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_that_only_a_terminal_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.name", "posix")
    assert text.page_break(io.StringIO()) == ""
    assert text.page_break(Terminal()) == "\x1b[H\x1b[2J"
