"""What the schedulers of the systems are given: every command is understood, every file is well formed."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from crackseg_desktop.arguments import parse
from crackseg_desktop.settings import Reports

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGING = Path(__file__).parent.parent / "packaging"
UNITS = sorted((PACKAGING / "linux" / "systemd").iterdir())
NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


class Unit(configparser.RawConfigParser):
    """A unit as systemd reads it: keys as they are written."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.read(path, encoding="utf-8")

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def commands() -> Iterator[tuple[str, str]]:
    """Yield every command line that a scheduler would run, with the file that has it."""
    for path in UNITS:
        if path.suffix == ".service":
            yield path.name, Unit(path)["Service"]["ExecStart"]
    for line in (PACKAGING / "linux" / "crontab.example").read_text(encoding="utf-8").splitlines():
        if re.match(r"[*\d]", line):
            yield "crontab.example", line.split(maxsplit=5)[5]
    for path in (PACKAGING / "windows").glob("*.xml"):
        action = ElementTree.parse(path).getroot().find(f"{NAMESPACE}Actions/{NAMESPACE}Exec")
        assert action is not None
        yield path.name, f"{action.findtext(f'{NAMESPACE}Command')} {action.findtext(f'{NAMESPACE}Arguments')}"
    for path in (PACKAGING / "macos").glob("*.plist"):
        agent = plistlib.loads(path.read_bytes())
        assert agent["Label"] == path.stem
        yield path.name, agent["ProgramArguments"][-1]


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_that_every_command_is_understood(name: str, command: str) -> None:
    words = shlex.split(command)
    program = next(index for index, word in enumerate(words) if re.fullmatch(r"crackseg-desktop(\.exe)?", word))
    ours = [word for word in words[program + 1 :] if word not in (">>", "2>&1") and not word.startswith("$HOME")]
    options = parse(ours)
    assert options.command in ("check", "report", "watch")
    if options.command == "report":
        assert options.send
        assert options.date == "due"
        assert options.kind in name or name == "crontab.example"


def test_that_each_system_has_check_and_both_reports() -> None:
    expected = {"check", "report daily --date due --send", "report weekly --date due --send"}
    by_place: dict[str, set[str]] = {}
    for name, command in commands():
        told = command.partition("crackseg-desktop")[2].removeprefix(".exe").partition(">>")[0].strip()
        by_place.setdefault(name.rpartition(".")[2], set()).add(told)
    assert by_place == {
        "service": expected | {"watch"}, "example": expected, "xml": expected, "plist": expected,
    }  # fmt: skip


def test_that_timers_keep_the_times_of_the_settings_and_start_their_service() -> None:
    times = {path.stem: Unit(path)["Timer"]["OnCalendar"] for path in UNITS if path.suffix == ".timer"}
    usual = Reports()
    assert times["crackseg-desktop-report-daily"] == f"*-*-* {usual.daily_at}"
    assert times["crackseg-desktop-report-weekly"] == f"{usual.weekly_on[:3].title()} *-*-* {usual.weekly_at}"
    services = {path.stem for path in UNITS if path.suffix == ".service"}
    assert times.keys() <= services


def test_that_what_a_check_finds_is_no_failure_of_its_unit() -> None:
    unit = Unit(PACKAGING / "linux" / "systemd" / "crackseg-desktop-check.service")
    assert unit["Service"]["SuccessExitStatus"].split() == ["1", "2"]


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is for Linux")
def test_that_systemd_understands_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("missing Debian package: systemd")
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *map(str, UNITS)],
        env=os.environ | {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
