"""Where an instance listens on Linux and macOS: a socket in a folder that only its user can enter, and a lock."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import sys
from pathlib import Path

from crackseg_desktop.digest import short_digest

assert sys.platform != "win32"

TOKEN = ""
"""Nothing to prove: whoever can reach the socket is the user."""

_NAME = "crackseg-desktop"

_PATH_BYTES = 103
"""The longest socket path that macOS takes; Linux takes four more."""

_TOUCH_SECONDS = 300.0
_RUN_USER = "/run/user"


class Endpoint:
    """The place of one user and data directory; finding it neither creates nor opens anything."""

    def __init__(self, data_dir: Path) -> None:
        name = short_digest(f"{os.getuid()}:{data_dir}", 16)
        self._folder = _folder(data_dir, f"{name}.socket")
        self._socket = self._folder / f"{name}.socket"
        self._lock = self._folder / f"{name}.lock"
        # Runtime and data folders are left alone; a temporary folder is swept of files that look forgotten.
        self.touch_seconds = _TOUCH_SECONDS if self._folder.name != _NAME else None

    def touch(self) -> None:
        """Show that the files are in use; due every ``touch_seconds``."""
        for path in (self._socket, self._lock):
            os.utime(path)

    def lock(self) -> int | None:
        """Return the descriptor of the lock, or None where another process has it; it ends with the process."""
        _make_private(self._folder)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:  # a file system without locks
            os.close(descriptor)
            raise
        return descriptor

    def unlock(self, descriptor: int) -> None:
        """Give the lock back; its file stays, since removing it could split the lock in two."""
        os.close(descriptor)

    def listen(self) -> tuple[socket.socket, str]:
        """Listen, in place of whoever left the socket behind, and return the socket and the token to ask for."""
        self._socket.unlink(missing_ok=True)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            server.bind(str(self._socket))
            self._socket.chmod(0o600)
            server.listen(8)
        except OSError:
            server.close()
            raise
        return server, TOKEN

    def connect(self, timeout: float) -> tuple[socket.socket, str]:
        """Connect, and return the socket and the token to show; raise OSError where nobody listens."""
        _refuse_foreign(self._folder)
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            client.settimeout(timeout)
            client.connect(str(self._socket))
        except OSError:
            client.close()
            raise
        return client, TOKEN

    def clear(self) -> None:
        """Remove what ``listen`` left."""
        self._socket.unlink(missing_ok=True)


def _folder(data_dir: Path, name: str) -> Path:
    """Return the first folder that can be private and gives a path short enough: runtime, temporary, data folder."""
    # Started by cron or over su, a process lacks the variable, or has that of another user.
    runtimes = [os.environ.get("XDG_RUNTIME_DIR"), str(Path(_RUN_USER, str(os.getuid())))]
    folders = [Path(runtime, _NAME) for runtime in runtimes if runtime and _is_ours(Path(runtime))]
    import tempfile  # only where there is no runtime folder

    folders += [Path(root, f"{_NAME}-{os.getuid()}") for root in (tempfile.gettempdir(), "/tmp")]
    fitting = (folder for folder in folders if len(os.fsencode(folder / name)) <= _PATH_BYTES)
    return next((folder for folder in fitting if _can_be_private(folder)), data_dir / _NAME)


def _can_be_private(folder: Path) -> bool:
    """Say whether a folder is there for us alone, or can be made."""
    return _is_ours(folder) if os.path.lexists(folder) else os.access(folder.parent, os.W_OK | os.X_OK)


def _is_ours(folder: Path) -> bool:
    """Say whether a folder belongs to this user, who can write into it."""
    try:
        _refuse_foreign(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_foreign(folder)
    folder.chmod(0o700)


def _refuse_foreign(folder: Path) -> None:
    """Raise PermissionError for a folder that another user made in the common temporary folder, or points elsewhere."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
