from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.notify.words import utf16_units
from crackseg_desktop.readings import AlertState, GpuReading, RunState, Sample, Severity, SourceHealth, SourceState
from crackseg_desktop.ui.glance import icon_state, plain, tooltip, until_tomorrow_at
from crackseg_desktop.ui.tray_icon import IconState, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.readings import AlertEvent, Run

    MakeSample = Callable[..., Sample]
    MakeRun = Callable[..., Run]
    MakeAlert = Callable[..., AlertEvent]

NOON = 1_795_435_200.0


def without_gpu(sample: Sample, state: SourceState, reason: str) -> Sample:
    return replace(sample, gpus=(), sources=(SourceHealth("nvidia", state, reason),))


def test_that_nothing_running_is_an_empty_outline(make_sample: MakeSample) -> None:
    assert icon_state(make_sample(memory=0.9), [], [], snoozed=False) == IconState(Kind.IDLE, 0)
    assert icon_state(None, [], [], snoozed=False) == IconState(Kind.IDLE, 0)


def test_that_a_training_fills_to_the_share_of_memory(make_sample: MakeSample, make_run: MakeRun) -> None:
    assert icon_state(make_sample(memory=0.82), [make_run()], [], snoozed=False) == IconState(Kind.TRAINING, 10)
    assert icon_state(None, [make_run()], [], snoozed=False) == IconState(Kind.TRAINING, 1)


def test_that_the_fullest_gpu_counts(make_sample: MakeSample, make_run: MakeRun) -> None:
    sample = make_sample(memory=0.1)
    full = GpuReading({"gpu": "GPU-2"}, {"gpu_memory_used_ratio": 0.75}, uuid="GPU-2", index=1)
    assert icon_state(replace(sample, gpus=(*sample.gpus, full)), [make_run()], [], snoozed=False).fill == 9


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([Severity.WARNING], IconState(Kind.WARNING, 6)),
        ([Severity.WARNING, Severity.CRITICAL], IconState(Kind.NEEDS_YOU)),
        ([Severity.INFO], IconState(Kind.TRAINING, 6)),
    ],
)
def test_that_the_worst_firing_alert_decides(
    severities: list[Severity], expected: IconState, make_sample: MakeSample, make_run: MakeRun, make_alert: MakeAlert
) -> None:
    alerts = [make_alert(severity=severity) for severity in severities]
    assert icon_state(make_sample(memory=0.5), [make_run()], alerts, snoozed=False) == expected


@pytest.mark.parametrize(
    "state", [AlertState.ACKNOWLEDGED, AlertState.SNOOZED, AlertState.RESOLVED, AlertState.PENDING]
)
def test_that_an_alert_a_person_knows_of_needs_nobody(
    state: AlertState, make_sample: MakeSample, make_alert: MakeAlert
) -> None:
    alert = make_alert(severity=Severity.CRITICAL, state=state)
    assert icon_state(make_sample(), [], [alert], snoozed=False).kind == Kind.IDLE


def test_that_a_snooze_is_shown_before_all_else(
    make_sample: MakeSample, make_run: MakeRun, make_alert: MakeAlert
) -> None:
    alert = make_alert(severity=Severity.CRITICAL)
    assert icon_state(make_sample(memory=0.5), [make_run()], [alert], snoozed=True) == IconState(Kind.PAUSED, 6)


@pytest.mark.parametrize(
    ("state", "training", "expected"),
    [
        (SourceState.LOST, True, Kind.UNAVAILABLE),
        (SourceState.NOT_RESPONDING, True, Kind.UNAVAILABLE),
        (SourceState.MISMATCH, False, Kind.UNAVAILABLE),
        (SourceState.UNAVAILABLE, False, Kind.UNAVAILABLE),
        (SourceState.UNAVAILABLE, True, Kind.TRAINING),
        (SourceState.ASLEEP, False, Kind.IDLE),
    ],
)
def test_that_a_gpu_in_trouble_is_a_cross(
    state: SourceState, training: bool, expected: Kind, make_sample: MakeSample, make_run: MakeRun
) -> None:
    runs = [make_run()] if training else []
    assert icon_state(without_gpu(make_sample(), state, "because"), runs, [], snoozed=False).kind == expected
    sample = make_sample()
    sick = replace(sample, gpus=(replace(sample.gpus[0], state=state),))
    assert icon_state(sick, runs, [], snoozed=False).kind == expected


