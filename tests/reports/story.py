"""A day and a week on a workstation as the history, the files and the alert log would tell them. Deterministic."""

from __future__ import annotations

import math
import random
from array import array
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from crackseg_desktop.curves import Curve, Curves
from crackseg_desktop.readings import (
    AlertEvent,
    AlertState,
    Best,
    Checkpoint,
    Ending,
    Evidence,
    Finding,
    GpuReading,
    HostReading,
    Performance,
    Reading,
    Run,
    RunConfig,
    RunFacts,
    RunState,
    Sample,
    Severity,
)
from crackseg_desktop.reports.collect import Sources
from crackseg_desktop.reports.period import Period, day_of, week_of
from crackseg_desktop.series import Buckets, Gap, SeriesKey, series_key
from crackseg_desktop.settings import Energy, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

ZONE = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 23)
GIB = 1024.0**3
GPU = "GPU-3070a1b2"
STEP = 60.0


def at(clock: str, day: date = DAY) -> float:
    """Return a time of day in Unix seconds."""
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).timestamp()


@dataclass
class FakePast:
    """A history in memory: columns by series, one tier of a minute."""

    columns: dict[SeriesKey, tuple[array[float], array[float]]] = field(default_factory=dict)
    missing: tuple[Gap, ...] = ()
    period: float = STEP

    def put(self, metric: str, labels: Mapping[str, str], rows: Iterable[tuple[float, float]]) -> None:
        kept = [row for row in rows if not any(gap.since <= row[0] < gap.until for gap in self.missing)]
        self.columns[series_key(metric, labels)] = (
            array("d", (time for time, _ in kept)),
            array("d", (value for _, value in kept)),
        )

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        return tuple(
            sorted(
                key
                for key, (times, _) in self.columns.items()
                if fnmatchcase(key[0], pattern) and times and (since is None or times[-1] >= since)
            )
        )

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        times, values = self.columns.get(key, (array("d"), array("d")))
        low, high = bisect_left(times, since), bisect_left(times, until)
        stride = 1 if most is None else max(1, math.ceil((high - low) / most))
        buckets = Buckets(key, self.period * stride)
        for begin in range(low, high, stride):
            part = values[begin : min(begin + stride, high)]
            buckets.times.append(times[begin])
            buckets.minima.append(min(part))
            buckets.maxima.append(max(part))
            buckets.means.append(math.fsum(part) / len(part))
            buckets.lasts.append(part[-1])
            buckets.counts.append(len(part))
        return buckets

    def gaps(self, since: float, until: float) -> tuple[Gap, ...]:
        return tuple(gap for gap in self.missing if gap.until > since and gap.since < until)

    def covered(self) -> tuple[float, float] | None:
        ends = [(times[0], times[-1]) for times, _ in self.columns.values() if times]
        return (min(end[0] for end in ends), max(end[1] for end in ends)) if ends else None


@dataclass(frozen=True)
class Plan:
    """One training of the story."""

    id: str
    name: str
    begin: float
    epochs: int
    total: int
    epoch_seconds: float
    best_iou: float
    state: RunState = RunState.FINISHED
    reason: str | None = None
    ending: Ending | None = None
    nan_epoch: int | None = None
    config: RunConfig | None = None
    checkpoints: int = 2
    gpu: str = GPU

    @property
    def end(self) -> float:
        return self.begin + self.epochs * self.epoch_seconds + 30

    def iou(self, epoch: int) -> float:
        wobble = random.Random(f"{self.id}{epoch}").random() * 0.02
        peak = round(self.epochs * 0.8) or 1
        if epoch == peak:
            return self.best_iou
        return max(0.02, self.best_iou * (1 - math.exp(-4 * epoch / peak)) - wobble - 0.002)

    def dice(self, epoch: int) -> float:
        return 2 * self.iou(epoch) / (1 + self.iou(epoch))


def curves_of(plan: Plan) -> Curves:
    """Return the validation curves of a training."""
    curves: Curves = {}
    values: dict[str, Callable[[int], float]] = {
        "val/iou": plan.iou,
        "val/dice": plan.dice,
        "val/loss": lambda epoch: math.nan if epoch == plan.nan_epoch else 1.0 - 0.9 * plan.iou(epoch),
    }
    for name, value in values.items():
        curve = curves[name] = Curve(name, name, "epoch")
        for epoch in range(1, plan.epochs + 1):
            curve.steps.append(epoch)
            curve.wall_times.append(plan.begin + epoch * plan.epoch_seconds)
            curve.values.append(value(epoch))
    return curves


