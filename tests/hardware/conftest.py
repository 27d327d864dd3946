"""A stand-in for NVIDIA's library, built once a session, and the probe that is run under it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FAKENVML = Path(__file__).parents[1] / "fakenvml"
PROBE = Path(__file__).parent / "probe.py"
Probe = Callable[..., Any]


def _build(target: str) -> Path:
    if sys.platform != "linux":
        pytest.skip("the stand-in for libnvidia-ml.so.1 is built on Linux only")
    if shutil.which("gcc") is None or shutil.which("make") is None:
        pytest.skip("no C compiler: the stand-in for libnvidia-ml.so.1 needs gcc and make")
    subprocess.run(["make", "-s", "-C", str(FAKENVML), target], check=True, capture_output=True)
    return FAKENVML / "build" / ("old" if target == "old" else "")


@pytest.fixture(scope="session")
def fakenvml() -> Path:
    """The folder of the stand-in library."""
    return _build("all")


@pytest.fixture(scope="session")
def old_fakenvml() -> Path:
    """The folder of one that lacks what an older driver lacks."""
    return _build("old")


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """Run a task of the probe in a process of its own: the library path must be set before a process starts.

    ``library`` is a folder or None, ``scenario`` the text of one.
    """

    def run(
        task: str, *, library: Path | None, scenario: str = "[driver]\n", trace: Path | None = None, **about: Any
    ) -> Any:
        file = tmp_path / "scenario.ini"
        file.write_text(scenario, encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
        environment["FAKENVML_SCENARIO"] = str(file)
        if library is not None:
            environment["LD_LIBRARY_PATH"] = str(library)
        if trace is not None:
            environment["FAKENVML_TRACE"] = str(trace)
        done = subprocess.run(
            [sys.executable, str(PROBE), task, json.dumps(about)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
