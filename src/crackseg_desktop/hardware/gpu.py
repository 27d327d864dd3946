"""One NVIDIA GPU: what is asked of it, on which tier, and what it cannot answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crackseg_desktop.hardware.clock_events import clock_events
from crackseg_desktop.hardware.device import Device
from crackseg_desktop.hardware.gpu_processes import GpuProcesses
from crackseg_desktop.hardware.nvml import NOT_SUPPORTED, GpuGone, Missing, Nvml
from crackseg_desktop.hardware.questions import LINK_QUESTIONS, QUESTIONS, Question
from crackseg_desktop.hardware.xid import XidHistory, XidWatch
from crackseg_desktop.readings import GpuReading, SourceState, Tier

if TYPE_CHECKING:
    from crackseg_desktop.hardware.device import Way

MEMORY_METRICS = (
    "gpu_memory_total_bytes",
    "gpu_memory_used_bytes",
    "gpu_memory_reserved_bytes",
    "gpu_memory_free_bytes",
    "gpu_memory_used_ratio",
)
UTILIZATION_METRICS = ("gpu_utilization_ratio", "gpu_memory_controller_utilization_ratio")
_THROTTLE_METRICS = ("gpu_throttled", "gpu_throttled_by_heat")
_TEMPERATURE, _SLOWDOWN = "gpu_temperature_celsius", "gpu_temperature_slowdown_celsius"
_HEADROOM = "gpu_temperature_headroom_celsius"
_XID_ERRORS = "gpu_xid_errors_total"
METRICS = (
    *MEMORY_METRICS,
    *UTILIZATION_METRICS,
    *_THROTTLE_METRICS,
    *(question.metric for question in (*QUESTIONS, *LINK_QUESTIONS)),
    _HEADROOM,
    _XID_ERRORS,
)

_UNKNOWN_P_STATE = 32
# GB10 and Jetson: the driver has no memory of the card's own to tell about.
_SHARED_MEMORY = f"{NOT_SUPPORTED}: it likely shares the memory of the machine, see RAM"
_THROTTLE_WAYS: tuple[Way, ...] = (
    ("nvmlDeviceGetCurrentClocksEventReasons", ()),
    ("nvmlDeviceGetCurrentClocksThrottleReasons", ()),
)
_OLD_MEMORY: Way = ("nvmlDeviceGetMemoryInfo", ())


class Gpu:
    """A GPU behind the gate. It remembers its slower figures and what it was found unable to answer.

    ``read`` raises ``DriverDown`` where the driver as a whole fails; a lost GPU is a reading that says so.
    """

    def __init__(self, nvml: Nvml, handle: object, uuid: str, index: int, xids: XidHistory) -> None:
        self.uuid, self.index = uuid, index
        self._device = Device(nvml, handle)
        self._name: str | None = None
        self._figures: dict[str, float] = {}
        self._reasons = {question.metric: "not read yet" for question in LINK_QUESTIONS}
        self._constants: set[str] = set()  # those that were answered
        self._clock_reasons: tuple[str, ...] = ()
        self._throttle: tuple[str, ...] = ()
        self._processes = GpuProcesses(self._device)
        self._xids, self._xid_watch = xids, XidWatch(self._device, xids)
        self._taken = 0.0

    def read(self, due: frozenset[Tier], now: float, *, link: bool = False) -> GpuReading:
        """Ask for what is due at ``now`` (Unix seconds) and return everything known.

        ``link``: also measure what goes over the bus, which takes some 40 ms.
        """
        try:
            self._ask_all(due, now)
            for question in LINK_QUESTIONS if link else ():
                self._number(question)
            self._taken = now
        except GpuGone as absence:
            return gone(self._reading(), SourceState.LOST, absence.reason)
        return self._reading()

    def close(self) -> None:
        """Give back what NVML keeps for this GPU."""
        self._xid_watch.close()

    def _reading(self) -> GpuReading:
        return GpuReading(
            labels={"gpu": self.uuid},
            figures=dict(self._figures),
            unavailable=dict(self._reasons),
            uuid=self.uuid,
            index=self.index,
            name=self._name or f"GPU {self.index}",
            throttle_reasons=self._throttle,
            clock_reasons=self._clock_reasons,
            processes=self._processes.found,
            process_reasons=dict(self._processes.reasons),
            xid_errors=self._xids.last,
            taken=self._taken,
        )

    def _ask_all(self, due: frozenset[Tier], now: float) -> None:
        if Tier.FAST in due:
            self._xid(now)  # first: it says why a GPU is lost, which the others only find out
            self._memory()
            self._utilization()
            self._throttling()
        for question in QUESTIONS:
            if question.tier in due:
                self._number(question)
        if Tier.MEDIUM in due:
            self._processes.read(now, self._figures.get(MEMORY_METRICS[0]))
        if Tier.SLOW in due:
            self._identity()
            self._slowdown_from_margin()
        self._headroom()

    def _xid(self, now: float) -> None:
        self._xid_watch.collect(now)
        if self._xid_watch.unavailable is not None:
            self._miss(self._xid_watch.unavailable, _XID_ERRORS)
        else:
            self._tell({_XID_ERRORS: self._xids.count})

    def _number(self, question: Question) -> None:
        if question.metric in self._constants:
            return
        try:
            answer = self._device.ask(question.ways)
        except Missing as missing:
            self._miss(missing.reason, question.metric)
            return
        value = float(answer[0] if isinstance(answer, list) else answer)  # a share, and the time that it is of
        if question.metric == "gpu_performance_state" and value >= _UNKNOWN_P_STATE:
            self._miss("the driver does not know it", question.metric)
            return
        self._tell({question.metric: value * question.times / question.divided_by})
        if question.constant:
            self._constants.add(question.metric)

    def _memory(self) -> None:
        version = self._device.nvml.constant("nvmlMemory_v2")
        newest: tuple[Way, ...] = () if version is None else (("nvmlDeviceGetMemoryInfo", (version,)),)
        try:
            memory = self._device.ask((*newest, _OLD_MEMORY))
        except Missing as missing:
            self._miss(_SHARED_MEMORY if missing.reason == NOT_SUPPORTED else missing.reason, *MEMORY_METRICS)
            return
        total, used, free = int(memory.total), int(memory.used), int(memory.free)
        reserved = getattr(memory, "reserved", None)
        if reserved is None:
            reasons = [self._device.reason(way) for way in newest]
            self._miss(next(iter(reasons), None) or "not told apart", MEMORY_METRICS[2])
        else:
            # Some drivers count the reserved part as used in version 2 too (nvml-wrapper#57): the sum shows it.
            used = _without_reserved(total, used, free, int(reserved))
            self._tell({"gpu_memory_reserved_bytes": float(reserved)})
        self._tell({"gpu_memory_total_bytes": total, "gpu_memory_used_bytes": used, "gpu_memory_free_bytes": free})
        if total > 0:
            self._tell({"gpu_memory_used_ratio": used / total})
        else:
            self._miss("the card tells no total", "gpu_memory_used_ratio")

    def _utilization(self) -> None:
        try:
            rates = self._device.ask((("nvmlDeviceGetUtilizationRates", ()),))
        except Missing as missing:
            self._miss(missing.reason, *UTILIZATION_METRICS)
            return
        self._tell(dict(zip(UTILIZATION_METRICS, (rates.gpu / 100, rates.memory / 100), strict=True)))

    def _throttling(self) -> None:
        try:
            events = clock_events(int(self._device.ask(_THROTTLE_WAYS)))
        except Missing as missing:
            self._throttle, self._clock_reasons = (), ()
            self._miss(missing.reason, *_THROTTLE_METRICS)
            return
        self._throttle, self._clock_reasons = events.holding, events.reasons
        self._tell({"gpu_throttled": float(events.throttled), "gpu_throttled_by_heat": float(events.throttled_by_heat)})

    def _identity(self) -> None:
        if self._name is not None:
            return
        try:
            self._name = str(self._device.ask((("nvmlDeviceGetName", ()),)))
        except Missing:
            return  # it goes by its index

    def _slowdown_from_margin(self) -> None:
        """Where the fixed threshold was withdrawn (Hopper, Ada): the distance to it is still told."""
        temperature = self._figures.get(_TEMPERATURE)
        if _SLOWDOWN in self._figures or temperature is None:
            return
        try:
            margin = float(self._device.ask((("nvmlDeviceGetMarginTemperature", ()),)))
        except Missing:
            return  # the reason of the threshold itself stands
        self._tell({_SLOWDOWN: temperature + margin})

    def _headroom(self) -> None:
        if _SLOWDOWN in self._figures and _TEMPERATURE in self._figures:
            self._tell({_HEADROOM: self._figures[_SLOWDOWN] - self._figures[_TEMPERATURE]})
        else:
            missing = _TEMPERATURE if _TEMPERATURE in self._reasons else _SLOWDOWN
            self._miss(self._reasons.get(missing, "not read yet"), _HEADROOM)

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
        clock_reasons=(),
        processes=(),
        process_reasons={"processes": reason},
    )


def _without_reserved(total: int, used: int, free: int, reserved: int) -> int:
    counted_twice = used + free + reserved - total > reserved // 2
    return max(0, used - reserved) if counted_twice else used
