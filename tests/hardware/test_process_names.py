"""What a few processes are called."""

from __future__ import annotations

import os

import psutil

from crackseg_desktop.hardware.process_names import read_names


def test_that_those_that_are_there_are_named_and_the_others_left_out() -> None:
    gone = next(pid for pid in range(2**22, 1, -1) if not psutil.pid_exists(pid))
    assert read_names([os.getpid(), gone]) == {os.getpid(): psutil.Process().name()}
