"""Tables of what there is, as CSV for programs."""

from __future__ import annotations

import csv
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crackseg_desktop.curves import Curve

CURVE_COLUMNS = ("run", "tag", "step", "wall_time", "value")


def write_curves(out: TextIO, run: str, curves: Mapping[str, Curve]) -> None:
    """Write every point of the curves (by the tag to print), in their order.

    Numbers are the shortest decimals that read back as the stored float; NaN and infinities are ``nan``, ``inf`` and
    ``-inf``.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CURVE_COLUMNS)
    for tag, curve in curves.items():
        writer.writerows((run, tag, step, repr(wall_time), repr(value)) for step, wall_time, value in curve.points())


def choose(
    curves: Mapping[str, Curve], globs: Sequence[str], *, normalised: bool, superseded: bool
) -> dict[str, Curve]:
    """Return the curves to print by the tag to print: those whose tag matches a glob (none given: all), in tag order.

    Without ``superseded`` the points that a restart replaced are left out.
    """
    counts = Counter(curve.name for curve in curves.values())

    def printed(tag: str) -> str:
        """Take our name where it is this tag's alone: every point is printed, none in place of another's."""
        name = curves[tag].name
        return name if normalised and counts[name] == 1 and (name == tag or name not in curves) else tag

    named = {printed(tag): curves[tag] for tag in sorted(curves)}
    return {
        tag: curve if superseded else curve.current()
        for tag, curve in named.items()
        if not globs or any(fnmatchcase(tag, pattern) for pattern in globs)
    }
