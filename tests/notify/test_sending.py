"""Sending through apprise to real servers on this machine."""

from __future__ import annotations

import base64
import logging
import shutil
import socket
import ssl
import subprocess
from dataclasses import replace
from email import message_from_string
from typing import TYPE_CHECKING

import pytest
from tests.notify.services import Endpoint, Mailbox

from crackseg_desktop.notify.channels import Channel, Outcome
from crackseg_desktop.notify.sending import MESSAGE_HEADER, AppriseSender, Attachment, Letter, picture_of
from crackseg_desktop.notify.words import Notification, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import FakeClock

pytest.importorskip("apprise")

# A plugin of apprise imports tweepy where that is installed, which imports imghdr.
pytestmark = pytest.mark.filterwarnings("ignore:.imghdr. is deprecated:DeprecationWarning")

SECRET = "tok3n-of-the-hook"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = Endpoint()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    from aiosmtpd.controller import Controller

    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield box, controller.port
    controller.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def letter(picture: bytes | None = None, urgency: Urgency = Urgency.NORMAL) -> Letter:
    notification = Notification("a", "GPU 0 at 86 °C", "Limit <80> °C.\nWork station", urgency)
    return Letter(notification, "uid-1", picture_of(picture))


def send(url: str, clock: FakeClock, message: Letter | None = None, *, kept: bool = True) -> Outcome:
    """Send to an address; ``kept``: as one kept with the secrets."""
    sender = AppriseSender(lambda name: url, clock)
    return sender(Channel("hook", "keyring:hook" if kept else url), message or letter())


def test_that_a_message_arrives_with_its_words_identifier_and_picture(endpoint: Endpoint, clock: FakeClock) -> None:
    assert send(endpoint.url(), clock, letter(PICTURE)) == Outcome()
    asked = endpoint.next()
    document = asked.document
    assert (document["title"], document["message"]) == ("GPU 0 at 86 °C", "Limit <80> °C.\nWork station")
    assert asked.headers[MESSAGE_HEADER] == "uid-1"
    (attachment,) = document["attachments"]
    assert base64.b64decode(attachment["base64"]) == PICTURE
    assert attachment["filename"] == "curve.png"


@pytest.mark.parametrize(
    ("status", "header", "after", "refused"),
    [
        (429, "17", 17.0, False),
        (429, "Mon, 23 Nov 2026 12:00:30 GMT", 30.0, False),
        (503, "120", 120.0, False),
        (429, None, None, False),
        (429, "soon", None, False),
        (500, None, None, False),
        (404, None, None, False),
        (400, None, None, True),
        (413, None, None, True),
    ],
)
def test_that_what_the_service_answers_is_told(
    endpoint: Endpoint, clock: FakeClock, status: int, header: str | None, after: float | None, refused: bool
) -> None:
    endpoint.answers.put((status, {"Retry-After": header} if header else {}))
    outcome = send(endpoint.url(), clock)
    assert outcome.retry_after == after
    assert outcome.error is not None
    assert f"error={status}" in outcome.error
    assert outcome.refused == refused


def test_that_a_redirect_is_not_followed(endpoint: Endpoint, clock: FakeClock) -> None:
    elsewhere = Endpoint()
    elsewhere.start()
    endpoint.answers.put((302, {"Location": f"http://127.0.0.1:{elsewhere.port}/x"}))
    endpoint.answers.put((307, {"Location": f"http://127.0.0.1:{elsewhere.port}/x"}))
    outcomes = [send(endpoint.url(), clock) for _ in range(2)]
    assert ["error=302" in str(outcomes[0].error), "error=307" in str(outcomes[1].error)] == [True, True]
    assert elsewhere.asked.empty()
    elsewhere.stop()


def test_that_a_hanging_service_is_given_up(endpoint: Endpoint, clock: FakeClock) -> None:
    endpoint.answers.put("hang")
    error = send(endpoint.url("/hook?rto=0.05"), clock).error
    assert error is not None
    assert "timed out" in error


def test_that_a_service_that_hangs_up_is_a_failure(endpoint: Endpoint, clock: FakeClock) -> None:
    endpoint.answers.put("close")
    error = send(endpoint.url(), clock).error
    assert error is not None
    assert "Connection error" in error


