"""What a command line tells: a Python interpreter, a training, what starts one as several ranks. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERPRETER = re.compile(r"(python|pypy)w?[\d.]*(\.exe)?", re.IGNORECASE)
_SCRIPT = re.compile(r"(run|main|train\w*)\.py", re.IGNORECASE)
_MODULE = re.compile(r"crackseg\b.*|src\.main|.*train.*", re.IGNORECASE)
_LAUNCHERS = re.compile(
    r"torchrun|accelerate|deepspeed|colossalai|horovodrun|mpirun|mpiexec(\.hydra)?|orterun|prterun|slurmstepd.*"
    r"|torch\.distributed\.(run|launch)|accelerate\.commands\.launch|deepspeed\.launcher\..*",
    re.IGNORECASE,
)
_OURSELVES = re.compile(r"crackseg[-_]desktop", re.IGNORECASE)
_OPTIONS_WITH_VALUE = ("-W", "-X", "--check-hash-based-pycs")


def is_interpreter(program: str) -> bool:
    """Say whether a program, by its name or path, is a Python interpreter."""
    return _INTERPRETER.fullmatch(_base(program)) is not None


def runs_a_training(command: Sequence[str]) -> bool:
    """Say whether a Python command line runs a script or module that is named like a training."""
    kind, target = _target(command)
    if kind == "module":
        return _MODULE.fullmatch(target) is not None
    return kind == "script" and _SCRIPT.fullmatch(_base(target)) is not None


def starts_ranks(command: Sequence[str]) -> bool:
    """Say whether a command line starts one training as several processes, a rank each."""
    if not command:
        return False
    if not is_interpreter(command[0]):
        return _LAUNCHERS.fullmatch(_base(command[0])) is not None
    kind, target = _target(command)
    named = target if kind == "module" else _base(target)
    return kind in ("module", "script") and _LAUNCHERS.fullmatch(named) is not None


def is_python(command: Sequence[str]) -> bool:
    """Say whether a command line starts a Python interpreter on something that is not this program."""
    if not command or not is_interpreter(command[0]):
        return False
    kind, target = _target(command)
    if kind == "code" and "multiprocessing" in target:
        return False  # a helper or a spawned worker of another Python process
    named = target if kind == "module" else _base(target)
    return _OURSELVES.match(named) is None


def _target(command: Sequence[str]) -> tuple[str, str]:
    """Return what an interpreter was told to run: ("module" | "script" | "code" | "nothing", its name)."""
    arguments = iter(command[1:])
    for argument in arguments:
        if argument == "-m":
            return "module", next(arguments, "")
        if argument == "-c":
            return "code", next(arguments, "")
        if argument in _OPTIONS_WITH_VALUE:
            next(arguments, None)
        elif not argument.startswith("-"):
            return "script", argument
    return "nothing", ""


def _base(path: str) -> str:
    return re.split(r"[\\/]", path)[-1]