def run_of(plan: Plan, now: float) -> Run:
    """Return the run as it stands."""
    peak = max(range(1, plan.epochs + 1), key=plan.iou)
    is_active = plan.state in (RunState.RUNNING, RunState.STALLED)
    folder = f"/data/experiments/{plan.id}"
    kinds = ("best", "last") if plan.checkpoints == 2 else ()
    files = tuple(
        Checkpoint(
            f"{folder}/epoch_{number}.pth" if not kinds else f"{folder}/{kinds[number - 1]}.pth",
            147_849_216,
            plan.begin + number * plan.epoch_seconds if not kinds else plan.end,
            None if not kinds else kinds[number - 1],  # type: ignore[arg-type]
        )
        for number in range(1, plan.checkpoints + 1)
    )
    facts = RunFacts(
        id=plan.id,
        name=plan.name,
        path=folder,
        folders=(folder,),
        source="crackseg",
        started=plan.begin,
        updated=min(plan.end, now),
        epoch=plan.epochs,
        total_epochs=plan.total,
        ending=plan.ending,
        config=plan.config,
        checkpoints=files,
    )
    findings: tuple[Finding, ...] = ()
    if plan.nan_epoch is not None:
        findings = (Finding("nan", "val/loss", plan.nan_epoch, f"NaN loss since epoch {plan.nan_epoch} (val/loss)"),)
    return Run(
        facts,
        plan.state,
        plan.reason,
        findings,
        3600 / plan.epoch_seconds,
        (plan.total - plan.epochs) * plan.epoch_seconds if is_active else None,
        {
            "val/iou": Best(plan.iou(peak), peak, peak),
            "val/dice": Best(plan.dice(peak), peak, peak),
            "val/loss": Best(1.0 - 0.9 * plan.iou(peak), peak, peak),
        },
        {"val/iou": plan.iou(plan.epochs)},
        performance=Performance(unavailable={"peak_memory_bytes": "the run is not linked to a GPU yet"}),
    )


def alert(
    rule: str, subject: str, metric: str, labels: Mapping[str, str], since: float, title: str, **more: Any
) -> AlertEvent:
    """Return a change of an alert that fires."""
    given: dict[str, Any] = {
        "state": AlertState.FIRING,
        "severity": Severity.WARNING,
        "value": 1.0,
        "limit": 0.0,
        "time": since,
        "summary": "",
    }
    return AlertEvent(
        rule=rule, subject=subject, labels=labels, metric=metric, since=since, title=title, **(given | more)
    )


def resolved(event: AlertEvent, seconds: float, **more: Any) -> AlertEvent:
    """Return the last change of an alert."""
    given = {"summary": "Back to normal after a while: 1 now."} | more
    return replace(event, state=AlertState.RESOLVED, time=event.since + seconds, lasted=seconds, **given)


def fill_machine(
    past: FakePast, since: float, until: float, plans: Sequence[Plan], gpus: Sequence[str] = (GPU,)
) -> None:
    """Put what the machine did into the history: busy while a training ran."""
    times = [since + STEP * index for index in range(int((until - since) / STEP))]
    noise = random.Random(7)
    for gpu in gpus:
        heat, energy = 47.0, 3e6
        columns: dict[str, list[tuple[float, float]]] = {}
        for time in times:
            busy = any(plan.begin <= time < plan.end and plan.gpu == gpu for plan in plans)
            hot = at("13:21") <= time < at("13:24")
            heat += ((82.0 if hot else 75.0 if busy else 47.0) - heat) * (0.5 if hot else 0.15)
            watts = 104.0 if busy else 14.0
            energy += watts * STEP
            row = {
                "gpu_temperature_celsius": heat + noise.random() * 1.6 - 0.8,
                "gpu_memory_used_bytes": (6.6 if busy else 0.6) * GIB + noise.random() * 5e7,
                "gpu_utilization_ratio": 0.9 + 0.06 * noise.random() if busy else 0.01,
                "gpu_power_watts": watts,
                "gpu_energy_joules_total": energy,
                "gpu_throttled": 1.0 if hot and heat > 79 else 0.0,
            }
            for metric, value in row.items():
                columns.setdefault(metric, []).append((time, value))
        for metric, rows in columns.items():
            past.put(metric, {"gpu": gpu}, rows)
    span = max(until - since, 1.0)
    past.put(
        "host_memory_used_bytes", {}, ((t, (12 + 10.8 * math.sin((t - since) / span * 3) ** 2) * GIB) for t in times)
    )
    past.put("host_cpu_used_ratio", {}, ((time, 0.2) for time in times))
    past.put("host_disk_free_bytes", {"mount": "/"}, ((time, 61.0 * GIB) for time in times))
    past.put(
        "host_disk_free_bytes",
        {"mount": "/data"},
        ((time, _free_on_data(time, since, until) * GIB) for time in times),
    )
    for plan in plans:
        rows = [(time, 6.1 * GIB) for time in times if plan.begin <= time < plan.end]
        past.put("training_gpu_memory_used_bytes", {"run": plan.id, "gpu": plan.gpu}, rows)


