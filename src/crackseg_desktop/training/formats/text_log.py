"""Text logs of any training: what a console shows, captured. Figures are taken from lines that name an epoch or a step.

Only words that trainings use for their figures are believed; what is drawn over with carriage returns counts where a
bar is full. Figures that the log gives in percent stay as they are, and their tag ends in ``%``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from crackseg_desktop.readings import Ending
from crackseg_desktop.training.formats.base import Axis, CountedOn, LineParser, Point, as_number, as_step, as_time
from crackseg_desktop.training.formats.error_log import LastWords
from crackseg_desktop.training.names import is_metric, part_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 2000
_LABEL_WORDS = 4
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TIME = re.compile(r"\[?(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,6}))?")
_EPOCH = re.compile(
    r"\bepoch\b['\"]? {0,20}(?:[:=#(] {0,20})?\[? {0,20}(?P<epoch>\d{1,18})(?!\.?\d)"
    r"(?: *(?:/|of) *(?P<total>\d{1,18}))?\]?",
    re.I,
)
_STEP = re.compile(
    r"\b(?:global[_ ])?(?P<unit>step|iter|iters|iteration|iterations|batch)\b {0,20}(?:[:=#(] {0,20})?"
    r"\[? {0,20}(?P<step>\d{1,18})(?!\.?\d)(?: *(?:/|of) *(?P<total>\d{1,18}))?",
    re.I,
)
_IN_EPOCH = re.compile(r" *\[ *(?P<step>\d{1,18}) */ *(?P<total>\d{1,18})\]")
_NUMBER = r"[-+]?(?:nan|inf(?:inity)?|(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:e[-+]?\d{1,4})?)"
_PAIR = re.compile(
    r"(?<!\w)(?P<label>[A-Za-z][\w/.@-]{0,60}(?: [A-Za-z][\w/.@-]{0,60}){0,5})['\"]?(?P<mark> *[:=] *| +)"
    rf"(?P<value>{_NUMBER})(?:(?<=nan|inf)\.0)?(?P<percent> ?%)?(?![\w.:/]|[-+]\d)",
    re.I,
)
_BAR = re.compile(r"(?<!\d)(?P<done>\d{1,18})/(?P<all>\d{1,18})[ \[]")
_DRAWN = re.compile(r"%\||\[[=>.━\-# ]{8,}\]|[━█]{4,}")
_FULL = re.compile(r"^\s*(?P<done>\d{1,18})/(?P=done) ")
_OF_LAST_EPOCH = re.compile(
    r"^\W*(?:info\W+)?(?:train|training|val|valid|validation|test|eval|evaluation)(?:\b|_)", re.I
)
_YOLO_ROW = re.compile(r"^ *(?P<epoch>\d{1,9})/(?P<total>\d{1,9}) +[\d.]+[GM]i?B? ")
_PIX2PIX = re.compile(r"^\(epoch: (?P<epoch>\d{1,9}), iters: (?P<step>\d{1,9}),[^)]*\) (?P<losses>.+)")
_LOSS = re.compile(rf"\b(?P<label>\w+): (?P<value>{_NUMBER})(?= |$)", re.I)
_COUNTING = ("epoch", "step", "iter", "batch")
_TELLING = (
    "traceback",
    "memory",
    "oom",
    "space",
    "errno 28",
    "train",
    "completed",
    "early",
    "epoch",
    "ignored",
    "atexit",
)
"""A line with none of these words is passed over at once: most lines of most logs."""
_DONE = re.compile(
    r"`?Trainer\.fit`? stopped: `?max_(?:epochs|steps)=|\btraining (?:is )?(?:complete[d]?|finished|done)\b"
    r"|\bfinished training\b|^\d+ epochs completed in ",
    re.I,
)
_EARLY = re.compile(
    r"\bearly[ -]stopp(?:ing|ed)(?: triggered|!| at| after)|^\W*early[ -]stopp(?:ing|ed)\W*$"
    r"|^EarlyStopping: Training stopped",
    re.I,
)
_PLANNED = re.compile(r"\b(?:max_epochs|num_epochs|total epochs|epoch(?:e)?s number)['\"]? *[:=] *(?P<total>\d+)", re.I)


class _Place(NamedTuple):
    """Where figures belong: the step, what it counts, and what is put before their tags."""

    step: int
    axis: Axis
    prefix: str = ""


class TextLog(LineParser):
    """Reads one log. Where its epochs begin anew the older branch is left to be superseded."""

    ends_at_return: ClassVar[bool] = True
    is_rotated: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._time: float | None = None
        self._epoch: int | None = None
        self._last: dict[str, tuple[int, str, float | None]] = {}
        self._last_words = LastWords()
        self._steps = CountedOn()

    @property
    def now(self) -> float:
        """Return the time of the line, Unix seconds: the newest that was logged, else the file's."""
        return self.fallback_time if self._time is None else self._time

    def line(self, text: str) -> None:
        """Take in one line, or one state of a progress bar."""
        if len(text) > _LONGEST or not text.strip():
            return
        if "\x1b" in text:
            text = _ANSI.sub("", text)
        self._tell_time(text)
        points = [point for point in self.figures(text) if self._is_news(point)]
        if points:
            self._points += points
            if not all(point.tag.lower().startswith("test") for point in points):
                self.clues.ending = None
            self._last_words.forget()
        else:
            self._judge(text.rstrip())

    def figures(self, text: str) -> Iterator[Point]:
        """Yield the figures of a line."""
        if (match := _PIX2PIX.match(text)) is not None:
            yield from self._losses(match)
            return
        if (match := _YOLO_ROW.match(text)) is not None:
            self._begin(match)
            return
        lower = text.lower()
        if not any(word in lower for word in _COUNTING) and not self._is_of_last_epoch(text):
            return
        if _DRAWN.search(text) and not _is_full(text):
            return
        epoch, step = _EPOCH.search(text), _STEP.search(text)
        if epoch is not None:
            self._begin(epoch)
        elif step is None and not self._is_of_last_epoch(text):
            return
        pairs = [pair for pair in _PAIR.finditer(text) if is_metric(_label(pair))]
        place = self._place(text, epoch, step) if pairs else None
        if place is not None:
            yield from self._placed(pairs, _part_before(text[: pairs[0].start("label")]), place)

    def _placed(self, pairs: list[re.Match[str]], part: str, place: _Place) -> Iterator[Point]:
        """Yield a line's figures; one that names no part of the training is of the part named before it."""
        for pair in pairs:
            value = as_number(pair["value"])
            part = _part_of_label(_label(pair)) or part
            if value is not None:
                yield Point(_tag(pair, part, place.prefix), place.step, self.now, value, place.axis)

    def _losses(self, match: re.Match[str]) -> Iterator[Point]:
        """Yield the figures of a line as pix2pix writes it, and what is made from it: all are losses."""
        step = self._steps.on(int(match["epoch"]), int(match["step"]))
        for pair in _LOSS.finditer(match["losses"]):
            value = as_number(pair["value"])
            if value is not None:
                yield Point(f"train_batch/loss_{pair['label']}", step, self.now, value, "step")

    def _is_of_last_epoch(self, text: str) -> bool:
        return self._epoch is not None and (_FULL.match(text) or _OF_LAST_EPOCH.match(text)) is not None

    def _begin(self, match: re.Match[str]) -> None:
        self._epoch = as_step(match["epoch"])
        total = as_step(match["total"]) if match["total"] is not None else None
        if total:
            self.clues.total_epochs = total

    def _place(self, text: str, epoch: re.Match[str] | None, step: re.Match[str] | None) -> _Place | None:
        """Return where the figures of a line belong; None where its numbers cannot be steps."""
        if epoch is None or self._epoch is None:
            number = self._epoch if step is None else as_step(step["step"])
            return None if number is None else _Place(number, "epoch" if step is None else "step")
        within = _IN_EPOCH.match(text, epoch.end()) or step
        if within is not None and within["total"] is not None:
            number = as_step(self._epoch * int(within["total"]) + int(within["step"]))
            return None if number is None else _Place(number, "step", "train_batch/")
        if step is None or step["unit"].lower().endswith("s"):
            return _Place(self._epoch, "epoch")
        is_global = step[0].lower().startswith("global")
        number = as_step(int(step["step"]) if is_global else self._steps.on(self._epoch, int(step["step"])))
        return None if number is None else _Place(number, "step")

    def _is_news(self, point: Point) -> bool:
        """Say whether a figure is no echo: a bar is drawn full more than once, a console may be captured twice."""
        told = (point.step, repr(point.value), self._time)
        is_news = self._last.get(point.tag) != told
        self._last[point.tag] = told
        return is_news

    def _tell_time(self, text: str) -> None:
        match = _TIME.match(text) if text[0] in "[0123456789" else None
        if match is None:
            return
        year, month, day, clock, fraction = match.groups()
        time = as_time(f"{year}-{month}-{day} {clock}.{(fraction or '0'):0<6}")
        if time is not None:
            self._time = time
            self.clues.saw_time(time)

    def _judge(self, text: str) -> None:
        """Look for the end of the training in a line without figures."""
        lower = text.lower()
        if not self._last_words.is_listening and not any(word in lower for word in _TELLING):
            return
        death = self._last_words.read(text, self._time)
        if death is not None:
            self.clues.ending = death
        elif _DONE.search(text):
            self.clues.ending = self.clues.ending or Ending("completed", None, self._time)
        elif _EARLY.search(text):
            self.clues.ending = Ending("early_stopping", None, self._time)
        elif (planned := _PLANNED.search(text)) is not None:
            self.clues.total_epochs = as_step(planned["total"]) or self.clues.total_epochs


