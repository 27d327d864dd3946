"""The remote channels: mail, chats and phones, each with its state, and a form to add or change one.

The address of a channel holds its password: it is typed unseen, handed on once, and never shown again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QVBoxLayout, QWidget

from crackseg_desktop.readings import Severity
from crackseg_desktop.settings import RemoteChannel
from crackseg_desktop.ui.widgets.buttons import Button
from crackseg_desktop.ui.widgets.fields import Field, Switch
from crackseg_desktop.ui.widgets.states import SEVERITY_WORDS
from crackseg_desktop.ui.widgets.surfaces import Card, Rule
from crackseg_desktop.ui.widgets.text import Line, Paragraph, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crackseg_desktop.ui.model import Model
    from crackseg_desktop.ui.pages.base import Context
    from crackseg_desktop.ui.theme import Theme

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_KEPT = "keyring:"


class ChannelCard(Card):
    """The channels and the form."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        theme = self.theme
        self._actions = context.actions
        self.rows: dict[str, ChannelRow] = {}
        self._channels: Mapping[str, RemoteChannel] = {}
        self.add = Button(theme, "Add channel", icon="plus", height=28)
        self.add.clicked.connect(self._on_add)
        self.form = ChannelForm(theme)
        self.form.saved.connect(self._on_saved)
        self.form.removed.connect(self._on_removed)
        self.form.closed.connect(self._on_closed)
        head = QHBoxLayout()
        head.addWidget(Line(theme, Span("Channels", "body", 600), height=28), 1)
        head.addWidget(self.add)
        note = "Mail, Slack, Discord, Telegram, ntfy and more, for what happens while you are away."
        self._none = Line(theme, Span("No channel yet", "label", None, "text2"), height=32)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.body.addLayout(head)
        self.body.addWidget(Paragraph(theme, note, "label", "text3"))
        self.body.addWidget(self._none)
        self.body.addLayout(self._list)
        self.body.addWidget(self.form)
        self.form.hide()

    def put(self, channels: Mapping[str, RemoteChannel]) -> None:
        """Show these channels."""
        self._channels = channels
        for name in self.rows.keys() - channels.keys():
            self.rows.pop(name).deleteLater()
        for name, channel in channels.items():
            if name not in self.rows:
                row = ChannelRow(self.theme, name)
                row.switched.connect(self._on_switched)
                row.tested.connect(self._actions.test_channel)
                row.edited.connect(self._on_edit)
                self.rows[name] = row
                self._list.addWidget(row)
            self.rows[name].put(channel)
        self._none.setVisible(not channels)

    def refresh(self, model: Model) -> None:
        """Show what became of tests."""
        for name, row in self.rows.items():
            row.put_test(model.channel_tests.get(name))

    def _on_add(self) -> None:
        self.form.begin("", RemoteChannel(), self._channels)
        self.add.hide()

    def _on_edit(self, name: str) -> None:
        self.form.begin(name, self._channels[name], self._channels)
        self.add.hide()

    def _on_closed(self) -> None:
        self.form.hide()
        self.add.show()

    def _on_saved(self, name: str, url: str, severity: str) -> None:
        changes: dict[str, object] = {f"channels.{name}.severity": severity}
        if url:
            self._actions.store_secret(name, url)
            changes[f"channels.{name}.url"] = f"{_KEPT}{name}"
        if self._actions.change_settings(changes):
            self._on_closed()

    def _on_switched(self, name: str, on: bool) -> None:
        self._actions.change_settings({f"channels.{name}.enabled": on})

    def _on_removed(self, name: str) -> None:
        if self._actions.change_settings({f"channels.{name}": None}):
            self._actions.store_secret(name, "")
            self._on_closed()


class ChannelRow(QWidget):
    """One channel: on or off, its name, what it takes, what became of the last test."""

    switched = Signal(str, bool)
    tested = Signal(str)
    edited = Signal(str)

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._name = name
        self.on = Switch(theme, f"Channel {name}")
        self.on.clicked.connect(self._on_clicked)
        self.title, self.state = Line(theme, elide=True, height=18), Line(theme, elide=True, height=16)
        self._takes = ""
        self._test: str | None = None
        words, row, column = QVBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        words.setSpacing(1)
        words.addWidget(self.title)
        words.addWidget(self.state)
        row.setSpacing(8)
        row.addWidget(self.on)
        row.addSpacing(4)
        row.addLayout(words, 1)
        for text, told in (("Test", self.tested), ("Edit", self.edited)):
            button = Button(theme, text, kind="quiet", height=28)
            button.setAccessibleName(f"{text} channel {name}")
            button.clicked.connect(lambda _=False, signal=told: signal.emit(self._name))
            row.addWidget(button)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Rule(theme))
        column.addLayout(row)
        self.setFixedHeight(52)
        row.setContentsMargins(0, 8, 0, 8)

    def put(self, channel: RemoteChannel) -> None:
        """Show a channel."""
        self.on.setChecked(channel.enabled)
        kept = "address kept as a secret" if channel.url.startswith(_KEPT) else "no address yet"
        if channel.url and not channel.url.startswith(_KEPT):
            kept = f"{channel.url.split(':', 1)[0]}, address in the settings file"
        self._takes = f"{_LEAST[Severity(channel.severity)]} · {kept}"
        self.title.put(Span(self._name, "label", 600, "text" if channel.enabled else "text3"))
        self._show()

    def put_test(self, error: str | None) -> None:
        """Show why the last test failed; empty where it was sent, None before one."""
        self._test = error
        self._show()

    def _show(self) -> None:
        if self._test:
            span = Span(f"Test failed: {self._test}", "caption", None, "warning", glyph="warning")
        elif self._test is not None:
            span = Span(f"Test sent · {self._takes}", "caption", None, "text2", glyph="tick")
        else:
            span = Span(self._takes, "caption", None, "text2")
        self.state.put(span)

    def _on_clicked(self, on: bool) -> None:
        self.switched.emit(self._name, on)


