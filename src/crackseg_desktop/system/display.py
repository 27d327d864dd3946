"""Whether there is a display to draw on, found out before Qt is loaded: Qt would abort the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEED_NO_DISPLAY = frozenset({"offscreen", "minimal", "minimalegl", "vnc", "linuxfb", "eglfs"})


def missing_display(env: Mapping[str, str], platform: str) -> str | None:
    """Return one line that says that there is no display and what to do instead, or None where there is one.

    ``platform`` is ``sys.platform``; Windows and macOS always have one.
    """
    if platform in ("win32", "darwin", "cygwin"):
        return None
    if env.get("DISPLAY") or env.get("WAYLAND_DISPLAY"):
        return None
    chosen = {name.partition(":")[0] for name in env.get("QT_QPA_PLATFORM", "").split(";")}
    if chosen & _NEED_NO_DISPLAY:
        return None
    return "there is no display (DISPLAY and WAYLAND_DISPLAY are not set); 'crackseg-desktop watch' runs without one"
