from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.system import endpoint_windows, instance
from crackseg_desktop.system.instance import LINE_BYTES, Instance, ask, claim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Claim = Callable[..., Instance | None]


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Return a folder with a path short enough for a socket, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="cs") as folder:
        yield Path(folder)


@pytest.fixture
def data_dir(tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return tmp_path / "data"


@pytest.fixture(params=["native", "loopback"])
def claimed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Claim]:
    """Return ``claim``, with what it got closed at the end: on this system's endpoint, and on that of Windows."""
    if request.param == "loopback":
        monkeypatch.setattr(instance, "Endpoint", endpoint_windows.Endpoint)
    held: list[Instance] = []

    def claim_and_keep(data_dir: Path, on_message: Any = lambda message: None) -> Instance | None:
        got = claim(data_dir, on_message)
        if got is not None:
            held.append(got)
        return got

    yield claim_and_keep
    for one in held:
        one.close()


def echo(message: dict[str, Any]) -> dict[str, Any]:
    return {"echo": message}


def speak(data_dir: Path, line: bytes) -> dict[str, Any]:
    """Send raw bytes to the instance and return its answer."""
    connection, _ = instance.Endpoint(data_dir.resolve()).connect(2)
    with connection, connection.makefile("rb") as answer:
        connection.sendall(line)
        return dict(json.loads(answer.readline()))


def test_that_the_first_is_the_one_and_answers(claimed: Claim, data_dir: Path) -> None:
    assert claimed(data_dir, echo) is not None
    assert ask(data_dir, {"command": "show"}) == {"echo": {"command": "show"}}
    assert ask(data_dir, {"command": "add_runs", "folders": ["/a/ü"]}) == {
        "echo": {"command": "add_runs", "folders": ["/a/ü"]}
    }


def test_that_a_second_is_refused_until_the_first_has_closed(claimed: Claim, data_dir: Path) -> None:
    first = claimed(data_dir)
    assert first is not None
    assert claimed(data_dir) is None
    first.close()
    first.close()
    assert claimed(data_dir) is not None


def test_that_one_that_retires_answers_nobody_and_still_is_the_one(
    claimed: Claim, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_SETTLE_SECONDS", 0.1)
    first = claimed(data_dir, echo)
    assert first is not None
    first.retire()
    first.retire()
    assert ask(data_dir, {"command": "show"}) is None
    if instance.Endpoint.__module__ != endpoint_windows.__name__ or sys.platform == "win32":  # its lock is Windows' own
        assert claimed(data_dir) is None
    first.close()
    assert claimed(data_dir) is not None


def test_that_a_start_waits_for_one_that_is_ending(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = claim(data_dir, echo)
    assert first is not None
    first.retire()
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            first.close()

    monkeypatch.setattr("time.sleep", wait)
    second = claim(data_dir, echo)
    assert second is not None
    assert len(waited) == 3
    assert ask(data_dir, {"a": 1}) == {"echo": {"a": 1}}
    second.close()


def test_that_each_data_directory_has_its_own(claimed: Claim, data_dir: Path) -> None:
    assert claimed(data_dir) is not None
    assert claimed(data_dir / "other") is not None


def test_that_the_same_directory_by_another_path_is_the_same(claimed: Claim, data_dir: Path) -> None:
    assert claimed(data_dir) is not None
    assert claimed(data_dir / "sub" / "..") is None


def test_that_nobody_answers_where_nobody_runs(claimed: Claim, data_dir: Path) -> None:
    assert ask(data_dir, {"command": "show"}) is None
    first = claimed(data_dir)
    assert first is not None
    first.close()
    assert ask(data_dir, {"command": "show"}) is None


def test_that_nothing_to_say_is_an_empty_reply(claimed: Claim, data_dir: Path) -> None:
    claimed(data_dir, lambda message: None)
    assert ask(data_dir, {"command": "show"}) == {}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"hello\n", "not understood"),
        (b"\xff\xfe\n", "not understood"),
        (b"[]\n", "not a request"),
        (b"{}\n", "not a request"),
        (b'{"version": 99, "token": "", "message": {}}\n', "this instance speaks version 1, not 99"),
        (b'{"version": 1, "token": 5, "message": {}}\n', "not a request"),
        (b'{"version": 1, "token": "\\ud800", "message": {}}\n', "wrong token"),
        (b"[" * 60_000 + b"\n", "nested too deeply"),
    ],
)
def test_that_nonsense_is_answered_with_an_error(claimed: Claim, data_dir: Path, line: bytes, error: str) -> None:
    claimed(data_dir, echo)
    assert str(speak(data_dir, line)["error"]).startswith(error)
    assert ask(data_dir, {"still": "there"}) == {"echo": {"still": "there"}}


