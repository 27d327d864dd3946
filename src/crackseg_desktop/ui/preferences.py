"""What a person decided once and for all: the settings file, and marks of what is done once in a data directory."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from crackseg_desktop import settings as settings_file
from crackseg_desktop.alerts.rules import rules_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crackseg_desktop.ui.app import AppOptions

log = logging.getLogger(__name__)


class Preferences:
    """The settings as they were at the start, and what is kept of them; a demonstration keeps nothing.

    Attributes:
        settings: those in force.
        problem: one line about mistakes in the file, or None.
    """

    def __init__(self, options: AppOptions) -> None:
        self._options = options
        loaded = options.load_settings()
        self.settings, self.path, self.problem = loaded.settings, loaded.path, loaded.message()
        self._text = loaded.text

    @property
    def may_save(self) -> bool:
        """Say whether anything is kept: ``--read-only`` and a demonstration keep nothing."""
        return not (self._options.read_only or self._options.demo)

    def watched_folders(self) -> tuple[str, ...]:
        """Return the folders that the file names now."""
        return settings_file.load(self.path).settings.watch.folders

    def change(self, changes: Mapping[str, object]) -> None:
        """Put changed values in force and, where that may be, save them; see ``settings.save``.

        What else the file says by now comes into force with the next start.

        Raises:
            SettingsError: a value is not allowed, or the file could not be written; nothing is changed then.
        """
        try:
            text = settings_file.edited(self._text, changes)
        except ValueError as error:
            raise settings_file.SettingsError(f"{self.path} has a mistake and was not changed: {error}") from error
        loaded = settings_file.parse(text, self.path)
        loaded = loaded.with_problems(rules_from(loaded.settings.rules)[1])
        wrong = [
            problem for problem in loaded.problems if any(f"{key}.".startswith(f"{problem.key}.") for key in changes)
        ]
        if wrong:
            raise settings_file.SettingsError("; ".join(f"{problem.key} {problem.message}" for problem in wrong))
        self.save(changes)
        self._text, self.settings = text, loaded.settings

    def save(self, changes: Mapping[str, object]) -> bool:
        """Write values into the file and return whether that is done: ``--read-only`` and a demonstration do not.

        Raises:
            SettingsError: it could not be written.
        """
        if not self.may_save:
            return False
        settings_file.save(self.path, changes)
        return True

    def once(self, name: str) -> bool:
        """Say whether something is to be done that is done once in the life of a data directory."""
        mark = self._options.data_dir / name
        if os.path.exists(mark):
            return False
        if not self._options.read_only:
            try:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()
            except OSError as error:
                log.warning("%s cannot be written: %s", mark, error)
        return True
