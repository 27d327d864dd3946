"""The command line as a script sees it: whole processes, exit codes, strict JSON, one line on stderr."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest

NAME = "crack_net"


def strict(text: str) -> Any:
    """Read JSON and refuse what strict parsers refuse."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not strict JSON")

    return json.loads(text, parse_constant=refuse)


class Shell:
    """Runs the command in a home, a configuration and a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.config, self.data = home / "settings.toml", home / "data"
        unwanted = (
            "PYTHONUNBUFFERED",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "DBUS_SESSION_BUS_ADDRESS",
            "QT_QPA_PLATFORM",
            "LD_LIBRARY_PATH",
        )
        self.env = {name: value for name, value in os.environ.items() if name not in unwanted}
        self.env |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PYTHONIOENCODING": "utf-8"}

    def run(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "crackseg_desktop", *words]
        command += ["--config", str(self.config), "--data-dir", str(self.data)]
        return subprocess.run(
            command, env=self.env, cwd=self.home, capture_output=True, encoding="utf-8", timeout=timeout, check=False
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "crackseg_desktop", *words]
        command += ["--config", str(self.config), "--data-dir", str(self.data)]
        return subprocess.Popen(command, env=self.env, cwd=self.home, stdout=subprocess.PIPE, encoding="utf-8")

    def json(self, *words: str) -> Any:
        done = self.run(*words)
        assert done.stderr == ""
        return strict(done.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout with one finished run of three epochs, and one of two whose loss became NaN in the last hour."""
    checkout = tmp_path / "checkout"
    write_run(checkout, datetime.now().astimezone() - timedelta(days=3), [0.7, 0.6, 0.5])
    write_run(checkout, datetime.now().astimezone() - timedelta(hours=1), [0.7, math.nan])
    return checkout


def write_run(checkout: Path, started: datetime, losses: list[float], *, ended: bool = True, name: str = NAME) -> None:
    """Write what CrackSeg writes of a run of one-minute epochs, with the marks of an orderly end or without."""
    folder = f"{started:%Y%m%d-%H%M%S}-{name}"
    metrics = checkout / "src/crackseg/artifacts/experiments" / folder / "metrics/metrics.jsonl"
    log = checkout / "artifacts/experiments" / folder / "main.log"
    for path in (metrics, log):
        path.parent.mkdir(parents=True)
    (metrics.parents[1] / "config.json").write_text('{"training": {"epochs": 3}}', encoding="utf-8")
    rows, lines = [], [f"[{started:%Y-%m-%d %H:%M:%S},000][src.main][INFO] - Starting main execution..."]
    for epoch, loss in enumerate(losses, 1):
        moment = (started + timedelta(minutes=epoch)).replace(tzinfo=None)
        figures = {"val_loss": loss, "val_iou": 0.1 * epoch}
        rows += [
            json.dumps({"name": name, "value": value, "step": epoch, "timestamp": moment.isoformat()})
            for name, value in figures.items()
        ]
    end = started + timedelta(minutes=len(losses))
    endings = ("Metrics summary exported to: x", "Main execution finished.") if ended else ()
    lines += [f"[{end:%Y-%m-%d %H:%M:%S},000][src.main][INFO] - {text}" for text in endings]
    metrics.write_text("\n".join(rows) + "\n", encoding="utf-8")
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_that_runs_are_listed_newest_first_with_state_and_best(shell: Shell, tree: Path) -> None:
    newest, oldest = shell.json("runs", str(tree), "--json")
    assert (oldest["state"], oldest["epoch"], oldest["total_epochs"]) == ("finished", 3, 3)
    assert oldest["best"]["val/loss"] == {"value": 0.5, "step": 3, "epoch": 3}
    assert oldest["epochs_per_hour"] == pytest.approx(60)
    assert (newest["state"], newest["reason"]) == ("failed", "NaN loss since epoch 2 (val/loss)")
    assert newest["latest"]["val/loss"] == "NaN"
    assert [finding["kind"] for finding in newest["findings"]] == ["nan"]
    assert len(newest["id"]) == 10
    assert int(newest["id"], 16) >= 0


def test_that_ids_are_stable_and_name_a_run_for_curves(shell: Shell, tree: Path) -> None:
    run = shell.json("runs", str(tree), "--json")[1]
    assert shell.json("runs", str(tree), "--json")[1]["id"] == run["id"]
    shell.config.write_text(f"[watch]\nfolders = [{json.dumps(str(tree))}]\n", encoding="utf-8")
    for name in (run["id"], run["name"], run["path"]):
        done = shell.run("curves", name)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0] == "run,tag,step,wall_time,value"
        assert len(lines) == 1 + 6
        assert any(line.startswith(f"{run['name']},val_loss,3,") and line.endswith(",0.5") for line in lines)


