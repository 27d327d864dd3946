"""What tests of every height share: a clock they turn themselves, and samples made of plain figures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import hypothesis
import pytest

from crackseg_desktop.readings import AlertEvent, AlertState, GpuReading, HostReading, Reading, Sample, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

# On CI a failure must mean that this change broke something; chance may look for more everywhere else.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

NOON = 1_795_435_200.0


@dataclass
class FakeClock:
    """A clock that stands still until it is told to advance."""

    now: float = NOON
    elapsed: float = 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.elapsed += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make_sample(clock: FakeClock) -> Callable[..., Sample]:
    """Build a sample of one GPU, a host and a disk at the clock's time; figures by keyword."""

    def make(
        temperature: float | None = 60.0, memory: float = 0.5, ram: float = 0.5, free: float = 100e9, gap: bool = False
    ) -> Sample:
        figures = {"gpu_memory_used_ratio": memory, "gpu_memory_used_bytes": memory * 8 * 1024**3}
        figures["gpu_memory_total_bytes"] = 8 * 1024**3
        if temperature is not None:
            figures["gpu_temperature_celsius"] = temperature
        gpu = GpuReading(
            {"gpu": "GPU-1"},
            figures,
            {} if temperature is not None else {"gpu_temperature_celsius": "not supported on this GPU"},
            uuid="GPU-1",
            name="RTX 3070 Ti",
            taken=clock.time(),
        )
        disk = Reading({"mount": "/data"}, {"host_disk_free_bytes": free})
        host = HostReading({}, {"host_memory_used_ratio": ram, "host_cpu_used_ratio": 0.25}, disks=(disk,))
        return Sample(clock.time(), clock.monotonic(), host, (gpu,), gap=gap)

    return make


@pytest.fixture
def make_alert(clock: FakeClock) -> Callable[..., AlertEvent]:
    """Build an alert about the temperature of GPU 0."""

    def make(
        severity: Severity = Severity.WARNING,
        state: AlertState = AlertState.FIRING,
        rule: str = "gpu_temperature",
        title: str = "GPU 0 is at 86 °C",
    ) -> AlertEvent:
        now = clock.time()
        labels, metric = {"gpu": "GPU-1"}, "gpu_temperature_celsius"
        return AlertEvent(rule, "GPU 0", labels, state, severity, metric, 86, 80, now, now, title, "Limit 80 °C.")

    return make
