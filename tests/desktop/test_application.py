"""The application on a real desktop: its icon is clicked with the mouse, its notifications are read from the bus."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.desktop.application import TITLE
from tests.desktop.harness import wait_for

if TYPE_CHECKING:
    from tests.desktop.application import Application

pytestmark = pytest.mark.desktop


def test_that_a_click_on_the_icon_opens_the_window_and_another_one_closes_it(application: Application) -> None:
    assert application.windows() == []
    x, y = application.desktop.tray_icon()
    application.desktop.click(x, y)
    window = application.desktop.find_window(TITLE)
    left, top, width, height = application.desktop.geometry(window)
    assert (width, height) == (420, 640)
    assert top >= 0
    assert left >= 0
    application.desktop.screenshot(application.home / "open.png")
    wait_for(lambda: _click_again(application, x, y), "the window to close")


def _click_again(application: Application, x: int, y: int) -> bool:
    if application.windows():
        application.desktop.click(x, y)
    return not application.windows()


def test_that_the_first_click_after_minimising_shows_the_pop_up(application: Application) -> None:
    desktop = application.desktop
    x, y = desktop.tray_icon()
    second = application.command()
    subprocess.run(second, env=desktop.env | application.env, timeout=30, check=True)
    window = desktop.find_window(TITLE)
    desktop.run("xdotool", "windowminimize", str(window))
    wait_for(lambda: not application.windows(), "the window to be minimised")
    minimised = time.monotonic()
    # A click within 0.3 s of losing the focus is taken for the one that took it.
    wait_for(lambda: time.monotonic() - minimised > 0.5, "a click of its own")
    desktop.click(x, y)
    _left, _top, width, height = desktop.geometry(desktop.find_window(TITLE))
    assert (width, height) == (420, 640)


@pytest.mark.parametrize(("key", "code"), [("Escape", None), ("ctrl+q", 0)])
def test_that_keys_hide_the_pop_up_and_end_the_application(
    application: Application, key: str, code: int | None
) -> None:
    desktop = application.desktop
    desktop.click(*desktop.tray_icon())
    window = desktop.find_window(TITLE)
    wait_for(lambda: desktop.run("xdotool", "getactivewindow").strip() == str(window), "the keyboard")
    desktop.run("xdotool", "key", key)
    wait_for(lambda: not application.windows(), "the window to go")
    if code is None:
        assert application.process.poll() is None
    else:
        assert application.process.wait(15) == code


def test_that_a_breach_is_one_notification_and_its_end_replaces_it(application: Application) -> None:
    desktop = application.desktop
    before = len(desktop.notifications())
    application.set_gpu(temperature=86)
    breach = desktop.wait_for_notification(lambda seen: seen.summary.startswith("GPU 0 at 86 °C"), 30)
    assert breach.app_name == "CrackSeg Desktop"
    assert breach.signature == "susssasa{sv}i"
    assert "slows itself at 95 °C" in breach.body
    application.set_gpu(temperature=60)
    resolved = desktop.wait_for_notification(lambda seen: seen.summary.startswith("Resolved"), 30)
    assert resolved.replaces_id == breach.identifier
    titles = [seen.summary for seen in desktop.notifications()[before:]]
    assert len(titles) == 2, titles


def test_that_a_full_gpu_memory_is_critical_and_stays_on_the_screen(application: Application) -> None:
    application.set_gpu(temperature=60, used_mib=7800)
    seen = application.desktop.wait_for_notification(lambda seen: "memory nearly full" in seen.summary, 30)
    assert "7.6 of 8.0 GiB" in seen.summary
    assert (seen.urgency, seen.timeout) == (2, 0)


def test_that_a_second_start_shows_the_window_of_the_first(application: Application) -> None:
    second = subprocess.run(
        application.command(), env=application.desktop.env | application.env, timeout=30, check=False
    )
    assert second.returncode == 0
    application.desktop.find_window(TITLE)
    assert application.desktop.tray_icons() == 1


def test_that_it_says_exactly_what_became_of_the_gpu(application: Application) -> None:
    (application.home / "gpu.ini").write_text("[driver]\nversion = 580.95.05\nerror.init = 18\n", encoding="utf-8")
    done = subprocess.run(
        application.command("status", "--json"),
        env=application.desktop.env | application.env,
        capture_output=True,
        timeout=30,
        check=True,
    )
    document = json.loads(done.stdout)
    source = next(source for source in document["sources"] if source["name"] == "nvidia")
    assert source["state"] == "mismatch"
    assert "restart the machine" in source["reason"]
    assert document["host"]["host_memory_total_bytes"] > 0
    assert application.process.poll() is None


WRITER = """
import math, sys, time
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

writer = EventFileWriter(sys.argv[1], flush_secs=1)
for step, loss in enumerate([0.9, 0.7, 0.5, math.nan]):
    value = Summary.Value(tag="Loss/train", simple_value=loss)
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=[value])))
    writer.flush()
    print(step, flush=True)
    sys.stdin.readline()
writer.close()
"""


def test_that_points_written_by_tensorboards_own_writer_are_seen_while_it_runs(application: Application) -> None:
    """Another process writes the run point by point; its last one is NaN, and that must reach the person."""
    env = application.desktop.env | application.env
    command = [sys.executable, "-c", WRITER, str(application.runs / "exp1")]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for _ in range(4):
            writer.stdout.readline()
            writer.stdin.write("\n")
            writer.stdin.flush()
    seen = application.desktop.wait_for_notification(lambda seen: seen.summary == "Loss is NaN in exp1", 40)
    assert "NaN loss since step 3 (train/loss)" in seen.body


def test_that_a_signal_ends_it_in_order_with_its_window_open(application: Application) -> None:
    application.desktop.click(*application.desktop.tray_icon())
    application.desktop.find_window(TITLE)
    os.kill(application.process.pid, signal.SIGTERM)
    assert application.process.wait(15) == 0
    wait_for(lambda: application.desktop.tray_icons() == 0, "the end of the tray icon")
