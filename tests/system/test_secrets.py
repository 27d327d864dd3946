from __future__ import annotations

import json
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.system import secrets as module
from crackseg_desktop.system.secrets import FILE_NAME, SecretError, Secrets, restrict_on_windows, system_keyring

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "mailto://jane:p4ssw0rd@example.org"


class FakeKeyring:
    """A keyring in memory; refuses with ``error`` while that is set."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.error: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self._refuse()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._refuse()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._refuse()
        del self.kept[service, username]

    def _refuse(self) -> None:
        if self.error is not None:
            raise self.error


def in_file(folder: Path) -> Secrets:
    return Secrets(folder, lambda: None)


def test_that_a_keyring_keeps_it_and_no_file_does(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    secrets = Secrets(tmp_path, lambda: keyring)
    assert secrets.put("mail", SECRET) == "the system's keyring"
    assert keyring.kept == {("crackseg-desktop", "mail"): SECRET}
    assert secrets.resolve("keyring:mail") == SECRET
    assert list(tmp_path.iterdir()) == []


def test_that_without_a_keyring_a_file_keeps_it_that_only_its_owner_can_read(tmp_path: Path) -> None:
    secrets = in_file(tmp_path)
    assert "only you can read" in secrets.put("mail", SECRET)
    secrets.put("chat", "slack://a/b/c")
    assert (secrets.get("mail"), secrets.get("chat")) == (SECRET, "slack://a/b/c")
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    secrets.remove("mail")
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"chat": "slack://a/b/c"}


def test_that_a_locked_keyring_makes_way_for_the_file(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    keyring.error = RuntimeError("locked")
    secrets = Secrets(tmp_path, lambda: keyring)
    assert FILE_NAME in secrets.put("mail", SECRET)
    assert secrets.get("mail") == SECRET
    keyring.error = None
    secrets.put("mail", SECRET)
    assert SECRET not in (tmp_path / FILE_NAME).read_text()


def test_that_what_is_missing_says_how_to_store_it(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    keyring.error = RuntimeError("locked")
    with pytest.raises(LookupError, match=r"no address is stored for 'mail'.*does not answer.*--set-url"):
        Secrets(tmp_path, lambda: keyring).get("mail")


def test_that_an_address_without_a_secret_stands_for_itself(tmp_path: Path) -> None:
    assert in_file(tmp_path).resolve("ntfy://topic") == "ntfy://topic"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are for POSIX")
def test_that_a_file_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    secrets = in_file(tmp_path)
    secrets.put("mail", SECRET)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(LookupError, match="can be read by others"):
        secrets.get("mail")
    with pytest.raises(SecretError, match="can be read by others"):
        secrets.put("chat", SECRET)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[1]"])
def test_that_a_broken_file_shows_nothing_of_what_is_in_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    (tmp_path / FILE_NAME).chmod(0o600)
    with pytest.raises(LookupError) as caught:
        in_file(tmp_path).get("mail")
    assert caught.value.__cause__ is None


def test_that_a_folder_that_cannot_be_written_says_so_without_the_secret(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretError) as caught:
        in_file(tmp_path / "file").put("mail", SECRET)
    assert "p4ssw0rd" not in str(caught.value)


class Backend:
    def __init__(self, priority: float) -> None:
        self.priority = priority


@pytest.mark.parametrize(("priority", "is_real"), [(0, False), (0.5, False), (1, True), (5, True)])
def test_that_only_a_real_keyring_counts(monkeypatch: pytest.MonkeyPatch, priority: float, is_real: bool) -> None:
    keyring = pytest.importorskip("keyring")
    backend: Any = Backend(priority)
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    assert (system_keyring() is backend) == is_real


def test_that_a_keyring_that_cannot_be_asked_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")

    def broken() -> Any:
        raise RuntimeError("no bus")

    monkeypatch.setattr(keyring, "get_keyring", broken)
    assert system_keyring() is None


def test_that_on_windows_only_this_user_is_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERNAME", "jane")
    asked: list[list[str]] = []

    def run(code: int) -> Any:
        def icacls(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
            asked.append(command)
            return subprocess.CompletedProcess(command, code)

        return icacls

    restrict_on_windows(tmp_path / "x", run(0))
    assert asked == [["icacls", str(tmp_path / "x"), "/inheritance:r", "/grant:r", "jane:F"]]
    with pytest.raises(OSError, match="icacls"):
        restrict_on_windows(tmp_path / "x", run(5))


def test_that_on_windows_nothing_is_written_before_it_is_restricted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    seen: list[str] = []
    monkeypatch.setattr(module, "restrict_on_windows", lambda path: seen.append(path.read_text()))
    in_file(tmp_path).put("mail", SECRET)
    assert seen == [""]
    assert in_file(tmp_path).get("mail") == SECRET
