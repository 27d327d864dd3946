"""Keeping secrets out of texts: the address of a service holds passwords and tokens, and errors and logs repeat it."""

from __future__ import annotations

import re

MASK = "…"

_ADDRESS = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*)://([^\s'\"<>]+)")
_HARMLESS = frozenset({"file", "memory"})
_SHORTEST = 4
"""Shorter pieces of an address are no secrets, and masking them would leave no text to read."""


def masked(text: str) -> str:
    """Leave of every address in a text what kind it is, and of one for a browser its host."""
    return _ADDRESS.sub(_shortened, text)


def _shortened(found: re.Match[str]) -> str:
    scheme, rest = found[1], found[2]
    if scheme.lower() in _HARMLESS:
        return found[0]
    if scheme.lower() not in ("http", "https"):
        return f"{scheme}://{MASK}"
    host, slash, path = rest.rpartition("@")[2].partition("/")
    return f"{scheme}://{host.partition('?')[0]}{slash}{MASK if path or '?' in host else ''}"


class Masker:
    """Masks the address of one service, and every piece of it that could be a secret, in texts about it."""

    def __init__(self, address: str) -> None:
        self._secrets = sorted(_secrets_in(address), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """Return the text with nothing in it that only who knows the address could know."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return masked(text)


def _secrets_in(address: str) -> set[str]:
    from base64 import b64encode  # as urllib.parse, not needed to write a log
    from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

    _, _, rest = address.partition("://")
    try:
        parts = urlsplit(address)
        user, password = parts.username or "", parts.password or ""
        values = [value for _, value in parse_qsl(parts.query)]
    except ValueError:  # brackets that are no IPv6 address
        user, password, values = "", "", []
    pieces = {piece for piece in [*re.split(r"[/?&=:@#,;]", rest), *values, user] if len(piece) >= _SHORTEST}
    if password:
        pieces |= {password, b64encode(unquote(f"{user}:{password}").encode()).decode()}
    written = {form(piece) for piece in pieces for form in (str, unquote, quote, quote_plus)}
    return {address, rest} - {""} | written
