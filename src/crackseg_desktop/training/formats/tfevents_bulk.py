"""Big event files in windows of two megabytes, with NumPy; imported for big files only.

A window is framed in lock step (``tfevents_lockstep``), and its scalar records are read in columns, after templates
learnt from earlier ones (``tfevents_templates``). Everything else (several values in one event, images, the first
record, damage) goes through the serial decoder, in file order, so that both ways tell the same; a window that is
mostly such is left to the serial reader. Memory is bounded by the window, whatever the size of the file.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crackseg_desktop.training.formats.crc32c import load_crc32c, mask
from crackseg_desktop.training.formats.crc32c_bulk import Contributions
from crackseg_desktop.training.formats.tfevents_decode import Column
from crackseg_desktop.training.formats.tfevents_framing import FOOTER_BYTES, HEADER_BYTES
from crackseg_desktop.training.formats.tfevents_lockstep import Window, find_records
from crackseg_desktop.training.formats.tfevents_templates import FEW, LONGEST, Rows, Templates, decoded, style_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from crackseg_desktop.training.formats.base import Clues
    from crackseg_desktop.training.formats.tfevents_decode import Columns, Decoder, RawPoint
    from crackseg_desktop.training.formats.tfevents_lockstep import Records
    from crackseg_desktop.training.formats.tfevents_templates import Places

WINDOW_BYTES = 1 << 21
_MOST_STYLES = 8
_MOST_TEMPLATES = 1 << 15
_NO_TAG = -1


class Portion(NamedTuple):
    """What a window held: points by tag, how many bytes were read, and where in it payloads are damaged."""

    columns: Columns
    consumed: int
    damaged: list[int]


class BulkReader:
    """Reads windows of event files; what it learns from one file serves the others too."""

    def __init__(self) -> None:
        self._templates: list[Templates] = []
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._contributions = Contributions()

    def window(self, size: int) -> Window:
        """Return a window for the parts of so much of a file."""
        return Window(min(size, WINDOW_BYTES))

    def read(self, window: Window, size: int, offset: int, decoder: Decoder, clues: Clues) -> Portion | None:
        """Read the first ``size`` bytes of a window, which lies at ``offset`` in its file; None where that pays not."""
        records = find_records(window, size)
        if records.consumed <= size // 2:
            return None
        if len(self._templates) >= _MOST_STYLES or sum(map(len, self._templates)) > _MOST_TEMPLATES:
            self._templates, self._numbers, self._names = [], {}, []
        points = _Points(window, records)
        self._read_known(points)
        self._give_up(points, decoder.other_plugins)
        if np.count_nonzero(points.tags == _NO_TAG) * 2 > len(points.tags):
            return None
        _see_times(points.times[points.tags != _NO_TAG], clues)
        odd, damaged = self._read_odd(points, offset, decoder)
        return Portion(self._columns(points, odd), records.consumed, damaged)

    def _read_known(self, points: _Points) -> None:
        """Read what follows templates, known ones and such as can be learnt."""
        # Small numbers are sorted by radix; what is longer than any template may be in any order.
        rest = np.argsort(np.minimum(points.records.lengths, LONGEST + 1).astype(np.uint16), kind="stable")
        for templates in self._templates:
            rest = self._read_style(points, rest, templates)
        while len(self._templates) < _MOST_STYLES and (new := self._new_style(points, rest)) is not None:
            self._templates.append(new)
            rest = self._read_style(points, rest, new)
        self._templates.sort(key=lambda templates: -templates.used)

    def _new_style(self, points: _Points, rest: Places) -> Templates | None:
        """Return a style that is not known, of a record among the rest; a few are looked at."""
        known = {templates.style for templates in self._templates}
        for place in rest[:: max(1, len(rest) // FEW)].tolist() if len(rest) >= FEW else ():
            data = points.payload(place)
            record = decoded(data)
            style = style_of(data, record) if data is not None and record is not None else None
            if style is not None and style not in known:
                return Templates(style)
        return None

    def _read_style(self, points: _Points, rest: Places, templates: Templates) -> Places:
        """Read the records that follow the templates of one style; return the others. All are sorted by length."""
        lengths = points.records.lengths[rest]
        first, stop = lengths.searchsorted((templates.style.shortest, LONGEST + 1)).tolist()
        if first >= stop:
            return rest
        places = rest[first:stop]
        starts = points.records.starts[places]
        rows = Rows(points.window, starts, lengths[first:stop], templates.style)
        found, is_known = templates.find_or_learn(
            rows.hashes, lambda row: points.payload(int(places[row])), self._number
        )
        if not is_known.any():
            return rest
        is_known &= rows.is_sound(templates.crcs.take(found), self._contributions)
        points.tags[places] = np.where(is_known, templates.tags.take(found), np.int32(_NO_TAG))
        points.steps[places], points.times[places], points.values[places] = rows.steps, rows.times, rows.values
        others = places[~is_known]
        templates.used += len(places) - len(others)
        return np.concatenate((rest[:first], others, rest[stop:]))

    def _number(self, tag: str) -> int:
        number = self._numbers.setdefault(tag, len(self._names))
        if number == len(self._names):
            self._names.append(tag)
        return number

    def _give_up(self, points: _Points, claimed: dict[str, int], after: int = -1) -> None:
        """Take back what was read of tags that another plugin claims: only the decoder knows which are scalars."""
        numbers = [self._numbers[tag] for tag in claimed.keys() & self._numbers.keys()]
        if numbers:
            later = points.tags[after + 1 :]
            later[np.isin(later, numbers)] = _NO_TAG

    def _read_odd(self, points: _Points, offset: int, decoder: Decoder) -> tuple[list[tuple[int, RawPoint]], list[int]]:
        """Decode in file order what follows no template.

        Return the points with the places of their records, and where payloads are damaged.
        """
        found: list[tuple[int, RawPoint]] = []
        damaged: list[int] = []
        odd, claimed = points.odd(), decoder.other_plugins
        while odd:
            place = odd.pop()
            data, start, count = points.payload(place), int(points.records.starts[place]), len(claimed)
            if data is None:
                damaged.append(start)
                continue
            found += [(place, point) for point in decoder.points(data, offset + start)]
            if not self._numbers.keys().isdisjoint(islice(reversed(claimed), len(claimed) - count)):
                self._give_up(points, claimed, place)
                odd = points.odd(place)
        return found, damaged

    def _columns(self, points: _Points, odd: list[tuple[int, RawPoint]]) -> Columns:
        """Return the points by tag, each in file order."""
        more: dict[str, int] = {}
        for _, point in odd:
            if point.tag not in self._numbers:
                more.setdefault(point.tag, len(self._numbers) + len(more))
        names = [*self._names, *more]
        tags, columns = points.merged(
            odd, [more[point.tag] if point.tag in more else self._numbers[point.tag] for _, point in odd]
        )
        # Small numbers are sorted by radix; _NO_TAG becomes the largest.
        order = np.argsort(tags.astype(np.uint16) if len(names) < 0xFFFF else tags.view(np.uint32), kind="stable")
        columns = [column.take(order) for column in columns]
        counts = np.bincount(tags + 1)[1:]
        stops, present = np.cumsum(counts).tolist(), np.flatnonzero(counts).tolist()
        return {names[tag]: _column(columns, stops[tag] - int(counts[tag]), stops[tag]) for tag in present}


class _Points:
    """The records of one window, in file order, with the numbers of their tags (_NO_TAG where odd) and columns."""

    def __init__(self, window: Window, records: Records) -> None:
        self.window = window
        self.records = records
        count = len(records.starts)
        self.tags = np.full(count, _NO_TAG, np.int32)
        self.steps = np.empty(count, np.int64)
        self.times = np.empty(count, np.float64)
        self.values = np.empty(count, np.float64)
        self._crc32c = load_crc32c()

    def payload(self, place: int) -> bytes | None:
        """Return the payload of a record; None where its CRC contradicts."""
        start = int(self.records.starts[place]) + HEADER_BYTES
        stop = start + int(self.records.lengths[place])
        payload = bytes(self.window.data[start:stop])
        stored = int.from_bytes(self.window.data[stop : stop + FOOTER_BYTES], "little")
        return payload if mask(self._crc32c(payload)) == stored else None

    def odd(self, after: int = -1) -> list[int]:
        """Return the places behind one that follow no template, the last first."""
        odd: list[int] = np.flatnonzero(self.tags[after + 1 :] == _NO_TAG)[::-1].tolist()
        return [place + after + 1 for place in odd]

    def merged(
        self, odd: list[tuple[int, RawPoint]], numbers: list[int]
    ) -> tuple[NDArray[np.int32], list[NDArray[Any]]]:
        """Return tags and columns with the points of odd records among them, whose tags have these numbers."""
        columns: list[NDArray[Any]] = [self.steps, self.times, self.values]
        if not odd:
            return self.tags, columns
        places, points = zip(*odd, strict=True)
        order = np.argsort(np.concatenate((np.arange(len(self.tags)), places)), kind="stable")
        more = [np.array([point[1 + at] for point in points], column.dtype) for at, column in enumerate(columns)]
        merged = [np.concatenate(pair)[order] for pair in zip(columns, more, strict=True)]
        return np.concatenate((self.tags, np.array(numbers, np.int32)))[order], merged


def _see_times(times: NDArray[np.float64], clues: Clues) -> None:
    logged = times[(times > 0) & (times < np.inf)]
    if len(logged):
        clues.saw_time(float(logged.min()))
        clues.saw_time(float(logged.max()))


def _column(columns: list[NDArray[Any]], start: int, stop: int) -> Column:
    column = Column()
    steps, times, values = (column[start:stop].data.cast("B") for column in columns)
    column.steps.frombytes(steps)
    column.wall_times.frombytes(times)
    column.values.frombytes(values)
    return column