def _free_on_data(time: float, since: float, until: float) -> float:
    """Return the free GiB: falling below the limit at 15:30, until somebody cleans up."""
    if at("15:30") <= time < at("15:41"):
        return 9.1 + 0.3 * math.cos(time / 900)
    if time >= at("15:41"):
        return 38.2
    return 60.0 - 49.0 * (time - since) / (until - since)


def sample_at(time: float, gpus: Sequence[str] = (GPU,)) -> Sample:
    """Return the machine as it is now."""
    cards = tuple(
        GpuReading(
            {"gpu": gpu},
            {
                "gpu_memory_total_bytes": 8 * GIB,
                "gpu_memory_used_bytes": 6.6 * GIB,
                "gpu_temperature_celsius": 75.0,
            },
            uuid=gpu,
            index=index,
            name="NVIDIA GeForce RTX 3070 Ti",
        )
        for index, gpu in enumerate(gpus)
    )
    disks = tuple(
        Reading({"mount": mount}, {"host_disk_total_bytes": total * GIB, "host_disk_free_bytes": free * GIB})
        for mount, total, free in (("/", 234.0, 61.0), ("/data", 466.0, 38.2))
    )
    figures = {"host_memory_total_bytes": 31.2 * GIB, "host_memory_used_bytes": 19.4 * GIB}
    return Sample(time, 0.0, HostReading({}, figures, hostname="nemo", disks=disks), cards)


SWIN = RunConfig(batch_size=4, total_epochs=50, learning_rate=1e-3, model="SwinV2CnnAspp", monitor="val/iou")


def plans_of_day() -> list[Plan]:
    """Return the trainings of the day of the story."""
    return [
        Plan("a1" * 5, "swinv2-pycrackdb-320", at("08:10"), 50, 50, 205.0, 0.694, config=SWIN, checkpoints=50),
        Plan(
            "b2" * 5, "unet-pycrackdb-320", at("11:31"), 7, 50, 200.0, 0.402, RunState.FAILED,
            "NaN loss since epoch 7 (val/loss)", Ending("completed", None, at("11:55")), 7, replace(SWIN, model="UNet"),
        ),
        Plan("c3" * 5, "swinv2-crack500-360", at("12:38"), 50, 50, 228.6, 0.681, config=SWIN),
        Plan(
            "d4" * 5, "swinv2-crack500-448", at("19:10"), 11, 50, 272.0, 0.471, RunState.RUNNING, config=SWIN,
            checkpoints=11,
        ),
    ]  # fmt: skip


