"""The virtual desktop, started once for all tests of this folder, and the application on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.desktop.application import SETTINGS, Application, write_scenario
from tests.desktop.harness import Desktop, missing_packages, running_desktop, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

FAKE_NVML = Path(__file__).parents[1] / "fakenvml"


@pytest.fixture(scope="session")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """Start the desktop, or skip (on CI: fail) with the packages that are missing."""
    _require_programs()
    with running_desktop(tmp_path_factory.mktemp("screen")) as running:
        yield running


@pytest.fixture(scope="session")
def fake_nvml() -> Path:
    if shutil.which("gcc") is None or shutil.which("make") is None:
        pytest.skip("the fake NVML needs gcc and make")
    subprocess.run(["make", "-s"], cwd=FAKE_NVML, check=True)
    return FAKE_NVML / "build"


@pytest.fixture
def application(desktop: Desktop, fake_nvml: Path, tmp_path: Path) -> Iterator[Application]:
    """Start the application with its window closed, and wait for its icon."""
    desktop.forget_notifications()
    home, runs = tmp_path / "home", tmp_path / "runs"
    home.mkdir()
    runs.mkdir()
    (home / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    write_scenario(home / "gpu.ini", 60, 6000)
    env = {"LD_LIBRARY_PATH": str(fake_nvml), "FAKENVML_SCENARIO": str(home / "gpu.ini"), "HOME": str(home)}
    started = Application(desktop, None, home, runs, env)  # type: ignore[arg-type]
    started.process = desktop.spawn(*started.command("--runs", str(runs)), log="application.log", env=env)
    wait_for(lambda: desktop.tray_icons() == 1, "the tray icon", 30)
    yield started
    if started.process in desktop.processes:
        desktop.end(started.process)
    wait_for(lambda: desktop.tray_icons() == 0, "the end of the tray icon")
    desktop.run("dunstctl", "close-all")  # what is critical stays on the screen otherwise


def _require_programs() -> None:
    missing = missing_packages()
    if sys.platform != "linux":
        pytest.skip("the virtual desktop is for Linux")
    elif missing and os.environ.get("CI"):
        pytest.fail(f"missing Debian packages: {' '.join(missing)}")
    elif missing:
        pytest.skip(f"missing Debian packages: {' '.join(missing)}")
