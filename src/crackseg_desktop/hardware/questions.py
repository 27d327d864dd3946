"""The figures of a GPU that are one number each: how NVML is asked for them, how often, and in what unit it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crackseg_desktop.readings import Tier

if TYPE_CHECKING:
    from crackseg_desktop.hardware.device import Way

# NVML's numbers of what a function is asked about.
_CORE = 0
_SHUTDOWN, _SLOWDOWN = 0, 1
_SM, _MEMORY = 1, 2
_TRANSMITTED, _RECEIVED = 0, 1


@dataclass(frozen=True, slots=True)
class Question:
    """A figure that is one number: the ways to ask for it, the newest first, and how it gets to its base unit.

    ``constant``: it does not change while NVML runs and is asked for until it was answered once.
    """

    metric: str
    tier: Tier
    ways: tuple[Way, ...]
    times: int = 1
    divided_by: int = 1
    constant: bool = False


def _percent(metric: str, tier: Tier, function: str) -> Question:
    return Question(metric, tier, ((function, ()),), divided_by=100)


def _megahertz(metric: str, tier: Tier, function: str, clock: int, *, constant: bool = False) -> Question:
    return Question(metric, tier, ((function, (clock,)),), times=1_000_000, constant=constant)


def _milliwatts(metric: str, tier: Tier, *functions: str) -> Question:
    return Question(metric, tier, tuple((function, ()) for function in functions), divided_by=1000)


def _threshold(metric: str, threshold: int) -> Question:
    way = ("nvmlDeviceGetTemperatureThreshold", (threshold,))
    return Question(metric, Tier.SLOW, (way,), constant=True)


def _plain(metric: str, function: str, *, constant: bool = False) -> Question:
    return Question(metric, Tier.SLOW, ((function, ()),), constant=constant)


QUESTIONS = (
    Question(
        "gpu_temperature_celsius",
        Tier.FAST,
        (("nvmlDeviceGetTemperatureV", (_CORE,)), ("nvmlDeviceGetTemperature", (_CORE,))),
    ),
    _milliwatts("gpu_power_watts", Tier.FAST, "nvmlDeviceGetPowerUsage"),
    _megahertz("gpu_clock_sm_hertz", Tier.FAST, "nvmlDeviceGetClockInfo", _SM),
    _megahertz("gpu_clock_memory_hertz", Tier.FAST, "nvmlDeviceGetClockInfo", _MEMORY),
    _percent("gpu_encoder_utilization_ratio", Tier.MEDIUM, "nvmlDeviceGetEncoderUtilization"),
    _percent("gpu_decoder_utilization_ratio", Tier.MEDIUM, "nvmlDeviceGetDecoderUtilization"),
    _milliwatts(
        "gpu_power_limit_watts", Tier.SLOW, "nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit"
    ),
    _milliwatts("gpu_energy_joules_total", Tier.SLOW, "nvmlDeviceGetTotalEnergyConsumption"),  # millijoules
    _percent("gpu_fan_speed_ratio", Tier.SLOW, "nvmlDeviceGetFanSpeed"),
    _plain("gpu_performance_state", "nvmlDeviceGetPerformanceState"),
    _plain("gpu_pcie_generation", "nvmlDeviceGetCurrPcieLinkGeneration"),
    _plain("gpu_pcie_width", "nvmlDeviceGetCurrPcieLinkWidth"),
    _plain("gpu_pcie_generation_max", "nvmlDeviceGetMaxPcieLinkGeneration", constant=True),
    _plain("gpu_pcie_width_max", "nvmlDeviceGetMaxPcieLinkWidth", constant=True),
    _megahertz("gpu_clock_sm_max_hertz", Tier.SLOW, "nvmlDeviceGetMaxClockInfo", _SM, constant=True),
    _megahertz("gpu_clock_memory_max_hertz", Tier.SLOW, "nvmlDeviceGetMaxClockInfo", _MEMORY, constant=True),
    _threshold("gpu_temperature_slowdown_celsius", _SLOWDOWN),
    _threshold("gpu_temperature_shutdown_celsius", _SHUTDOWN),
)

LINK_QUESTIONS = tuple(
    Question(metric, Tier.SLOW, (("nvmlDeviceGetPcieThroughput", (direction,)),), times=1000)
    for metric, direction in (
        ("gpu_pcie_transmit_bytes_per_second", _TRANSMITTED),
        ("gpu_pcie_receive_bytes_per_second", _RECEIVED),
    )
)
"""What goes over the bus. NVML measures for some 20 ms a call and the caller waits: asked apart from the others."""
