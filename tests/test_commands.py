"""From a word to the function that does it, and what the tray icon waits for on the way."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crackseg_desktop.arguments import COMMANDS, UsageError
from crackseg_desktop.cli import command_of


def test_that_every_command_has_a_function_of_its_name() -> None:
    assert {name: command_of(name).__name__ for name in COMMANDS} == {name: name.replace("-", "_") for name in COMMANDS}
    with pytest.raises(UsageError):
        command_of("dance")


def test_that_the_icon_does_not_wait_for_other_commands() -> None:
    script = """
import sys
from crackseg_desktop.cli import command_of
assert command_of(None).__name__ == "tray"
print(*(name for name in sys.modules if name.startswith("crackseg_desktop.commands.")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert set(done.stdout.split()) == {f"crackseg_desktop.commands.{name}" for name in ("common", "running")}
