"""What there is to show about reports, as the model keeps it. Plain Python without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crackseg_desktop.reports.report import Report
    from crackseg_desktop.reports.shelf import PastReport


@dataclass(frozen=True, slots=True)
class Desk:
    """What there is to show about reports.

    Attributes:
        past: the newest first; None while they were not looked for.
        chosen: the slug of the one previewed.
        report: what that one says; None while it is not known.
        doing: what is being done, in words.
        busy: whether that is something a person asked for and must not ask for twice.
        said: what became of what was done last.
        problem: why it could not be done.
    """

    past: tuple[PastReport, ...] | None = None
    chosen: str = ""
    report: Report | None = None
    doing: str = ""
    busy: bool = False
    said: str = ""
    problem: str = ""

    @property
    def current(self) -> PastReport | None:
        """Return the past report that is previewed."""
        return next((past for past in self.past or () if past.slug == self.chosen), None)
