"""The events of a Chrome trace, one after the other, from a file of any size, plain or gzipped.

The decoder is the standard library's, fed with a window of the text. Measured against ijson with its C backend it is as
fast or a third faster, needs one pass for the events and for what stands beside them (ijson follows one prefix a pass),
and takes what profilers really write: bare NaN, control characters and invalid UTF-8 in names. What it does not take
(a bare ``inf``, a lone backslash) is repaired event by event; a damaged event is skipped and counted.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

    Event = dict[str, Any]

CHUNK_BYTES = 1 << 20
VALUE_LIMIT = 1 << 22
"""No event and no value beside the events is longer, in characters; what seems to be is damaged."""
SKIPPED_LIMIT = 1000
"""A trace with more damaged stretches is not read any further."""
_REPAIR_LIMIT = 1 << 14
_CUT_OFF = "it ends in the middle"
_GZIP_MAGIC = b"\x1f\x8b"
# Decimal: floats of microseconds since 1970 are a quarter of a microsecond apart, and traces have three decimals.
_decode = json.JSONDecoder(parse_float=Decimal, strict=False).raw_decode
_UNDECODABLE = (ValueError, RecursionError, InvalidOperation)  # the last: an exponent of 20 digits
_NOTHING = re.compile(r"[\s\ufeff]*")
_BETWEEN = re.compile(r"[\s,]*")
_NEXT_EVENT = re.compile(r'\{\s*"ph"\s*:')
_EVENTS_KEY = re.compile(r'"traceEvents"(?=\s*:\s*\[)')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]', re.DOTALL)
_ODD = re.compile(r'("(?:[^"\\]|\\.)*")|[-+]?\b(?:nan|inf(?:inity)?)\b', re.DOTALL | re.IGNORECASE)
_LONE_BACKSLASH = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)')
_TAIL = 64


class NotATraceError(Exception):
    """A file is no trace; the message says what it lacks."""


class TraceStream:
    """Walks over the events of a trace. Use it as an iterator, once.

    Attributes:
        beside: what stands beside the events by its key, as far as ``wanted`` names it.
        skipped: how many damaged stretches were skipped.
        fault: why the file could not be read to its end, or None.
    """

    def __init__(self, file: BufferedReader, wanted: frozenset[str] = frozenset()) -> None:
        self.beside: dict[str, Any] = {}
        self.skipped = 0
        self.fault: str | None = None
        self._wanted = wanted
        self._window = _Window(file)

    def __iter__(self) -> Iterator[Event]:
        """Yield every event that can be read.

        Raises:
            NotATraceError: the file does not hold a list of events.
        """
        window = self._window
        match window.skip(_NOTHING):
            case "[":
                window.at += 1
                yield from self._events(is_closed=False)
            case "{":
                window.at += 1
                yield from self._document()
            case "":
                raise NotATraceError(window.fault or "it is empty")
            case _:
                raise NotATraceError("it is no JSON document")
        self.fault = window.fault or self.fault

    def _document(self) -> Iterator[Event]:
        """Walk over an object that has the events under one of its keys."""
        window, has_events = self._window, False
        while (sign := window.skip(_BETWEEN)) not in ("}", ""):
            try:
                key = window.value()
                if window.colon() == "[" and key == "traceEvents":
                    window.at += 1
                    has_events = True
                    yield from self._events(is_closed=True)
                    if self.fault:
                        return
                    continue
                value = window.value()
            except ValueError:
                if has_events:
                    self.fault = _CUT_OFF if window.ended else "what stands behind its events is damaged"
                    return
                if not window.seek(_EVENTS_KEY):
                    break
                self.skipped += 1
                continue
            if isinstance(key, str) and key in self._wanted:
                self.beside[key] = value
        if not has_events:
            raise NotATraceError("it has no traceEvents")
        if not sign:
            self.fault = _CUT_OFF

    def _events(self, *, is_closed: bool) -> Iterator[Event]:
        """Walk over the list that begins here; ``is_closed``: without its ``]`` it is not whole."""
        window = self._window
        while (sign := window.skip(_BETWEEN)) != "]":
            if not sign:
                if is_closed:
                    self.fault = _CUT_OFF
                return
            try:
                value = window.value(is_repaired=True)
            except ValueError:
                window.at += 1
                is_over = not window.seek(_NEXT_EVENT)
                if is_over or self.skipped == SKIPPED_LIMIT:
                    self.fault = _CUT_OFF if is_over else "it is damaged throughout"
                    return
                self.skipped += 1
                continue
            if isinstance(value, dict):
                yield value
            else:
                self.skipped += 1
        window.at += 1


class _Window:
    """A window of the file's text that moves on.

    Attributes:
        text, at: what is seen, and where in it the walk stands.
        ended: the file has no more.
        fault: why it could not be read to its end.
    """

    def __init__(self, file: BufferedReader) -> None:
        head = file.read(len(_GZIP_MAGIC))
        file.seek(0)
        self._file = gzip.GzipFile(fileobj=file) if head == _GZIP_MAGIC else file
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.text, self.at, self.ended = "", 0, False
        self.fault: str | None = None

    def more(self) -> bool:
        """Forget what the walk has passed and read on; False: the file has no more."""
        if self.ended:
            return False
        try:
            # Of a file that was cut off, a single raw read loses nothing before it says so.
            data = self._file.read1(CHUNK_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            data, self.fault = b"", f"it cannot be read any further: {error}"
        self.ended = not data
        self.text, self.at = self.text[self.at :] + self._decode(data, self.ended), 0
        return True

    def skip(self, signs: re.Pattern[str]) -> str:
        """Pass over any number of some signs and return the one behind them, empty at the end of the file."""
        while True:
            if found := signs.match(self.text, self.at):
                self.at = found.end()
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def colon(self) -> str:
        """Pass over a colon and the space around it and return the sign behind, empty at the end of the file."""
        if self.skip(_NOTHING) == ":":
            self.at += 1
        return self.skip(_NOTHING)

    def seek(self, pattern: re.Pattern[str]) -> bool:
        """Move to where a pattern matches next; False: nowhere."""
        while (found := pattern.search(self.text, self.at)) is None:
            self.at = max(self.at, len(self.text) - _TAIL)
            if not self.more():
                return False
        self.at = found.start()
        return True

    def value(self, *, is_repaired: bool = False) -> Any:
        """Return the JSON value that begins here.

        Raises:
            ValueError: there is none, or it is damaged.
        """
        while True:
            try:
                value, end = _decode(self.text, self.at)
            except _UNDECODABLE as error:
                if len(self.text) - self.at > VALUE_LIMIT or not self.more():
                    if is_repaired:
                        return self._repaired()
                    raise ValueError(str(error)) from error
                continue
            if end == len(self.text) and end - self.at <= VALUE_LIMIT and self.more():
                continue  # a number could go on
            self.at = end
            return value

    def _repaired(self) -> Any:
        """Return the object that begins here after mending what no decoder takes."""
        depth = 0
        for token in _TOKEN.finditer(self.text, self.at, self.at + _REPAIR_LIMIT):
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            if depth == 0:
                break
        else:
            raise ValueError("the object has no end")
        mended = _ODD.sub(
            lambda found: _mended_string(found[1]) if found[1] else "null", self.text[self.at : token.end()]
        )
        try:
            value, _ = _decode(mended)
        except _UNDECODABLE as error:
            raise ValueError(str(error)) from error
        self.at = token.end()
        return value


def _mended_string(text: str) -> str:
    return _LONE_BACKSLASH.sub(lambda found: found[0] if found[1] else r"\\", text)
