"""Short stable names for things that have only a long one: the same on every start, Python and machine."""

from __future__ import annotations

from importlib import import_module


def short_digest(text: str, length: int = 10) -> str:
    """Return the first ``length`` hex digits of the SHA-1 of a text (no secret depends on it).

    ``hashlib`` would load OpenSSL for this: 3.7 MB of a program that is meant to sit in the tray unnoticed. CPython's
    own SHA-1 is the module that ``hashlib`` itself falls back to.
    """
    try:
        sha1 = import_module("_sha1").sha1
    except ImportError:
        from hashlib import sha1
    digest: str = sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
    return digest[:length]
