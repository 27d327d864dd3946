"""Finds ``resources/``: beside ``src/`` in a checkout, packed into the package in a wheel or a frozen build."""

from __future__ import annotations

from pathlib import Path

_PACKED = Path(__file__).parent / "resources"
_CHECKOUT = Path(__file__).parents[2] / "resources"


def resource(*parts: str) -> Path:
    """Return the path of a file or folder in ``resources/``; it is the caller who finds out whether it is there."""
    return (_PACKED if _PACKED.is_dir() else _CHECKOUT).joinpath(*parts)
