"""What other processes ask of the running instance. Knows no Qt: the instance is claimed before Qt is loaded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from crackseg_desktop.monitor import Published
    from crackseg_desktop.readings import AlertEvent

    Message = dict[str, Any]

_FOR_THE_WINDOW = frozenset({"show", "add_runs"})


class Inbox:
    """Answers messages in any thread; what concerns the window is passed on, or kept until there is one.

    ``{"command": "show"}`` and ``{"command": "add_runs", "folders": [...]}`` are passed on, ``{"command": "alerts"}``
    is answered with ``{"alerts": [...]}``, the open alerts as ``check --json`` has them with their labels and state.
    ``windowless`` is why there is no window to show, where there will never be one.

    Attributes:
        on_close: called once by ``close``, before anything else ends: whoever hands messages in must then stop.
    """

    def __init__(self, windowless: str | None = None) -> None:
        self.on_close: Callable[[], None] = lambda: None
        self._windowless = windowless
        self._lock = threading.Lock()
        self._kept: list[Message] = []
        self._receiver: Callable[[Message], None] | None = None
        self._alerts: dict[str, AlertEvent] = {}

    def __call__(self, message: Message) -> Message:
        """Handle a message and return the reply."""
        command = message.get("command")
        if command == "alerts":
            return {"alerts": self._open_alerts()}
        if command not in _FOR_THE_WINDOW:
            return {"error": f"unknown command {command!r}"}
        if command == "show" and self._windowless is not None:
            return {"error": self._windowless}
        self._pass_on(message)
        return {"ok": True}

    def attach(self, receiver: Callable[[Message], None]) -> None:
        """Pass messages on from now on, those that waited first. ``receiver`` is called in the instance's thread."""
        with self._lock:
            self._receiver = receiver
            kept, self._kept = self._kept, []
        for message in kept:
            receiver(message)

    def close(self) -> None:
        """Take no messages any more: the program is about to end, and would not do what they ask. Idempotent."""
        on_close, self.on_close = self.on_close, lambda: None
        on_close()
        with self._lock:
            self._receiver = None

    def on_event(self, event: Published) -> None:
        """Keep the open alerts. Runs in the Monitor thread, as a subscriber."""
        from crackseg_desktop.readings import OPEN, AlertEvent  # long loaded here, and not needed to show the icon

        if not isinstance(event, AlertEvent):
            return
        with self._lock:
            if event.state in OPEN:
                self._alerts[event.key] = event
            else:
                self._alerts.pop(event.key, None)

    def _pass_on(self, message: Message) -> None:
        with self._lock:
            receiver = self._receiver
            if receiver is None:
                self._kept.append(message)
        if receiver is not None:
            receiver(message)

    def _open_alerts(self) -> list[Message]:
        from crackseg_desktop.export.documents import alert_document

        with self._lock:
            return [alert_document(event) for event in self._alerts.values()]
