"""A day on a workstation as a snapshot: what the tests of the dashboard draw. Deterministic, without Qt."""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import replace
from typing import Any

from crackseg_desktop.alerts.rules import BUILTIN, RuleStatus
from crackseg_desktop.curves import Curve, Curves
from crackseg_desktop.history.recent import Recent
from crackseg_desktop.monitor import Snapshot
from crackseg_desktop.readings import (
    AlertEvent,
    AlertState,
    Best,
    Evidence,
    GpuProcess,
    GpuReading,
    HostReading,
    ProcessReading,
    Reading,
    Run,
    RunFacts,
    RunState,
    Sample,
    Scope,
    Severity,
    Silence,
    SourceHealth,
    SourceState,
)

NOW = 1795442700.0
GIB = 1024.0**3
GPU = "GPU-3070a1b2"


def gpu(second: float = 0.0, **changes: Any) -> GpuReading:
    """Return the GPU at a time relative to now, in validation for a few seconds of every 226."""
    noise = random.Random(int(second))
    validating = (second % 226) < 16
    figures = {
        "gpu_memory_total_bytes": 8 * GIB,
        "gpu_memory_used_bytes": (6.1 if validating else 6.6) * GIB + noise.random() * 2e7,
        "gpu_memory_reserved_bytes": 0.2 * GIB,
        "gpu_temperature_celsius": round(76 + 5 * math.exp(-(((second + 2640) / 180) ** 2)) + noise.random()),
        "gpu_temperature_slowdown_celsius": 87.0,
        "gpu_utilization_ratio": round(0.2 + 0.5 * noise.random() if validating else 0.92 + 0.06 * noise.random(), 2),
        "gpu_memory_controller_utilization_ratio": 0.41,
        "gpu_power_watts": 60.0 + 20 * noise.random() if validating else 102 + 8 * noise.random(),
        "gpu_power_limit_watts": 125.0,
        "gpu_energy_joules_total": 1e7 + 100 * (second + 3600),
        "gpu_clock_sm_hertz": 1.605e9,
        "gpu_clock_memory_hertz": 7.001e9,
        "gpu_performance_state": 2.0,
        "gpu_throttled": 0.0,
    }
    if second == 0.0:
        figures |= {"gpu_memory_used_bytes": 6.6 * GIB, "gpu_temperature_celsius": 76.0}
        figures |= {"gpu_utilization_ratio": 0.92, "gpu_power_watts": 104.0}
    figures["gpu_memory_used_ratio"] = figures["gpu_memory_used_bytes"] / figures["gpu_memory_total_bytes"]
    reading = GpuReading(
        labels={"gpu": GPU},
        figures=figures,
        unavailable={"gpu_fan_speed_ratio": "not reported on laptops"},
        uuid=GPU,
        index=0,
        name="NVIDIA GeForce RTX 3070 Ti Laptop GPU",
        processes=(
            GpuProcess(48213, int(6.1 * GIB), "compute"),
            GpuProcess(2210, int(0.3 * GIB), "graphics"),
            GpuProcess(3987, None, "graphics"),
        ),
        taken=NOW + second,
    )
    return replace(reading, **changes)


def host(second: float = 0.0) -> HostReading:
    """Return the machine at a time relative to now."""
    noise = random.Random(int(second) + 7)
    spike = 1.6 * math.exp(-(((second + 2100) / 100) ** 2))
    return HostReading(
        labels={},
        figures={
            "host_cpu_used_ratio": 0.38 if second == 0 else 0.36 + 0.08 * noise.random(),
            "host_cpu_threads": 20.0,
            "host_load1": 7.6,
            "host_memory_total_bytes": 31.2 * GIB,
            "host_memory_used_bytes": 19.4 * GIB + (0 if second == 0 else 0.2e9 * noise.random()),
            "host_memory_available_bytes": 11.8 * GIB,
            "host_memory_used_ratio": 19.4 / 31.2,
            "host_swap_used_bytes": 0.0,
            "host_disk_read_bytes_per_second": 86.0 * 1024**2 * (0.8 + 0.4 * noise.random()),
            "host_disk_written_bytes_per_second": (145.0 if (second % 226) < 8 else 2.0) * 1024**2,
        },
        hostname="nemo",
        disks=(
            disk("/", 61.0, 234.0),
            disk("/data", 9.6, 466.0),
            disk("/home", 118.0, 466.0),
        ),
        interfaces=(
            interface("eth0", (0.2 + spike) * 1024**2, 0.1 * 1024**2),
            interface("lo", 5e8, 5e8),
        ),
    )


