"""Where the files of this user are, by the customs of the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crackseg_desktop import APP_NAME

if TYPE_CHECKING:
    from pathlib import Path


def settings_path() -> Path:
    """Return the settings file of this user."""
    from platformdirs import user_config_path  # --config does without

    return user_config_path(APP_NAME, appauthor=False) / "settings.toml"


def data_folder() -> Path:
    """Return the folder for history, caches and logs of this user."""
    from platformdirs import user_data_path

    return user_data_path(APP_NAME, appauthor=False)