def test_that_curves_are_chosen_by_glob_and_told_as_strict_json(shell: Shell, tree: Path) -> None:
    run = shell.json("runs", str(tree), "--json")[0]
    document = shell.json("curves", run["path"], "--tag", "val_l*", "--format", "json")
    assert document["run"] == run["name"]
    assert list(document["curves"]) == ["val_loss"]
    assert document["curves"]["val_loss"]["values"] == [0.7, "NaN"]
    assert list(shell.json("curves", run["path"], "--normalised", "--format", "json")["curves"]) == [
        "val/iou",
        "val/loss",
    ]


def test_that_a_folder_of_several_runs_is_bad_usage_and_lists_them(shell: Shell, tree: Path) -> None:
    done = shell.run("curves", str(tree))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.count(NAME) == 2


def test_that_a_run_that_is_not_there_is_a_failure_in_one_line(shell: Shell) -> None:
    done = shell.run("curves", "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "crackseg-desktop: no run 'nothing' was found\n"


def test_that_check_finds_the_nan_run_critical(shell: Shell, tree: Path) -> None:
    done = shell.run("check", str(tree), "--json")
    assert done.returncode == 2
    document = strict(done.stdout)
    assert document["state"] == "critical"
    alert = next(alert for alert in document["alerts"] if alert["rule"] == "nan")
    assert {"rule", "subject", "severity", "metric", "value", "limit", "since", "summary"} <= alert.keys()
    assert alert["metric"] == "training_nonfinite_points_total"


def test_that_check_begins_with_the_lines_of_the_guide(shell: Shell) -> None:
    lines = shell.run("check").stdout.splitlines()
    assert lines[0].startswith("GPU Memory: ")
    assert lines[1].startswith("Disk Usage: ")
    assert lines[1].endswith("%")
    assert lines[2] == "Active Training Jobs: 0"


def test_that_status_has_every_section_of_the_contract(shell: Shell) -> None:
    document = shell.json("status", "--json")
    assert {"time", "host", "gpus", "runs", "alerts", "self"} <= document.keys()
    assert 0 <= document["host"]["host_memory_used_ratio"] <= 1
    assert document["host"]["disks"][0]["host_disk_total_bytes"] > 0
    assert document["self"]["rss_bytes"] > 1e6


def test_that_the_demonstration_says_that_it_is_simulated(shell: Shell) -> None:
    document = shell.json("status", "--json", "--demo")
    assert document["simulated"] is True
    assert document["gpus"][0]["name"]
    assert document["runs"][0]["state"] == "running"
    assert shell.run("status", "--demo").stdout.startswith("Simulated")


@pytest.mark.skipif(sys.platform == "win32", reason="a console process cannot be asked to end in order there")
def test_that_watch_tells_its_alerts_to_other_commands_until_a_signal_ends_it(shell: Shell, tree: Path) -> None:
    write_run(tree, datetime.now().astimezone() - timedelta(minutes=2), [0.7, math.nan], ended=False)
    with shell.start("watch", "--runs", str(tree)) as watching:
        assert watching.stdout is not None
        lines = iter(watching.stdout.readline, "")
        assert any("Loss is NaN in" in line for line in lines)
        alerts = shell.json("status", "--json")["alerts"]
        assert [(alert["rule"], alert["state"]) for alert in alerts] == [("nan", "firing")]
        assert [alert["rule"] for alert in shell.json("runs", str(tree), "--json")[0]["alerts"]] == ["nan"]
        second = shell.run("watch")
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(20) == 0
    assert "Traceback" not in (shell.data / "logs/crackseg-desktop.log").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="a console process cannot be asked to end in order there")
def test_that_the_alert_log_outlives_the_watch_and_is_told_as_text_and_strict_json(shell: Shell, tree: Path) -> None:
    assert shell.run("alerts").stdout == "No alerts.\n"
    assert not shell.data.exists()
    write_run(tree, datetime.now().astimezone() - timedelta(minutes=2), [0.7, math.nan], ended=False)
    with shell.start("watch", "--runs", str(tree)) as watching:
        assert watching.stdout is not None
        assert any("Loss is NaN in" in line for line in iter(watching.stdout.readline, ""))
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(20) == 0
    (event,) = [event for event in shell.json("alerts", "--json", "--since", "1h") if event["rule"] == "nan"]
    assert (event["state"], event["severity"], event["metric"]) == (
        "firing", "critical", "training_nonfinite_points_total",
    )  # fmt: skip
    assert event["evidence"]["points"][-1][1] == "NaN"
    assert event["evidence"]["cause"].startswith("Likely")
    (line,) = [line for line in shell.run("alerts").stdout.splitlines() if "Loss is NaN" in line]
    assert "critical" in line
    assert shell.json("alerts", "--json", "--since", str(event["time"] + 60)) == []
    refused = shell.run("alerts", "--since", "yesterday")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no runtime folder there")