def disk(mount: str, free: float, total: float) -> Reading:
    """Return a disk, in GiB."""
    figures = {
        "host_disk_total_bytes": total * GIB,
        "host_disk_free_bytes": free * GIB,
        "host_disk_used_bytes": (total - free) * GIB,
        "host_disk_used_ratio": 1 - free / total,
    }
    return Reading({"mount": mount}, figures)


def interface(name: str, down: float, up: float) -> Reading:
    """Return a network interface, in bytes per second."""
    figures = {"host_network_receive_bytes_per_second": down, "host_network_transmit_bytes_per_second": up}
    return Reading({"interface": name}, figures)


def sample(second: float = 0.0, **changes: Any) -> Sample:
    """Return everything that was read at a time relative to now."""
    whole = Sample(
        time=NOW + second,
        monotonic=50_000 + second,
        host=host(second),
        gpus=(gpu(second),),
        own=Reading({}, {"self_cpu_ratio": 0.004, "self_memory_rss_bytes": 118 * 1024.0**2}),
        sources=(SourceHealth("nvidia", SourceState.OK), SourceHealth("host", SourceState.OK)),
        processes=(ProcessReading(48213, NOW - 5220, ("/usr/bin/python", "run.py"), "/home/ana/crackseg"),),
    )
    return replace(whole, **changes)


def recent(seconds: int = 3600, step: int = 1) -> Recent:
    """Return the last hour."""
    history = Recent()
    for second in range(-seconds, 1, step):
        history.add(sample(float(second)))
    return history


def curve(name: str, values: list[float], start: float, epoch_seconds: float = 226.0) -> Curve:
    """Return a curve with a point an epoch."""
    made = Curve(name, name, "epoch")
    made.steps = array("q", range(1, len(values) + 1))
    made.wall_times = array("d", (start + epoch_seconds * (index + 1) for index in range(len(values))))
    made.values = array("d", values)
    return made


def curves(start: float, epochs: int = 23) -> Curves:
    """Return what a training in good health logs."""
    noise = random.Random(3)

    def course(first: float, last: float, pace: float, rough: float) -> list[float]:
        return [
            last + (first - last) * math.exp(-index / pace) + rough * (noise.random() - 0.5) for index in range(epochs)
        ]

    found = {
        "train/loss": course(0.93, 0.31, 7, 0.02),
        "val/loss": course(0.91, 0.39, 7.5, 0.03),
        "val/iou": course(0.09, 0.64, 8, 0.02),
        "val/dice": course(0.16, 0.78, 7, 0.02),
        "val/precision": course(0.31, 0.79, 8, 0.05),
        "val/recall": course(0.11, 0.75, 8, 0.05),
    }
    for name, last in (("val/iou", 0.612), ("val/dice", 0.759), ("val/loss", 0.402), ("train/loss", 0.318)):
        found[name] = [min(value, last - 0.008) if "loss" not in name else value for value in found[name]]
        if epochs > 1:
            found[name][-1] = last
    return {name: curve(name, values, start) for name, values in found.items()}


def run(
    identifier: str = "a1b2c3d4e5",
    name: str = "swinv2-crack500-360",
    state: RunState = RunState.RUNNING,
    **changes: Any,
) -> Run:
    """Return a run: by default the one that is going, at epoch 23 of 50."""
    active = state in (RunState.RUNNING, RunState.STALLED)
    facts = RunFacts(
        id=identifier,
        name=name,
        path=f"/home/ana/crackseg/artifacts/experiments/{name}",
        folders=(),
        source="crackseg",
        started=NOW - 5220,
        updated=NOW - 20,
        epoch=23,
        total_epochs=50,
        simulated=False,
    )
    facts = replace(facts, **{key: value for key, value in changes.items() if key in RunFacts.__slots__})
    rest = {key: value for key, value in changes.items() if key not in RunFacts.__slots__}
    made = Run(
        facts=facts,
        state=state,
        epochs_per_hour=15.9 if active else None,
        eta_seconds=6120.0 if state == RunState.RUNNING else None,
        best={
            "val/iou": Best(0.612, 23, 23),
            "val/dice": Best(0.759, 23, 23),
            "val/loss": Best(0.402, 23, 23),
            "train/loss": Best(0.318, 23, 23),
        },
        latest={"val/iou": 0.612, "val/dice": 0.759, "val/loss": 0.402},
        pid=48213 if active else None,
    )
    return replace(made, **rest)


