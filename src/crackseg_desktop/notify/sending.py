"""Sending one message through apprise, which knows the services. It is imported in the thread that sends.

What goes wrong is told in a sentence without the address: apprise's own messages name it, or pieces of it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crackseg_desktop.masking import Masker
from crackseg_desktop.notify.answers import overheard, retry_after
from crackseg_desktop.notify.channels import Outcome
from crackseg_desktop.notify.notifier import APP_NAME, NotifyError
from crackseg_desktop.notify.words import Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.notify.channels import Channel
    from crackseg_desktop.notify.words import Notification

MESSAGE_HEADER = "Idempotency-Key"
_REFUSALS = frozenset({400, 413, 415, 422})
_CAUSE = "Socket Exception: "
_ASIDES = frozenset({"TRACE", "DEBUG", "INFO"})
_LONGEST_COMPLAINT = 300

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message, where the service takes files."""

    content: bytes
    name: str
    mime_type: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on its way. ``uid`` is the same when it is sent again."""

    notification: Notification
    uid: str
    attachment: Attachment | None = None


def picture_of(png: bytes | None) -> Attachment | None:
    """Return the curve of an alert as it is attached."""
    return Attachment(png, "curve.png", "image/png") if png is not None else None


class AppriseSender:
    """Sends messages. ``address(url)`` gives the address that "keyring:NAME" stands for, or raises LookupError."""

    def __init__(self, address: Callable[[str], str], clock: Clock) -> None:
        self._address = address
        self._clock = clock

    def __call__(self, channel: Channel, letter: Letter) -> Outcome:
        """Send one message and say what became of it; never raises. May take as long as the service."""
        try:
            address = self._address(channel.url)
        except LookupError as error:
            return Outcome(str(error.args[0]) if error.args else "there is no address")
        mask = Masker(address)
        try:
            service = _service(address, is_open=address == channel.url)
            return self._send(service, letter, mask)
        except NotifyError as error:
            return Outcome(mask(str(error)))
        except Exception as error:  # noqa: BLE001 (it is logged, but without a traceback: that may hold the address)
            log.warning("Channel %s broke: %s", channel.name, mask(f"{type(error).__name__}: {error}"))
            return Outcome(mask(f"{type(error).__name__}: {error}"))

    def _send(self, service: Any, letter: Letter, mask: Masker) -> Outcome:
        from apprise import Apprise, NotifyFormat

        if isinstance(getattr(service, "headers", None), dict):
            service.headers[MESSAGE_HEADER] = letter.uid
        messenger = Apprise(asset=service.asset)
        messenger.add(service)
        with overheard() as answers:
            result = messenger.notify(
                title=letter.notification.title,
                body=letter.notification.body,
                notify_type=_kind(letter.notification),
                body_format=NotifyFormat.TEXT,
                attach=_attached(letter.attachment) if service.attachment_support else None,
                log_level=logging.DEBUG,
            )
        if result:
            return Outcome()
        status = answers[-1].status if answers else 0
        error = mask(_complaints(result.logs())) or "the service did not take the message"
        return Outcome(error, retry_after(answers, self._clock.time()), refused=status in _REFUSALS)


def _service(address: str, *, is_open: bool) -> Any:
    """Make apprise's service for an address; ``is_open``: it stands in the settings, where anybody may read it."""
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError as error:
        raise NotifyError("apprise is not installed") from error
    _quieten()
    # Without a limit of its own it sends in this thread, not in a pool that would hold up the exit.
    asset = AppriseAsset(app_id=APP_NAME, app_desc=APP_NAME, async_mode=False, service_timeout=0)
    service: Any = Apprise.instantiate(address, asset=asset)
    if service is None:
        raise NotifyError("the address is none that apprise understands")
    if is_open and service.url(privacy=True) != service.url(privacy=False):
        raise NotifyError('the address in the settings holds a secret: use url = "keyring:NAME"')
    if not service.verify_certificate:
        raise NotifyError("the address switches the check of certificates off (verify=no)")
    # What is behind another address may not be given the message; and the queue repeats, not apprise.
    service.redirects = False
    service.retry = 0
    service.optional = False
    return service


def _kind(notification: Notification) -> Any:
    from apprise import NotifyType

    if notification.resolved:
        return NotifyType.SUCCESS
    kinds = {Urgency.LOW: NotifyType.INFO, Urgency.NORMAL: NotifyType.WARNING, Urgency.CRITICAL: NotifyType.FAILURE}
    return kinds[notification.urgency]


def _attached(attachment: Attachment | None) -> Any:
    if attachment is None:
        return None
    from apprise.attachment.memory import AttachMemory

    return AttachMemory(content=attachment.content, name=attachment.name, mimetype=attachment.mime_type)


def _quieten() -> None:
    """Let apprise's messages, whose details hold addresses and words, go to nobody but who sends."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)


def _complaints(logs: Iterable[Any]) -> str:
    """Return what apprise warned of, and the causes that it tells only debuggers."""
    told = [entry.message for entry in logs if entry.level not in _ASIDES or entry.message.startswith(_CAUSE)]
    return "; ".join(text.removeprefix(_CAUSE).rstrip(".")[:_LONGEST_COMPLAINT] for text in told)