def alerts_of_day() -> list[AlertEvent]:
    """Return the changes of the alert log of that day."""
    heat = alert(
        "gpu_temperature", "GPU 0", "gpu_temperature_celsius", {"gpu": GPU}, at("13:21"),
        "GPU 0 at 82 °C, limit 80 °C", value=82.0, limit=80.0, peak=82.0,
        evidence=Evidence((), "Likely the cooling does not keep up with the load.", "Raise the laptop."),
    )  # fmt: skip
    throttle = alert(
        "gpu_throttling",
        "GPU 0",
        "gpu_throttled_by_heat",
        {"gpu": GPU},
        at("13:21"),
        "GPU 0 slows itself because of heat",
    )
    nan = alert(
        "nan", "unet-pycrackdb-320", "training_nonfinite_points_total", {"run": "b2" * 5}, at("11:55"),
        "Loss is NaN in unet-pycrackdb-320", severity=Severity.CRITICAL, summary="NaN loss since epoch 7 (val/loss)",
        evidence=Evidence((), "Likely the learning rate is too high, or mixed precision (AMP) overflows.", "Lower it."),
    )  # fmt: skip
    failed = alert(
        "run_failed", "unet-pycrackdb-320", "training_failed", {"run": "b2" * 5}, at("11:55"),
        "unet-pycrackdb-320 failed", severity=Severity.CRITICAL,
    )  # fmt: skip
    disk = alert(
        "disk_space", "/data", "host_disk_free_bytes", {"mount": "/data"}, at("15:30"),
        "Disk nearly full on /data: 9.2 GiB free", value=9.2 * GIB, limit=10e9, peak=8.8 * GIB,
        evidence=Evidence((), "Likely checkpoints and logs of earlier trainings.", "Delete old checkpoints."),
    )  # fmt: skip
    mount = alert(
        "dead_mount", "/mnt/nas/crack500", "mount_silent_seconds", {"mount": "/mnt/nas/crack500"}, at("10:14"),
        "/mnt/nas/crack500 does not answer", value=130.0, limit=30.0, peak=130.0,
        evidence=Evidence((), "Likely the server or the network is gone.", "Check the network and the server."),
    )  # fmt: skip
    seen = replace(nan, state=AlertState.ACKNOWLEDGED, time=at("12:02"), note="seen by ana")
    noted = replace(disk, state=AlertState.ACKNOWLEDGED, time=at("15:33"), note="old checkpoints removed by ana")
    changes = [mount, resolved(mount, 130.0), nan, failed, seen, heat, throttle, resolved(throttle, 40.0)]
    changes += [resolved(heat, 150.0), disk, noted, resolved(noted, 660.0)]
    return sorted(changes, key=lambda event: event.time)


def sources_of(past: FakePast, plans: Sequence[Plan], now: float, **more: Any) -> Sources:
    """Return what a report of these trainings is collected from."""
    known = {plan.id: plan for plan in plans}
    given: dict[str, Any] = {
        "settings": Settings(energy=Energy(0.25, "€")),
        "hostname": "nemo",
        "sample": sample_at(now),
    }
    runs = tuple(run_of(plan, now) for plan in plans)
    return Sources(past, runs, lambda run: curves_of(known[run]), **(given | more))


def day() -> tuple[Period, Sources]:
    """Return the day of the story, at 20:00."""
    period = day_of(DAY, ZONE, at("20:00"))
    past = FakePast(missing=(Gap(at("03:10"), at("03:12"), "suspended"),))
    plans = plans_of_day()
    fill_machine(past, period.since, period.until, plans)
    return period, sources_of(past, plans, period.now, alerts=alerts_of_day())


def week() -> tuple[Period, Sources]:
    """Return the week before that day, with trainings of the weeks before it."""
    period = week_of(date(2026, 11, 16), ZONE, at("08:00"))
    earlier = replace(SWIN, learning_rate=2e-3)
    plans = [Plan("e5" * 5, "swinv2-crack500-320", period.since - 9 * 86_400, 50, 50, 200.0, 0.655, config=earlier)]
    for index in range(9):
        begin = period.since + index * 0.75 * 86_400 + 8 * 3600
        state = RunState.FAILED if index == 4 else RunState.FINISHED
        best = (0.61, 0.642, 0.598, 0.671, 0.3, 0.66, 0.688, 0.652, 0.64)[index]
        config = replace(SWIN, learning_rate=5e-4, batch_size=8) if index == 6 else SWIN
        name = f"swinv2-crack500-{320 + 16 * index}"
        reason = "out of memory: CUDA out of memory" if index == 4 else None
        ending = Ending("out_of_memory", "CUDA out of memory", begin + 1200) if index == 4 else None
        epochs = 5 if index == 4 else 50
        plans.append(
            Plan(
                f"f{index}" * 5, name, begin, epochs, 50, 200.0 + 12 * index, best, state, reason, ending, config=config
            )
        )
    past = FakePast(
        missing=(Gap(period.since + 2.5 * 86_400, period.since + 2.8 * 86_400, "not running"),), period=300.0
    )
    _fill_week(past, period, plans)
    return period, sources_of(past, plans, period.now, alerts=_alerts_of_week(period, plans))


