from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from crackseg_desktop.ui.note import NO_TRAY, Note

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_that_a_note_lies_at_the_foot_of_its_window(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    note = Note(NO_TRAY, window)
    window.show()
    assert note.geometry().bottom() == 599
    assert note.width() == 900
    window.resize(700, 500)
    assert note.geometry().bottom() == 499
    assert note.words == [NO_TRAY, "Got it"]


def test_that_a_note_goes_when_it_is_read(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    note = Note(NO_TRAY, window)
    button = note.add_button("Quit")
    with qtbot.waitSignal(note.dismissed):
        note.dismiss()
    assert not note.isVisible()
    assert button.text() == "Quit"
    assert not window.testAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