def test_that_the_tooltip_names_run_epoch_time_left_memory_and_temperature(
    make_sample: MakeSample, make_run: MakeRun
) -> None:
    words = tooltip(make_sample(temperature=76, memory=0.825), [make_run()], [], None, NOON)
    assert words == "unet_resnet34\nEpoch 23 of 50, 1 h 42 min left\nGPU 0: 6.6 of 8.0 GiB, 76 °C"


def test_that_the_tooltip_says_what_is_simulated(make_sample: MakeSample, make_run: MakeRun) -> None:
    sample = replace(make_sample(), simulated=True)
    assert "(Simulated)" in tooltip(sample, [make_run()], [], None, NOON)
    assert "(Simulated)" in tooltip(sample, [], [], None, NOON)
    assert "(Simulated)" in tooltip(None, [make_run(simulated=True)], [], None, NOON)
    assert "Simulated" not in tooltip(make_sample(), [make_run()], [], None, NOON)


def test_that_the_tooltip_says_why_there_is_no_gpu(make_sample: MakeSample) -> None:
    sample = without_gpu(make_sample(), SourceState.MISMATCH, "the driver was updated; restart the machine")
    assert tooltip(sample, [], [], None, NOON).splitlines()[-1] == "the driver was updated; restart the machine"


def test_that_a_lost_gpu_shows_no_old_figures(make_sample: MakeSample) -> None:
    sample = make_sample(temperature=76)
    lost = replace(sample, gpus=(replace(sample.gpus[0], state=SourceState.LOST),))
    assert tooltip(lost, [], [], None, NOON).splitlines()[-1] == "GPU 0: lost"


def test_that_a_missing_figure_is_a_dash(make_sample: MakeSample) -> None:
    assert tooltip(make_sample(temperature=None), [], [], None, NOON).endswith("4.0 of 8.0 GiB, –")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"state": RunState.STALLED}, "Epoch 23 of 50, stalled"),
        ({"total_epochs": None, "eta_seconds": None}, "Epoch 23"),
        ({"epoch": None, "step": 1200, "eta_seconds": None}, "Step 1200"),
    ],
)
def test_that_the_tooltip_says_what_is_known_of_the_progress(
    facts: dict[str, Any], expected: str, make_run: MakeRun
) -> None:
    assert tooltip(None, [make_run(**facts)], [], None, NOON).splitlines()[1] == expected


def test_that_the_tooltip_counts_what_it_does_not_name(make_run: MakeRun, make_alert: MakeAlert) -> None:
    words = tooltip(None, [make_run("a"), make_run("b")], [make_alert(), make_alert()], None, NOON)
    assert words.splitlines()[0] == "a and 1 more"
    assert words.splitlines()[-1] == "2 alerts: GPU 0 is at 86 °C"


def test_that_the_tooltip_says_until_when_alerts_are_snoozed(make_alert: MakeAlert) -> None:
    until = NOON + 3600
    shown = time.strftime("%H:%M", time.localtime(until))
    assert tooltip(None, [], [make_alert()], until, NOON).endswith(f"Alerts snoozed until {shown}")
    assert "snoozed" not in tooltip(None, [], [], until, until)


def test_that_a_tooltip_is_short_enough_for_windows(
    make_sample: MakeSample, make_run: MakeRun, make_alert: MakeAlert
) -> None:
    run = make_run("𝔘" * 300)
    alerts = [make_alert(title="🔥" * 60)] * 3
    assert utf16_units(tooltip(make_sample(), [run] * 9, alerts, None, NOON)) <= 127


def test_that_names_cannot_pass_for_markup_or_lines() -> None:
    assert plain("a<b>\n&\x00c") == "a‹b› +c"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Madrid", "America/Santiago"])
def test_that_tomorrow_at_eight_is_tomorrow_at_eight_across_a_change_of_clocks(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("the zone cannot be changed here")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for day in range(366):
            now = NOON + day * 86_400
            morning = time.localtime(now + until_tomorrow_at(8, now))
            assert (morning.tm_hour, morning.tm_min) == (8, 0)
            assert 0 < until_tomorrow_at(8, now) < 45 * 3600
    finally:
        monkeypatch.undo()
        time.tzset()
