"""What a person can decide in a window or the tray; whoever draws buttons is handed this and nothing more."""

from __future__ import annotations

from typing import Protocol


class Actions(Protocol):
    """The decisions. All calls come from the GUI thread and return at once."""

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

    def snooze(self, seconds: float | None) -> None:
        """Announce no alert for so long; None ends the snooze."""
        ...

    def acknowledge(self, key: str) -> None:
        """Mark an alert as seen."""
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
