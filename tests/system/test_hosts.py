"""Whether a host is reached, on sockets of this machine, and how that is told."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from crackseg_desktop.readings import HostAnswer
from crackseg_desktop.system import hosts
from crackseg_desktop.system.hosts import HostWatch, reach_host, split_host

if TYPE_CHECKING:
    from tests.conftest import FakeClock


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("nas", ("nas", None)),
        ("nas:2049", ("nas", 2049)),
        ("[::1]:22", ("::1", 22)),
        ("::1", ("::1", None)),
        ("nas:http", ("nas", None)),
    ],
)
def test_that_a_host_may_name_a_port(host: str, expected: tuple[str, int | None]) -> None:
    assert split_host(host) == expected


def test_that_a_port_that_takes_connections_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert reach_host(f"127.0.0.1:{server.getsockname()[1]}") is None


def test_that_a_port_that_refuses_is_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    reason = reach_host(f"127.0.0.1:{port}")
    assert reason is not None
    assert "refused" in reason.lower()


def test_that_a_refusal_proves_that_a_bare_host_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setattr(hosts, "_USUAL_PORTS", (port,))
    assert reach_host("127.0.0.1") is None


def test_that_a_name_that_does_not_resolve_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert reach_host("nowhere") == "its name cannot be resolved: Name or service not known"


def test_that_silence_is_told_from_its_beginning_until_it_ends(clock: FakeClock) -> None:
    answers: list[HostAnswer] = []
    reasons = iter([None, "no route", "no route", None])
    done = threading.Event()

    def reach(host: str) -> str | None:
        clock.advance(30)
        return next(reasons)

    def take(answer: HostAnswer) -> None:
        answers.append(answer)
        if len(answers) == 4:
            watch.stop(0.0)
            done.set()

    begun = clock.time()
    watch = HostWatch(["nas", "nas"], take, clock, interval=0.0, reach=reach)
    watch.start()
    assert done.wait(10)
    assert answers == [
        HostAnswer("nas"),
        HostAnswer("nas", begun + 30, "no route"),
        HostAnswer("nas", begun + 30, "no route"),
        HostAnswer("nas"),
    ]
