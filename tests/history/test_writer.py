"""Telling a writer that was killed from one that runs."""

from __future__ import annotations

import subprocess
import sys

from crackseg_desktop.history.writer import has_ended, new_token

_PRINT = "from crackseg_desktop.history.writer import new_token; print(new_token())"


def test_that_a_process_that_has_ended_is_known_by_its_token() -> None:
    token = subprocess.run([sys.executable, "-c", _PRINT], capture_output=True, text=True, check=True).stdout.strip()
    assert has_ended(token)


def test_that_a_process_that_runs_has_not_ended() -> None:
    assert not has_ended(new_token())


def test_that_nothing_is_said_of_processes_elsewhere_or_of_an_earlier_version() -> None:
    number, *_ = new_token().split(" ")
    assert not has_ended(f"{number} 999999999 another machine")
    assert not has_ended(number)


def test_that_no_two_writers_of_a_process_have_the_same_token() -> None:
    assert new_token() != new_token()
