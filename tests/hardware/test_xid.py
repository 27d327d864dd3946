"""What Xid errors mean, and how many of them are kept."""

from __future__ import annotations

import pytest

from crackseg_desktop.hardware.xid import XidHistory, xid_error

KNOWN = (13, 31, 43, 45, 48, 61, 62, 63, 64, 69, 74, 79, 92, 94, 95, 119, 154)
CRITICAL = {48, 79, 94, 95}


@pytest.mark.parametrize("number", KNOWN)
def test_that_the_well_known_ones_have_a_meaning(number: int) -> None:
    error = xid_error(number, 5.0)
    assert error.reason.startswith(f"Xid {number}: ")
    assert "list of Xid errors" not in error.reason
    assert (error.number, error.time, error.critical) == (number, 5.0, number in CRITICAL)


def test_that_others_are_told_by_their_number() -> None:
    assert xid_error(999, 5.0).reason == "Xid 999: NVIDIA's list of Xid errors says what it means"


def test_that_all_are_counted_and_the_last_ones_kept() -> None:
    history = XidHistory()
    for number in range(100):
        history.add(xid_error(number, float(number)))
    assert history.count == 100
    assert [error.number for error in history.last] == list(range(84, 100))
