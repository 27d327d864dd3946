"""The menu of the tray: active runs, open alerts, what uses each GPU, snooze, and the way to everything else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMenu

from crackseg_desktop.notify.words import clip
from crackseg_desktop.readings import Scope, Severity
from crackseg_desktop.ui import glance
from crackseg_desktop.ui.snoozes import EVERYTHING, Target, end_words, lengths_of, subject_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PySide6.QtGui import QAction

    from crackseg_desktop.clock import Clock
    from crackseg_desktop.readings import AlertEvent, Run, Silence
    from crackseg_desktop.ui.actions import Actions
    from crackseg_desktop.ui.tray import Tray

_ENTRIES, _UNITS, _GPU_UNITS = 5, 60, 100
_MARKS = {Severity.CRITICAL: "Needs you: ", Severity.WARNING: "Warning: "}
GPU_SECONDS = 10.0
"""So often the lines of the GPUs change at most while nobody opens the menu: each change goes to the panel."""
OPEN_SECONDS = 20.0
"""How long a menu is taken for open: Xfce's panel never says that it has closed it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu: what it says and what it opens, a run or a page; neither: it only says something."""

    words: str
    run: str | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Snoozed:
    """A snooze in the menu: what it says, and what it is about, to be ended."""

    words: str
    scope: Scope
    subject: str = ""


@dataclass(frozen=True, slots=True)
class MenuContent:
    """What changes in the menu; ``targets`` are what can be snoozed, ``snoozed`` what is, ``gpus`` the GPUs' lines."""

    runs: tuple[Entry, ...] = ()
    alerts: tuple[Entry, ...] = ()
    gpus: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    snoozed: tuple[Snoozed, ...] = ()


def menu_content(
    runs: Sequence[Run],
    alerts: Sequence[AlertEvent],
    silences: Sequence[Silence] = (),
    gpus: Iterable[str] = (),
    *,
    simulated: bool,
) -> MenuContent:
    """Return what the menu says about active runs, open alerts and snoozes, the most important first.

    ``gpus`` are the lines of the GPUs.
    """
    first = [Entry("Simulated data")] if simulated else []
    shown = [Entry(_run_words(run), run=run.id) for run in runs[:_ENTRIES]] or [Entry("No training is running")]
    told = [Entry(_alert_words(alert), page="alerts") for alert in alerts[:_ENTRIES]]
    targets = tuple(
        Target(clip(f"Run {glance.plain(run.facts.name)}", _UNITS), Scope.RUN, run.id) for run in runs[:_ENTRIES]
    )
    snoozed = (
        Snoozed(_silence_words(silence, runs, alerts), silence.scope, silence.subject)
        for silence in sorted(silences, key=lambda item: item.scope != Scope.ALL)
    )
    entries = (*first, *shown, *_more(len(runs), "overview"))
    lines = tuple(clip(glance.plain(line), _GPU_UNITS) for line in islice(gpus, _ENTRIES))
    open_ones = (*told, *_more(len(alerts), "alerts"))
    return MenuContent(entries, open_ones, lines, targets, tuple(islice(snoozed, _ENTRIES)))


