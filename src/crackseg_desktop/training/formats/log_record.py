"""One record of a text log: the five ways in which CrackSeg and Hydra begin a line."""

from __future__ import annotations

import re
from typing import NamedTuple

from crackseg_desktop.training.formats.base import as_time

_LEVELS = "DEBUG|INFO|WARNING|ERROR|CRITICAL"
_TIME = r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)"
_DIALECTS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rf"\[{_TIME}\]\[(?P<logger>[^\]]*)\]\[(?P<level>{_LEVELS})\] - (?P<message>.*)",  # Hydra's
        rf"\[{_TIME}\]\[(?P<level>{_LEVELS})\]\[(?P<logger>[^\]]*)\] - (?P<message>.*)",  # CrackSeg's experiment log
        rf"{_TIME} - (?P<logger>[^ ]*) - (?P<level>{_LEVELS}) - (?P<message>.*)",
        rf"\[{_TIME}\](?P<logger>) (?P<level>{_LEVELS}) - (?P<message>.*)",
        rf"(?P<time>)\[(?P<level>{_LEVELS})\] (?P<logger>[^ :]*): (?P<message>.*)",
    )
)


class LogRecord(NamedTuple):
    """A record's head; ``time`` is Unix seconds, None where the line tells none. Further lines may follow."""

    time: float | None
    logger: str
    level: str
    message: str

    @property
    def is_error(self) -> bool:
        """Say whether the level is ERROR or above."""
        return self.level in ("ERROR", "CRITICAL")


def parse_record(line: str) -> LogRecord | None:
    """Return the record that a line begins; None where it belongs to the record before it."""
    if not line or line[0] not in "[0123456789":
        return None
    for dialect in _DIALECTS:
        match = dialect.match(line)
        if match is not None:
            time = as_time(match["time"]) if match["time"] else None
            return LogRecord(time, match["logger"], match["level"], match["message"])
    return None
