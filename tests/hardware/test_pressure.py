"""The kernel's pressure files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.hardware.pressure import parse_pressure, pressure

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """some avg10=12.50 avg60=3.00 avg300=1.00 total=4203955859
full avg10=0.25 avg60=0.00 avg300=0.00 total=17
"""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts pressure")


def test_that_the_ten_second_averages_are_read_as_ratios() -> None:
    assert parse_pressure(TEXT) == {"some": 0.125, "full": 0.0025}


@linux_only
def test_that_an_older_kernel_has_no_full_line_for_the_cpu(tmp_path: Path) -> None:
    (tmp_path / "cpu").write_text(TEXT.splitlines()[0])
    assert pressure("cpu", tmp_path) == (0.125, 0.0)


@linux_only
def test_that_a_kernel_without_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="this kernel does not count pressure"):
        pressure("io", tmp_path)


@given(st.text())
def test_that_any_text_gives_ratios_or_is_refused(text: str) -> None:
    try:
        shares = parse_pressure(text)
    except ValueError:
        return
    assert shares