def test_that_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("makes the certificate")
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
    subprocess.run([*words, "-days", "2", "-subj", "/CN=127.0.0.1"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Endpoint()
    server.start(context=context)
    error = send(server.url().replace("json://", "jsons://"), clock).error
    server.stop()
    assert error is not None
    assert "certificate verify failed" in error.lower()
    assert server.asked.empty()


def test_that_nobody_there_is_a_failure(clock: FakeClock) -> None:
    error = send(f"json://127.0.0.1:{_free_port()}/", clock).error
    assert error is not None
    assert "refused" in error


class Everything(logging.Handler):
    """What a handler of the whole program would be given."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


def test_that_nothing_that_is_said_shows_the_address(
    endpoint: Endpoint, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    everything, told = Everything(), list[str]()
    logging.getLogger().addHandler(everything)
    answers: list[tuple[int, dict[str, str]] | str] = ["close", (200, {})]
    answers += [(500, {}), (429, {"Retry-After": "1"}), (302, {"Location": "/x"})]
    try:
        for answer in answers:
            endpoint.answers.put(answer)
            told.append(str(send(endpoint.url(f"/{SECRET}?key={SECRET}", f"jane:{SECRET}@"), clock)))
        told.append(str(send(f"json://jane:{SECRET}@127.0.0.1:{_free_port()}/{SECRET}", clock)))
        told.append(str(send(f"nonsense://{SECRET}", clock)))
        told.append(str(send(f"slack://{SECRET}", clock)))
    finally:
        logging.getLogger().removeHandler(everything)
    assert len(told) == 8
    assert SECRET not in " ".join([*told, *everything.texts, *capfd.readouterr()])


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("nonsense://x", "none that apprise understands"),
        ("slack://bad", "none that apprise understands"),
        ("json://localhost/?verify=no", "certificates"),
    ],
)
def test_that_an_address_that_cannot_be_used_says_why(clock: FakeClock, url: str, word: str) -> None:
    assert word in str(send(url, clock).error)


def test_that_a_secret_in_the_settings_is_not_used(endpoint: Endpoint, clock: FakeClock) -> None:
    error = send(endpoint.url(user=f"jane:{SECRET}@"), clock, kept=False).error
    assert error == 'the address in the settings holds a secret: use url = "keyring:NAME"'
    assert send(endpoint.url(), clock, kept=False) == Outcome()
    assert endpoint.asked.qsize() == 1


def test_that_a_name_without_an_address_says_so(clock: FakeClock) -> None:
    def nowhere(url: str) -> str:
        raise LookupError("no address is stored for 'hook'")

    assert AppriseSender(nowhere, clock)(Channel("hook", "keyring:hook"), letter()).error == (
        "no address is stored for 'hook'"
    )


def test_that_the_url_cannot_make_apprise_repeat_or_hide_failures(endpoint: Endpoint, clock: FakeClock) -> None:
    endpoint.answers.put((500, {}))
    assert send(endpoint.url("/hook?retry=3&wait=9&optional=yes"), clock).error is not None
    assert endpoint.asked.qsize() == 1


def test_that_mail_arrives_with_its_picture(mailbox: tuple[Mailbox, int], clock: FakeClock) -> None:
    box, port = mailbox
    url = f"mailto://127.0.0.1:{port}?from=lab@example.org&to=jane@example.org&mode=insecure"
    assert send(url, clock, letter(PICTURE, Urgency.CRITICAL)) == Outcome()
    mail = box.mails.get(timeout=10)
    message = message_from_string(mail.text)
    parts = {part.get_content_type(): part.get_payload(decode=True) for part in message.walk()}
    assert mail.recipients == ["jane@example.org"]
    assert message[MESSAGE_HEADER] == "uid-1"
    assert parts["image/png"] == PICTURE
    assert any(
        b"&lt;80&gt;" in payload or b"<80>" in payload for payload in parts.values() if isinstance(payload, bytes)
    )


def test_that_a_document_goes_with_a_mail_under_its_name(mailbox: tuple[Mailbox, int], clock: FakeClock) -> None:
    box, port = mailbox
    url = f"mailto://127.0.0.1:{port}?from=lab@example.org&to=jane@example.org&mode=insecure"
    document = Attachment("<p>Temperature: 76 °C</p>".encode(), "daily-2026-11-23.html", "text/html")
    assert send(url, clock, replace(letter(), attachment=document)) == Outcome()
    parts = list(message_from_string(box.mails.get(timeout=10).text).walk())
    (attached,) = [part for part in parts if part.get_filename() == "daily-2026-11-23.html"]
    assert (attached.get_content_type(), attached.get_payload(decode=True)) == ("text/html", document.content)


def test_that_mail_that_is_refused_is_a_failure(mailbox: tuple[Mailbox, int], clock: FakeClock) -> None:
    box, port = mailbox
    box.refusal = "451 try again later"
    url = f"mailto://127.0.0.1:{port}?from=lab@example.org&to=jane@example.org&mode=insecure"
    outcome = send(url, clock)
    assert outcome.error is not None
    assert not outcome.refused
    assert box.mails.empty()
