"""``history`` and ``report`` as a script sees them: whole processes, exit codes, strict JSON, one line on stderr."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.notify.services import Endpoint

from crackseg_desktop.clock import SystemClock
from crackseg_desktop.history.recorder import Recorder
from crackseg_desktop.history.schema import FILE_NAME
from crackseg_desktop.reports import ledger
from crackseg_desktop.series import SeriesKey, series_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

GPU = {"gpu": "GPU-1"}


class Shell:
    """Runs the command in a home, a configuration and a data folder of its own, in UTC."""

    def __init__(self, home: Path) -> None:
        self.home, self.config, self.data = home, home / "settings.toml", home / "data"
        unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "QT_QPA_PLATFORM")
        self.env = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.env |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PYTHONIOENCODING": "utf-8", "TZ": "UTC0"}

    def command(self, *words: str) -> list[str]:
        places = ["--config", str(self.config), "--data-dir", str(self.data)]
        return [sys.executable, "-m", "crackseg_desktop", *words, *places]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), env=self.env, cwd=self.home, capture_output=True, encoding="utf-8", timeout=60,
            check=False,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        def refuse(constant: str) -> None:
            raise ValueError(f"{constant} is not strict JSON")

        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout, parse_constant=refuse)

    def record(self, rows: Mapping[float, Mapping[SeriesKey, float]]) -> None:
        """Write a history as the application does."""
        recorder = Recorder(self.data, SystemClock())
        for moment, figures in rows.items():
            recorder.add(moment, figures)
        recorder.start()
        recorder.stop(20.0)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def recorded(shell: Shell) -> float:
    """Record ten seconds of a GPU and the load, of a minute ago; return when that began."""
    began = float(int(time.time()) - 60)
    name = series_key("gpu_info", GPU | {"index": "0", "name": "NVIDIA GeForce RTX 3070 Ti"})
    figures = {
        "gpu_temperature_celsius": 67.0,
        "gpu_utilization_ratio": 0.92,
        "gpu_memory_used_bytes": 6789 * 1024.0**2,
        "gpu_memory_total_bytes": 8192 * 1024.0**2,
    }
    gpu = {series_key(metric, GPU): value for metric, value in figures.items()}
    load = series_key("host_load1", {})
    shell.record({began + second: gpu | {name: 1.0, load: second / 8} for second in range(10)})
    return began


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    server.start()
    yield server
    server.stop()


def test_that_history_tells_every_sample_as_strict_json(shell: Shell, recorded: float) -> None:
    (load,) = shell.json("history", "--metric", "host_*", "--format", "json")["series"]
    assert load == {
        "metric": "host_load1",
        "labels": {},
        "times": [recorded + second for second in range(10)],
        "values": [second / 8 for second in range(10)],
    }
    everything = shell.json("history", "--format", "json", "--since", "10m")["series"]
    assert [item["metric"] for item in everything] == sorted(item["metric"] for item in everything)
    assert len(everything) == 6
    assert {item["labels"].get("gpu") for item in everything} == {"GPU-1", None}


def test_that_history_keeps_to_the_span(shell: Shell, recorded: float) -> None:
    span = ("--since", str(recorded + 2), "--until", str(recorded + 5))
    (load,) = shell.json("history", "--metric", "host_load1", "--format", "json", *span)["series"]
    assert load["times"] == [recorded + 2, recorded + 3, recorded + 4]
    iso = datetime.fromtimestamp(recorded + 8, UTC).isoformat()
    (load,) = shell.json("history", "--metric", "host_load1", "--format", "json", "--since", iso)["series"]
    assert load["values"] == [1.0, 1.125]
    assert shell.json("history", "--since", str(recorded - 99), "--until", str(recorded), "--format", "json") == {
        "series": []
    }


def test_that_history_is_csv_by_default(shell: Shell, recorded: float) -> None:
    done = shell.run("history", "--metric", "gpu_temperature_*", "--metric", "host_load1")
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert list(rows[0]) == ["time", "metric", "gpu", "value", "min", "max", "count"]
    assert len(rows) == 20
    assert (float(rows[0]["time"]), rows[0]["metric"], rows[0]["gpu"]) == (recorded, "gpu_temperature_celsius", "GPU-1")
    assert (rows[0]["value"], rows[19]["metric"], rows[19]["gpu"]) == ("67.0", "host_load1", "")


def test_that_history_prints_what_scripts_for_nvidia_smi_read(shell: Shell, recorded: float) -> None:
    done = shell.run("history", "--metric", "gpu_*", "--format", "csv", "--like", "nvidia-smi")
    lines = done.stdout.splitlines()
    first = datetime.fromtimestamp(recorded, UTC)
    assert lines[0] == ("timestamp, name, temperature.gpu, utilization.gpu [%], memory.used [MiB], memory.total [MiB]")
    assert lines[1] == f"{first:%Y/%m/%d %H:%M:%S}.000, NVIDIA GeForce RTX 3070 Ti, 67, 92 %, 6789 MiB, 8192 MiB"
    assert len(lines) == 11


def test_that_no_history_is_empty_and_writes_nothing(shell: Shell) -> None:
    assert shell.json("history", "--format", "json") == {"series": []}
    assert shell.run("history").stdout == "time,metric,value,min,max,count\n"
    assert not shell.data.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--since", "yesterday"),
        ("--since", "1h", "--until", "2h"),
        ("--format", "xml"),
        ("--like", "top"),
        ("--like", "nvidia-smi", "--format", "json"),
    ],
)
def test_that_history_refuses_bad_usage_in_one_line(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell.run("history", *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_that_a_history_that_cannot_be_read_is_a_failure_in_one_line(shell: Shell) -> None:
    shell.data.mkdir()
    path = shell.data / FILE_NAME
    path.write_bytes(b"no database, " * 1000)
    done = shell.run("history", "--format", "json")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(path) in done.stderr
    assert path.read_bytes().startswith(b"no database"), "reading sets nothing aside"


def test_that_the_daily_report_is_printed_as_markdown_and_nothing_is_written(shell: Shell) -> None:
    done = shell.run("report", "daily", "--date", "2026-01-05")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Monday 5 January 2026" in done.stdout
    assert "there is no history of it" in done.stdout
    assert not shell.data.exists()


def test_that_the_weekly_report_names_its_week(shell: Shell) -> None:
    assert "Week 2, 5 to 11 January 2026" in shell.run("report", "weekly", "--date", "2026-01-07").stdout


def test_that_the_same_history_gives_the_same_report(shell: Shell, recorded: float) -> None:
    pytest.importorskip("jinja2")
    yesterday = (datetime.fromtimestamp(recorded, UTC) - timedelta(days=1)).date().isoformat()
    outputs = [shell.home / name for name in ("one.html", "two.html")]
    for output in outputs:
        done = shell.run("report", "daily", "--date", yesterday, "--output", str(output))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    first, second = (
        re.sub(r"written \d[\w :]*", "", output.read_text(encoding="utf-8")) for output in outputs
    )  # when it was written is told, too
    assert first.lower().startswith("<!doctype html>")
    assert first == second


def test_that_a_report_is_written_into_the_file_that_is_named(shell: Shell) -> None:
    output = shell.home / "new folder" / "report.MD"
    assert shell.run("report", "daily", "--date", "today", "--output", str(output)).returncode == 0
    assert output.read_text(encoding="utf-8").startswith("#")
    (shell.home / "file").write_text("", encoding="utf-8")
    refused = shell.run("report", "daily", "--output", str(shell.home / "file" / "report.md"))
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("monthly",),
        ("daily", "--date", "tomorrow"),
        ("daily", "--date", "2100-01-01"),
        ("daily", "--output", "report.docx"),
        ("daily", "--again"),
        ("daily", "--send", "--read-only"),
    ],
)
def test_that_report_refuses_bad_usage_in_one_line(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell.run("report", *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_that_without_a_channel_there_is_nothing_to_send_through(shell: Shell) -> None:
    done = shell.run("report", "daily", "--send")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "[channels]" in done.stderr


def test_that_a_report_is_sent_once_and_again_on_request(shell: Shell, endpoint: Endpoint) -> None:
    pytest.importorskip("apprise")
    pytest.importorskip("jinja2")
    shell.config.write_text(f'[channels.hook]\nurl = "{endpoint.url()}"\n', encoding="utf-8")
    words = ("report", "daily", "--date", "2026-01-05", "--send")
    endpoint.answers.put((500, {}))
    failed = shell.run(*words)
    assert failed.returncode == 1
    assert failed.stdout.startswith("hook: ")
    assert "error=500" in failed.stdout
    endpoint.next()
    done = shell.run(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, "hook: sent\n", "")
    document = endpoint.next().document
    assert document["title"] == "Daily monitoring report, Monday 5 January 2026"
    assert document["attachments"][0]["filename"] == "daily-2026-01-05.html"
    once_more = shell.run(*words)
    assert (once_more.returncode, once_more.stdout) == (0, "2026-01-05: was sent through hook; --again repeats it\n")
    assert endpoint.asked.empty()
    assert shell.run(*words, "--again").stdout == "hook: sent\n"
    endpoint.next()
    assert (shell.data / "reports" / "daily-2026-01-05.html").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="two of them at once take too long there")
def test_that_of_two_that_send_at_once_one_sends(shell: Shell, endpoint: Endpoint) -> None:
    pytest.importorskip("apprise")
    pytest.importorskip("jinja2")
    shell.config.write_text(f'[channels.hook]\nurl = "{endpoint.url()}"\n', encoding="utf-8")
    command = shell.command("report", "daily", "--date", "2026-01-05", "--send")
    both = [
        subprocess.Popen(command, env=shell.env, cwd=shell.home, stdout=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    told = sorted(process.communicate(timeout=60)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert told[1] == "hook: sent\n"
    assert told[0].startswith("2026-01-05: was sent ")
    endpoint.next()
    assert endpoint.asked.empty()
    assert ledger.read_ledger(shell.data).entry(("daily", "2026-01-05")).sent == ("hook",)


def test_that_a_demonstration_shows_a_report_and_a_history_in_a_folder_of_its_own(shell: Shell) -> None:
    told = shell.run("report", "daily", "--demo")
    assert (told.returncode, told.stderr) == (0, "")
    assert "Simulated" in told.stdout
    assert "Monday 23 November 2026, 00:00 to 14:05" in told.stdout
    assert shell.run("report", "daily", "--demo").stdout == told.stdout
    assert "Week 47, 16 to 22 November 2026" in shell.run("report", "weekly", "--demo").stdout
    lines = shell.run("history", "--demo", "--like", "nvidia-smi", "--since", "1h").stdout.splitlines()
    assert "NVIDIA GeForce RTX 3070 Ti" in lines[1]
    assert len(lines) > 100
    assert not shell.data.exists()


def test_that_a_demonstration_sends_nothing(shell: Shell) -> None:
    refused = shell.run("report", "daily", "--send", "--demo")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
