from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.notify.channels import (
    LONGEST_PAUSE,
    LONGEST_REST,
    Channel,
    Outcome,
    Rest,
    channels_from,
    rest_after,
)
from crackseg_desktop.notify.flood import Cap
from crackseg_desktop.notify.quiet import QuietHours
from crackseg_desktop.readings import Severity
from crackseg_desktop.settings import Notifications, RemoteChannel, Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import AlertEvent


@pytest.mark.parametrize(
    ("severity", "taken"),
    [
        (Severity.INFO, [Severity.INFO, Severity.WARNING, Severity.CRITICAL]),
        (Severity.WARNING, [Severity.WARNING, Severity.CRITICAL]),
        (Severity.CRITICAL, [Severity.CRITICAL]),
    ],
)
def test_that_a_channel_takes_what_is_severe_enough(
    make_alert: Callable[..., AlertEvent], severity: Severity, taken: list[Severity]
) -> None:
    channel = Channel("mail", "", severity)
    assert [each for each in Severity if channel.takes(make_alert(each))] == taken


def test_that_a_rule_that_names_channels_reaches_those_alone(make_alert: Callable[..., AlertEvent]) -> None:
    event = replace(make_alert(Severity.INFO), channels=("phone",))
    assert Channel("phone", "", Severity.CRITICAL).takes(event)
    assert not Channel("mail", "", Severity.INFO).takes(event)


def test_that_channels_have_the_common_quiet_hours_their_own_or_none() -> None:
    channels = {
        "common": RemoteChannel(url="keyring:common"),
        "own": RemoteChannel(quiet_from="20:00", quiet_to="09:00", severity="info"),
        "never": RemoteChannel(quiet_hours=False, severity="critical"),
        "off": RemoteChannel(enabled=False),
    }
    shared = Notifications(quiet_from="23:00", quiet_to="07:00", remote_per_hour=10)
    assert channels_from(Settings(channels=channels, notifications=shared)) == (
        Channel("common", "keyring:common", Severity.WARNING, QuietHours(time(23), time(7)), Cap(10, 3600.0)),
        Channel("own", "", Severity.INFO, QuietHours(time(20), time(9)), Cap(10, 3600.0)),
        Channel("never", "", Severity.CRITICAL, None, Cap(10, 3600.0)),
    )


def test_that_pauses_double_and_the_breaker_opens() -> None:
    rest, pauses = Rest(), list[float]()
    for _ in range(6):
        rest = rest_after(rest, Outcome("no"), 1000.0, 1.0)
        pauses.append(rest.until - 1000.0)
    assert pauses == [5.0, 10.0, 20.0, 40.0, LONGEST_PAUSE, LONGEST_PAUSE]
    assert rest == Rest(1000.0 + LONGEST_PAUSE, 6, "no")
    assert rest_after(rest, Outcome(), 2000.0, 1.0) == Rest()


@given(
    st.integers(0, 20),
    st.none() | st.floats(0, 1e9),
    st.floats(0, 1),
)
def test_that_a_service_is_never_asked_too_early_nor_never_again(
    failures: int, requested: float | None, chance: float
) -> None:
    until = rest_after(Rest(0.0, failures, "no"), Outcome("no", requested), 0.0, chance).until
    assert until >= min(requested or 0.0, 86_400.0)
    assert 2.5 <= until <= LONGEST_REST
