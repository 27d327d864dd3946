"""The report of the day that ``story`` tells, at 20:00, and of its week: what the tests of documents and pages draw."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from crackseg_desktop.readings import Severity
from crackseg_desktop.reports.period import Period, day_of, week_of
from crackseg_desktop.reports.report import (
    Action,
    CheckpointUse,
    Coverage,
    DayLine,
    EnergyUse,
    Figure,
    Gain,
    Health,
    Improvement,
    Issue,
    Lane,
    Outcome,
    Points,
    Report,
    Resolution,
    RunReport,
    Score,
    Week,
)
from crackseg_desktop.series import Gap

GIB = 1024.0**3
DAY = date(2026, 11, 23)
BEGIN = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
PERIOD = day_of(DAY, UTC, BEGIN + 20 * 3600)


def at(hour: int, minute: int = 0) -> float:
    """Return a moment of the day."""
    return BEGIN + hour * 3600 + minute * 60


def curve(last: int, low: float, high: float) -> Points:
    """Return a curve that nears ``high``, an epoch a point."""
    epochs = tuple(float(epoch) for epoch in range(1, last + 1))
    return Points("", epochs, tuple(high + (low - high) * math.exp(-epoch / 9) for epoch in epochs))


def scores(iou: float, dice: float, epoch: int) -> tuple[Score, ...]:
    """Return both best scores of a run beside their targets."""
    return (
        Score("val/iou", "IoU", Figure(iou), epoch, 0.75),
        Score("val/dice", "Dice", Figure(dice), epoch, 0.82),
    )


def run(name: str, outcome: Outcome, epoch: int, iou: float, dice: float, begin: float, **more: Any) -> RunReport:
    """Return a run of the day."""
    made = RunReport(
        id=f"{abs(hash(name)):010x}"[:10],
        name=name,
        short=name.removeprefix("swinv2-"),
        outcome=outcome,
        epoch=epoch,
        total_epochs=50,
        started=begin,
        epochs_per_hour=Figure(15.7),
        scores=scores(iou, dice, epoch),
        peak_memory_bytes=Figure(6.7 * GIB),
        energy=EnergyUse(Figure(1.2e6), Figure(0.08), "counter", 1.0),
        idle_seconds=Figure(240.0),
        throttled_seconds=Figure(12.0),
        checkpoints=CheckpointUse(epoch, int(epoch * 141 * 1024**2), int(epoch * 141 * 1024**2)),
        loss=curve(epoch, 0.9, 0.4),
        iou=curve(epoch, 0.1, iou),
    )
    return replace(made, **more)


def runs() -> tuple[RunReport, ...]:
    """Return the four runs of the day."""
    return (
        run(
            *("swinv2-crack500-448", Outcome.ACTIVE, 11, 0.471, 0.640, at(19, 10)),
            seconds=Figure(3000.0),
            period_seconds=3000.0,
            eta_seconds=Figure(10620.0),
        ),
        run(
            *("swinv2-crack500-360", Outcome.COMPLETED, 50, 0.681, 0.810, at(12, 38)),
            ended=at(15, 49),
            seconds=Figure(11460.0),
            period_seconds=11460.0,
        ),
        run(
            *("swinv2-pycrackdb-320", Outcome.COMPLETED, 50, 0.694, 0.819, at(8, 10)),
            ended=at(11, 1),
            seconds=Figure(10260.0),
            period_seconds=10260.0,
        ),
        run(
            *("unet-pycrackdb-320", Outcome.FAILED, 7, 0.402, 0.573, at(11, 31)),
            ended=at(11, 55),
            seconds=Figure(1440.0),
            period_seconds=1440.0,
            reason="loss NaN",
            findings=("NaN in val/loss since epoch 7",),
        ),
    )


def lanes() -> tuple[Lane, ...]:
    """Return temperature and memory of the day, a point every four minutes."""
    noise = random.Random(4)
    moments = tuple(BEGIN + 240.0 * step for step in range(300))
    spans = [(each.started or 0.0, each.ended or at(20)) for each in runs()]
    busy = [any(begin <= moment <= end for begin, end in spans) for moment in moments]
    heat = tuple((75.0 if on else 48.0) + noise.random() * 2 for on in busy)
    memory = tuple((6.6 if on else 0.6) * GIB + noise.random() * 2e7 for on in busy)
    return (
        Lane("temperature", "GPU temperature", "celsius", (Points("GPU 0", moments, heat, longest=600.0),), 80.0),
        Lane(
            *("memory", "GPU memory", "bytes", (Points("GPU 0", moments, memory, longest=600.0),)),
            limit=7.5 * GIB,
            total=8 * GIB,
        ),
    )


def issues() -> tuple[Issue, ...]:
    """Return what went wrong."""
    told = (
        (
            "disk_space",
            "Disk under 10 GiB on /data",
            at(15, 30),
            at(15, 41),
            "resolved by ana",
            "old checkpoints removed",
        ),
        (
            "nan_loss",
            "Loss became NaN, unet-pycrackdb-320",
            at(11, 55),
            None,
            "acknowledged by ana",
            "lr 1e-3 too high",
        ),
        ("gpu_throttled", "GPU 0 thermal slowdown", at(13, 21), at(13, 22), "resolved by itself", ""),
        ("dataset", "Dataset folder did not answer", at(10, 14), at(10, 16), "resolved by itself", ""),
    )
    return tuple(
        Issue(
            *(f"{rule}:", rule, title, "/data"),
            Severity.CRITICAL if place < 3 else Severity.WARNING,
            Resolution.RESOLVED if ended else Resolution.ACKNOWLEDGED,
            *(since, ended, ended - since if ended else None),
            how=how,
            note=note,
            summary="Lowest 9.8 GiB, limit 10 GiB",
            cause="likely checkpoints, which grew 2.2 GiB/h",
        )
        for place, (rule, title, since, ended, how, note) in enumerate(told)
    )


def health() -> tuple[Health, ...]:
    """Return the four rows of the guide."""
    return (
        Health(
            "gpu_memory",
            "GPU memory",
            "bytes",
            "",
            Figure(6.7 * GIB),
            at(13),
            Figure(6.6 * GIB),
            Figure(8 * GIB),
            7.5 * GIB,
        ),
        Health(
            *("host_memory", "System memory", "bytes", "", Figure(22.8 * GIB), at(9), Figure(19.4 * GIB)),
            *(Figure(31.2 * GIB), 28.1 * GIB),
        ),
        Health(
            *("disk", "Disk", "bytes", "/data", Figure(9.8 * GIB), at(15, 30), Figure(38.2 * GIB), Figure(466 * GIB)),
            *(10 * GIB, "likely under 10 GiB tomorrow at 09:00"),
        ),
        Health(
            "temperature", "Temperature", "celsius", "GPU 0", Figure(82.0), at(13, 21), Figure(75.0), Figure(), 80.0
        ),
    )


def daily(**changes: Any) -> Report:
    """Return the report of the day."""
    made = Report(
        PERIOD,
        hostname="nemo",
        environment="Development",
        runs=runs(),
        mean_seconds=Figure(10860.0),
        best=(
            Score("val/iou", "IoU", Figure(0.694), 47, 0.75, "swinv2-pycrackdb-320"),
            Score("val/dice", "Dice", Figure(0.819), 47, 0.82, "swinv2-pycrackdb-320"),
        ),
        energy=EnergyUse(Figure(1.02 * 3.6e6), Figure(0.26), "counter", 0.998),
        tariff=0.25,
        currency="€",
        idle_seconds=Figure(46800.0),
        throttled_seconds=Figure(12.0),
        checkpoint_bytes=int(16.2 * GIB),
        health=health(),
        lanes=lanes(),
        issues=issues(),
        unlisted=3,
        actions=(
            Action("Let swinv2-crack500-448 finish", "its checkpoints likely need 5.4 GiB more; 38.2 GiB are free"),
            Action("Restart unet-pycrackdb-320 with a learning rate of 2e-4", "its loss became NaN at 1e-3"),
            Action("Keep the best and the last checkpoint only", "a run now writes 50 × 141 MiB, 6.9 GiB"),
        ),
        coverage=Coverage(Figure(0.998), (Gap(at(3, 10), at(3, 12), "suspended"),)),
    )
    return replace(made, **changes)


def weekly(**changes: Any) -> Report:
    """Return the report of the week that the day is in, at its end."""
    heat = tuple(
        tuple(
            None if day == 6 and hour < 6 else round(0.9 * math.sin(hour / 24 * math.pi) ** 2, 3) for hour in range(24)
        )
        for day in range(7)
    )
    days = tuple(
        DayLine(f"{name} {23 + place}", place % 3, int(place == 0), 3600.0 * place, Figure(3.6e6), Figure(0.4))
        for place, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
    )
    better = Improvement(
        *("swinv2-pycrackdb-320", "swinv2-pycrackdb-256", (Gain("IoU", 0.694, 0.671),)),
        (("learning rate", "1e-3", "2e-4"), ("image size", "256", "320")),
    )
    period: Period = week_of(DAY, UTC, BEGIN + 7 * 86400)
    return daily(period=period, week=Week(heat, "", days, (better,)), **changes)
