"""The pane beside the alert list: one alert with its figures, the curve behind it, why likely, and what to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from crackseg_desktop import units
from crackseg_desktop.readings import AlertState
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.alert_words import (
    Evidence,
    evidence_of,
    is_above,
    is_told_in_words,
    since_words,
    snoozed_words,
    unit_of,
)
from crackseg_desktop.ui.plots import Plot, Series
from crackseg_desktop.ui.rule_words import distance_words, figure_of, limit_figure, rule_title
from crackseg_desktop.ui.widgets import ticks
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.facts import Fact, FactList
from crackseg_desktop.ui.widgets.fields import Field
from crackseg_desktop.ui.widgets.plot_layers import Dot, Frame
from crackseg_desktop.ui.widgets.snooze_menu import open_snooze_menu
from crackseg_desktop.ui.widgets.states import SEVERITY_WORDS, alert_chip, alert_glyph
from crackseg_desktop.ui.widgets.surfaces import Card, Chip, Rule
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span, plain

if TYPE_CHECKING:
    from crackseg_desktop.readings import AlertEvent, Silence
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme

WIDTH = 336
_PLOT_HEIGHT = 120
_NOTE_LENGTH = 200
_MAY_ACKNOWLEDGE = frozenset({AlertState.FIRING, AlertState.SNOOZED})


class EvidencePlot(Plot):
    """The curve behind an alert, against the time before its last point, with the limit as a line and a tick."""

    def put(self, evidence: Evidence, ends_at: str, *, above: bool) -> None:
        """Show a curve; ``ends_at`` names the moment of its last point."""
        low, high = evidence.y_range
        limited = evidence.unit != "state"
        frame = Frame(
            x_range=(-evidence.span, 0.0),
            y_range=(low, high),
            x_ticks=[ticks.Tick(-evidence.span, f"−{units.duration(evidence.span)}"), ticks.Tick(0.0, ends_at)],
            y_ticks=ticks.y_ticks(low, high, _PLOT_HEIGHT - 30, evidence.unit, evidence.limit) if limited else [],
            limit=evidence.limit if limited else None,
            limit_above=above,
            dots=[Dot(0.0, float(evidence.y[-1]), evidence.colour)],
        )
        self.draw(frame, [Series(evidence.x - evidence.x[-1], evidence.y, evidence.colour, width=1.5, filled=True)])


class AlertDetail(Card):
    """One alert and what can be done about it. ``rule_wanted`` asks for the rule behind it."""

    rule_wanted = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=0, spacing=0)
        theme = context.theme
        self._actions = context.actions
        self.event_shown: AlertEvent | None = None
        self.silence: Silence | None = None
        self.setFixedWidth(WIDTH)
        self._glyph, self.title, self.chip = Line(theme), Paragraph(theme, scale="subtitle", colour="text"), Chip(theme)
        self.about, self.summary = Line(theme, elide=True), Paragraph(theme, scale="label")
        self.facts = FactList(theme, 22)
        self.plot = EvidencePlot(theme, "Evidence", 52)
        self.plot.setFixedHeight(_PLOT_HEIGHT)
        self.cause, self.advice = _Titled(theme, "Why"), _Titled(theme, "What to try")
        self.note_said = _Titled(theme, "Note")
        self.rule = Button(theme, "Change the rule", kind="quiet", height=28)
        self.rule.clicked.connect(self._on_rule)
        self.body.addWidget(self._scrolled(), 1)
        self._controls = self._foot(theme)
        self.body.addWidget(self._controls)

    def put(self, event: AlertEvent | None, model: Model) -> None:
        """Show an alert; None leaves the pane empty."""
        if event is not None and self.event_shown is not None and event.key != self.event_shown.key:
            self.note.clear()
        self.event_shown = event
        self.silence = None if event is None else model.silence_of(event)
        self.setVisible(event is not None)
        if event is None:
            return
        snoozed = snoozed_words(event, model)
        glyph, colour = alert_glyph(event)
        self._glyph.put(Span("", glyph=glyph, glyph_colour=colour, glyph_size=18))
        self.title.put(event.title)
        self.chip.put(alert_chip(event, snoozed))
        self.about.put(Span(_about(event), "caption", None, "text2"))
        self.summary.put(event.summary)
        self.facts.put(_facts(event, model))
        self._show_evidence(event, model)
        self.note_said.put(event.note)
        self._show_buttons(event, snoozed)
        self.rule.setToolTip(f"Rule: {rule_title(event.rule)}")
        self.setAccessibleName(f"Details: {event.title}")

    def _show_evidence(self, event: AlertEvent, model: Model) -> None:
        shown, found = evidence_of(event, model), event.evidence
        self.plot.setVisible(shown.drawable)
        if shown.drawable:
            carried = found is not None and len(found.points) > 1
            ends_at = f"fired {words.when(float(shown.x[-1]), model.now)}" if carried else "now"
            self.plot.put(shown, ends_at, above=is_above(event, model))
            last = figure_of(shown.unit, float(shown.y[-1]))
            self.plot.setAccessibleDescription(f"{last} at the end, limit {shown.limit_words}")
        self.cause.put(found.cause if found is not None else "")
        self.advice.put(found.advice if found is not None else "")

    def _show_buttons(self, event: AlertEvent, snoozed: str) -> None:
        may = event.state in _MAY_ACKNOWLEDGE
        self._controls.setVisible(event.state != AlertState.RESOLVED)
        self.note.setVisible(may)
        self.acknowledge.setVisible(may)
        self.end.setVisible(bool(snoozed))
        self.snooze.setVisible(not snoozed and event.state != AlertState.RESOLVED)

    def _scrolled(self) -> QScrollArea:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 16, 14, 12)
        column.setSpacing(10)
        head, states = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.title, 1)
        states.addWidget(self.chip)
        states.addStretch(1)
        states.addWidget(self.rule)
        column.addLayout(head)
        column.addLayout(states)
        for part in (self.about, self.summary, self.plot, self.facts, self.cause, self.advice, self.note_said):
            column.addWidget(part)
        column.addStretch(1)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        inner.setAutoFillBackground(False)
        area.viewport().setAutoFillBackground(False)
        return area

    def _foot(self, theme: Theme) -> QWidget:
        foot = QWidget()
        column, row = QVBoxLayout(foot), QHBoxLayout()
        column.setContentsMargins(16, 0, 16, 14)
        column.setSpacing(10)
        self.note = Field(theme, "Note for the acknowledgement")
        self.note.setPlaceholderText("Note (optional)")
        self.note.setMaxLength(_NOTE_LENGTH)
        self.note.returnPressed.connect(self._on_acknowledge)
        self.acknowledge = Button(theme, "Acknowledge", kind="primary")
        self.snooze = Button(theme, "Snooze", icon="snooze").with_menu_mark()
        self.end = Button(theme, "End snooze", icon="snooze")
        self.acknowledge.clicked.connect(self._on_acknowledge)
        self.snooze.clicked.connect(self._on_snooze)
        self.end.clicked.connect(self._on_end)
        row.setSpacing(8)
        for part in (self.acknowledge, self.snooze, self.end):
            row.addWidget(part)
        row.addStretch(1)
        column.addWidget(Rule(theme))
        column.addWidget(self.note)
        column.addLayout(row)
        return foot

    def _on_acknowledge(self) -> None:
        if self.event_shown is not None:
            self._actions.acknowledge(self.event_shown.key, self.note.text().strip())
            self.note.clear()

    def _on_snooze(self) -> None:
        open_snooze_menu(self.snooze, self._actions, self.event_shown)

    def _on_end(self) -> None:
        if self.silence is not None:
            self._actions.end_snooze(self.silence.scope, self.silence.subject)

    def _on_rule(self) -> None:
        if self.event_shown is not None:
            self.rule_wanted.emit(self.event_shown.rule)


class _Titled(QWidget):
    """A small heading and a paragraph; gone where there is nothing to say."""

    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self._words = Paragraph(theme, scale="label", colour="text")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(Line(theme, Span(title, "caption", 600, "text2")))
        column.addWidget(self._words)

    @property
    def text(self) -> str:
        """Return its paragraph."""
        return self._words.text()

    def put(self, text: str) -> None:
        """Show a text."""
        self._words.put(text)
        self.setVisible(bool(text))


def _facts(event: AlertEvent, model: Model) -> list[Fact]:
    unit, over = unit_of(event), event.state == AlertState.RESOLVED
    facts: list[Fact] = []
    if not is_told_in_words(unit):
        value, above = model.value_of(event), is_above(event, model)
        distance = distance_words(unit, value, event.limit, above=above)
        spans = [Span(figure_of(unit, value), "label", 600)]
        spans += [Span(distance, "label", None, "text2", 8)] if distance and not over else []
        facts.append(("At the end" if over else "Now", tuple(spans)))
        facts.append(("Limit", plain(f"{'above' if above else 'below'} {limit_figure(unit, event.limit)}", weight=500)))
        if event.peak is not None:
            facts.append(("Highest" if above else "Lowest", plain(figure_of(unit, event.peak), weight=500)))
    facts.append(("Since", plain(since_words(event, model), weight=500)))
    if over:
        lasted = units.duration(event.time - event.since if event.lasted is None else event.lasted)
        facts.append(("Ended", plain(f"{words.when(event.time, model.now)}, after {lasted}", weight=500)))
    replay = model.replay_of(event)
    if replay is not None:
        facts.append(("Would have fired", plain(replay.words, weight=500)))
    return facts


def _about(event: AlertEvent) -> str:
    often = f"fired {event.occurrence} times lately" if event.occurrence > 1 else ""
    return " · ".join(filter(None, (SEVERITY_WORDS[event.severity], event.subject, often)))
