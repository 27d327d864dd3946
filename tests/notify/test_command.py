"""``notify-test`` and ``doctor`` with remote channels, as processes of their own, against an endpoint on localhost."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.notify.services import Endpoint, until

from crackseg_desktop.notify.channels import Rest
from crackseg_desktop.notify.outbox import backlogs, open_outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("apprise")

SECRET = "s3cr3t-tok3n"


class Shell:
    """Runs the command with a configuration and a data folder of its own, without a keyring and without a bus."""

    def __init__(self, home: Path) -> None:
        self.config, self.data = home / "settings.toml", home / "data"
        unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
        self.env = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.env |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PYTHONIOENCODING": "utf-8"}

    def command(self, *words: str) -> list[str]:
        places = ["--config", str(self.config), "--data-dir", str(self.data)]
        return [sys.executable, "-m", "crackseg_desktop", *words, *places]

    def run(self, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            env=self.env,
            input=told,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*words), env=self.env, stdout=subprocess.PIPE, stdin=subprocess.PIPE, encoding="utf-8"
        )

    def everything_written(self) -> str:
        files = [self.config, *(file for file in self.data.rglob("*") if file.is_file())]
        return "\n".join(file.read_bytes().decode("utf-8", "replace") for file in files if file.name != "secrets.json")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    made.config.write_text('[channels.hook]\nurl = "keyring:hook"\n[channels.off]\nenabled = false\n')
    return made


def stored(shell: Shell, endpoint: Endpoint) -> None:
    done = shell.run("notify-test", "hook", "--set-url", told=endpoint.url(f"/{SECRET}", f"jane:{SECRET}@") + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert SECRET not in done.stdout


def test_that_a_stored_address_is_used_and_shown_nowhere(shell: Shell, endpoint: Endpoint) -> None:
    stored(shell, endpoint)
    done = shell.run("notify-test", "hook")
    assert (done.stdout, done.returncode) == ("hook: sent\n", 0)
    asked = endpoint.next()
    assert (asked.document["title"], asked.path) == ("Test from CrackSeg Desktop", f"/{SECRET}")
    endpoint.answers.put((500, {}))
    failed = shell.run("notify-test", "hook")
    assert failed.returncode == 1
    assert "error=500" in failed.stdout
    looked = shell.run("doctor", "--json")
    lines = {check["name"]: check for check in json.loads(looked.stdout)["checks"]}
    assert lines["channel hook"] == {
        "name": "channel hook",
        "state": "ok",
        "detail": "keyring:hook, warning and above",
    }
    assert lines["channel off"]["state"] == "unavailable"
    told = [done.stdout, done.stderr, failed.stdout, failed.stderr, looked.stdout, looked.stderr]
    assert SECRET not in " ".join([*told, shell.everything_written()])
    if sys.platform != "win32":
        assert stat.S_IMODE((shell.data / "secrets.json").stat().st_mode) == 0o600


def test_that_each_channel_that_is_on_is_tried_and_told(shell: Shell, endpoint: Endpoint) -> None:
    stored(shell, endpoint)
    done = shell.run("notify-test")
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert done.returncode == 0
    assert lines["hook"] == "sent"
    assert "off" not in lines
    assert len(lines) == 3


def test_that_an_address_can_be_forgotten(shell: Shell, endpoint: Endpoint) -> None:
    stored(shell, endpoint)
    assert shell.run("notify-test", "hook", "--forget-url").returncode == 0
    done = shell.run("notify-test", "hook")
    assert done.returncode == 1
    assert "no address is stored for 'hook'" in done.stdout


@pytest.mark.parametrize(
    ("words", "told", "line"),
    [
        (["notify-test", "pigeon"], "", "there is no channel 'pigeon'"),
        (["notify-test", "--set-url"], "json://x", "name the CHANNEL"),
        (["notify-test", "hook", "--set-url"], "p4ssw0rd\n", "an address such as"),
        (["notify-test", "hook", "--set-url"], "", "an address such as"),
        (["notify-test", "hook", "--set-url", "--read-only"], "json://x", "--read-only"),
    ],
)
def test_that_bad_usage_is_one_line_without_what_was_told(shell: Shell, words: list[str], told: str, line: str) -> None:
    done = shell.run(*words, told=told)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr
    assert "p4ssw0rd" not in done.stderr


def test_that_a_demonstration_sends_nothing(shell: Shell, endpoint: Endpoint) -> None:
    stored(shell, endpoint)
    done = shell.run("notify-test", "hook", "--demo")
    assert (done.returncode, done.stdout) == (1, "hook: a demonstration sends nothing\n")
    assert endpoint.asked.empty()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is for Linux")
def test_that_the_list_of_processes_shows_no_address(shell: Shell, endpoint: Endpoint) -> None:
    stored(shell, endpoint)
    endpoint.answers.put("hang")
    process = shell.start("notify-test", "hook")
    until(lambda: not endpoint.asked.empty(), 30.0)
    shown = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
    assert SECRET.encode() not in shown
    endpoint.release.set()
    output, _ = process.communicate(timeout=30)
    assert SECRET not in output


@pytest.mark.skipif(sys.platform == "win32", reason="a signal ends it")
def test_that_a_headless_watch_sends_its_alerts_and_what_the_last_one_could_not(
    shell: Shell, endpoint: Endpoint
) -> None:
    stored(shell, endpoint)
    rule = "[rules.host_memory]\nlimit = 0.000001\nclear = 0\nfor_seconds = 0\n"
    shell.config.write_text(shell.config.read_text() + rule)
    endpoint.answers.put((503, {"Retry-After": "600"}))
    assert "RAM at" in watched(shell, endpoint)["title"]
    waiting = backlogs(shell.data)["hook"]
    assert (waiting.waiting, waiting.rest.failures) == (1, 1)
    looked = shell.run("doctor")
    assert "1 waiting" in looked.stdout
    assert "failed 1 times" in looked.stdout
    outbox = open_outbox(shell.data)
    outbox.set_rest("hook", Rest())
    outbox.close()
    shell.config.write_text(shell.config.read_text().replace("0.000001", "1.1"))
    assert "RAM at" in watched(shell, endpoint)["title"]
    assert backlogs(shell.data)["hook"].waiting == 0
    assert SECRET not in looked.stdout + shell.everything_written()


def watched(shell: Shell, endpoint: Endpoint) -> Any:
    """Watch until a message arrives, end it in order, and return what arrived."""
    process = shell.start("watch")
    try:
        return endpoint.asked.get(timeout=30).document
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
