"""Faults to try rules and channels with: a healthy machine and training, and what each fault makes of them. Pure.

The machine is that of the story at 14:05, with one GPU and one disk; it stands still but for the fault. Times are in
Unix seconds of the simulation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crackseg_desktop.readings import FoldersRead, HostAnswer, Reading, SourceHealth, SourceState, XidError
from crackseg_desktop.simulation.faulty_run import EPOCH_SECONDS, Trouble, run_events, training_process
from crackseg_desktop.simulation.hardware import sample_at
from crackseg_desktop.units import GIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crackseg_desktop.readings import Event, Sample

    Change = Callable[[Sample, float], Sample]
    """Makes a sample of one that is healthy; also takes for how many seconds the fault has lasted."""

_MOUNT, _HOST = "/mnt/datasets", "data-server"
_GPU_MEMORY = 8 * GIB
_RAM, _DISK = 31.2 * GIB, 466 * GIB
_FREE = 120e9


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        says: what goes wrong, as a sentence without its full stop.
        rules: the built-in rules that it is to set off.
        onset: after how many seconds the worst has come, where no setting changes that.
        recovers: whether its alert ends once the fault is over.
        change: what it makes of the machine.
        trouble: what it makes of a training, which there is only then.
        silent: what no longer answers.
    """

    name: str
    says: str
    rules: tuple[str, ...]
    onset: float = 0.0
    recovers: bool = True
    change: Change = lambda sample, lasted: sample
    trouble: Trouble | None = None
    silent: tuple[FoldersRead | HostAnswer, FoldersRead | HostAnswer] | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a fault lasts, in Unix seconds."""

    begins: float
    ends: float

    def lasted(self, now: float) -> float | None:
        """Return for how many seconds it has lasted; None while it does not."""
        return now - self.begins if self.begins <= now < self.ends else None


def events(fault: Fault, span: Span, since: float | None, now: float, monotonic: float) -> Iterator[Event]:
    """Yield what there is to tell at ``now``, and of the training what came after ``since`` (None: all, as known)."""
    lasted = span.lasted(now)
    if fault.trouble is not None:
        yield from run_events(fault.trouble, (span.begins, span.ends), since, now)
    if fault.silent is not None:
        yield _answer(fault.silent[lasted is None], span.begins)
    sample = _healthy(fault, span, now, monotonic)
    yield sample if lasted is None else fault.change(sample, lasted)


def _healthy(fault: Fault, span: Span, now: float, monotonic: float) -> Sample:
    story = sample_at(now, monotonic, now)
    host = story.host
    is_training = fault.trouble is not None and not (fault.trouble.ending is not None and now >= span.begins)
    return replace(
        story,
        host=replace(host, disks=(_disk(_FREE),), interfaces=()) if host is not None else None,
        gpus=story.gpus[:1],
        processes=(training_process(span.begins),) if is_training else (),
    )


def _answer(answer: FoldersRead | HostAnswer, since: float) -> FoldersRead | HostAnswer:
    """Put in since when there has been no answer."""
    if isinstance(answer, FoldersRead):
        return replace(answer, silent=tuple((mount, since) for mount, _ in answer.silent))
    return replace(answer, since=since) if answer.since is not None else answer


def _gpu(sample: Sample, **changes: float) -> Sample:
    gpu = sample.gpus[0]
    return replace(sample, gpus=(replace(gpu, figures={**gpu.figures, **changes}),))


def _towards(healthy: float, worst: float, lasted: float, seconds: float) -> float:
    """Return a figure on its way to its worst, where it stays."""
    return healthy + (worst - healthy) * min(1.0, lasted / seconds)


def _overheat(sample: Sample, lasted: float) -> Sample:
    return _gpu(sample, gpu_temperature_celsius=_towards(76.0, 85.0, lasted, 10.0))


def _fill_gpu(sample: Sample, lasted: float) -> Sample:
    used = _towards(0.83, 0.97, lasted, 10.0)
    return _gpu(sample, gpu_memory_used_ratio=used, gpu_memory_used_bytes=used * _GPU_MEMORY)


def _throttle(sample: Sample, lasted: float) -> Sample:
    slowed = _gpu(sample, gpu_throttled=1.0, gpu_throttled_by_heat=1.0, gpu_clock_sm_hertz=1290e6)
    gpu = replace(slowed.gpus[0], throttle_reasons=("The hardware lowers the clocks because of heat",))
    return replace(slowed, gpus=(gpu,))


def _idle(sample: Sample, lasted: float) -> Sample:
    return _gpu(sample, gpu_utilization_ratio=0.01, gpu_power_watts=18.0)


def _lose_gpu(sample: Sample, lasted: float) -> Sample:
    reason = "the GPU has fallen off the bus (Xid 79)"
    return replace(sample, gpus=(replace(sample.gpus[0], state=SourceState.LOST, reason=reason),))


def _report_xid(sample: Sample, lasted: float) -> Sample:
    error = XidError(31, sample.time - lasted, "Xid 31: a program touched GPU memory that is not its own")
    return replace(sample, gpus=(replace(sample.gpus[0], xid_errors=(error,)),))


def _mismatch(sample: Sample, lasted: float) -> Sample:
    reason = "the driver was updated to 580.95 and the kernel still has 575.64: restart the machine"
    return replace(sample, gpus=(), sources=_with_driver(sample, SourceState.MISMATCH, reason))


def _hang_driver(sample: Sample, lasted: float) -> Sample:
    reason = f"the driver has not answered for {lasted:.0f} s"
    gpu = replace(sample.gpus[0], state=SourceState.NOT_RESPONDING, reason=reason)
    return replace(sample, gpus=(gpu,), sources=_with_driver(sample, SourceState.NOT_RESPONDING, reason))


def _with_driver(sample: Sample, state: SourceState, reason: str) -> tuple[SourceHealth, ...]:
    others = (source for source in sample.sources if source.name != "nvidia")
    return (SourceHealth("nvidia", state, reason), *others)


def _fill_ram(sample: Sample, lasted: float) -> Sample:
    if sample.host is None:
        return sample
    used = _towards(0.62, 0.95, lasted, 5.0)
    figures = {
        "host_memory_used_ratio": used,
        "host_memory_used_bytes": used * _RAM,
        "host_memory_available_bytes": (1.0 - used) * _RAM,
    }
    return replace(sample, host=replace(sample.host, figures={**sample.host.figures, **figures}))


def _fill_disk(sample: Sample, lasted: float) -> Sample:
    disk = _disk(_towards(_FREE, 4e9, lasted, 5.0))
    return replace(sample, host=replace(sample.host, disks=(disk,))) if sample.host is not None else sample


def _disk(free: float) -> Reading:
    figures = {
        "host_disk_total_bytes": _DISK,
        "host_disk_used_bytes": _DISK - free,
        "host_disk_free_bytes": free,
        "host_disk_used_ratio": 1.0 - free / _DISK,
    }
    return Reading({"mount": "/data"}, figures)


_DEAD_MOUNT = (FoldersRead(((_MOUNT, 0.0),), simulated=True), FoldersRead(simulated=True))
_UNREACHABLE = (
    HostAnswer(_HOST, 0.0, "no answer to a connection", simulated=True),
    HostAnswer(_HOST, simulated=True),
)

FAULTS: tuple[Fault, ...] = (
    Fault("overheat", "A GPU gets too hot", ("gpu_temperature",), 10.0, change=_overheat),
    Fault("memory", "The memory of a GPU fills up", ("gpu_memory",), 10.0, change=_fill_gpu),
    Fault("ram", "The RAM fills up", ("host_memory",), 5.0, change=_fill_ram),
    Fault("disk", "A disk fills up", ("disk_space", "disk_share"), 5.0, change=_fill_disk),
    Fault("throttle", "A GPU slows itself because of heat", ("gpu_throttling",), change=_throttle),
    Fault("idle", "A GPU is idle while a training runs", ("gpu_idle",), change=_idle, trouble=Trouble()),
    Fault("gpu-lost", "A GPU falls off the bus", ("gpu_lost",), change=_lose_gpu),
    Fault("xid", "The driver reports an error of a GPU", ("gpu_xid",), change=_report_xid),
    Fault("mismatch", "The GPU driver is updated without a restart", ("driver_mismatch",), change=_mismatch),
    Fault("silent", "The GPU driver hangs", ("source_silent",), change=_hang_driver),
    Fault("dead-mount", "A file system stops answering", ("dead_mount",), silent=_DEAD_MOUNT),
    Fault("unreachable", "A host of the data sets stops answering", ("host_unreachable",), silent=_UNREACHABLE),
    Fault("nan", "A loss becomes NaN", ("nan",), EPOCH_SECONDS, recovers=False, trouble=Trouble("nan")),
    Fault("diverge", "A loss grows", ("divergence",), 6 * EPOCH_SECONDS, trouble=Trouble("diverge")),
    Fault("overfit", "The validation loss leaves the training loss", ("overfit",), 5 * EPOCH_SECONDS,
          trouble=Trouble("overfit")),
    Fault("collapse", "A model predicts nothing any more", ("collapse",), 3 * EPOCH_SECONDS,
          trouble=Trouble("collapse")),
    Fault("plateau", "A training makes no progress", ("plateau",), 12 * EPOCH_SECONDS, trouble=Trouble("plateau")),
    Fault("stall", "A training goes silent", ("stalled",), 330.0, trouble=Trouble("silence")),
    Fault("failed", "A training runs out of GPU memory", ("run_failed",), recovers=False,
          trouble=Trouble(ending="out_of_memory", message="CUDA out of memory. Tried to allocate 1.50 GiB")),
    Fault("dataset", "A training cannot load its data set", ("dataset_error",), recovers=False,
          trouble=Trouble(ending="dataset_error", message="FileNotFoundError: /mnt/datasets/crack500/train")),
)  # fmt: skip
