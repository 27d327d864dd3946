"""The application as a process on the desktop, with a GPU that a test changes as it likes."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.desktop.harness import Desktop

TITLE = "^CrackSeg Desktop$"

SETTINGS = """
[sampling]
fast_seconds = 0.5
[rules.gpu_temperature]
for_seconds = 1
clear_seconds = 1
"""


@dataclass(slots=True)
class Application:
    """The running application and the GPU that it believes to see."""

    desktop: Desktop
    process: subprocess.Popen[bytes]
    home: Path
    runs: Path
    env: dict[str, str]

    def command(self, *words: str) -> list[str]:
        """Return a command line with this application's settings and data folder."""
        files = ["--config", str(self.home / "settings.toml"), "--data-dir", str(self.home / "data")]
        return [sys.executable, "-m", "crackseg_desktop", *words, *files]

    def set_gpu(self, temperature: float, used_mib: float = 6000) -> None:
        """Change the GPU by replacing its scenario in one step."""
        write_scenario(self.home / "gpu.ini", temperature, used_mib)

    def windows(self) -> list[int]:
        """Return its visible windows."""
        return self.desktop.windows(TITLE)


def write_scenario(path: Path, temperature: float, used_mib: float) -> None:
    text = f"""
    [driver]
    version = 580.95.05
    [gpu0]
    name = GeForce RTX 3070 Ti
    uuid = GPU-3070a000-0000-0000-0000-000000000001
    mem_total_mib = 8192
    mem_used_mib = {used_mib}
    temp_c = {temperature}
    temp_slowdown = 95
    util_gpu = 97
    power_w = 270
    power_limit_w = 290
    """
    new = path.with_suffix(".new")
    new.write_text(textwrap.dedent(text), encoding="utf-8")
    new.replace(path)