def test_that_a_message_must_be_an_object(claimed: Claim, data_dir: Path) -> None:
    claimed(data_dir, echo)
    _, token = instance.Endpoint(data_dir.resolve()).connect(2)
    _.close()
    line = json.dumps({"version": 1, "token": token, "message": "show"}).encode()
    assert speak(data_dir, line + b"\n")["error"] == "not a request"


def test_that_too_long_a_message_is_refused(claimed: Claim, data_dir: Path) -> None:
    claimed(data_dir, echo)
    told = ask(data_dir, {"long": "x" * LINE_BYTES})
    assert told == {"error": f"the message is longer than {LINE_BYTES} bytes"}
    assert ask(data_dir, {"still": "there"}) is not None


def test_that_a_flood_of_bytes_ends(claimed: Claim, data_dir: Path) -> None:
    claimed(data_dir, echo)
    assert speak(data_dir, b"x" * (LINE_BYTES + 1))["error"] == f"not understood: more than {LINE_BYTES} bytes"


def test_that_a_silent_client_is_hung_up_on(claimed: Claim, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "ANSWER_SECONDS", 0.2)
    claimed(data_dir, echo)
    silent, _ = instance.Endpoint(data_dir.resolve()).connect(5)
    with silent:
        assert silent.recv(100) == b""
    assert ask(data_dir, {"still": "there"}) is not None


def test_that_a_client_that_hangs_up_harms_nobody(claimed: Claim, data_dir: Path) -> None:
    claimed(data_dir, echo)
    for _ in range(5):
        connection, _token = instance.Endpoint(data_dir.resolve()).connect(2)
        connection.sendall(b'{"version"')
        connection.close()
    assert ask(data_dir, {"still": "there"}) is not None


@pytest.mark.parametrize("reply", [lambda message: 1 / 0, lambda message: {"no json": object()}])
def test_that_a_handler_that_breaks_is_an_error(
    claimed: Claim, data_dir: Path, reply: Any, caplog: pytest.LogCaptureFixture
) -> None:
    claimed(data_dir, reply)
    assert ask(data_dir, {}) == {"error": "the message could not be handled"}
    assert ask(data_dir, {}) == {"error": "the message could not be handled"}
    assert "could not be handled" in caplog.text


def test_that_a_slow_handler_is_not_waited_for(claimed: Claim, data_dir: Path) -> None:
    free = threading.Event()
    claimed(data_dir, lambda message: {"waited": free.wait(10)})
    assert ask(data_dir, {}, timeout=0.1) is None
    free.set()


def test_that_what_a_crash_left_is_no_obstacle(claimed: Claim, data_dir: Path) -> None:
    endpoint = instance.Endpoint(data_dir.resolve())
    lock = endpoint.lock()
    assert lock is not None
    server, _ = endpoint.listen()
    server.close()
    endpoint.unlock(lock)
    assert ask(data_dir, {}) is None
    assert claimed(data_dir, echo) is not None
    assert ask(data_dir, {"a": 1}) == {"echo": {"a": 1}}