def test_that_a_runtime_folder_that_is_not_ours_stops_nobody(shell: Shell, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="cs") as runtime:  # short enough for the path of a socket
        (Path(runtime) / "crackseg-desktop").symlink_to(tmp_path)
        shell.env["XDG_RUNTIME_DIR"] = runtime
        with shell.start("watch") as watching:
            assert watching.stdout is not None
            assert watching.stdout.readline().startswith("Watching")
            watching.send_signal(signal.SIGTERM)
            assert watching.wait(20) == 0


def test_that_doctor_tells_of_files_that_cannot_be_read(shell: Shell) -> None:
    shell.data.mkdir()
    for name in ("history.sqlite", "alerts.sqlite"):
        (shell.data / name).write_bytes(b"no database" * 1000)
    checks = {check["name"]: check["state"] for check in shell.json("doctor", "--json")["checks"]}
    assert (checks["history"], checks["alert log"]) == ("problem", "problem")


def test_that_doctor_tells_what_does_not_work_and_why(shell: Shell) -> None:
    checks = {check["name"]: check for check in shell.json("doctor", "--json")["checks"]}
    assert checks["program"]["state"] == "ok"
    assert checks["source host"]["state"] == "ok"
    assert checks["trainings"]["state"] == "unavailable"
    assert "--runs" in checks["trainings"]["detail"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_a_simulated_fault_says_what_happened_and_touches_nothing(shell: Shell) -> None:
    done = shell.run("simulate", "nan", "--for", "1")
    assert done.returncode == 1
    assert "firing (nan, critical): Loss is NaN in simulated-fault" in done.stdout
    assert done.stderr.startswith("crackseg-desktop: no channel delivered it")
    assert done.stderr.count("\n") == 1
    assert not shell.data.exists()


def test_that_the_faults_are_listed(shell: Shell) -> None:
    told = shell.run("simulate", "--help").stdout
    assert {"overheat", "dead-mount", "gpu-lost", "stall"} <= set(told.split())
    refused = shell.run("simulate", "earthquake")
    assert refused.returncode == 2
    assert "overheat" in refused.stderr


def test_that_without_a_display_the_tray_names_watch_in_one_line(shell: Shell) -> None:
    done = shell.run()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "watch" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nonsense"], 2),
        (["runs", "--nonsense"], 2),
        (["runs", "/nowhere/at/all"], 2),
        (["check", "--nonsense"], 3),
        (["check", "/nowhere/at/all"], 3),
        *((["status", "--watch", seconds], 2) for seconds in ("0", "-1", "nan", "inf", "1e300", "soon")),
        (["screenshot", "x.png", "--size", "big"], 2),
        (["trace"], 2),
        (["trace", "."], 2),
    ],
)
def test_that_bad_usage_is_one_line_and_its_own_code(shell: Shell, words: list[str], code: int) -> None:
    done = shell.run(*words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)


def test_that_a_trace_is_summed_up_as_json_and_as_text(shell: Shell) -> None:
    events = [{"ph": "X", "cat": "cpu_op", "name": "aten::\ud800", "pid": 1, "tid": 1, "ts": 1, "dur": 2.5}]
    (shell.home / "a.pt.trace.json").write_text(json.dumps({"traceEvents": events}), encoding="utf-8")
    document = shell.json("trace", "a.pt.trace.json", "--json")
    assert (document["complete"], document["events"]) == (True, 1)
    assert document["operators"][0]["cpu_total_seconds"] == 2.5e-6
    assert "2.500 µs" in shell.run("trace", "a.pt.trace.json").stdout


@pytest.mark.parametrize("text", [None, "", "no trace", '{"epoch": 1}'])
def test_that_what_is_no_trace_is_a_failure_in_one_line(shell: Shell, text: str | None) -> None:
    if text is not None:
        (shell.home / "x.json").write_text(text, encoding="utf-8")
    done = shell.run("trace", "x.json", "--json")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_that_common_options_stand_before_or_after_the_command(shell: Shell) -> None:
    for words in (["--demo", "status", "--json"], ["status", "--json", "--demo"]):
        assert shell.json(*words)["simulated"] is True
    assert shell.run("--version").stdout == shell.run("status", "--version").stdout


