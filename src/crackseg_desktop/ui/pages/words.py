"""What the pages say: figures and sentences made of readings and runs. Pure, without Qt."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop import units
from crackseg_desktop.export.gpu_lines import short_name
from crackseg_desktop.insight.statistics import direction
from crackseg_desktop.readings import RunState, SourceState
from crackseg_desktop.ui.widgets.ticks import clock, day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crackseg_desktop.readings import GpuReading, HostReading, Reading, Run, Sample
    from crackseg_desktop.settings import Targets
    from crackseg_desktop.ui.model import Limits

_TITLES = {
    "val/iou": "IoU",
    "val/dice": "Dice",
    "val/f1": "F1",
    "val/precision": "precision",
    "val/recall": "recall",
    "val/accuracy": "accuracy",
    "val/loss": "val loss",
    "train/loss": "train loss",
}
_PREFERRED = ("val/iou", "val/miou", "val/dice", "val/f1", "val/accuracy", "val/loss", "train/loss")


class Goal(NamedTuple):
    """The figure by which a run is judged: its metric, the words for it, and the target where there is one."""

    metric: str
    title: str
    target: float | None


def metric_title(name: str) -> str:
    """Return the words for a normalised metric name."""
    return _TITLES.get(name, name)


def goal_of(run: Run, targets: Targets) -> Goal | None:
    """Return the figure by which a run is judged: its IoU, else the next best thing that it logs."""
    names = [name for name in _PREFERRED if name in run.best]
    names += [name for name in run.best if direction(name) == "max"] + list(run.best)
    if not names:
        return None
    target = {"val/iou": targets.iou, "val/dice": targets.dice}.get(names[0])
    return Goal(names[0], metric_title(names[0]), target)


def epoch_words(run: Run) -> str:
    """Write how far a run is: ``Epoch 23 of 50``, or its step."""
    facts = run.facts
    if facts.epoch is not None:
        return f"Epoch {facts.epoch} of {facts.total_epochs}" if facts.total_epochs else f"Epoch {facts.epoch}"
    return f"Step {facts.step:,}".replace(",", " ") if facts.step is not None else "no epoch yet"


def epoch_short(run: Run) -> str:
    """Write how far a run is, for tables: ``23 / 50``."""
    facts = run.facts
    if facts.epoch is None:
        return units.MISSING
    return f"{facts.epoch} / {facts.total_epochs}" if facts.total_epochs else str(facts.epoch)


def progress(run: Run) -> float | None:
    """Return the share of the planned epochs that is done."""
    facts = run.facts
    return facts.epoch / facts.total_epochs if facts.epoch is not None and facts.total_epochs else None


def best_words(run: Run, name: str) -> str:
    """Write the best value of a metric and when it was reached."""
    best = run.best.get(name)
    if best is None:
        return units.MISSING
    when = f" at epoch {best.epoch}" if best.epoch is not None else f" at step {best.step}"
    return f"{units.score(best.value)}{when}"


def ran_for(run: Run, now: float) -> float | None:
    """Return for how many seconds a run has been going, or had been."""
    if run.facts.started is None:
        return None
    end = now if run.active else run.facts.updated
    return None if end is None else max(0.0, end - run.facts.started)


def when(moment: float | None, now: float) -> str:
    """Write a moment: the time if it was within a day, else the day."""
    if moment is None:
        return units.MISSING
    return clock(moment) if abs(now - moment) < 20 * 3600 else day(moment)


def second(moment: float) -> str:
    """Write a moment to the second, as local time."""
    local = units.local_time(moment)
    return units.MISSING if local is None else local.strftime("%H:%M:%S")


def time_left(run: Run, now: float) -> tuple[str, str, str]:
    """Return (label, addition, figure) of how long a run still takes or had taken."""
    if not run.active:
        return "Ran for", f" · ended {when(run.facts.updated, now)}", units.duration(ran_for(run, now))
    if run.eta_seconds is not None:
        return "Time left", f" · ends ≈ {when(now + run.eta_seconds, now)}", units.duration(run.eta_seconds)
    why = "planned epochs unknown" if run.facts.total_epochs is None else "speed not known yet"
    return "Time left", f" · {why}", units.MISSING


def eta_interval(run: Run) -> str:
    """Write between what the time left lies; nothing where it is not known, or reads as one time."""
    interval = run.performance.eta_interval_seconds
    if interval is None or units.duration(interval[0]) == units.duration(interval[1]):
        return ""
    return units.span(*interval)


def state_words(run: Run) -> str:
    """Return the state of a run and its reason in short."""
    words = run.state.value.capitalize()
    if run.state == RunState.FAILED and run.reason:
        return f"{words}: {short_reason(run.reason)}"
    return words


def short_reason(reason: str) -> str:
    """Return what a reason begins with: ``NaN loss`` of ``NaN loss since epoch 4 (val/loss)``."""
    return re.split(r" since |: ", reason)[0]


def gpu_title(gpu: GpuReading) -> str:
    """Return the name of a GPU without its maker."""
    return short_name(gpu.name) or f"GPU {gpu.index}"


class GpuMemory(NamedTuple):
    """How the memory of a GPU is shared out, in bytes; ``run`` None: no process of a known run is on it."""

    used: float
    total: float
    run: float | None
    limit: float | None

    def parts(self) -> tuple[tuple[float, str], ...]:
        """Return (share, colour) for a bar: the run first, then the others."""
        if self.run is None:
            return ((self.used / self.total, "s1"),)
        mine = min(self.run, self.used)
        return ((mine / self.total, "s1"), ((self.used - mine) / self.total, "s6"))

    def words(self) -> str:
        """Say who has it, and the limit."""
        texts = []
        if self.run is not None:
            mine = min(self.run, self.used)
            texts = [f"run {gib(mine)}", f"other {gib(self.used - mine)}"]
        if self.limit is not None:
            texts.append(f"limit {gib(self.limit)} GiB")
        return " · ".join(texts)


def gpu_memory(gpu: GpuReading, run: Run | None, limits: Limits) -> GpuMemory | None:
    """Return how the memory of a GPU is shared out, or None where it is not known."""
    used, total = gpu.get("gpu_memory_used_bytes"), gpu.get("gpu_memory_total_bytes")
    if used is None or not total:
        return None
    mine = [
        p.memory_bytes for p in gpu.processes if run is not None and p.pid == run.pid and p.memory_bytes is not None
    ]
    limit = None if limits.gpu_memory_ratio is None else limits.gpu_memory_ratio * total
    return GpuMemory(used, total, float(sum(mine)) if mine else None, limit)


def gib(value: float) -> str:
    """Write bytes as GiB without the unit: one decimal below 100."""
    figure = value / units.GIB
    return f"{figure:.0f}" if figure >= 100 else f"{figure:.1f}"


class Trouble(NamedTuple):
    """Why there are no live GPU figures: an icon, what is wrong, why, and what else is known."""

    icon: str
    title: str
    why: str
    note: str = ""


_NO_GPU = {
    SourceState.MISMATCH: ("mismatch", "Driver and library differ"),
    SourceState.NO_PERMISSION: ("no-gpu", "The GPU may not be read"),
    SourceState.NOT_RESPONDING: ("waiting", "The GPU driver is not responding"),
    SourceState.FAILED: ("no-gpu", "Reading the GPU failed"),
    SourceState.ASLEEP: ("asleep", "The GPU is asleep"),
    SourceState.LOST: ("no-gpu", "The GPU is lost"),
}


def no_gpu(sample: Sample | None) -> Trouble:
    """Say why there is no GPU in a sample."""
    if sample is None:
        return Trouble("waiting", "No reading yet", "The first sample comes within seconds.")
    source = next((source for source in sample.sources if source.name in ("nvidia", "gpu")), None)
    if source is None or source.state == SourceState.OK:
        return Trouble(
            "no-gpu", "No GPU found", _sentence(source.reason if source else None, "No driver answers here.")
        )
    icon, title = _NO_GPU.get(source.state, ("no-gpu", "No GPU found"))
    since = f"since {clock(source.since)}" if source.since else ""
    return Trouble(icon, title, _sentence(source.reason, "No reason was given."), since)


def gpu_trouble(gpu: GpuReading, now: float) -> Trouble | None:
    """Say what is wrong with a GPU that does not give live figures; None: it does."""
    if gpu.state == SourceState.OK:
        return None
    subject = f"GPU {gpu.index}"
    title = {
        SourceState.ASLEEP: f"{subject} is asleep",
        SourceState.LOST: f"{subject} fell off the bus",
        SourceState.NOT_RESPONDING: f"{subject} is not responding",
        SourceState.MISMATCH: "Driver and library differ",
        SourceState.NO_PERMISSION: f"{subject} may not be read",
    }.get(gpu.state, f"{subject} is unavailable")
    icon = {SourceState.ASLEEP: "asleep", SourceState.NOT_RESPONDING: "waiting", SourceState.MISMATCH: "mismatch"}
    return Trouble(
        icon.get(gpu.state, "no-gpu"), title, _sentence(gpu.reason, "No reason was given."), last_reading(gpu, now)
    )


def last_reading(gpu: GpuReading, now: float) -> str:
    """Write the last figures of a GPU and their age."""
    figures = [
        units.figure("celsius", gpu.get("gpu_temperature_celsius")) if gpu.get("gpu_temperature_celsius") else "",
        _used_of_total(gpu),
    ]
    known = ", ".join(text for text in figures if text)
    if not gpu.taken:
        return f"Last reading: {known}" if known else ""
    age = units.duration(now - gpu.taken)
    return f"Last reading {clock(gpu.taken)}, {age} old" + (f": {known}" if known else "")


def throttle_words(gpu: GpuReading) -> tuple[str, str]:
    """Return (glyph, words) for whether a GPU is held back."""
    if gpu.throttle_reasons:
        return "warning", gpu.throttle_reasons[0]
    reason = gpu.unavailable.get("gpu_throttled")
    return ("ring", "throttling not reported") if reason else ("tick", "not throttled")


def why_missing(reading: Reading | None, metric: str, fallback: str = "not reported") -> str:
    """Return the reason why a figure is missing."""
    return fallback if reading is None else reading.unavailable.get(metric, fallback)


def disk_words(disk: Reading) -> str:
    """Write what is free of a disk: ``13.1 of 466 GiB free``."""
    free, total = disk.get("host_disk_free_bytes"), disk.get("host_disk_total_bytes")
    if free is None:
        return why_missing(disk, "host_disk_free_bytes")
    figure, unit = units.split_figure("bytes", free)
    whole, whole_unit = units.split_figure("bytes", total)
    return f"{figure} of {whole} {unit} free" if unit == whole_unit else f"{figure} {unit} of {whole} {whole_unit} free"


def fullest_disk(host: HostReading | None) -> Reading | None:
    """Return the disk with the least free space."""
    disks = [disk for disk in (host.disks if host else ()) if disk.get("host_disk_free_bytes") is not None]
    return min(disks, key=lambda disk: disk.get("host_disk_free_bytes") or 0.0, default=None)


def disk_share(disk: Reading) -> float:
    """Return the share of a disk in use."""
    ratio = disk.get("host_disk_used_ratio")
    if ratio is not None:
        return ratio
    free, total = disk.get("host_disk_free_bytes") or 0.0, disk.get("host_disk_total_bytes")
    return 1 - free / total if total else 0.0


def is_low(disk: Reading, limits: Limits) -> bool:
    """Say whether a disk is below its limit, or within a fifth above it."""
    free = disk.get("host_disk_free_bytes")
    return free is not None and limits.disk_free_bytes is not None and free < 1.2 * limits.disk_free_bytes


def rate(value: float | None) -> str:
    """Write a rate in MiB/s or what suits it, with its unit."""
    if value is None or math.isnan(value):
        return units.MISSING
    return units.figure("bytes_per_second", value) if value >= 1024**2 else f"{value / 1024**2:.1f} MiB/s"


def energy(joules: Iterable[float]) -> str:
    """Write the energy between the first and the last reading of a counter, or nothing where it started anew."""
    known = [value for value in joules if not math.isnan(value)]
    used = known[-1] - known[0] if len(known) > 1 else 0.0
    return units.figure("joules", used) if used > 0 else ""


def _used_of_total(gpu: GpuReading) -> str:
    used, total = gpu.get("gpu_memory_used_bytes"), gpu.get("gpu_memory_total_bytes")
    return f"{gib(used)} of {gib(total)} GiB" if used is not None and total is not None else ""


def _sentence(text: str | None, fallback: str) -> str:
    if not text:
        return fallback
    text = text[0].upper() + text[1:]
    return text if text.endswith(".") else f"{text}."
