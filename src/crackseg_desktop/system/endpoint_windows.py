"""Where an instance listens on Windows: a loopback port and a token, both told in a file of the data directory.

The data directory lies in the user's profile, which other users cannot read. Everything but the lock works on every
system, and is tested on them.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if sys.platform == "win32":
    import msvcrt

if TYPE_CHECKING:
    from pathlib import Path

_HOST = "127.0.0.1"


class Endpoint:
    """The place of one user and data directory; finding it neither creates nor opens anything."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir
        self._told = data_dir / "instance.json"
        self.touch_seconds: float | None = None

    def touch(self) -> None:
        """Do nothing: nobody sweeps a data directory."""

    def lock(self) -> int | None:
        """Return the descriptor of the lock, or None where another process has it; it ends with the process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "instance.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform == "win32":
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                os.close(descriptor)
                return None
        return descriptor

    def unlock(self, descriptor: int) -> None:
        """Give the lock back."""
        os.close(descriptor)

    def listen(self) -> tuple[socket.socket, str]:
        """Listen on a free port, tell it, and return the socket and the token to ask for."""
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform == "win32":
                server.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            server.bind((_HOST, 0))
            server.listen(8)
            token = secrets.token_urlsafe(24)
            self._tell(server.getsockname()[1], token)
        except OSError:
            server.close()
            raise
        return server, token

    def connect(self, timeout: float) -> tuple[socket.socket, str]:
        """Connect, and return the socket and the token to show; raise OSError where nobody listens."""
        try:
            told = json.loads(self._told.read_text(encoding="utf-8"))
            port, token = told["port"], str(told["token"])
            return socket.create_connection((_HOST, port), timeout), token
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise ConnectionRefusedError(f"{self._told} is damaged") from error

    def clear(self) -> None:
        """Remove what ``listen`` left."""
        # A virus scanner may hold the file; the next start overwrites it.
        with suppress(OSError):
            self._told.unlink(missing_ok=True)

    def _tell(self, port: int, token: str) -> None:
        draft = self._told.with_suffix(f".{os.getpid()}.tmp")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"port": port, "token": token}, file)
        draft.replace(self._told)
