from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.notify.messages import message_of, tame
from crackseg_desktop.readings import Evidence, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import AlertEvent


def test_that_a_message_holds_the_evidence_the_place_and_the_time(make_alert: Callable[..., AlertEvent]) -> None:
    evidence = Evidence(cause="Likely a fan that stands still.", advice="Look at the fans.")
    event = replace(make_alert(Severity.CRITICAL), evidence=evidence)
    message = message_of(event, "lab-3", ZoneInfo("Europe/Berlin"))
    assert message.title == "GPU 0 is at 86 °C"
    assert message.body.splitlines() == [
        "Limit 80 °C.",
        "Likely a fan that stands still.",
        "Look at the fans.",
        "lab-3, 2026-11-23 13:00:00",
    ]


def test_that_a_name_cannot_make_lines_of_its_own(make_alert: Callable[..., AlertEvent]) -> None:
    event = replace(make_alert(), summary="run\r\nBcc: all@example.org\x1b[0m")
    assert len(message_of(event).body.splitlines()) == 2


@pytest.mark.parametrize("name", ["@everyone", "<!channel>", "<@U123>", "<#C1>", "a@here"])
def test_that_a_name_calls_nobody(name: str) -> None:
    assert name not in tame(f"run {name} ended")


@given(st.text())
def test_that_taming_changes_nothing_that_can_be_seen(text: str) -> None:
    assert tame(text).replace("\N{ZERO WIDTH SPACE}", "") == text.replace("\N{ZERO WIDTH SPACE}", "")
