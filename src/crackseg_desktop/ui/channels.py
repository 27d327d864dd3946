"""Remote channels for a face: their settings, their secrets and their tests, on the core of this start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crackseg_desktop.settings import Settings
    from crackseg_desktop.ui.app import AppOptions
    from crackseg_desktop.ui.shell import Core


class ChannelWork:
    """What ``Decisions`` does about channels. Secrets and tests wait for a keyring or a network: not in the GUI."""

    def __init__(self, core: Core, settings: Settings, options: AppOptions) -> None:
        self._core, self._settings, self._options = core, settings, options

    def configure(self, settings: Settings) -> None:
        """Use these channels and quiet hours from now on."""
        self._settings = settings
        self._core.configure_notifications(settings)

    def store_secret(self, name: str, url: str) -> str:
        """Keep the address of a channel, or forget it where it is empty; return why that failed, or nothing."""
        from crackseg_desktop.system.secrets import SecretError, Secrets

        secrets = Secrets(self._options.data_dir)
        try:
            if url:
                secrets.put(name, url)
            else:
                secrets.remove(name)
        except SecretError as error:
            return str(error)
        return ""

    def test(self, name: str) -> str:
        """Send a test message through a channel and return why that failed, or nothing."""
        from crackseg_desktop.core import try_channels  # the core is loaded after the icon is shown

        options = self._options
        tried = try_channels(self._settings, options.data_dir, options.clock, (), name, is_demo=options.demo)
        return next(
            (delivery.error or "" for delivery in tried if delivery.notifier == name), "there is no such channel"
        )
