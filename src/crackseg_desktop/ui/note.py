"""A strip at the foot of a window that says one thing once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_TRAY = (
    "There is no system tray here, so that this is an ordinary window: closing it ends CrackSeg Desktop. "
    "On GNOME the AppIndicator extension adds a tray."
)


class Note(QFrame):
    """The strip. ``dismissed`` tells that a person has read it; further buttons are made with ``add_button``."""

    dismissed = Signal()

    def __init__(self, words: str, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("note")
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        label = QLabel(words, self)
        label.setFont(window.font())
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 8, 16, 8)
        self._row.setSpacing(8)
        self._row.addWidget(label, 1)
        self.add_button("Got it").clicked.connect(self.dismiss)
        window.installEventFilter(self)
        self._lie_down()
        self.show()

    def add_button(self, words: str) -> QPushButton:
        """Add a button at the end and return it."""
        button = QPushButton(words, self)
        self._row.addWidget(button)
        return button

    @property
    def words(self) -> Sequence[str]:
        """Return the texts of its labels and buttons, in order."""
        return [label.text() for label in self.findChildren(QLabel)] + [
            button.text() for button in self.findChildren(QPushButton)
        ]

    @Slot()
    def dismiss(self) -> None:
        """Go away for good."""
        self.hide()
        self.dismissed.emit()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep to the foot of the window."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._lie_down()
        return super().eventFilter(watched, event)

    def _lie_down(self) -> None:
        window = self.parentWidget()
        if window is not None:
            height = max(self.sizeHint().height(), self.heightForWidth(window.width()))
            self.setGeometry(0, window.height() - height, window.width(), height)
            self.raise_()
