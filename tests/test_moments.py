"""The ways to name a moment on the command line."""

from __future__ import annotations

from datetime import datetime

import pytest

from crackseg_desktop.moments import parse_moment

NOW = 1_795_435_200.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1700000000", 1_700_000_000.0),
        ("1700000000.5", 1_700_000_000.5),
        ("10m", NOW - 600),
        ("24h", NOW - 86_400),
        ("7d", NOW - 7 * 86_400),
        ("1.5h", NOW - 5400),
        ("90s", NOW - 90),
        ("2026-11-23T08:00:00Z", 1_795_420_800.0),
        ("2026-11-23T09:00+01:00", 1_795_420_800.0),
    ],
)
def test_that_a_moment_is_read(text: str, moment: float) -> None:
    assert parse_moment(text, NOW) == moment


def test_that_a_time_without_a_zone_is_local() -> None:
    assert parse_moment("2026-11-23T08:00", NOW) == datetime.fromisoformat("2026-11-23T08:00").timestamp()


@pytest.mark.parametrize("text", ["", "yesterday", "nan", "inf", "-5m", "5 fortnights", "2026-13-01"])
def test_that_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Unix seconds"):
        parse_moment(text, NOW)