def test_that_a_broken_settings_file_is_one_message_and_stays_as_it_is(shell: Shell) -> None:
    shell.config.write_text("[sampling]\nfast_seconds = = 1\n", encoding="utf-8")
    done = shell.run("status", "--json")
    assert done.returncode == 0
    assert strict(done.stdout)["host"]
    assert done.stderr.count("\n") == 1
    assert "line 2" in done.stderr
    assert "sampling.fast_seconds" in done.stderr
    assert shell.config.read_text(encoding="utf-8") == "[sampling]\nfast_seconds = = 1\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in the file system there")
@pytest.mark.parametrize("name", ["metrics/metrics.jsonl", "main.log", "config.json", "events.out.tfevents.1.host.1.0"])
def test_that_a_pipe_named_like_a_metric_file_blocks_nobody(shell: Shell, tree: Path, name: str) -> None:
    pipe = tree / "artifacts/experiments/20991231-000000-pipe" / name
    pipe.parent.mkdir(parents=True)
    if sys.platform != "win32":
        os.mkfifo(pipe)
    assert len([run for run in shell.json("runs", str(tree), "--json") if NAME in run["name"]]) == 2


def test_that_a_name_from_anywhere_cannot_steer_the_terminal(shell: Shell, tmp_path: Path) -> None:
    write_run(tmp_path / "evil", datetime.now().astimezone(), [0.5], name="x\x1b[2J\u202ey")
    done = shell.run("runs", str(tmp_path / "evil"))
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J\\u202ey" in done.stdout


def test_that_a_rule_that_cannot_be_used_is_named_with_its_line(shell: Shell) -> None:
    shell.config.write_text("[rules.gpu_temprature]\nlimit = 85\n[rules.nan]\nlimit = 'x'\n", encoding="utf-8")
    done = shell.run("check")
    assert done.returncode in (0, 1, 2)
    assert done.stderr.count("\n") == 1
    assert "line 1, rules.gpu_temprature" in done.stderr
    assert "line 4, rules.nan.limit" in done.stderr


def test_that_one_look_writes_nothing_but_the_index_of_runs(shell: Shell, tree: Path) -> None:
    def snapshot() -> dict[Path, tuple[int, int]]:
        places = [path for folder in (shell.home, tree) for path in folder.rglob("*") if path.is_file()]
        files = [path for path in places if not path.name.startswith("runs.sqlite")]
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}

    before = snapshot()
    for words in (["runs", str(tree)], ["check", str(tree)], ["status"], ["curves", str(tree)]):
        shell.run(*words)
    assert snapshot() == before


PRINTING = (
    ["status"],
    ["status", "--json"],
    ["runs"],
    ["check", "--json"],
    ["doctor"],
    ["curves"],
    ["watch"],
    ["--help"],
)


def print_into(
    output: IO[str], shell: Shell, tree: Path, words: list[str], *wrapper: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command, of which ``runs`` and ``curves`` get something to tell, with this standard output."""
    if words[0] in ("runs", "curves"):
        words = [*words, shell.json("runs", str(tree), "--json")[0]["path"]]
    command = [*wrapper, sys.executable, "-m", "crackseg_desktop", *words]
    command += ["--config", str(shell.config), "--data-dir", str(shell.data)]
    return subprocess.run(
        command, env=shell.env, cwd=shell.home, stdout=output, stderr=subprocess.PIPE, timeout=60, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no shell would say so there")
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_that_a_reader_that_goes_away_ends_it_silently_as_a_shell_expects(
    shell: Shell, tree: Path, words: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = print_into(gone, shell, tree, words)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(sys.platform != "linux", reason="there is no disk that is always full")
@pytest.mark.parametrize("words", PRINTING, ids=" ".join)
def test_that_a_full_disk_is_one_line_and_a_failure(shell: Shell, tree: Path, words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = print_into(full, shell, tree, words)
    assert done.returncode == (3 if words[0] == "check" else 1)
    assert done.stderr == b"crackseg-desktop: the output cannot be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such redirection there")
def test_that_closed_streams_are_no_traceback(shell: Shell, tree: Path, tmp_path: Path) -> None:
    with (tmp_path / "output").open("w") as output:
        done = print_into(output, shell, tree, ["status"], "sh", "-c", 'exec "$@" >&- 2>&-', "sh")
    assert (done.returncode, done.stderr) == (0, b"")
