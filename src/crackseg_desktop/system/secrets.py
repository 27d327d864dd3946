"""Where passwords and tokens are kept: in the system's keyring, else in a file that only its owner can read.

Nowhere else: not in the settings, and no function here logs, or names in an error, what it was given. The keyring is
imported when it is asked, and may ask the person to unlock it: not from the GUI thread.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from crackseg_desktop import APP_NAME
from crackseg_desktop.settings import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_NAME = "secrets.json"
PREFIX = "keyring:"

_LEAST_PRIORITY = 1.0
"""The keyring library gives less to backends that keep nothing, or keep it in a file that others can read."""

_ICACLS_SECONDS = 10.0

log = logging.getLogger(__name__)


class SecretError(Exception):
    """A secret could not be stored; the message says why, without it."""


class Keyring(Protocol):
    """The part of a backend of the keyring library that is used here."""

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget the secret."""
        ...


class Secrets:
    """The secrets of this user by name. ``find_keyring`` returns the system's keyring, or None where there is none."""

    def __init__(self, folder: Path, find_keyring: Callable[[], Keyring | None] | None = None) -> None:
        self._path = folder / FILE_NAME
        self._find_keyring = find_keyring or system_keyring

    def resolve(self, url: str) -> str:
        """Return the address that "keyring:NAME" stands for; any other is returned as it is.

        Raises LookupError, whose first argument is a sentence, where there is none.
        """
        if not url.startswith(PREFIX):
            return url
        return self.get(url.removeprefix(PREFIX))

    def get(self, name: str) -> str:
        """Return a secret. Raises LookupError, whose first argument is a sentence, where there is none."""
        keyring, trouble = self._find_keyring(), ""
        if keyring is not None:
            try:
                if (found := keyring.get_password(APP_NAME, name)) is not None:
                    return found
            except Exception as error:  # each backend has errors of its own
                log.info("The keyring does not answer", exc_info=True)
                trouble = f" (the keyring does not answer: {type(error).__name__})"
        kept = self._read().get(name)
        if kept is None:
            raise LookupError(f"no address is stored for {name!r}{trouble}; store one: notify-test {name} --set-url")
        return kept

    def put(self, name: str, secret: str) -> str:
        """Keep a secret and say where. Raises SecretError."""
        others = self._others(name)
        if self._has_put_into_keyring(name, secret):
            self._write(others)
            return "the system's keyring"
        self._write({**others, name: secret})
        return f"{self._path}, which only you can read"

    def remove(self, name: str) -> None:
        """Forget a secret wherever it is. Raises SecretError."""
        keyring = self._find_keyring()
        if keyring is not None:
            with suppress(Exception):  # there was none, in the words of each backend
                keyring.delete_password(APP_NAME, name)
        self._write(self._others(name))

    def place(self) -> str:
        """Say where a secret would be kept, without asking for one."""
        keyring = self._find_keyring()
        return f"the system's keyring ({type(keyring).__module__})" if keyring is not None else str(self._path)

    def _has_put_into_keyring(self, name: str, secret: str) -> bool:
        keyring = self._find_keyring()
        if keyring is None:
            return False
        with suppress(Exception):  # it is locked, full or gone, in the words of each backend: then the file
            keyring.set_password(APP_NAME, name, secret)
            return True
        return False

    def _others(self, name: str) -> dict[str, str]:
        try:
            return {key: value for key, value in self._read().items() if key != name}
        except LookupError as error:
            raise SecretError(error.args[0]) from None

    def _read(self) -> dict[str, str]:
        try:
            if sys.platform != "win32" and self._path.stat().st_mode & 0o077:
                raise LookupError(f"{self._path} can be read by others: chmod 600 it, and change what is in it")
            document = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise LookupError(f"{self._path} cannot be read ({type(error).__name__})") from None
        return {str(key): str(value) for key, value in document.items()} if isinstance(document, dict) else {}

    def _write(self, secrets: dict[str, str]) -> None:
        if not secrets and not self._path.exists():
            return
        try:
            if sys.platform == "win32":
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.touch()
                restrict_on_windows(self._path)
                self._path.write_text(json.dumps(secrets), encoding="utf-8")
            else:
                write_atomically(self._path, json.dumps(secrets).encode())  # its temporary file is its owner's alone
                os.chmod(self._path, 0o600)
        except OSError as error:
            raise SecretError(f"{self._path} cannot be written: {error.strerror}") from None


def system_keyring() -> Keyring | None:
    """Return the system's keyring where a real one answers: the Secret Service, KWallet, Keychain, Credential Locker.

    The library's fallbacks, which keep nothing or a file in plain text, count as none.
    """
    try:
        import keyring

        backend: Any = keyring.get_keyring()
        is_real = float(backend.priority) >= _LEAST_PRIORITY
        is_chain = type(backend).__module__ == "keyring.backends.chainer"
    except Exception:  # not installed, no bus, or what a backend raises as it looks for its service
        log.info("There is no keyring", exc_info=True)
        return None
    return backend if is_real and (not is_chain or backend.backends) else None


def restrict_on_windows(path: Path, run: Callable[..., Any] | None = None) -> None:
    """Let only this user read a file (icacls). Raises OSError where that failed."""
    import subprocess

    user = os.environ.get("USERNAME", "")
    command = ["icacls", str(path), "/inheritance:r", "/grant:r", f"{user}:F"]
    done = (run or subprocess.run)(command, capture_output=True, check=False, timeout=_ICACLS_SECONDS)
    if done.returncode != 0:
        raise OSError(0, f"icacls could not restrict {path}")
