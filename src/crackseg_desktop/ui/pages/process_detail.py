"""What is known of the process that is chosen in the table: all of its command, where it runs, what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy

from crackseg_desktop import units
from crackseg_desktop.ui.pages import words
from crackseg_desktop.ui.pages.process_cells import command, workers_name
from crackseg_desktop.ui.pages.run_links import link_words
from crackseg_desktop.ui.theme import font
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.facts import Fact, FactList
from crackseg_desktop.ui.widgets.surfaces import Card
from crackseg_desktop.ui.widgets.text import Line, Span, plain

if TYPE_CHECKING:
    from crackseg_desktop.readings import ProcessReading, ProcessRow, Run
    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.process_entries import Entry
    from crackseg_desktop.ui.theme import Theme

_HEIGHT = 176
_COMMAND = 46
_REASONS = {
    "cpu_ratio": "CPU",
    "memory_bytes": "RAM",
    "read_bytes_per_second": "Disk",
    "received_bytes_per_second": "Network",
    "threads": "Threads",
    "container": "Container",
}


class ProcessDetail(Card):
    """The card. ``end_wanted``: the process is to be ended, if a person confirms it."""

    end_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, padding=12, spacing=6)
        self.setFixedHeight(_HEIGHT)
        self.title, self.why_not = Line(theme, elide=True, height=28), Line(theme, align="right", height=28)
        self.end = Button(theme, "End process…", height=28)
        self.end.clicked.connect(self.end_wanted)
        self.command = QPlainTextEdit()
        self.command.setReadOnly(True)
        self.command.setFont(font("label"))
        self.command.setFrameShape(QFrame.Shape.NoFrame)
        self.command.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.command.setFixedHeight(_COMMAND)
        self.command.document().setDocumentMargin(0)
        self.command.setAccessibleName("Command line")
        self.command.setTabChangesFocus(True)
        self.lists = (FactList(theme, 20), FactList(theme, 20), FactList(theme, 20))
        head, facts = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.title, 1)
        head.addWidget(self.why_not)
        head.addWidget(self.end)
        facts.setSpacing(32)
        for part in self.lists:
            part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            facts.addWidget(part, 1, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(head)
        self.body.addWidget(self.command)
        self.body.addLayout(facts)
        self.body.addStretch(1)

    def put(self, entry: Entry, run: Run | None, refusal: str, model: Model) -> None:
        """Show a line of the table; ``refusal``: why its process may not be ended, or nothing."""
        row = entry.row
        name = workers_name(entry) if entry.workers else command(row)
        number = f"of PID {row.parent}" if entry.workers else f"PID {row.pid}"
        self.title.put(Span(name, "body", 600, gives=True), Span(number, "label", None, "text2", 8))
        self.why_not.put(Span(refusal, "caption", None, "text3"))
        self.end.setVisible(not entry.workers)
        self.end.setEnabled(not refusal)
        self.end.setToolTip(refusal)
        told = " ".join(row.command) or "The system does not tell its command line."
        if self.command.toPlainText() != told:
            self.command.setPlainText(told)
        folder = next((item.folder for item in _trainings(model) if item.pid == row.pid), None)
        for part, facts in zip(
            self.lists, (_who(row, model.now), _where(row, run, folder), _traffic(entry)), strict=True
        ):
            part.put(facts)


def _trainings(model: Model) -> tuple[ProcessReading, ...]:
    return model.sample.processes if model.sample is not None else ()


def _who(row: ProcessRow, now: float) -> list[Fact]:
    return [
        ("User", plain(row.user or units.MISSING, weight=500)),
        ("State", plain(row.state or units.MISSING, weight=500)),
        ("Started", plain(words.when(row.started, now), weight=500)),
    ]


def _where(row: ProcessRow, run: Run | None, folder: str | None) -> list[Fact]:
    linked = plain("none", "text3") if run is None else plain(f"{run.facts.name}, {link_words(run)}", weight=500)
    return [
        ("Run", linked),
        ("Container", plain(row.container, weight=500) if row.container else plain("none", "text3")),
        ("Folder", plain(folder, weight=500)) if folder else ("Parent", plain(f"PID {row.parent}", weight=500)),
    ]


def _traffic(entry: Entry) -> list[Fact]:
    row = entry.row
    if row.received_bytes_per_second is not None or row.sent_bytes_per_second is not None:
        both = f"↓ {words.rate(row.received_bytes_per_second)}  ↑ {words.rate(row.sent_bytes_per_second)}"
        network: list[Fact] = [("Network (TCP)", plain(both, weight=500))]
    else:
        network = []
    missing = [
        (title, plain(row.unavailable[name], "text3")) for name, title in _REASONS.items() if name in row.unavailable
    ]
    return [*network, *missing][:3]
