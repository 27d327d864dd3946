"""One NVIDIA GPU: what is asked of it, on which tier, and what it cannot answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from crackseg_desktop.hardware.nvml import GpuGone, Missing, Nvml
from crackseg_desktop.readings import GpuProcess, GpuReading, SourceState, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY_METRICS = (
    "gpu_memory_total_bytes",
    "gpu_memory_used_bytes",
    "gpu_memory_reserved_bytes",
    "gpu_memory_free_bytes",
    "gpu_memory_used_ratio",
)
UTILIZATION_METRICS = ("gpu_utilization_ratio", "gpu_memory_controller_utilization_ratio")
_NO_VALUE = 0xFFFF_FFFF_FFFF_FFFF  # "not available", as NVML writes it into a field of 64 bits
_UNKNOWN_P_STATE = 32

# Bits of nvmlClocksEventReasons. Idle, application clocks and display clocks are how a GPU normally runs.
_HELD_BACK = {
    0x08: "A hardware slowdown holds the clocks back",
    0x20: "The driver lowers the clocks because of heat",
    0x40: "The hardware lowers the clocks because of heat",
    0x80: "The power brake holds the clocks back",
}
_HEAT = 0x20 | 0x40
_TOLD = {
    0x04: "The power limit holds the clocks back",
    0x10: "The clocks follow slower GPUs of a sync boost group",
    **_HELD_BACK,
}

Way = tuple[str, tuple[int, ...]]
"""An NVML function and its arguments after the handle."""


@dataclass(frozen=True, slots=True)
class Question:
    """A figure that is one number: the ways to ask for it, the newest first, and how it gets to its base unit."""

    metric: str
    tier: Tier
    ways: tuple[Way, ...]
    times: int = 1
    divided_by: int = 1


QUESTIONS = (
    Question(
        "gpu_temperature_celsius",
        Tier.FAST,
        (("nvmlDeviceGetTemperatureV", (0,)), ("nvmlDeviceGetTemperature", (0,))),
    ),
    Question("gpu_power_watts", Tier.FAST, (("nvmlDeviceGetPowerUsage", ()),), divided_by=1000),
    Question("gpu_clock_sm_hertz", Tier.FAST, (("nvmlDeviceGetClockInfo", (1,)),), times=1_000_000),
    Question("gpu_clock_memory_hertz", Tier.FAST, (("nvmlDeviceGetClockInfo", (2,)),), times=1_000_000),
    Question(
        "gpu_power_limit_watts",
        Tier.SLOW,
        (("nvmlDeviceGetEnforcedPowerLimit", ()), ("nvmlDeviceGetPowerManagementLimit", ())),
        divided_by=1000,
    ),
    Question("gpu_energy_joules_total", Tier.SLOW, (("nvmlDeviceGetTotalEnergyConsumption", ()),), divided_by=1000),
    Question("gpu_fan_speed_ratio", Tier.SLOW, (("nvmlDeviceGetFanSpeed", ()),), divided_by=100),
    Question("gpu_temperature_slowdown_celsius", Tier.SLOW, (("nvmlDeviceGetTemperatureThreshold", (1,)),)),
    Question("gpu_performance_state", Tier.SLOW, (("nvmlDeviceGetPerformanceState", ()),)),
)
_THROTTLE_WAYS: tuple[Way, ...] = (
    ("nvmlDeviceGetCurrentClocksEventReasons", ()),
    ("nvmlDeviceGetCurrentClocksThrottleReasons", ()),
)
_COMPUTE_WAYS: tuple[Way, ...] = tuple((f"nvmlDeviceGetComputeRunningProcesses{v}", ()) for v in ("_v3", "_v2"))
_GRAPHICS_WAYS: tuple[Way, ...] = tuple((f"nvmlDeviceGetGraphicsRunningProcesses{v}", ()) for v in ("_v3", "_v2"))

_THROTTLE_METRICS = ("gpu_throttled", "gpu_throttled_by_heat")
METRICS = (*MEMORY_METRICS, *UTILIZATION_METRICS, *_THROTTLE_METRICS, *(question.metric for question in QUESTIONS))


class Gpu:
    """A GPU behind the gate. It remembers its slower figures and what it was found unable to answer.

    ``read`` raises ``DriverDown`` where the driver as a whole fails; a lost GPU is a reading that says so.
    """

    def __init__(self, nvml: Nvml, handle: object, uuid: str, index: int) -> None:
        self.uuid, self.index = uuid, index
        self._nvml, self._handle = nvml, handle
        self._name = f"GPU {index}"
        self._figures: dict[str, float] = {}
        self._reasons: dict[str, str] = {}
        self._unable: dict[Way, str] = {}
        self._throttle: tuple[str, ...] = ()
        self._processes: tuple[GpuProcess, ...] = ()
        self._taken = 0.0

    def read(self, due: frozenset[Tier], now: float) -> GpuReading:
        """Ask for what is due at ``now`` (Unix seconds) and return everything known."""
        try:
            self._ask_all(due)
            self._taken = now
        except GpuGone as absence:
            return gone(self._reading(), SourceState.LOST, absence.reason)
        return self._reading()

    def _reading(self) -> GpuReading:
        return GpuReading(
            labels={"gpu": self.uuid},
            figures=dict(self._figures),
            unavailable=dict(self._reasons),
            uuid=self.uuid,
            index=self.index,
            name=self._name,
            throttle_reasons=self._throttle,
            processes=self._processes,
            taken=self._taken,
        )

    def _ask_all(self, due: frozenset[Tier]) -> None:
        if Tier.FAST in due:
            self._memory()
            self._utilization()
            self._throttling()
        for question in QUESTIONS:
            if question.tier in due:
                self._number(question)
        if Tier.MEDIUM in due:
            self._processes = self._held_by()
        if Tier.SLOW in due:
            self._identity()
            self._slowdown_from_margin()

    def _ask(self, ways: tuple[Way, ...]) -> Any:
        """Return the answer of the first way that works; one that never will is not tried again."""
        absence = Missing("not known", lasting=False)
        for way in ways:
            if way in self._unable:
                absence = Missing(self._unable[way], lasting=True)
                continue
            function, arguments = way
            try:
                return self._nvml.call(function, self._handle, *arguments)
            except Missing as missing:
                if not missing.lasting:
                    raise  # an older way may tell something slightly different: no change of ways for one bad answer
                self._unable[way] = missing.reason
                absence = missing
        raise absence

    def _number(self, question: Question) -> None:
        try:
            value = float(self._ask(question.ways))
        except Missing as missing:
            self._miss(missing.reason, question.metric)
            return
        if question.metric == "gpu_performance_state" and value >= _UNKNOWN_P_STATE:
            self._miss("the driver does not know it", question.metric)
        else:
            self._tell({question.metric: value * question.times / question.divided_by})

    def _memory(self) -> None:
        version = self._nvml.constant("nvmlMemory_v2")
        newest: tuple[Way, ...] = () if version is None else (("nvmlDeviceGetMemoryInfo", (version,)),)
        try:
            memory = self._ask((*newest, ("nvmlDeviceGetMemoryInfo", ())))
        except Missing as missing:
            self._miss(missing.reason, *MEMORY_METRICS)
            return
        total, used, free = int(memory.total), int(memory.used), int(memory.free)
        reserved = getattr(memory, "reserved", None)
        if reserved is None:
            self._miss(self._unable.get(newest[0], "not told apart") if newest else "not told apart", MEMORY_METRICS[2])
        else:
            # Some drivers count the reserved part as used in version 2 too (nvml-wrapper#57): the sum shows it.
            used = _without_reserved(total, used, free, int(reserved))
            self._tell({"gpu_memory_reserved_bytes": float(reserved)})
        self._tell({"gpu_memory_total_bytes": total, "gpu_memory_used_bytes": used, "gpu_memory_free_bytes": free})
        if total > 0:
            self._tell({"gpu_memory_used_ratio": used / total})

    def _utilization(self) -> None:
        try:
            rates = self._ask((("nvmlDeviceGetUtilizationRates", ()),))
        except Missing as missing:
            self._miss(missing.reason, *UTILIZATION_METRICS)
            return
        self._tell(dict(zip(UTILIZATION_METRICS, (rates.gpu / 100, rates.memory / 100), strict=True)))

    def _throttling(self) -> None:
        try:
            bits = int(self._ask(_THROTTLE_WAYS))
        except Missing as missing:
            self._throttle = ()
            self._miss(missing.reason, *_THROTTLE_METRICS)
            return
        self._throttle = tuple(sentence for bit, sentence in _TOLD.items() if bits & bit)
        held_back = float(any(bits & bit for bit in _HELD_BACK))
        self._tell({"gpu_throttled": held_back, "gpu_throttled_by_heat": float(bits & _HEAT != 0)})

    def _held_by(self) -> tuple[GpuProcess, ...]:
        compute, graphics = dict(self._listed(_COMPUTE_WAYS)), dict(self._listed(_GRAPHICS_WAYS))
        found = []
        for pid in sorted(compute.keys() | graphics.keys()):
            told = [size for listed in (compute, graphics) if (size := listed.get(pid)) is not None]
            found.append(GpuProcess(pid, max(told, default=None), _kind(pid in compute, pid in graphics)))
        return tuple(found)

    def _listed(self, ways: tuple[Way, ...]) -> Iterator[tuple[int, int | None]]:
        """Yield process ids and the bytes they hold, None where the driver does not tell (Windows, WSL)."""
        try:
            processes = self._ask(ways)
        except Missing:
            return
        for process in processes:
            size = process.usedGpuMemory
            # Drivers 535.43 to 535.98 laid the structure out differently: more than there is means that it is misread.
            readable = size is not None and size != _NO_VALUE and size <= self._figures.get(MEMORY_METRICS[0], size)
            yield int(process.pid), int(size) if readable else None

    def _identity(self) -> None:
        try:
            self._name = str(self._ask((("nvmlDeviceGetName", ()),)))
        except Missing:
            return  # it keeps the name that its index gives

    def _slowdown_from_margin(self) -> None:
        """Where the fixed threshold was withdrawn (Hopper, Ada): the distance to it is still told."""
        metric, temperature = "gpu_temperature_slowdown_celsius", self._figures.get("gpu_temperature_celsius")
        if metric in self._figures or temperature is None:
            return
        try:
            margin = float(self._ask((("nvmlDeviceGetMarginTemperature", ()),)))
        except Missing:
            return  # the reason of the threshold itself stands
        self._tell({metric: temperature + margin})

    def _tell(self, figures: dict[str, float]) -> None:
        for metric, value in figures.items():
            self._figures[metric] = float(value)
            self._reasons.pop(metric, None)

    def _miss(self, reason: str, *metrics: str) -> None:
        for metric in metrics:
            self._figures.pop(metric, None)
            self._reasons[metric] = reason


def gone(reading: GpuReading, state: SourceState, reason: str) -> GpuReading:
    """Return a GPU that cannot be read any more: who it is and when it was read last, but no figures."""
    return replace(
        reading,
        figures={},
        unavailable=dict.fromkeys(METRICS, reason),
        state=state,
        reason=reason,
        throttle_reasons=(),
        processes=(),
    )


def _without_reserved(total: int, used: int, free: int, reserved: int) -> int:
    counted_twice = used + free + reserved - total > reserved // 2
    return max(0, used - reserved) if counted_twice else used


def _kind(compute: bool, graphics: bool) -> Literal["compute", "graphics", "both"]:
    if compute and graphics:
        return "both"
    return "compute" if compute else "graphics"
