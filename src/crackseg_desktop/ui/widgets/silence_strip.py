"""A strip that tells what is snoozed and until when, each with a button that ends it; gone where nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget

from crackseg_desktop.ui.snoozes import end_words, subject_words
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crackseg_desktop.readings import AlertEvent, Run, Silence
    from crackseg_desktop.ui.actions import Actions
    from crackseg_desktop.ui.theme import Theme

_SHOWN, _COLUMNS = 4, 2


class SilenceStrip(Card):
    """The snoozes in force, the widest first; rows are reused."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__(theme, padding=0, spacing=0)
        self._actions = actions
        self._rows: list[_Row] = []
        self._more = Line(theme, height=28)
        self.body.setContentsMargins(16, 4, 8, 4)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(32)
        self._grid.setVerticalSpacing(0)
        for column in range(_COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self.body.addLayout(self._grid)
        self.body.addWidget(self._more)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def put(self, silences: Sequence[Silence], runs: Sequence[Run], alerts: Sequence[AlertEvent]) -> None:
        """Show these snoozes, with their subjects by name."""
        self.setVisible(bool(silences))
        shown = sorted(silences, key=lambda item: item.scope != "all")[:_SHOWN]
        while len(self._rows) < len(shown):
            row = _Row(self.theme, self._actions)
            self._grid.addWidget(row, *divmod(len(self._rows), _COLUMNS))
            self._rows.append(row)
        for index, row in enumerate(self._rows):
            row.setVisible(index < len(shown))
            if index < len(shown):
                row.put(shown[index], subject_words(shown[index], runs, alerts))
        left = len(silences) - len(shown)
        self._more.setVisible(left > 0)
        self._more.put(Span(f"and {left} more", "caption", None, "text2"))

    @property
    def texts(self) -> list[str]:
        """Return what its rows say."""
        return [row.words.text for row in self._rows if not row.isHidden()]


class _Row(QWidget):
    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self._actions = actions
        self._silence: Silence | None = None
        self.words = Line(theme, elide=True, height=28)
        self.end = Button(theme, "End snooze", kind="quiet", height=28)
        self.end.clicked.connect(self._on_end)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.end)

    def put(self, silence: Silence, subject: str) -> None:
        self._silence = silence
        self.words.put(
            Span(subject, "label", 600, glyph="snoozed", glyph_colour="text2", gives=True),
            Span(f"snoozed {end_words(silence)}", "label", None, "text2", 8),
        )
        self.end.setAccessibleName(f"End snooze of {subject}")

    def _on_end(self) -> None:
        if self._silence is not None:
            self._actions.end_snooze(self._silence.scope, self._silence.subject)