def test_that_closing_leaves_no_thread(claimed: Claim, data_dir: Path) -> None:
    before = set(threading.enumerate())
    first = claimed(data_dir)
    assert first is not None
    first.close()
    assert set(threading.enumerate()) <= before


class TestLoopback:
    def test_that_a_wrong_token_is_refused(self, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(instance, "Endpoint", endpoint_windows.Endpoint)
        one = claim(data_dir, echo)
        assert one is not None
        told = json.loads((data_dir / "instance.json").read_text(encoding="utf-8"))
        (data_dir / "instance.json").write_text(json.dumps({**told, "token": "guessed"}), encoding="utf-8")
        assert ask(data_dir, {}) == {"error": "wrong token"}
        one.close()

    def test_that_a_stranger_on_the_old_port_is_not_taken_for_one_of_us(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(instance, "Endpoint", endpoint_windows.Endpoint)
        monkeypatch.setattr(instance, "ANSWER_SECONDS", 0.2)
        data_dir.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as stranger:
            told = {"port": stranger.getsockname()[1], "token": "old"}
            (data_dir / "instance.json").write_text(json.dumps(told), encoding="utf-8")
            one = claim(data_dir, echo)
            assert one is not None
            one.close()

    @pytest.mark.parametrize("content", ["", "[]", '{"port": "x", "token": ""}', '{"port": 1e99, "token": ""}', "\0"])
    def test_that_a_damaged_file_is_no_obstacle(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch, content: str
    ) -> None:
        monkeypatch.setattr(instance, "Endpoint", endpoint_windows.Endpoint)
        data_dir.mkdir()
        (data_dir / "instance.json").write_text(content, encoding="utf-8")
        assert ask(data_dir, {}) is None
        one = claim(data_dir, echo)
        assert one is not None
        one.close()


if sys.platform != "win32":
    import os
    import stat

    from crackseg_desktop.system import endpoint_posix

    RACER = """
import sys
from pathlib import Path
from crackseg_desktop.system.instance import ask, claim
sys.stdin.readline()
one = claim(Path(sys.argv[1]), lambda message: {"pid": True})
print("won" if one else "lost", ask(Path(sys.argv[1]), {}), flush=True)
sys.stdin.read()
"""

    def test_that_of_many_starts_at_once_one_wins_and_all_reach_it(data_dir: Path) -> None:
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", RACER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(6)
        ]
        told = []
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        for racer in racers:
            assert racer.stdout is not None
            told.append(racer.stdout.readline().strip())
        for racer in racers:
            racer.communicate(timeout=20)
        assert sorted(told) == ["lost {'pid': True}"] * 5 + ["won {'pid': True}"]

    def test_that_a_killed_instance_can_be_followed(data_dir: Path) -> None:
        command = [sys.executable, "-c", RACER, str(data_dir)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
            assert first.stdin is not None
            assert first.stdout is not None
            first.stdin.write("go\n")
            first.stdin.flush()
            assert first.stdout.readline().startswith("won")
            assert claim(data_dir, echo) is None
            first.kill()
        one = claim(data_dir, echo)
        assert one is not None
        one.close()

    def test_that_only_the_user_can_enter(data_dir: Path, runtime: Path) -> None:
        one = claim(data_dir, echo)
        assert one is not None
        folder = runtime / "crackseg-desktop"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        one.close()

    @pytest.fixture
    def no_runtime(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Take the runtime folder away, and return the temporary folder that is left."""
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setattr(endpoint_posix, "_RUN_USER", str(runtime / "nothing"))
        monkeypatch.setattr(tempfile, "gettempdir", lambda: str(runtime))
        return runtime

    def test_that_a_long_path_falls_back_to_a_short_one(
        tmp_path: Path, no_runtime: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        long = tmp_path / ("x" * 100)
        long.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
        one = claim(tmp_path / "data", echo)
        assert one is not None
        assert ask(tmp_path / "data", {"a": 1}) == {"echo": {"a": 1}}
        one.close()
        assert list(long.iterdir()) == []
        assert [path.name for path in no_runtime.iterdir()] == [f"crackseg-desktop-{os.getuid()}"]

    def test_that_the_runtime_folder_is_found_without_the_variable(
        tmp_path: Path, no_runtime: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (no_runtime / str(os.getuid())).mkdir()
        monkeypatch.setattr(endpoint_posix, "_RUN_USER", str(no_runtime))
        one = claim(tmp_path / "data", echo)
        assert one is not None
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(no_runtime / str(os.getuid())))
        assert ask(tmp_path / "data", {"a": 1}) == {"echo": {"a": 1}}
        one.close()

    def test_that_without_a_runtime_folder_the_temporary_one_serves_and_is_kept_fresh(
        tmp_path: Path, no_runtime: Path
    ) -> None:
        endpoint = endpoint_posix.Endpoint(tmp_path / "data")
        lock = endpoint.lock()
        assert lock is not None
        server, _ = endpoint.listen()
        assert endpoint.touch_seconds == 300.0
        files = list((no_runtime / f"crackseg-desktop-{os.getuid()}").iterdir())
        for path in files:
            os.utime(path, (0, 0))
        endpoint.touch()
        assert len(files) == 2
        assert all(path.stat().st_mtime > 0 for path in files)
        server.close()
        endpoint.unlock(lock)

    def make_foreign(path: Path) -> None:
        """Give a folder to another user, or where only root may do that, let it point elsewhere."""
        if os.getuid() == 0:
            os.chown(path, 12345, 12345)
        else:
            elsewhere = path.with_name("elsewhere")
            path.rename(elsewhere)
            path.symlink_to(elsewhere)

    def test_that_a_folder_of_somebody_else_is_not_entered(
        no_runtime: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = no_runtime / "run"
        (run / "crackseg-desktop").mkdir(parents=True)
        make_foreign(run / "crackseg-desktop")
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
        one = claim(data_dir, echo)
        assert one is not None
        assert list((run / "crackseg-desktop").iterdir()) == []
        assert ask(data_dir, {"a": 1}) == {"echo": {"a": 1}}
        one.close()

    @pytest.mark.parametrize("spoil", ["foreign", "unwritable", "file", "unreachable"])
    def test_that_a_runtime_folder_that_is_none_of_ours_is_left_alone(
        no_runtime: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
    ) -> None:
        run = no_runtime / "run"
        run.mkdir()
        if spoil == "foreign":
            make_foreign(run)
        elif spoil == "unwritable":
            monkeypatch.setattr(os, "access", lambda path, mode, access=os.access: path != run and access(path, mode))
        else:
            run.rmdir()
            run.touch()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(run / "below" if spoil == "unreachable" else run))
        one = claim(data_dir, echo)
        assert one is not None
        assert run.is_file() or list(run.iterdir()) == []
        assert ask(data_dir, {"a": 1}) == {"echo": {"a": 1}}
        one.close()

    def test_that_without_any_other_private_folder_the_data_directory_serves(
        no_runtime: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(endpoint_posix, "_can_be_private", lambda folder: False)
        data_dir = no_runtime / "data"
        one = claim(data_dir, echo)
        assert one is not None
        assert claim(data_dir, echo) is None
        assert stat.S_IMODE((data_dir / "crackseg-desktop").stat().st_mode) == 0o700
        one.close()

    def test_that_where_nothing_can_be_locked_it_says_so(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_locks(descriptor: int, how: int) -> None:
            raise OSError(37, "No locks available")

        monkeypatch.setattr("fcntl.flock", no_locks)
        with pytest.raises(OSError, match="No locks"):
            claim(data_dir, echo)


def test_that_the_import_is_cheap() -> None:
    script = (
        "import sys, crackseg_desktop.system.instance, crackseg_desktop.system.signals;"
        "print([name for name in ('multiprocessing', 'asyncio', 'PySide6', 'ssl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
