"""What a crash leaves behind, tried on processes of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.system import crash

if TYPE_CHECKING:
    from pathlib import Path

LOG = "crackseg-desktop.log"


def run(folder: Path, then: str) -> subprocess.CompletedProcess[str]:
    script = f"""
import logging, sys, threading
from pathlib import Path
from crackseg_desktop.system import crash
written = crash.install(Path(sys.argv[1]))
print(written.previous)
log = logging.getLogger("crackseg_desktop.test")
{then}
"""
    command = [sys.executable, "-c", script, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_that_the_package_logs_into_the_folder(tmp_path: Path) -> None:
    run(tmp_path / "logs", "log.info('watching %s', 'ü')")
    assert "INFO MainThread crackseg_desktop.test: watching ü" in (tmp_path / "logs" / LOG).read_text(encoding="utf-8")


def test_that_a_path_of_any_bytes_is_logged(tmp_path: Path) -> None:
    ended = run(tmp_path, r"log.info('watching %s', '/runs/\udcff')")
    assert ended.stderr == ""
    assert r"watching /runs/\udcff" in (tmp_path / LOG).read_text(encoding="utf-8")


def test_that_the_log_shows_no_address_of_a_service(tmp_path: Path) -> None:
    run(tmp_path, "try: raise OSError('slack://TokenA/TokenB')\nexcept OSError: log.exception('json://u:pw@host/x')")
    text = (tmp_path / LOG).read_text(encoding="utf-8")
    assert "OSError: slack://…" in text
    assert not [word for word in ("TokenA", "TokenB", "pw@host") if word in text]


def test_that_an_unhandled_exception_is_logged_and_still_shown(tmp_path: Path) -> None:
    done = run(tmp_path, "1 / 0")
    assert done.returncode == 1
    for told in (done.stderr, (tmp_path / LOG).read_text(encoding="utf-8")):
        assert "ZeroDivisionError" in told


def test_that_an_interrupt_is_no_crash(tmp_path: Path) -> None:
    run(tmp_path, "raise KeyboardInterrupt")
    assert (tmp_path / LOG).read_text(encoding="utf-8") == ""


def test_that_an_exception_in_a_thread_is_logged_with_its_name(tmp_path: Path) -> None:
    run(tmp_path, "t = threading.Thread(target=lambda: 1 / 0, name='sampler'); t.start(); t.join()")
    told = (tmp_path / LOG).read_text(encoding="utf-8")
    assert "Unhandled exception in thread sampler" in told
    assert "ZeroDivisionError" in told


def test_that_the_stacks_of_a_crash_are_kept_for_the_next_start(tmp_path: Path) -> None:
    assert run(tmp_path, "import faulthandler; faulthandler._sigabrt()").returncode != 0
    after = run(tmp_path, "")
    assert after.stdout.strip() == str(tmp_path / "crash.1.txt")
    assert "Fatal Python error" in (tmp_path / "crash.1.txt").read_text(encoding="utf-8")
    assert run(tmp_path, "").stdout.strip() == "None"


def test_that_only_the_last_crashes_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / "crash.txt").write_text(f"crash {number}", encoding="utf-8")
        run(tmp_path, "written.close()")
    kept = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("crash*.txt")}
    assert kept == {"crash.txt": "", "crash.1.txt": "crash 4", "crash.2.txt": "crash 3", "crash.3.txt": "crash 2"}


def test_that_the_log_is_rotated(tmp_path: Path) -> None:
    run(tmp_path, "for _ in range(45): log.info('x' * 100_000)")
    sizes = [path.stat().st_size for path in tmp_path.glob(f"{LOG}*")]
    assert len(sizes) == crash.LOG_FILES
    assert max(sizes) <= crash.LOG_BYTES


def test_that_closing_undoes_all(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "import faulthandler; written.close(); print(faulthandler.is_enabled(), sys.excepthook is sys.__excepthook__)",
    )
    assert done.stdout.splitlines()[1] == "False True"


@pytest.mark.skipif(sys.platform != "linux", reason="there is no disk that is always full")
def test_that_a_full_disk_keeps_nothing_from_ending(tmp_path: Path) -> None:
    (tmp_path / LOG).symlink_to("/dev/full")
    done = run(
        tmp_path,
        "log.info('watching'); written.close(); written.close(); print(sys.excepthook is sys.__excepthook__)",
    )
    assert (done.returncode, done.stdout.splitlines()[1], done.stderr) == (0, "True", "")


def test_that_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        crash.install(tmp_path / "file" / "logs")
