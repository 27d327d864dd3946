"""The tables of the history, and how a file of an earlier version becomes one of this.

Samples come as rows of the *journal*, all series together. Every few minutes the journal becomes plain *blocks* of
one series each, and each hour those become one packed block, of which the next coarser tier is made in the same
transaction: then they are ``folded``. So what a tier does not hold yet, the blocks of finer tiers that are not folded
and the journal do. Blocks may overlap (a clock was set back): whoever reads sorts and folds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crackseg_desktop.series import SeriesKey

FILE_NAME = "history.sqlite"

MIGRATIONS = (
    # In "series", "seen" is about when it last had a figure. In "blocks", "until" is the last time of samples, or where
    # the last bucket ends; "begins" is the aligned span that is folded together. In "pruned", what a tier has not got
    # any more, but for pins. "doubt" is since when, and after what jump, the clock is not trusted enough to delete.
    """
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, metric TEXT NOT NULL, labels TEXT NOT NULL, seen REAL NOT NULL, UNIQUE (metric, labels)
    );
    CREATE TABLE journal (id INTEGER PRIMARY KEY, since REAL NOT NULL, until REAL NOT NULL, content BLOB NOT NULL);
    CREATE TABLE blocks (
        id INTEGER PRIMARY KEY, series INTEGER NOT NULL, period REAL NOT NULL, since REAL NOT NULL, until REAL NOT NULL,
        begins REAL NOT NULL, folded INTEGER NOT NULL, content BLOB NOT NULL
    );
    CREATE INDEX blocks_by_time ON blocks (series, period, since, until);
    CREATE INDEX blocks_by_age ON blocks (period, since, until);
    CREATE INDEX blocks_open ON blocks (period, begins, series) WHERE NOT folded;
    CREATE TABLE pins (period REAL NOT NULL, since REAL NOT NULL, until REAL NOT NULL);
    CREATE TABLE gaps (since REAL NOT NULL, until REAL NOT NULL, reason TEXT NOT NULL);
    CREATE INDEX gaps_by_time ON gaps (until);
    CREATE TABLE pruned (period REAL PRIMARY KEY, until REAL NOT NULL);
    CREATE TABLE writer (id INTEGER PRIMARY KEY CHECK (id = 0), token TEXT NOT NULL, time REAL NOT NULL);
    CREATE TABLE doubt (id INTEGER PRIMARY KEY CHECK (id = 0), since REAL NOT NULL, jump REAL NOT NULL)
    """,
)


def text_of(key: SeriesKey) -> tuple[str, str]:
    """Return a series as it is named in the file: its metric, and its labels as JSON."""
    metric, labels = key
    text = json.dumps(labels, ensure_ascii=False)
    # A disk may be mounted at a path that is no UTF-8, which Python writes with surrogates and SQLite does not take.
    return metric, json.dumps(labels) if any("\ud800" <= letter <= "\udfff" for letter in text) else text


def key_of(metric: str, labels: str) -> SeriesKey:
    """Return the key of a series that is named so in the file."""
    return metric, tuple((str(name), str(value)) for name, value in json.loads(labels))
