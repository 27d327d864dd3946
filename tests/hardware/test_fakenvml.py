"""The stand-in keeps to the ABI that the installed nvidia-ml-py speaks."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

import pynvml

SOURCE = Path(__file__).parents[1] / "fakenvml/fakenvml.c"


def test_that_its_structures_are_as_large_as_those_of_nvidia_ml_py(fakenvml: Path) -> None:
    size = ctypes.CDLL(str(fakenvml / "libnvidia-ml.so.1")).fakenvml_sizeof
    size.restype = ctypes.c_size_t
    names = re.findall(r'ROW\("(\w+)", \w+\)', SOURCE.read_text(encoding="utf-8"))
    assert len(names) > 25
    sizes = {name: ctypes.sizeof(getattr(pynvml, name)) for name in names if hasattr(pynvml, name)}
    assert {name: size(name.encode()) for name in sizes} == sizes


def test_that_it_has_every_function_that_the_gate_calls(fakenvml: Path) -> None:
    library = ctypes.CDLL(str(fakenvml / "libnvidia-ml.so.1"))
    room = Path(__file__).parents[2] / "src/crackseg_desktop/hardware"
    text = "".join(path.read_text(encoding="utf-8") for path in room.glob("*.py"))
    bindings = Path(pynvml.__file__).read_text(encoding="utf-8")
    called = {name for name in re.findall(r'"(nvml[A-Z]\w+)"', text) if f'("{name}")' in bindings}
    assert len(called) > 15
    assert [name for name in sorted(called) if not hasattr(library, name)] == []
