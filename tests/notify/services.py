"""Real services on localhost: an HTTP endpoint that answers as it is told, and a mail server."""

from __future__ import annotations

import json
import queue
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Endpoint:
    """An HTTP server whose next answers are told beforehand; without any it answers 200.

    An answer is a status with headers, or "close" (hang up without a word) or "hang" (until ``release``).
    """

    answers: queue.SimpleQueue[tuple[int, dict[str, str]] | str] = field(default_factory=queue.SimpleQueue)
    asked: queue.Queue[Asked] = field(default_factory=queue.Queue)
    release: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def start(self, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                endpoint.asked.put(Asked(self.path, dict(self.headers), body))
                endpoint.answer(self)

            do_PUT = do_GET = do_POST  # noqa: N815 (their names in http.server)

            def handle(self) -> None:
                with suppress(OSError):  # whoever asked hung up, as the tests make them
                    super().handle()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name in http.server)
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="endpoint", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.release.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(5)
            self._server = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.server_address[1])

    def url(self, rest: str = "/hook", user: str = "") -> str:
        return f"json://{user}127.0.0.1:{self.port}{rest}"

    def next(self) -> Asked:
        return self.asked.get(timeout=10)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        try:
            told = self.answers.get_nowait()
        except queue.Empty:
            told = (200, {})
        match told:
            case "hang":
                self.release.wait(30)
                handler.close_connection = True
            case "close":
                handler.close_connection = True
            case (int(status), headers):
                handler.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    handler.send_header(name, value)
                handler.end_headers()


@dataclass(slots=True)
class Mail:
    """What the mail server keeps of a message."""

    sender: str
    recipients: list[str]
    text: str


class Mailbox:
    """Takes mail for aiosmtpd; refuses with ``refusal`` while that is set."""

    def __init__(self) -> None:
        self.mails: queue.Queue[Mail] = queue.Queue()
        self.refusal: str | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (its name in aiosmtpd)
        if self.refusal is not None:
            return self.refusal
        self.mails.put(Mail(envelope.mail_from, envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another thread does."""
    ticking = threading.Event()
    for _ in range(int(seconds / 0.005)):
        if condition():
            return
        ticking.wait(0.005)
    raise AssertionError("it did not come about")
