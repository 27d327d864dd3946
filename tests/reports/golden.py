"""Comparing a document with the one that was looked at: ``CRACKSEG_GOLDEN=write pytest tests/reports`` renews them."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """Fail where a document is not byte for byte the one that is kept."""
    path = FOLDER / name
    if os.environ.get("CRACKSEG_GOLDEN") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_bytes(text.encode())
    kept = path.read_bytes().decode()
    assert text.splitlines() == kept.splitlines()
    assert text == kept