def runs() -> tuple[Run, ...]:
    """Return a handful of runs in every state, newest first."""
    return (
        run(),
        run(
            "b000000001",
            "unet-pycrackdb-320",
            RunState.FAILED,
            reason="loss NaN",
            epoch=7,
            updated=NOW - 7800,
            started=NOW - 9240,
            best={"val/iou": Best(0.402, 7, 7), "val/dice": Best(0.573, 7, 7)},
        ),
        run(
            "b000000002",
            "swinv2-pycrackdb-320",
            RunState.FINISHED,
            epoch=50,
            started=NOW - 21300,
            updated=NOW - 11040,
            best={"val/iou": Best(0.694, 48, 48), "val/dice": Best(0.819, 48, 48)},
        ),
        run(
            "b000000003",
            "segformer-crack500-b2",
            RunState.INTERRUPTED,
            epoch=31,
            started=NOW - 190000,
            updated=NOW - 180000,
            best={"val/iou": Best(0.598, 30, 30)},
        ),
        run(
            "b000000004",
            "deeplab-crack500-r50",
            RunState.STALLED,
            epoch=12,
            started=NOW - 290000,
            updated=NOW - 280000,
            pid=None,
            best={"val/iou": Best(0.431, 12, 12)},
        ),
        run(
            "b000000005",
            "baseline-import",
            RunState.UNKNOWN,
            epoch=None,
            total_epochs=None,
            started=None,
            updated=NOW - 390000,
            best={},
        ),
    )


def alert(rule: str = "disk_space", state: AlertState = AlertState.FIRING, **changes: Any) -> AlertEvent:
    """Return an alert: by default the disk's."""
    event = AlertEvent(
        rule=rule,
        subject="/data",
        labels={"mount": "/data"},
        state=state,
        severity=Severity.WARNING,
        metric="host_disk_free_bytes",
        value=9.6 * GIB,
        limit=10e9,
        since=NOW - 780,
        time=NOW - 780,
        title="Disk nearly full on /data: 9.6 GiB free",
        summary="9.6 GiB free, the limit is 9.3 GiB. A checkpoint that does not fit ends the training.",
        evidence=Evidence(
            tuple((NOW - 780 - 30 * index, (9.2 + 0.021 * index) * GIB) for index in range(59, -1, -1)),
            "Likely checkpoints and logs of earlier trainings.",
            "Delete old checkpoints: a SwinV2 run keeps two of 450 MB each.",
        ),
    )
    return replace(event, **changes)


def run_alert(rule: str, state: AlertState = AlertState.FIRING, **changes: Any) -> AlertEvent:
    """Return an alert about a training: by default of the one that runs, half an hour ago."""
    event = alert(rule, state, subject="swinv2-crack500-360", labels={"run": "a1b2c3d4e5"}, evidence=None)
    return replace(event, since=NOW - 1800, time=NOW - 1800, **changes)


def alerts() -> tuple[AlertEvent, ...]:
    """Return the alerts of a quiet day: one that fires, one that was seen, one that is over."""
    nan = run_alert(
        "nan",
        AlertState.ACKNOWLEDGED,
        subject="unet-pycrackdb-320",
        labels={"run": "b000000001"},
        severity=Severity.CRITICAL,
        metric="training_nonfinite_points_total",
        value=3.0,
        limit=0.0,
        title="Loss is NaN in unet-pycrackdb-320",
        summary="Val loss is NaN since epoch 7, 3 such points. The training goes on by itself.",
        note="lr 1e-3 too high, restarted with 2e-4",
    )
    heat = alert(
        "gpu_temperature",
        AlertState.RESOLVED,
        subject="GPU 0",
        labels={"gpu": GPU},
        value=77.0,
        limit=80.0,
        metric="gpu_temperature_celsius",
        since=NOW - 2700,
        time=NOW - 2480,
        title="GPU 0 at 81 °C, limit 80 °C",
        summary="Back to normal after 4 min: 77 °C now, limit 80 °C.",
        peak=82.0,
        lasted=220.0,
        evidence=Evidence(
            tuple((NOW - 2700 - index, 81.0 - 0.1 * index + (index % 3) * 0.2) for index in range(59, -1, -1)),
            "Likely the cooling does not keep up with the load: dust, a covered vent, a warm room.",
            "Raise the laptop or clean the fan; a lower power limit costs little speed.",
        ),
    )
    return alert(), replace(nan, since=NOW - 7800, time=NOW - 7500), heat


