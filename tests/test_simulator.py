"""Faults acted out before the real Monitor, engine and router; only time and the notifier are stand-ins."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.alerts.rules import BUILTIN, rules_from
from crackseg_desktop.notify.channels import Channel
from crackseg_desktop.notify.channels import Outcome as Result
from crackseg_desktop.notify.notifier import NotifyError
from crackseg_desktop.notify.outbox import outbox_in_memory
from crackseg_desktop.notify.remote import Remote
from crackseg_desktop.readings import Severity
from crackseg_desktop.settings import Notifications, Settings
from crackseg_desktop.simulation.faults import FAULTS, Fault
from crackseg_desktop.simulator import pace, simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import FakeClock

    from crackseg_desktop.notify.notifier import ActionCallback
    from crackseg_desktop.notify.sending import Letter
    from crackseg_desktop.notify.words import Notification

BY_NAME = {fault.name: fault for fault in FAULTS}
NO_FAULT = {"run_finished", "while_away"}
"""Rules that tell of nothing bad, or of what a simulation cannot be: away."""


@dataclass
class Screen:
    """A notifier that keeps what it is given; it fails where it is told to, and answers each with an action."""

    error: str | None = None
    answer: str | None = None
    shown: list[Notification] = field(default_factory=list)
    on_action: ActionCallback = lambda key, action: None
    name: str = "screen"

    def probe(self) -> str | None:
        return None

    def show(self, notification: Notification) -> None:
        if self.error is not None:
            raise NotifyError(self.error)
        self.shown.append(notification)
        if self.answer is not None and not notification.resolved:
            self.on_action(notification.key, self.answer)

    def withdraw(self, key: str) -> None:
        return

    def listen(self, on_action: ActionCallback) -> None:
        self.on_action = on_action


@dataclass
class Theatre:
    """Where faults are acted out: as long as they say, in no time."""

    clock: FakeClock
    folder: Path
    screen: Screen = field(default_factory=Screen)
    lines: list[str] = field(default_factory=list)
    settings: Settings = field(default_factory=Settings)
    remote: Remote | None = None
    plays: int = 0

    def play(self, name: str, seconds: float = 20.0, pause: Callable[[float], None] | None = None) -> str | None:
        self.plays += 1
        folder = self.folder / str(self.plays)
        folder.mkdir()
        return simulate(
            BY_NAME[name],
            seconds,
            self.settings,
            folder,
            self.clock,
            [self.screen],
            pause=pause or self.clock.advance,
            say=self.lines.append,
            remote=self.remote,
        )

    def titles(self) -> list[str]:
        return [shown.title for shown in self.screen.shown]


@pytest.fixture
def theatre(clock: FakeClock, tmp_path: Path) -> Theatre:
    return Theatre(clock, tmp_path)


def test_that_there_is_a_fault_for_every_rule() -> None:
    aimed = {rule for fault in FAULTS for rule in fault.rules}
    assert aimed == {rule.name for rule in BUILTIN} - NO_FAULT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("seconds", [3.0, 20.0])
def test_that_each_fault_sets_its_rule_off_and_no_other_and_is_labelled(
    theatre: Theatre, fault: Fault, seconds: float
) -> None:
    assert theatre.play(fault.name, seconds) is None
    titles = theatre.titles()
    assert titles
    assert all(title.startswith(("Simulated: ", "Resolved: Simulated: ")) for title in titles)
    fired = {
        line.split("(")[1].split(",")[0]
        for line in theatre.lines
        if " firing (" in line and "not announced" not in line
    }
    assert fired
    assert fired <= set(fault.rules)
    assert any("resolved (" in line for line in theatre.lines) == fault.recovers, "\n".join(theatre.lines)


def test_that_what_happens_is_said_in_order(theatre: Theatre) -> None:
    theatre.play("ram")
    told = [line.split(" s  ", 1)[1] for line in theatre.lines if " s  " in line]
    happened = [line for line in told if not line.startswith("screen: ")]
    states = [
        "pending: host_memory of this machine",
        "firing (host_memory, warning)",
        "resolved (host_memory, warning)",
    ]
    assert all(line.startswith(state) for line, state in zip(happened, states, strict=True)), told
    assert told.count("screen: delivered") == 2
    assert theatre.lines[-1] == "Delivered by screen."


def test_that_an_escalation_follows_the_warning(theatre: Theatre) -> None:
    theatre.play("memory")
    assert [shown.urgency.name for shown in theatre.screen.shown] == ["NORMAL", "CRITICAL", "NORMAL"]


def test_that_no_rule_is_changed_and_only_time_runs_faster() -> None:
    rules, _ = rules_from({})
    assert pace(BY_NAME["overheat"], rules, 60) == 1.0
    assert pace(BY_NAME["overheat"], rules, 5) > 4
    assert pace(BY_NAME["idle"], rules, 20) > 900 / 20
    patient = [replace(rule, for_seconds=600.0) for rule in rules]
    assert pace(BY_NAME["overheat"], patient, 60) > 10


def test_that_the_rules_of_the_settings_decide(theatre: Theatre) -> None:
    theatre.settings = replace(Settings(), rules={"gpu_temperature": {"limit": 90, "critical_limit": 95}})
    reason = theatre.play("overheat")
    assert reason == "no rule fired; its limits are gpu_temperature above 90 °C"
    theatre.settings = replace(Settings(), rules={"gpu_temperature": {"enabled": False}})
    assert theatre.play("overheat") == "no rule fired: gpu_temperature is turned off"
    theatre.settings = replace(Settings(), rules={"hot": {"metric": "gpu_temperature_celsius", "limit": 84}})
    assert theatre.play("overheat") is None
    assert any("(hot, warning)" in line for line in theatre.lines)


def test_that_it_says_why_nobody_was_reached(theatre: Theatre) -> None:
    theatre.screen.error = "the bus is gone"
    assert theatre.play("nan") == "no channel delivered it (screen: the bus is gone)"
    theatre.settings = replace(Settings(), notifications=Notifications(enabled=False))
    assert theatre.play("nan") == "nobody was told: the settings turn notifications off"


@pytest.mark.parametrize(("action", "state"), [("acknowledge", "acknowledged"), ("snooze", "snoozed")])
def test_that_an_answer_on_the_notification_is_heeded(theatre: Theatre, action: str, state: str) -> None:
    theatre.screen.answer = action
    theatre.play("gpu-lost")
    assert any(f"answered: {action}" in line for line in theatre.lines)
    assert any(f" {state} (gpu_lost, {Severity.CRITICAL}" in line for line in theatre.lines)


def test_that_a_remote_channel_is_told_too_and_waited_for(theatre: Theatre) -> None:
    """The channel answers in a thread of its own, at its leisure."""
    sent: list[str] = []
    arrived = threading.Event()

    def send(channel: Channel, letter: Letter) -> Result:
        sent.append(letter.notification.title)
        arrived.set()
        return Result()

    def pause(seconds: float) -> None:
        theatre.clock.advance(seconds)
        if any(" firing (" in line for line in theatre.lines):
            assert arrived.wait(10)

    channel = Channel("phone", "json://localhost", Severity.WARNING)
    theatre.screen.error = "the bus is gone"
    theatre.remote = Remote([channel], outbox_in_memory, send, theatre.clock)
    assert theatre.play("nan", pause=pause) is None
    assert sent[0].startswith("Simulated: ")
    assert any(line.endswith("phone: delivered") for line in theatre.lines)
    assert theatre.lines[-1] == "Delivered by phone."


def test_that_nothing_is_written_but_to_its_own_folder(theatre: Theatre) -> None:
    theatre.play("disk")
    written = {path.name for path in theatre.folder.rglob("*") if path.is_file()}
    assert written <= {"alerts.sqlite", "alerts.sqlite-wal", "alerts.sqlite-shm"}