class ChannelForm(QWidget):
    """Name, address and least severity of a channel. ``saved`` tells (name, address, severity)."""

    saved = Signal(str, str, str)
    removed = Signal(str)
    closed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._taken: frozenset[str] = frozenset()
        self._severity, self._needs_url = Severity.WARNING, True
        self.name = Field(theme, "Name of the channel", "", self._check_name)
        self.name.setPlaceholderText("Name, such as phone")
        self.url = Field(theme, "Address of the channel, kept as a secret")
        self.url.setEchoMode(QLineEdit.EchoMode.Password)
        self.severity = Button(theme, "Warning and worse").with_menu_mark()
        self.save = Button(theme, "Save", kind="primary")
        self.cancel = Button(theme, "Cancel")
        self.remove = Button(theme, "Remove", kind="quiet")
        self.remove.clicked.connect(self._on_remove)
        self.problem = Paragraph(theme, "", "caption", "warning")
        hint = "An apprise address, such as ntfy://topic or mailto://user:password@host. It is kept in the keyring."
        self.severity.clicked.connect(self._on_severity)
        self.save.clicked.connect(self._on_save)
        self.cancel.clicked.connect(self._on_cancel)
        self.url.returnPressed.connect(self._on_save)
        column, foot = QVBoxLayout(self), QHBoxLayout()
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        foot.setSpacing(8)
        foot.addWidget(self.severity)
        foot.addStretch(1)
        foot.addWidget(self.remove)
        foot.addWidget(self.cancel)
        foot.addWidget(self.save)
        column.addWidget(Rule(theme))
        for part in (self.name, self.url, Paragraph(theme, hint, "caption", "text3"), self.problem):
            column.addWidget(part)
        column.addLayout(foot)

    def begin(self, name: str, channel: RemoteChannel, known: Mapping[str, RemoteChannel]) -> None:
        """Ask about a channel; an empty name asks for a new one."""
        self._taken = frozenset(known) - {name}
        self.name.setText(name)
        self.name.setReadOnly(bool(name))
        self.remove.setVisible(bool(name))
        self.url.clear()
        self.url.setPlaceholderText("Stored; type to replace it" if channel.url else "Address")
        self._needs_url = not channel.url
        self._take(Severity(channel.severity))
        self._say("")
        self.show()
        (self.url if name else self.name).setFocus(Qt.FocusReason.OtherFocusReason)

    def _check_name(self, text: str) -> None:
        if not _NAME.fullmatch(text):
            raise ValueError("a name has letters, digits, _ and - only, 40 at most")
        if text in self._taken:
            raise ValueError("there is a channel of this name")

    def _check_url(self, text: str) -> None:
        if not text and self._needs_url:
            raise ValueError("an address is needed")
        if text and "://" not in text:
            raise ValueError("an address has the form service://…")

    def _on_save(self) -> None:
        name, url = self.name.text().strip(), self.url.text().strip()
        checks: tuple[tuple[Callable[[str], None], str], ...] = ((self._check_name, name), (self._check_url, url))
        for check, text in checks:
            try:
                check(text)
            except ValueError as error:
                self._say(str(error))
                return
        self.url.clear()
        self.saved.emit(name, url, self._severity.value)

    def _on_cancel(self) -> None:
        self.url.clear()
        self.closed.emit()

    def _on_remove(self) -> None:
        self.url.clear()
        self.removed.emit(self.name.text())

    def _say(self, problem: str) -> None:
        self.problem.put(problem[:1].upper() + problem[1:])
        self.problem.setVisible(bool(problem))

    def _take(self, severity: Severity) -> None:
        self._severity = severity
        self.severity.setText(_LEAST[severity])
        self.severity.updateGeometry()

    def _on_severity(self) -> None:
        menu = QMenu(self.severity)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for severity, words in _LEAST.items():
            menu.addAction(words).triggered.connect(lambda _=False, taken=severity: self._take(taken))
        menu.popup(self.severity.mapToGlobal(QPoint(0, self.severity.height() + 4)))


_LEAST = {
    Severity.INFO: "Everything",
    Severity.WARNING: f"{SEVERITY_WORDS[Severity.WARNING]} and worse",
    Severity.CRITICAL: f"{SEVERITY_WORDS[Severity.CRITICAL]} only",
}
