"""What a person can decide in a window or the tray; whoever draws buttons is handed this and nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crackseg_desktop.readings import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.reports.period import Kind
    from crackseg_desktop.ui.snoozes import Length


class ReportActions(Protocol):
    """The decisions about reports. What becomes of them is told by the dashboard's ``on_reports``."""

    def refresh(self) -> None:
        """Look for past reports."""
        ...

    def write(self, kind: Kind) -> None:
        """Write the report of the day or the week that goes on, and choose it."""
        ...

    def choose(self, slug: str) -> None:
        """Preview a past report."""
        ...

    def view(self) -> None:
        """Open the chosen report in the browser."""
        ...

    def show_folder(self) -> None:
        """Show the folder of the chosen report."""
        ...

    def ask_and_save(self, suffix: str) -> None:
        """Ask for a place and write the chosen report there; ``suffix``: .pdf, .html or .md."""
        ...

    def send(self) -> None:
        """Send the chosen report through the channels."""
        ...


class ProcessActions(Protocol):
    """The decisions about processes."""

    @property
    def refusal(self) -> str:
        """Return why no process may be ended in this session, or nothing."""
        ...

    def watch(self, wanted: bool, *, network: bool = False) -> None:
        """Have the table of all processes read while somebody looks; with their network bytes where ``network``."""
        ...

    def end(self, pid: int, started: float, title: str) -> None:
        """End a process; what became of it is said in the window. ``started`` (Unix seconds) tells it from others."""
        ...

    def pin(self, run: str, process: tuple[int, float] | None) -> None:
        """Link a run to a process (its PID and start), or leave it to the program again."""
        ...


class Actions(Protocol):
    """The decisions. All calls come from the GUI thread and return at once."""

    @property
    def reports(self) -> ReportActions:
        """Return those about reports."""
        ...

    @property
    def processes(self) -> ProcessActions:
        """Return those about processes."""
        ...

    def open_dashboard(self, page: str | None = None) -> None:
        """Open the full window, on a page if one is named."""
        ...

    def toggle(self) -> None:
        """Show the pop-up, or hide it where it is shown."""
        ...

    def hide(self) -> None:
        """Hide the window; without a tray to bring it back, minimise it."""
        ...

    def request_snapshot(self) -> None:
        """Ask for everything there is to show; the answer comes as the bridge's ``snapshot_ready``."""
        ...

    def request_curves(self, run_id: str) -> None:
        """Ask for the curves of a run that is parked; the answer comes as the bridge's ``curves_ready``."""
        ...

    def snooze(self, length: Length, scope: Scope = Scope.ALL, subject: str = "") -> None:
        """Announce no alert of this scope for so long; ``subject`` is as in ``Silence``."""
        ...

    def end_snooze(self, scope: Scope = Scope.ALL, subject: str = "") -> None:
        """Announce again what a snooze of this scope and subject kept quiet."""
        ...

    def acknowledge(self, key: str, note: str = "") -> None:
        """Mark an alert as seen, with what there is to say about it."""
        ...

    def change_settings(self, changes: Mapping[str, object]) -> bool:
        """Put changed values (``{"rules.gpu_temperature.limit": 85}``) in force and save them.

        None takes a value, or a whole table, back to its default. Returns whether that could be done; why not is said.
        """
        ...

    def store_secret(self, channel: str, url: str) -> None:
        """Keep the address of a channel, which holds its password, where only the channel gets at it."""
        ...

    def test_channel(self, channel: str) -> None:
        """Send a test message through a channel; what became of it comes as the bridge's ``channel_tested``."""
        ...

    def choose_folder(self) -> None:
        """Ask for a folder of trainings and watch it from now on."""
        ...

    def open_tensorboard(self, run_id: str | None) -> None:
        """Start TensorBoard for a run, or for the watched folders, and open it in the browser."""
        ...

    def open_settings_file(self) -> None:
        """Open the settings file in the editor that the desktop has for it."""
        ...

    def set_theme(self, name: str) -> None:
        """Take over and save ``system``, ``dark`` or ``light``."""
        ...

    def quit(self) -> None:
        """End the application in order."""
        ...
