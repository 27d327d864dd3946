from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.notify.words import (
    BODY_UNITS,
    TITLE_UNITS,
    Action,
    Notification,
    Urgency,
    clip,
    digest_of,
    notification_of,
    tidy,
    utf16_units,
)
from crackseg_desktop.readings import AlertEvent, AlertState, Severity

EVENT = AlertEvent(
    rule="gpu_temperature",
    subject="GPU 0",
    labels={"gpu": "GPU-1"},
    state=AlertState.FIRING,
    severity=Severity.CRITICAL,
    metric="gpu_temperature_celsius",
    value=86.0,
    limit=80.0,
    since=100.0,
    time=130.0,
    title="GPU 0 above its limit: 86 °C",
    summary="Above 80 °C for 30 s.",
)
ANY_TEXT = st.text(st.characters(), max_size=400)


def test_that_an_alert_keeps_its_words() -> None:
    assert notification_of(EVENT) == Notification(
        key="gpu_temperature:gpu=GPU-1",
        title="GPU 0 above its limit: 86 °C",
        body="Above 80 °C for 30 s.",
        urgency=Urgency.CRITICAL,
        actions=(Action.ACKNOWLEDGE, Action.SNOOZE, Action.SHOW),
        group="gpu=GPU-1",
        about="GPU 0",
    )


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [(Severity.INFO, Urgency.LOW), (Severity.WARNING, Urgency.NORMAL), (Severity.CRITICAL, Urgency.CRITICAL)],
)
def test_that_severity_becomes_urgency(severity: Severity, urgency: Urgency) -> None:
    assert notification_of(replace(EVENT, severity=severity)).urgency == urgency


def test_that_good_news_asks_for_nothing() -> None:
    assert notification_of(replace(EVENT, severity=Severity.INFO)).actions == (Action.SHOW,)


def test_that_a_recovery_is_told_as_one_and_does_not_press() -> None:
    recovery = notification_of(replace(EVENT, state=AlertState.RESOLVED))
    assert recovery.title == "Resolved: GPU 0 above its limit: 86 °C"
    assert recovery.key == notification_of(EVENT).key
    assert recovery.urgency == Urgency.NORMAL
    assert recovery.actions == (Action.SHOW,)
    assert recovery.resolved


def test_that_a_simulated_alert_says_so() -> None:
    assert notification_of(replace(EVENT, simulated=True)).title == "Simulated: GPU 0 above its limit: 86 °C"
    both = notification_of(replace(EVENT, simulated=True, state=AlertState.RESOLVED))
    assert both.title == "Resolved: Simulated: GPU 0 above its limit: 86 °C"


def test_that_a_prefix_is_not_doubled() -> None:
    told = replace(EVENT, title="Resolved: GPU 0", state=AlertState.RESOLVED)
    assert notification_of(told).title == "Resolved: GPU 0"


def test_that_an_empty_title_falls_back_to_the_subject() -> None:
    assert notification_of(replace(EVENT, title="\n")).title == "GPU 0"


def test_that_lines_and_control_characters_go() -> None:
    assert tidy("a\nb\t c\x00\x1b[31m\x7f \u202egpj.exe\u2069") == "a b c[31m gpj.exe"


def test_that_a_byte_that_is_no_utf_8_can_be_sent() -> None:
    assert tidy("run-\udcff").encode() == "run-\N{REPLACEMENT CHARACTER}".encode()


@pytest.mark.parametrize(
    ("text", "units", "cut"),
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"),
        ("one two, three", 10, "one two…"),
        ("swinv2-crack500-360-with-a-long-name", 10, "swinv2-cr…"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
    ],
)
def test_that_a_long_text_is_cut_at_a_word(text: str, units: int, cut: str) -> None:
    assert clip(text, units) == cut


@given(title=ANY_TEXT, summary=ANY_TEXT, simulated=st.booleans(), state=st.sampled_from(AlertState))
def test_that_no_words_break_a_service(title: str, summary: str, simulated: bool, state: AlertState) -> None:
    shown = notification_of(replace(EVENT, title=title, summary=summary, simulated=simulated, state=state))
    assert 0 < utf16_units(shown.title) <= TITLE_UNITS
    assert utf16_units(shown.body) <= BODY_UNITS
    for text in (shown.title, shown.body):
        assert len(text.encode("utf-16-le")) == 2 * utf16_units(text)
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def test_that_a_digest_counts_and_names_the_most_urgent_first() -> None:
    held = [Notification(str(n), f"alert {n}", "", Urgency.NORMAL) for n in range(4)]
    held.append(Notification("hot", "GPU lost", "", Urgency.CRITICAL))
    digest = digest_of(held, unnamed=2)
    assert (digest.title, digest.body) == ("7 more alerts", "GPU lost; alert 0; alert 1")
    assert digest.urgency == Urgency.CRITICAL
    assert digest_of(held[:1]).title == "1 more alert"
