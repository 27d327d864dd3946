"""TensorBoard itself, started on localhost for a folder."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HOST, PREFERRED_PORT = "127.0.0.1", 6006


def command(folder: Path, port: int) -> list[str]:
    """Return the command line that serves a folder; its path is one argument, whatever characters it holds."""
    return [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", HOST, "--port", str(port)]


def free_port() -> int:
    """Return TensorBoard's usual port, or another one where that is taken."""
    for port in (PREFERRED_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return PREFERRED_PORT


def launch(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start TensorBoard and return its process and the address it will answer at.

    Raises:
        OSError: it cannot be started.
    """
    port = free_port()
    process = subprocess.Popen(
        command(folder, port), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return process, f"http://{HOST}:{port}/"


def wait_until_it_answers(process: subprocess.Popen[bytes], address: str, seconds: float = 30.0) -> bool:
    """Wait for the server; False where it ended or did not answer in time."""
    import time

    port = int(address.rstrip("/").rpartition(":")[2])
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.1)
    return False


def serve(folder: Path) -> int:
    """Serve a folder in the foreground, open it in the browser, and return the server's exit code."""
    import webbrowser

    process, address = launch(folder)
    try:
        if wait_until_it_answers(process, address):
            print(f"TensorBoard for {folder} at {address}", flush=True)
            webbrowser.open(address)
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
