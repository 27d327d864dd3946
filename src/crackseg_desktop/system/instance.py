"""One instance per user and data directory, and what a second start or a command can ask of it.

The protocol is one line of JSON each way: ``{"version": 1, "token": …, "message": {…}}`` and ``{"version": 1,
"reply": {…}}`` or ``{"version": 1, "error": …}``. The messages themselves are up to the application; a ``null``
message only asks whether somebody is there.
"""

from __future__ import annotations

import json
import logging
import selectors
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if sys.platform == "win32":
    from crackseg_desktop.system.endpoint_windows import Endpoint
else:
    from crackseg_desktop.system.endpoint_posix import Endpoint

__all__ = ["Endpoint", "Instance", "ask", "claim"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Message = dict[str, Any]
    Handler = Callable[[Message], Message | None]

VERSION = 1
LINE_BYTES = 64 * 1024
REPLY_BYTES = 16 * LINE_BYTES
ANSWER_SECONDS = 1.0

_ENVELOPE_BYTES = 256
_SETTLE_SECONDS = 10.0
_RETRY_SECONDS = 0.02

log = logging.getLogger(__name__)


def claim(data_dir: Path, on_message: Handler) -> Instance | None:
    """Become the instance of this user and data directory, or return None where there is one already.

    One that is ending answers nobody but holds its lock until it is done: it is waited for.
    ``on_message`` is called in a thread of the instance with each message, and returns the reply; it should answer
    within a second. Raises OSError where neither a lock nor a socket can be had.
    """
    endpoint = Endpoint(data_dir.resolve())
    lock = _lock_unless_answered(endpoint)
    if lock is None:
        return None
    try:
        server, token = endpoint.listen()
    except OSError:
        endpoint.unlock(lock)
        raise
    return Instance(endpoint, lock, server, token, on_message)


def ask(data_dir: Path, message: Message, timeout: float = ANSWER_SECONDS) -> Message | None:
    """Send a message to the running instance and return its reply, ``{}`` where it has nothing to say.

    None means that none runs, or that it did not answer within ``timeout`` seconds. A message it could not handle is
    answered with ``{"error": …}``.
    """
    if len(json.dumps(message)) > LINE_BYTES - _ENVELOPE_BYTES:
        return {"error": f"the message is longer than {LINE_BYTES} bytes"}
    try:
        answer = _exchange(Endpoint(data_dir.resolve()), message, timeout)
    except (OSError, ValueError) as error:
        log.debug("No answer from an instance: %s", error)
        return None
    if "error" in answer:
        return {"error": str(answer["error"])}
    reply = answer.get("reply")
    return reply if isinstance(reply, dict) else {}


class Instance:
    """The running instance: answers messages in a daemon thread until it is closed."""

    def __init__(self, endpoint: Endpoint, lock: int, server: socket.socket, token: str, on_message: Handler) -> None:
        self._endpoint = endpoint
        self._lock: int | None = lock
        self._server = server
        self._token = token
        self._on_message = on_message
        self._stopped, self._stop = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="instance", daemon=True)
        self._thread.start()

    def retire(self, timeout: float = 2 * ANSWER_SECONDS) -> None:
        """Answer nobody any more; another instance can be once this one has closed. Idempotent.

        To be called before what takes its time at the end: whoever is answered until then is answered in vain.
        """
        if self._stop.fileno() < 0:
            return
        self._stop.close()
        self._thread.join(timeout)
        self._endpoint.clear()
        self._server.close()

    def close(self) -> None:
        """Answer nobody any more, and let another instance be; idempotent."""
        self.retire()
        if self._lock is not None:
            self._endpoint.unlock(self._lock)
            self._lock = None

    def _serve(self) -> None:
        with self._stopped, selectors.DefaultSelector() as selector:
            selector.register(self._stopped, selectors.EVENT_READ)
            selector.register(self._server, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select(self._endpoint.touch_seconds)]
                if self._stopped in ready:
                    return
                try:
                    if ready:
                        self._serve_one()
                    else:
                        self._endpoint.touch()
                except OSError as error:
                    log.debug("A client went away: %s", error)
                    time.sleep(_RETRY_SECONDS)  # Out of file descriptors, this would come back at once.

    def _serve_one(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            answer = self._handle(json.loads(_receive_line(connection, deadline, LINE_BYTES)))
        except RecursionError:
            answer = {"error": "nested too deeply"}
        except ValueError as error:
            answer = {"error": f"not understood: {error}"}
        _send_line(connection, {"version": VERSION, **answer}, time.monotonic() + ANSWER_SECONDS)

    def _handle(self, request: object) -> Message:
        match request:
            case {"version": int(version)} if version != VERSION:
                return {"error": f"this instance speaks version {VERSION}, not {version}"}
            case {"token": str(token)} if not self._is_ours(token):
                return {"error": "wrong token"}
            case {"version": int(), "token": str(), "message": None}:
                return {"reply": None}
            case {"version": int(), "token": str(), "message": dict(message)}:
                return self._reply(message)
            case _:
                return {"error": "not a request"}

    def _is_ours(self, token: str) -> bool:
        """Compare in constant time; where the socket itself is private there is nothing to prove."""
        if not self._token:
            return not token
        import hmac  # loads OpenSSL

        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode())

    def _reply(self, message: Message) -> Message:
        try:
            reply = self._on_message(message)
            json.dumps(reply)
        except Exception:
            log.exception("A message to this instance could not be handled")
            return {"error": "the message could not be handled"}
        return {"reply": reply}


def _answers(endpoint: Endpoint) -> bool:
    """Say whether one of ours answers; on Windows a stranger may have got the port of one that crashed."""
    try:
        _exchange(endpoint, None, ANSWER_SECONDS)
    except (OSError, ValueError):
        return False
    return True


def _lock_unless_answered(endpoint: Endpoint) -> int | None:
    """Return the lock, or None where somebody who has it answers, or holds it for longer than an orderly end takes."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while not _answers(endpoint):
        lock = endpoint.lock()
        if lock is not None or time.monotonic() > deadline:
            return lock
        time.sleep(_RETRY_SECONDS)
    return None


def _exchange(endpoint: Endpoint, message: Message | None, timeout: float) -> Message:
    """Send a request and return the answer; raise OSError without one, ValueError for one that is none of ours."""
    deadline = time.monotonic() + timeout
    connection, token = endpoint.connect(timeout)
    with connection:
        _send_line(connection, {"version": VERSION, "token": token, "message": message}, deadline)
        answer = json.loads(_receive_line(connection, deadline, REPLY_BYTES))
    if not isinstance(answer, dict) or "version" not in answer:
        raise ValueError("not an answer of an instance")
    return answer


def _send_line(connection: socket.socket, content: Message, deadline: float) -> None:
    connection.settimeout(max(deadline - time.monotonic(), 0.001))
    connection.sendall(json.dumps(content).encode() + b"\n")


def _receive_line(connection: socket.socket, deadline: float, limit: int) -> str:
    """Return a line of at most ``limit`` bytes; raise ValueError for any other, TimeoutError past the deadline."""
    received = b""
    while not received.endswith(b"\n"):
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        part = connection.recv(LINE_BYTES)
        if not part:
            raise ValueError("cut off")
        received += part
        if len(received) > limit:
            raise ValueError(f"more than {limit} bytes")
    return received.decode()
