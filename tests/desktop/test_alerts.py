"""Alerts end to end: a breach, its notification on the bus, a button pressed on it, and what becomes of the alert."""

from __future__ import annotations

import json
import math
import subprocess
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.desktop.harness import wait_for

from crackseg_desktop.system.instance import ask

if TYPE_CHECKING:
    from pathlib import Path

    from tests.desktop.application import Application

pytestmark = pytest.mark.desktop

ALL_BUTTONS = ("acknowledge", "Acknowledge", "snooze", "Snooze 1 h", "show", "Open")


@pytest.fixture
def asked(application: Application, monkeypatch: pytest.MonkeyPatch) -> Application:
    """Let this process ask the running application."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", application.desktop.env["XDG_RUNTIME_DIR"])
    return application


def states(application: Application) -> dict[str, str]:
    """Return the state of each open alert by its rule, as the running application tells it."""
    answer = ask(application.home / "data", {"command": "alerts"})
    assert answer is not None
    return {alert["rule"]: alert["state"] for alert in answer["alerts"]}


def logged(application: Application) -> list[dict[str, Any]]:
    """Return the alert log, by the command."""
    done = subprocess.run(
        application.command("alerts", "--json"),
        env=application.desktop.env | application.env,
        capture_output=True,
        timeout=30,
        check=True,
    )
    document: list[dict[str, Any]] = json.loads(done.stdout)
    return document


def write_run(runs: Path, losses: list[float]) -> None:
    """Write a CrackSeg run that ends an epoch a minute, the last one just now."""
    now = datetime.now().astimezone()
    name = f"{now - timedelta(minutes=len(losses)):%Y%m%d-%H%M%S}-swinv2"
    metrics = runs / "src/crackseg/artifacts/experiments" / name / "metrics/metrics.jsonl"
    metrics.parent.mkdir(parents=True)
    (runs / "artifacts/experiments" / name).mkdir(parents=True)
    (metrics.parents[1] / "config.json").write_text('{"training": {"epochs": 50}}', encoding="utf-8")
    with metrics.open("w", encoding="utf-8") as file:
        for epoch, loss in enumerate(losses, 1):
            ended = (now - timedelta(minutes=len(losses) - epoch)).replace(tzinfo=None).isoformat()
            row = {"name": "train/epoch_loss", "value": loss, "step": epoch, "timestamp": ended}
            file.write(json.dumps(row) + "\n")


def test_that_the_button_on_a_notification_acknowledges_the_alert(asked: Application) -> None:
    desktop = asked.desktop
    asked.set_gpu(temperature=86)
    breach = desktop.wait_for_notification(lambda seen: seen.summary.startswith("GPU 0 at 86 °C"), 30)
    assert breach.actions[2:] == ALL_BUTTONS
    assert states(asked) == {"gpu_temperature": "firing"}
    desktop.press(breach, "acknowledge")
    wait_for(lambda: states(asked) == {"gpu_temperature": "acknowledged"}, "the alert to be acknowledged")
    wait_for(lambda: breach.identifier in desktop.withdrawn(), "the notification to be taken back")
    wait_for(lambda: [change["state"] for change in logged(asked)] == ["firing", "acknowledged"], "the log to tell it")


def test_that_the_button_on_a_notification_snoozes_the_alert(asked: Application) -> None:
    desktop = asked.desktop
    write_run(asked.runs, [0.9, 0.7, 0.6, math.nan])
    seen = desktop.wait_for_notification(lambda seen: seen.summary.startswith("Loss is NaN in"), 40)
    assert (seen.urgency, seen.actions[2:]) == (2, ALL_BUTTONS)
    desktop.press(seen, "snooze")
    wait_for(lambda: states(asked).get("nan") == "snoozed", "the alert to be snoozed")


def test_that_an_escalation_takes_the_place_of_the_notification(asked: Application) -> None:
    desktop = asked.desktop
    asked.set_gpu(temperature=86)
    warning = desktop.wait_for_notification(lambda seen: seen.summary.startswith("GPU 0 at 86 °C"), 30)
    asked.set_gpu(temperature=92)
    critical = desktop.wait_for_notification(lambda seen: seen.summary.startswith("GPU 0 at 92 °C"), 30)
    assert critical.replaces_id == warning.identifier == critical.identifier
    assert (warning.urgency, critical.urgency) == (1, 2)
    assert len(desktop.notifications()) == 2


def test_that_a_simulated_fault_reaches_the_desktop_and_not_the_running_application(asked: Application) -> None:
    desktop = asked.desktop
    with subprocess.Popen(
        asked.command("simulate", "gpu-lost", "--for", "5"),
        env=desktop.env | asked.env,
        stdout=subprocess.PIPE,
        text=True,
    ) as simulating:
        seen = desktop.wait_for_notification(lambda seen: seen.summary == "Simulated: GPU 0 is lost", 30)
        desktop.press(seen, "acknowledge")
        told, _ = simulating.communicate(timeout=60)
    assert simulating.returncode == 0
    assert "dbus: delivered" in told
    assert "acknowledged (gpu_lost, critical)" in told
    assert states(asked) == {}
    assert logged(asked) == []
