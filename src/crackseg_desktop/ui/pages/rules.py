"""The rules as a list: each with its present value beside the limit, and every figure of it a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from crackseg_desktop.alerts.rules import BUILTIN, rules_from
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import Severity
from crackseg_desktop.ui.rule_words import (
    all_rules,
    figure_of,
    has_limit,
    limit_text,
    limit_words,
    parse_limit,
    parse_seconds,
    rule_title,
    seconds_text,
    unit_name,
)
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.fields import Field, Switch
from crackseg_desktop.ui.widgets.states import SEVERITY_WORDS
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Span, metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from crackseg_desktop.alerts.rule import Rule
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme

_SWITCH, _PRESENT, _LIMIT, _FOR, _SEVERITY, _CHANNELS, _RESET = 34, 128, 156, 88, 108, 116, 62
_ROOM_FOR_CHANNELS = 1010
_HEIGHT = 56
_GAP = 12
_STALE_SECONDS = 30.0
_BUILT_IN = {rule.name: rule for rule in BUILTIN}


class RulesView(Card):
    """All rules under one head. What is typed is checked at once, in force and saved once it is entered."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme, padding=1, spacing=0)
        self._context = context
        self.rows: dict[str, RuleRow] = {}
        inner = QWidget()
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(inner)
        inner.setAutoFillBackground(False)
        self._head = _Head(context.theme)
        self.body.addWidget(self._head)
        self.body.addWidget(self._area, 1)
        self.take(context)

    def take(self, context: Context) -> None:
        """Take over changed settings."""
        self._context = context
        tables = context.settings.rules
        rules = all_rules(tables)
        for name in self.rows.keys() - {rule.name for rule in rules}:
            self.rows.pop(name).deleteLater()
        for index, rule in enumerate(rules):
            if rule.name not in self.rows:
                self.rows[rule.name] = RuleRow(context, rule)
                self._column.insertWidget(index, self.rows[rule.name])
            self.rows[rule.name].known_channels = tuple(context.settings.channels)
            self.rows[rule.name].put(rule, tables)

    def refresh(self, model: Model) -> None:
        """Show the present values."""
        for row in self.rows.values():
            row.show_present(model)
        if model.now - model.loaded_at > _STALE_SECONDS:
            model.loaded_at = model.now
            self._context.actions.request_snapshot()

    def show_rule(self, name: str) -> None:
        """Bring a rule into sight, and the keyboard to it."""
        row = self.rows.get(name)
        if row is not None:
            self._area.ensureWidgetVisible(row, 0, _HEIGHT)
            (row.limit if row.limit.isVisible() else row.on).setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out the channels where there is no room."""
        super().resizeEvent(event)
        wide = self.width() >= _ROOM_FOR_CHANNELS
        self._head.channels.setVisible(wide)
        for row in self.rows.values():
            row.channels.setVisible(wide)


class RuleRow(QWidget):
    """One rule; ``known_channels`` are those that it can be told on."""

    def __init__(self, context: Context, rule: Rule) -> None:
        super().__init__()
        theme, title = context.theme, rule_title(rule.name)
        self._theme, self._actions = theme, context.actions
        self.rule = rule
        self.known_channels: tuple[str, ...] = ()
        self._tables: Mapping[str, Mapping[str, Any]] = {}
        self.setFixedHeight(_HEIGHT)
        self.on = Switch(theme, f"{title} on")
        self.on.clicked.connect(self._on_switched)
        self.title, self.about = Line(theme, elide=True, height=18), Line(theme, elide=True, height=16)
        self.present, self.subject = Line(theme, elide=True, height=18), Line(theme, elide=True, height=16)
        self.compared = Line(theme, align="right", height=32)
        self.limit = Field(theme, f"{title}: limit", unit_name(rule), self._check_limit)
        self.wait = Field(theme, f"{title}: for how long", "", parse_seconds)
        self.severity = Button(theme, "Warning").with_menu_mark()
        self.channels = Button(theme, "By severity", kind="quiet").with_menu_mark()
        self.reset = Button(theme, "Reset", kind="quiet", height=28)
        self.limit.changed.connect(self._on_limit)
        self.wait.changed.connect(self._on_wait)
        self.severity.clicked.connect(self._on_severity)
        self.channels.clicked.connect(self._on_channels)
        self.reset.clicked.connect(self._on_reset)
        self.reset.setAccessibleName(f"Reset {title} to the default")
        self._lay_out()

    def put(self, rule: Rule, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Show a rule as the tables of the settings have it."""
        self.rule, self._tables = rule, tables
        colour = "text" if rule.enabled else "text3"
        self.on.setChecked(rule.enabled)
        self.title.put(Span(rule_title(rule.name), "label", 600, colour))
        self.about.put(Span(_about(rule), "caption", None, "text3"))
        self.compared.put(Span(rule.comparison if has_limit(rule) else "when it happens", "label", None, "text2"))
        self.limit.setVisible(has_limit(rule))
        self.limit.put(limit_text(rule))
        self.wait.put(seconds_text(rule.for_seconds))
        self.severity.setText(SEVERITY_WORDS[rule.severity])
        self.severity.setAccessibleName(f"{rule_title(rule.name)}: severity {SEVERITY_WORDS[rule.severity]}")
        self._show_channels()
        self.reset.setVisible(rule.name in tables and rule.name in _BUILT_IN)
        for part in (self.limit, self.wait, self.severity, self.channels):
            part.setEnabled(rule.enabled)

    def show_present(self, model: Model) -> None:
        """Show the value of the worst subject now."""
        rule, values = self.rule, model.present(self.rule)
        if not values:
            self.present.put(Span("–", "label", None, "text3"))
            self.subject.put(Span("no data now", "caption", None, "text3"))
            return
        subject, value = values[0]
        beyond = rule.enabled and not rule.relative_to and rule.breached_by(value)
        colour, glyph = "text" if rule.enabled else "text2", "warning" if beyond else None
        self.present.put(
            Span(figure_of(rule.unit, value), "label", 600, colour, glyph=glyph, glyph_colour="warning_shape")
        )
        more = f", {len(values) - 1} more" if len(values) > 1 else ""
        self.subject.put(Span(f"{subject}{more}", "caption", None, "text2"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line below."""
        QPainter(self).fillRect(QRectF(0, self.height() - 1, self.width(), 1), self._theme.tokens["grid"])

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 10, 0)
        row.setSpacing(_GAP)
        limit = QHBoxLayout()
        limit.setSpacing(8)
        limit.addWidget(self.compared, 1)
        limit.addWidget(self.limit)
        self.limit.setFixedWidth(96)
        parts = (
            *((_held(self.on), _SWITCH), (_stacked(self.title, self.about), 0)),
            *((_stacked(self.present, self.subject), _PRESENT), (_wrapped(limit), _LIMIT)),
            *((self.wait, _FOR), (self.severity, _SEVERITY), (self.channels, _CHANNELS), (_held(self.reset), _RESET)),
        )
        for part, width in parts:
            if width:
                part.setFixedWidth(width)
            row.addWidget(part, 0 if width else 1)

    def _check_limit(self, text: str) -> None:
        """Raise what is wrong with a limit, also beside the other figures of the rule."""
        self._check("limit", parse_limit(text, self.rule))

    def _check(self, key: str, value: object) -> None:
        table = {**self._tables.get(self.rule.name, {}), key: value}
        for place, reason in rules_from({self.rule.name: table})[1]:
            if place in (f"rules.{self.rule.name}.{key}", f"rules.{self.rule.name}"):
                raise ValueError(reason)

    def _change(self, key: str, value: object) -> None:
        if not self._actions.change_settings({f"rules.{self.rule.name}.{key}": value}):
            self.put(self.rule, self._tables)

    def _on_limit(self, text: str) -> None:
        self._change("limit", _bare(parse_limit(text, self.rule)))

    def _on_wait(self, text: str) -> None:
        self._change("for_seconds", _bare(parse_seconds(text)))

    def _on_switched(self, on: bool) -> None:
        self._change("enabled", on)

    def _on_severity(self) -> None:
        menu = QMenu(self.severity)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for severity in (Severity.INFO, Severity.WARNING, Severity.CRITICAL):
            action = menu.addAction(SEVERITY_WORDS[severity])
            action.triggered.connect(lambda _=False, taken=severity: self._change("severity", taken.value))
        menu.popup(self.severity.mapToGlobal(QPoint(0, self.severity.height() + 4)))

    def _show_channels(self) -> None:
        names = self.rule.channels
        words = "By severity" if not names else names[0] if len(names) == 1 else f"{len(names)} channels"
        self.channels.setText(metrics("label", 600).elidedText(words, Qt.TextElideMode.ElideRight, _CHANNELS - 40))
        self.channels.setToolTip(", ".join(names) or "Those that take this severity")
        self.channels.setAccessibleName(f"{rule_title(self.rule.name)}: channels, {', '.join(names) or 'by severity'}")

    def _on_channels(self) -> None:
        menu = QMenu(self.channels)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        taken = self.rule.channels
        everyone = menu.addAction("By severity")
        everyone.triggered.connect(lambda _=False: self._change("channels", None))
        menu.addSeparator()
        for name in dict.fromkeys((*self.known_channels, *taken)):
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(name in taken)
            chosen = [each for each in taken if each != name] if name in taken else [*taken, name]
            action.triggered.connect(lambda _=False, names=chosen: self._change("channels", names or None))
        menu.popup(self.channels.mapToGlobal(QPoint(0, self.channels.height() + 4)))

    def _on_reset(self) -> None:
        self._actions.change_settings({f"rules.{self.rule.name}": None})


class _Head(QWidget):
    """The titles of the columns."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedHeight(32)
        self.channels = Line(theme, Span("Channels", "caption", 500, "text2"), elide=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(_GAP)
        for words, width in (
            *(("On", _SWITCH), ("Rule", 0), ("Now", _PRESENT), ("Fires when", _LIMIT)),
            *(("For", _FOR), ("Severity", _SEVERITY), ("Channels", _CHANNELS), ("", _RESET)),
        ):
            title = (
                self.channels if words == "Channels" else Line(theme, Span(words, "caption", 500, "text2"), elide=True)
            )
            if width:
                title.setFixedWidth(width)
            row.addWidget(title, 0 if width else 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line below."""
        QPainter(self).fillRect(QRectF(0, self.height() - 1, self.width(), 1), self._theme.tokens["border"])


def _about(rule: Rule) -> str:
    """Say what a rule is about, and where it becomes more severe."""
    further = [f"{SEVERITY_WORDS[level.severity].lower()} {limit_words(rule, level)}" for level in rule.levels]
    series = CATALOGUE[rule.metric].title
    words = " · ".join((*([series] if series != rule_title(rule.name) or not further else []), *further))
    return words[:1].upper() + words[1:]


def _bare(value: float) -> float | int:
    """Write whole numbers as such into the file."""
    return int(value) if value == int(value) else value


def _stacked(*parts: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    column.addStretch(1)
    for part in parts:
        column.addWidget(part)
    column.addStretch(1)
    return holder


def _held(part: QWidget) -> QWidget:
    """Keep the room of a part that may be hidden."""
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(part)
    return holder


def _wrapped(layout: QHBoxLayout) -> QWidget:
    holder = QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    holder.setLayout(layout)
    return holder
