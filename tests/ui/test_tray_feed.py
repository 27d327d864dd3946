from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QTimer

from crackseg_desktop.monitor import Snapshot
from crackseg_desktop.readings import AlertState, RunRemoved, RunState, Scope, Severity, Silence, SilencesChanged
from crackseg_desktop.ui.tray import Tray
from crackseg_desktop.ui.tray_feed import UPDATE_SECONDS, TrayFeed
from crackseg_desktop.ui.tray_icon import IconState, Kind, Panel
from crackseg_desktop.ui.tray_menu import TrayMenu

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.readings import AlertEvent, Run, Sample


class Set:
    """A tray, its menu and its feed, on a clock that stands still."""

    def __init__(self, actions: Any, clock: Any) -> None:
        self.clock = clock
        self.tray = Tray(lambda: Panel.DARK)
        self.menu = TrayMenu(self.tray, actions, clock)
        self.feed = TrayFeed(self.tray, self.menu, clock)
        self.tray.open()

    @property
    def waiting(self) -> int | None:
        """Return how many milliseconds until it shows what has changed, or None."""
        (timer,) = self.feed.findChildren(QTimer)
        return timer.interval() if timer.isActive() else None

    def kind(self) -> Kind:
        """Return what the icon says."""
        return self.tray.state.kind

    def later(self) -> None:
        """Let the two seconds pass."""
        self.clock.advance(UPDATE_SECONDS)
        self.feed.refresh()


@pytest.fixture
def tray_set(qtbot: QtBot, actions: Any, clock: Any) -> Iterator[Set]:
    made = Set(actions, clock)
    yield made
    made.feed.stop()
    made.tray.close()
    made.tray.menu.deleteLater()


def test_that_the_first_news_is_shown_at_once(
    tray_set: Set, make_sample: Callable[..., Sample], make_run: Callable[..., Run]
) -> None:
    tray_set.feed.on_run(make_run())
    assert tray_set.tray.state == IconState(Kind.TRAINING, 1)
    assert tray_set.tray.tooltip.startswith("unet_resnet34")


def test_that_changes_come_at_most_every_two_seconds(
    tray_set: Set, make_sample: Callable[..., Sample], make_run: Callable[..., Run]
) -> None:
    tray_set.feed.on_run(make_run())
    tray_set.clock.advance(0.5)
    tray_set.feed.on_sample(make_sample(memory=0.5))
    assert tray_set.tray.state.fill == 1
    assert tray_set.waiting == 1500
    tray_set.feed.on_sample(make_sample(memory=0.9))
    tray_set.later()
    assert tray_set.tray.state.fill == 11
    assert tray_set.waiting is None


def test_that_what_changes_nothing_costs_no_wait(tray_set: Set, make_sample: Callable[..., Sample]) -> None:
    tray_set.feed.on_sample(make_sample())
    tray_set.clock.advance(UPDATE_SECONDS)
    tray_set.feed.on_sample(make_sample())
    tray_set.feed.on_sample(make_sample())
    assert tray_set.waiting is None


@pytest.mark.parametrize("end", ["finished", "removed"])
def test_that_a_run_that_is_over_leaves_the_tray(end: str, tray_set: Set, make_run: Callable[..., Run]) -> None:
    run = make_run()
    tray_set.feed.on_run(run)
    if end == "finished":
        tray_set.feed.on_run(replace(run, state=RunState.FINISHED))
    else:
        tray_set.feed.on_removed(RunRemoved(run.id))
    tray_set.later()
    assert tray_set.tray.state == IconState()
    assert "No training is running" in tray_set.tray.tooltip


def test_that_the_newest_run_is_named_first(tray_set: Set, make_run: Callable[..., Run]) -> None:
    tray_set.feed.on_run(make_run("new", started=2000.0))
    tray_set.feed.on_run(make_run("old", started=1000.0))
    tray_set.later()
    assert tray_set.tray.tooltip.startswith("new and 1 more")


def test_that_the_worst_alert_is_named_first(tray_set: Set, make_alert: Callable[..., AlertEvent]) -> None:
    tray_set.feed.on_alert(make_alert(title="warm"))
    tray_set.feed.on_alert(make_alert(severity=Severity.CRITICAL, rule="gpu_lost", title="lost"))
    tray_set.later()
    assert tray_set.kind() == Kind.NEEDS_YOU
    assert tray_set.tray.tooltip.endswith("2 alerts: lost")
    texts = [action.text() for action in tray_set.tray.menu.actions()]
    assert texts.index("Needs you: lost") < texts.index("Warning: warm")


def test_that_a_resolved_alert_leaves_the_tray(tray_set: Set, make_alert: Callable[..., AlertEvent]) -> None:
    tray_set.feed.on_alert(make_alert())
    assert tray_set.kind() == Kind.WARNING
    tray_set.feed.on_alert(make_alert(state=AlertState.RESOLVED))
    tray_set.later()
    assert tray_set.kind() == Kind.IDLE


def test_that_a_snooze_is_shown_at_once_and_ends_by_itself(tray_set: Set, make_sample: Callable[..., Sample]) -> None:
    tray_set.feed.on_sample(make_sample())
    tray_set.feed.on_silences(SilencesChanged((Silence(Scope.ALL, "", tray_set.clock.time() + 60),)))
    assert tray_set.kind() == Kind.PAUSED
    tray_set.clock.advance(60)
    tray_set.feed.on_sample(make_sample())
    assert tray_set.kind() == Kind.IDLE
    assert "Snooze alerts" in [action.text() for action in tray_set.tray.menu.actions()]


def test_that_a_snapshot_tells_of_a_snooze(tray_set: Set) -> None:
    tray_set.feed.on_snapshot(Snapshot(silences=(Silence(Scope.ALL, "", tray_set.clock.time() + 60),)))
    assert tray_set.kind() == Kind.PAUSED
    tray_set.feed.on_snapshot(Snapshot())
    assert tray_set.kind() == Kind.IDLE


def test_that_a_snooze_of_one_rule_pauses_nothing_else(tray_set: Set, make_sample: Callable[..., Sample]) -> None:
    tray_set.feed.on_sample(make_sample())
    tray_set.feed.on_silences(SilencesChanged((Silence(Scope.RULE, "disk_space", tray_set.clock.time() + 60),)))
    assert tray_set.kind() == Kind.IDLE
    assert any(action.text().startswith("Disk space snoozed") for action in tray_set.tray.menu.actions())


def test_that_simulated_data_are_named_in_the_menu(tray_set: Set, make_sample: Callable[..., Sample]) -> None:
    tray_set.feed.on_sample(replace(make_sample(), simulated=True))
    assert "Simulated data" in [action.text() for action in tray_set.tray.menu.actions()]


def test_that_nothing_is_shown_after_the_end(tray_set: Set, make_run: Callable[..., Run]) -> None:
    tray_set.feed.stop()
    tray_set.feed.on_run(make_run())
    tray_set.feed.on_silences(SilencesChanged((Silence(Scope.ALL, "", tray_set.clock.time() + 60),)))
    assert tray_set.tray.state == IconState()
    assert tray_set.waiting is None