def _fill_week(past: FakePast, period: Period, plans: Sequence[Plan]) -> None:
    times = [period.since + 300.0 * index for index in range(int(period.seconds / 300))]
    noise = random.Random(3)
    busy = {time: any(plan.begin <= time < plan.end for plan in plans) for time in times}
    one = {"gpu": GPU}
    past.put("gpu_utilization_ratio", one, ((t, 0.9 + 0.05 * noise.random() if busy[t] else 0.02) for t in times))
    past.put("gpu_temperature_celsius", one, ((t, (74.0 if busy[t] else 46.0) + 2 * noise.random()) for t in times))
    past.put("gpu_memory_used_bytes", one, ((t, (6.4 if busy[t] else 0.5) * GIB) for t in times))
    past.put("gpu_power_watts", one, ((t, 105.0 if busy[t] else 15.0) for t in times))
    past.put("gpu_throttled", one, ((t, 0.0) for t in times))
    past.put("host_cpu_used_ratio", {}, ((t, 0.2) for t in times))
    past.put("host_memory_used_bytes", {}, ((t, 18.0 * GIB) for t in times))
    past.put("host_disk_free_bytes", {"mount": "/data"}, ((t, 80.0 * GIB - (t - period.since) * 8e4) for t in times))
    for plan in plans:
        rows = [(t, 6.0 * GIB) for t in times if plan.begin <= t < plan.end]
        past.put("training_gpu_memory_used_bytes", {"run": plan.id, "gpu": GPU}, rows)


def _alerts_of_week(period: Period, plans: Sequence[Plan]) -> list[AlertEvent]:
    failed = next(plan for plan in plans if plan.state == RunState.FAILED)
    changes = [
        alert(
            "run_failed", failed.name, "training_failed", {"run": failed.id}, failed.end, f"{failed.name} failed",
            severity=Severity.CRITICAL, summary="out of memory: CUDA out of memory",
            evidence=Evidence((), "Likely the batch does not fit into the memory of the GPU.", "Take a smaller batch."),
        )
    ]  # fmt: skip
    for index in range(3):
        since = period.since + (index + 1) * 86_400 + 50_000
        heat = alert(
            "gpu_temperature", "GPU 0", "gpu_temperature_celsius", {"gpu": GPU}, since,
            "GPU 0 at 81 °C, limit 80 °C", value=81.0, limit=80.0, peak=81.0 + index,
        )  # fmt: skip
        changes += [heat, resolved(heat, 90.0)]
    return sorted(changes, key=lambda event: event.time)


def crowded_day() -> tuple[Period, Sources]:
    """Return a day with two GPUs, thirty short trainings, very long and hostile names, and many alerts."""
    period = day_of(DAY, ZONE, at("20:00"))
    gpus = (GPU, "GPU-9999ffff")
    names = [
        f"segmentation_experiment_with_a_very_long_name_{'x' * 60}",
        "`rm -rf` | <script>alert(1)</script> [link](http://example.org) **bold**",
        "evil\u202ename\n# heading\x1b[31m",
    ]
    plans = [
        Plan(
            f"{index:010x}",
            names[index] if index < len(names) else f"sweep-{index:02d}",
            at("00:10") + index * 2300.0,
            5,
            5,
            700.0,
            0.4 + 0.01 * index,
            RunState.FAILED if index % 7 == 3 else RunState.FINISHED,
            gpu=gpus[index % 2],
        )
        for index in range(30)
    ]
    past = FakePast()
    fill_machine(past, period.since, period.until, plans, gpus)
    alerts = []
    for index in range(40):
        since = period.since + 600.0 + index * 1700
        title = "GPU 0 at 82 °C, limit 80 °C" if index % 3 else "a_mount | with <b>markup</b> and a title that goes on"
        labels = {"mount": f"/mnt/{index % 9}"}
        event = alert("dead_mount", f"/mnt/{index % 9}", "mount_silent_seconds", labels, since, title, note="`x` | <i>")
        alerts += [event, resolved(event, 200.0)]
    return period, sources_of(past, plans, period.now, alerts=alerts, sample=sample_at(period.now, gpus))


def headless_day() -> tuple[Period, Sources]:
    """Return a day on a machine without a GPU and without a look at it now, with one training."""
    period = day_of(DAY, ZONE, at("20:00"))
    past = FakePast()
    fill_machine(past, period.since, period.until, [], ())
    return period, sources_of(past, plans_of_day()[:1], period.now, sample=None)


def quiet_day() -> tuple[Period, Sources]:
    """Return a day on which the machine ran and nothing happened."""
    period = day_of(DAY, ZONE, at("20:00"))
    past = FakePast()
    fill_machine(past, period.since, period.until, [])
    return period, sources_of(past, [], period.now)


def unknown_day() -> tuple[Period, Sources]:
    """Return a day of which nothing at all is known."""
    period = day_of(DAY, ZONE, at("20:00"))
    return period, sources_of(FakePast(), [], period.now, sample=None, hostname="", notes=("the alert log is damaged",))