class TrayMenu(QObject):
    """Keeps the menu of a tray filled. Lives in the GUI thread.

    Attributes:
        run_chosen: the id of a run that a person chose.
    """

    run_chosen = Signal(str)

    def __init__(self, tray: Tray, actions: Actions, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tray, self._menu, self._actions, self._clock = tray, tray.menu, actions, clock
        self._snooze_menu = QMenu("Snooze alerts", self._menu)
        self._content = MenuContent()
        self._filled: tuple[MenuContent, int, bool] | None = None
        self._gpu_actions: list[QAction] = []
        self._gpus_told = 0.0
        self._open_until = 0.0
        self._menu.aboutToShow.connect(self._on_opens)
        self._menu.aboutToHide.connect(self._on_closes)

    def show_content(self, content: MenuContent) -> None:
        """Take over what the menu says.

        It is filled with every change and not only as it opens: a panel on D-Bus has popped it up by then, in its old
        size. An open menu is left as it is.
        """
        self._content = content
        self._fill()

    def _fill(self) -> None:
        if self._clock.monotonic() < self._open_until:
            return
        wanted = (replace(self._content, gpus=()), len(self._content.gpus), self._tray.on_the_bus)
        if wanted == self._filled:
            self._tell_gpus()
            return
        self._filled = wanted
        menu, content, actions = self._menu, self._content, self._actions
        menu.clear()
        menu.setDefaultAction(self._add(menu, "Open dashboard", actions.open_dashboard))
        for group in (content.runs, content.alerts):
            menu.addSeparator()
            for entry in group:
                self._add(menu, entry.words, self._chosen(entry))
        menu.addSeparator()
        self._gpus_told = self._clock.monotonic()
        self._gpu_actions = [self._add(menu, line, partial(actions.open_dashboard, "gpus")) for line in content.gpus]
        menu.addSeparator()
        self._fill_snooze_menu()
        menu.addMenu(self._snooze_menu)
        menu.addSeparator()
        self._add(menu, "Write today's report", partial(actions.reports.write, "daily"))
        self._add(menu, "Open TensorBoard", partial(actions.open_tensorboard, None))
        self._add(menu, "Settings", partial(actions.open_dashboard, "settings"))
        menu.addSeparator()
        self._add(menu, "Quit", actions.quit)

    def _tell_gpus(self, *, at_once: bool = False) -> None:
        """Bring the lines of the GPUs up to date, without making the menu anew: their figures never rest."""
        now = self._clock.monotonic()
        if not at_once and now - self._gpus_told < GPU_SECONDS:
            return
        self._gpus_told = now
        for action, line in zip(self._gpu_actions, self._content.gpus, strict=True):
            action.setText(self._written(line))

    def _fill_snooze_menu(self) -> None:
        menu, content = self._snooze_menu, self._content
        for old in menu.findChildren(QMenu):
            old.deleteLater()
        menu.clear()
        first = content.snoozed[0] if content.snoozed else None
        menu.setTitle("Snooze alerts" if first is None else first.words)
        self._add_lengths(menu, EVERYTHING)
        if content.targets:
            menu.addSeparator()
        for target in content.targets:
            self._add_lengths(menu.addMenu(self._written(target.words)), target)
        if content.snoozed:
            menu.addSeparator()
        for snoozed in content.snoozed:
            self._add(menu, f"End: {snoozed.words}", partial(self._actions.end_snooze, snoozed.scope, snoozed.subject))

    def _add_lengths(self, menu: QMenu, target: Target) -> None:
        for length in lengths_of(target, of_a_run=target.scope == Scope.RUN):
            self._add(menu, length.value, partial(self._actions.snooze, length, target.scope, target.subject))

    def _chosen(self, entry: Entry) -> Callable[[], object] | None:
        if entry.run is not None:
            return partial(self.run_chosen.emit, entry.run)
        return partial(self._actions.open_dashboard, entry.page) if entry.page is not None else None

    def _add(self, menu: QMenu, words: str, chosen: Callable[[], object] | None) -> QAction:
        """Add an entry; without something to do it only says something."""
        action = menu.addAction(self._written(words))
        if chosen is None:
            action.setEnabled(False)
        else:
            action.triggered.connect(self._on_closes)
            action.triggered.connect(lambda _checked=False: chosen())
        return action

    def _written(self, words: str) -> str:
        """Write words for the panel: on the bus an underscore marks a mnemonic, and Qt hands ours on as they are."""
        return words.replace("_", "__") if self._tray.on_the_bus else words

    @Slot()
    def _on_opens(self) -> None:
        self._open_until = 0.0
        self._fill()
        self._tell_gpus(at_once=True)
        self._open_until = self._clock.monotonic() + OPEN_SECONDS

    @Slot()
    def _on_closes(self) -> None:
        """Fill it again from now on; a choice closes it too."""
        self._open_until = 0.0


def _run_words(run: Run) -> str:
    words = ", ".join(filter(None, (glance.plain(run.facts.name), glance.progress_text(run))))
    return clip(words, _UNITS)


def _alert_words(alert: AlertEvent) -> str:
    return clip(_MARKS.get(alert.severity, "") + glance.plain(alert.title), _UNITS)


def _silence_words(silence: Silence, runs: Sequence[Run], alerts: Sequence[AlertEvent]) -> str:
    subject = glance.plain(subject_words(silence, runs, alerts))
    return f"{clip(subject, _UNITS // 2)} snoozed {end_words(silence)}"


def _more(count: int, page: str) -> tuple[Entry, ...]:
    """Return the entry that says how many there are beyond those that are shown."""
    return (Entry(f"{count - _ENTRIES} more", page=page),) if count > _ENTRIES else ()
