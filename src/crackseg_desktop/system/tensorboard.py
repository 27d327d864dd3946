"""TensorBoard itself, started on localhost for some folders.

Several are given with ``--logdir_spec``: TensorBoard discourages it, because its fast loader does not know it, but a
tree of symbolic links, which it recommends instead, needs a privilege on Windows.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Places = Mapping[str, Path]
    """Folders by the names of the groups that TensorBoard shows their runs in."""

HOST, PREFERRED_PORT = "127.0.0.1", 6006


def command(places: Places, port: int) -> list[str]:
    """Return the command line that serves some folders; each argument is one, whatever characters it holds.

    Raises:
        OSError: TensorBoard cannot be told these folders.
    """
    # -P: what lies in the working folder is not imported in place of TensorBoard's own modules.
    return [sys.executable, "-P", "-m", "tensorboard.main", *_shown(places), "--host", HOST, "--port", str(port)]


def working_folder(places: Places) -> Path | None:
    """Return the folder that TensorBoard is to be started in; None: any.

    A comma separates folders and cannot be escaped: where a path has one, folders are told from what they share.
    """
    if len(places) == 1 or not any("," in str(folder) for folder in places.values()):
        return None
    try:
        return Path(os.path.commonpath(places.values()))
    except ValueError:  # on several drives
        return None


def _shown(places: Places) -> list[str]:
    if len(places) == 1:
        return ["--logdir", *map(str, places.values())]
    shared, told = working_folder(places), []
    for name, folder in places.items():
        told.append(f"{name}:{folder if shared is None else folder.relative_to(shared)}")
        if "," in told[-1]:
            raise OSError(f"it takes no comma in the path of one of several folders: {folder}")
    return ["--logdir_spec", ",".join(told)]


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


def launch(places: Places) -> tuple[subprocess.Popen[bytes], str]:
    """Start TensorBoard and return its process and the address it will answer at.

    Raises:
        OSError: it cannot be started.
    """
    port = free_port()
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        command(places, port), stdin=silent, stdout=silent, stderr=silent, cwd=working_folder(places)
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


def serve(places: Places) -> int:
    """Serve some folders in the foreground, open them in the browser, and return the server's exit code."""
    import webbrowser

    process, address = launch(places)
    try:
        answers = wait_until_it_answers(process, address)
        if process.poll() is None:  # a busy machine may take longer
            print(f"TensorBoard for {', '.join(map(str, places.values()))} at {address}", flush=True)
        if answers:
            webbrowser.open(address)
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        return process.wait()
