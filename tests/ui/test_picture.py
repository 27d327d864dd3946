"""The picture of an alert for channels that take one."""

from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QImage

from crackseg_desktop.readings import Evidence
from crackseg_desktop.ui.picture import HEIGHT, WIDTH, evidence_picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from crackseg_desktop.readings import AlertEvent


def colours(data: bytes) -> set[str]:
    image = QImage.fromData(data)
    assert (image.width(), image.height()) == (WIDTH, HEIGHT)
    return {QColor(image.pixel(x, y)).name() for x in range(WIDTH) for y in range(60, HEIGHT - 40)}


def test_that_the_curve_and_its_limit_are_drawn_in_any_thread(
    qtbot: QtBot, make_alert: Callable[..., AlertEvent]
) -> None:
    points = tuple((float(second), 60.0 + second) for second in range(30))
    event = replace(make_alert(), evidence=Evidence(points))
    drawn: list[bytes | None] = []
    thread = threading.Thread(target=lambda: drawn.append(evidence_picture(event)))
    thread.start()
    thread.join(10)
    assert drawn[0] is not None
    assert {"#1769c2", "#b3261e"} <= colours(drawn[0])


def test_that_there_is_no_picture_without_evidence(qtbot: QtBot, make_alert: Callable[..., AlertEvent]) -> None:
    assert evidence_picture(make_alert()) is None
    for points in (((1.0, 2.0),), ((1.0, math.nan), (2.0, 3.0)), ((1.0, 2.0), (1.0, 3.0))):
        assert evidence_picture(replace(make_alert(), evidence=Evidence(points))) is None


def test_that_a_flat_curve_and_an_absurd_limit_are_drawn(qtbot: QtBot, make_alert: Callable[..., AlertEvent]) -> None:
    for limit in (0.0, math.inf, 1e308):
        event = replace(make_alert(), limit=limit, evidence=Evidence(((1.0, 0.0), (2.0, 0.0))))
        assert evidence_picture(event)