def _is_full(text: str) -> bool:
    """Say whether a progress bar is at its end."""
    bars = list(_BAR.finditer(text))
    return bool(bars) and bars[-1]["done"] == bars[-1]["all"]


def _label(pair: re.Match[str]) -> str:
    """Return the words before a value that name it; without a colon, a lone word is believed only as a whole."""
    words = pair["label"].split(" ")[-_LABEL_WORDS:]
    while len(words) > 1 and not (is_metric(words[0]) or part_of(words[0]) or words[0].lower() in _QUALIFIERS):
        del words[0]
    if pair["mark"].isspace() and not is_metric(words[-1], alone=True):
        return ""
    return "" if words[0].lower() in _NOT_OF_THIS_EPOCH else " ".join(words)


_QUALIFIERS = frozenset(
    {"avg", "average", "mean", "total", "top-1", "top-5", "top1", "top5", "pixel", "learning", "best"}
)
_NOT_OF_THIS_EPOCH = frozenset({"best"})


def _part_before(text: str) -> str:
    words = re.findall(r"[A-Za-z]+", text)
    return next((part for word in reversed(words) if (part := part_of(word)) is not None), "")


def _part_of_label(label: str) -> str | None:
    return next((part for word in re.split(r"[ _/.-]", label) if (part := part_of(word)) is not None), None)


def _tag(pair: re.Match[str], part: str, prefix: str) -> str:
    label = _label(pair)
    has_part = _part_of_label(label) is not None
    if prefix and not has_part and part in ("", "train"):
        before = prefix
    elif part and not has_part and not re.fullmatch(r"lr|learning[ _]rate", label, re.I):
        before = f"{part}/"
    else:
        before = ""
    return f"{before}{label}{'%' if pair['percent'] else ''}"
