#!/usr/bin/env python3
"""Sets up what is missing, then starts: ``dev.py run``, ``dev.py test``; ``lint`` and ``core`` are the steps of CI.

Standard library only, Python 3.11 or newer. Everything goes into ``.venv`` beside this file. What the system itself
lacks is installed where this user may (root on Debian or Ubuntu) and otherwise named in one line.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
QT = ("PySide6-Essentials", "pyqtgraph")
TYPE_CHECKED_PLATFORMS = ("linux", "win32", "darwin")
CORE_TEST_TOOLS = ("aiosmtpd", "hypothesis", "pytest", "pytest-timeout")

# Shared libraries that Qt loads and its wheels do not bring, with the Debian package of each.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
# Programs that the tests drive a real desktop with, and build a fake NVML with.
TEST_PROGRAMS = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xfce4-panel": "xfce4-panel",
    "dunst": "dunst",
    "dbus-run-session": "dbus",
    "dbus-monitor": "dbus-bin",
    "dbus-launch": "dbus-x11",
    "xdotool": "xdotool",
    "notify-send": "libnotify-bin",
    "import": "imagemagick",
    "pdftotext": "poppler-utils",
    "gcc": "gcc",
    "make": "make",
}


class SetupError(Exception):
    """Something is missing that only the user can provide; the message is the line to show."""


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("step", choices=("run", "test", "lint", "core"))
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on to the application or to pytest")
    options = parser.parse_args()
    steps = {"run": run, "test": test, "lint": lint, "core": core}
    try:
        require_python(sys.version_info[:2])
        return steps[options.step](options.arguments)
    except SetupError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def require_python(version: tuple[int, int]) -> None:
    """Raise SetupError where this Python is too old for the application."""
    if version < (3, 11):
        raise SetupError(f"Python 3.11 or newer is needed, this is {version[0]}.{version[1]}: try python3.11 dev.py")


def run(arguments: list[str]) -> int:
    """Set up and start the application; without a display start ``watch`` and say so."""
    python = environment(".venv", [f"-e{ROOT}"])
    provide(missing_libraries(), "Qt needs them")
    return subprocess.call([str(python), "-m", "crackseg_desktop", *for_this_display(arguments)])


def for_this_display(arguments: list[str]) -> list[str]:
    """Return the arguments, or those of ``watch`` where the tray application was meant and there is no display."""
    names_a_command = bool(arguments) and not arguments[0].startswith("-")
    if has_display() or names_a_command or not {"--help", "--version"}.isdisjoint(arguments):
        return arguments
    print("There is no display here (DISPLAY and WAYLAND_DISPLAY are not set): starting 'watch'.", flush=True)
    return ["watch", *(word for word in arguments if word != "--show")]


def has_display() -> bool:
    """Say whether a window can be shown."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def test(arguments: list[str]) -> int:
    """Set up and run all tests: pure core, Qt offscreen, and the real desktop where there can be one."""
    python = environment(".venv", [f"-e{ROOT}[dev]"])
    provide(missing_libraries(), "Qt needs them")
    if sys.platform == "linux":
        provide(missing_programs(), "the desktop tests and the fake NVML need them; tests without them are skipped")
    return subprocess.call([str(python), "-m", "pytest", *arguments], cwd=ROOT)


def lint(arguments: list[str]) -> int:
    """Check style, types for three platforms, and that no floor imports upwards."""
    python = environment(".venv", [f"-e{ROOT}[dev]"])
    binaries = python.parent
    checks = [
        [str(binaries / "ruff"), "check", "."],
        [str(binaries / "ruff"), "format", "--check", "."],
        *([str(python), "-m", "mypy", "--platform", platform] for platform in TYPE_CHECKED_PLATFORMS),
        [str(binaries / "lint-imports")],
    ]
    return next((code for check in checks if (code := _shown(check + arguments))), 0)


def core(arguments: list[str]) -> int:
    """Test the core in an environment that has neither PySide6 nor pyqtgraph."""
    import tomllib  # not there before 3.11, where main must still be able to say so

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [line for line in project["dependencies"] if not line.startswith(QT)]
    python = environment(".venv-core", [*needed, *CORE_TEST_TOOLS])
    # Extras cannot take a dependency away: the package itself goes in without any, anew each time.
    _pip(python, ["--no-deps", "--force-reinstall", str(ROOT)])
    found = subprocess.run([str(python), "-c", "import PySide6"], stderr=subprocess.DEVNULL, check=False)
    if found.returncode == 0:
        raise SetupError(".venv-core holds PySide6: remove the folder")
    # The options of pytest-qt mean nothing where it is not installed.
    quiet = ["-W", "ignore::pytest.PytestConfigWarning"]
    without_qt = ["--ignore=tests/ui", "--ignore=tests/desktop"]
    return subprocess.call([str(python), "-m", "pytest", *quiet, *without_qt, *arguments], cwd=ROOT)


def environment(name: str, requirements: list[str]) -> Path:
    """Make or update a virtual environment and return its Python; what is up to date is left alone."""
    folder = ROOT / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = repr((requirements, sys.version, (ROOT / "pyproject.toml").read_bytes()))
    # A file for each set of requirements: what "test" has set up is still set up for "run".
    stamp = folder / f"set-up-for-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}"
    if python.exists() and stamp.exists():
        return python
    print(f"Setting up {name} (a few minutes the first time) ...", flush=True)
    if not _has_pip(python):  # not there, or its making was interrupted
        _make_environment(folder)
    _pip(python, ["--upgrade", *requirements])
    stamp.touch()
    return python


def _make_environment(folder: Path) -> None:
    """Make the environment; Debian ships Python without ensurepip, so pip may have to come from elsewhere."""
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        provide([package], "Python cannot make virtual environments without it", required=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)


def _has_pip(python: Path) -> bool:
    if not python.exists():
        return False
    quiet = subprocess.DEVNULL
    return subprocess.call([str(python), "-m", "pip", "--version"], stdout=quiet, stderr=quiet) == 0


def _pip(python: Path, arguments: list[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    if subprocess.call(command, cwd=ROOT) != 0:
        raise SetupError(f"pip could not install what is needed; try: {' '.join(command)}")


def missing_libraries() -> list[str]:
    """Return the Debian packages of the shared libraries that Qt needs and that cannot be loaded."""
    return [package for library, package in QT_LIBRARIES.items() if sys.platform == "linux" and not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_programs() -> list[str]:
    """Return the Debian packages of the programs that the tests drive and that are not there."""
    return [package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None]


def provide(packages: list[str], why: str, *, required: bool = False) -> None:
    """Install Debian packages where this user may, else name them in one line.

    Raises:
        SetupError: they are ``required`` and could not be installed.
    """
    if not packages:
        return
    if shutil.which("apt-get") and getattr(os, "geteuid", lambda: 1)() == 0:
        print(f"Installing {' '.join(packages)} ({why}) ...", flush=True)
        if _apt(["update"]) == 0 and _apt(["install", "-y", "--no-install-recommends", *packages]) == 0:
            return
    line = f"missing on this system: sudo apt-get install {' '.join(packages)} ({why})"
    if required:
        raise SetupError(line)
    print(f"dev.py: {line}", file=sys.stderr, flush=True)


def _apt(arguments: list[str]) -> int:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.call(["apt-get", "-qq", *arguments], stdout=subprocess.DEVNULL, env=environment)


def _shown(command: list[str]) -> int:
    print(f"$ {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
    return subprocess.call(command, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