def many_alerts() -> tuple[AlertEvent, ...]:
    """Return an alert in every state and severity."""
    memory = alert(
        "gpu_memory",
        severity=Severity.CRITICAL,
        subject="GPU 0",
        labels={"gpu": GPU},
        metric="gpu_memory_used_ratio",
        value=0.953,
        limit=0.9375,
        peak=0.961,
        occurrence=3,
        since=NOW - 95,
        time=NOW - 95,
        title="GPU 0 memory nearly full: 7.6 of 8.0 GiB",
        summary="7.6 of 8.0 GiB in use, the limit is 94 %. The next allocation may fail as out of memory.",
        evidence=Evidence(
            tuple((NOW - 95 - index, 0.953 - 0.0025 * index + 0.004 * (index % 4)) for index in range(59, -1, -1)),
            "Likely the batch and image size of the training, or another program that holds memory of this GPU.",
            "Take a smaller batch size or image size, or accumulate gradients over more steps.",
        ),
    )
    converged = run_alert(
        "plateau",
        severity=Severity.INFO,
        metric="training_epochs_without_progress",
        value=11.0,
        limit=9.0,
        title="swinv2-crack500-360 has likely converged",
        summary="No progress in val IoU for 11 epochs, 32 of 50 are done.",
    )
    stalled = run_alert(
        "stalled",
        AlertState.SNOOZED,
        metric="training_silent_ratio",
        value=1.4,
        limit=1.0,
        title="swinv2-crack500-360 has logged nothing for 12 min",
        summary="An epoch took 4 min so far. Likely a long validation, or the process hangs.",
    )
    silent = alert(
        "source_silent",
        AlertState.NO_DATA,
        subject="nvidia",
        labels={"source": "nvidia"},
        metric="source_silent",
        value=1.0,
        limit=0.0,
        title="The source nvidia does not answer",
        summary="No answer from the driver for 40 s.",
        evidence=None,
    )
    finished = run_alert(
        "run_finished",
        AlertState.RESOLVED,
        subject="swinv2-pycrackdb-320",
        labels={"run": "b000000002"},
        severity=Severity.INFO,
        metric="training_finished",
        value=1.0,
        limit=0.0,
        title="swinv2-pycrackdb-320 finished",
        summary="50 epochs in 2 h 51 min. Best IoU 0.694 at epoch 48.",
    )
    firing, seen, over = alerts()
    ended = replace(finished, since=NOW - 11040, time=NOW - 11000, lasted=40.0)
    return memory, firing, converged, seen, stalled, silent, over, ended


def silences() -> tuple[Silence, ...]:
    """Return a snooze of a rule for an hour and one of a run until it ends."""
    return (
        Silence(Scope.RULE, "disk_share", NOW + 2400, NOW - 1200),
        Silence(Scope.RUN, "a1b2c3d4e5", None, NOW - 600),
    )


def snapshot(**changes: Any) -> Snapshot:
    """Return the whole story."""
    whole = Snapshot(
        sample=sample(),
        window=recent().window(),
        runs=runs(),
        curves={"a1b2c3d4e5": curves(NOW - 5220), "b000000002": curves(NOW - 21300, 50)},
        alerts=alerts(),
        rules=tuple(RuleStatus(rule, _TOLD.get(rule.name, {})) for rule in BUILTIN),
    )
    return replace(whole, **changes)


_TOLD = {
    "divergence": {"swinv2-crack500-360": 1.04},
    "overfit": {"swinv2-crack500-360": 1.26},
    "plateau": {"swinv2-crack500-360": 2.0},
    "stalled": {"swinv2-crack500-360": 0.31},
    "nan": {"swinv2-crack500-360": 0.0, "unet-pycrackdb-320": 3.0},
    "run_failed": {"swinv2-crack500-360": 0.0},
}
