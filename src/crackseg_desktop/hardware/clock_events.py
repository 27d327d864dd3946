"""What decides the clocks of a GPU right now: the bits of nvmlClocksEventReasons as sentences. Pure.

The bits bore the name "throttle reasons" before driver 535; they are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

_HARDWARE_SLOWDOWN, _SOFTWARE_HEAT, _HARDWARE_HEAT, _POWER_BRAKE = 0x08, 0x20, 0x40, 0x80
_HEAT = _SOFTWARE_HEAT | _HARDWARE_HEAT
_HELD_BACK = _HARDWARE_SLOWDOWN | _HEAT | _POWER_BRAKE
# How a GPU normally runs: nothing holds it back from what it could do.
_NORMAL = {
    0x001: "The GPU is idle: its clocks are low for lack of work",
    0x002: "The clocks are at the setting chosen for applications",
    0x100: "The clocks follow what the displays need",
}
_HOLDING = {
    0x004: "The power limit holds the clocks back",
    _HARDWARE_SLOWDOWN: "A hardware slowdown holds the clocks back",
    0x010: "The clocks follow slower GPUs of a sync boost group",
    _SOFTWARE_HEAT: "The driver lowers the clocks because of heat",
    _HARDWARE_HEAT: "The hardware lowers the clocks because of heat",
    _POWER_BRAKE: "The power brake holds the clocks back",
}
_KNOWN = _NORMAL | _HOLDING


@dataclass(frozen=True, slots=True)
class ClockEvents:
    """What decides the clocks.

    Attributes:
        reasons: every reason in force, normal ones included, as sentences.
        holding: those that keep the GPU below what it could do.
        throttled: heat, power brake or a hardware slowdown is among them.
        throttled_by_heat: heat is among them.
    """

    reasons: tuple[str, ...]
    holding: tuple[str, ...]
    throttled: bool
    throttled_by_heat: bool


def clock_events(bits: int) -> ClockEvents:
    """Decode the bits; those that are not known yet are told by their number and hold nothing back."""
    reasons = [_KNOWN.get(bit, f"A reason that is not known here (bit {bit:#x})") for bit in _single(bits)]
    holding = [_HOLDING[bit] for bit in _single(bits) if bit in _HOLDING]
    return ClockEvents(tuple(reasons), tuple(holding), bits & _HELD_BACK != 0, bits & _HEAT != 0)


def _single(bits: int) -> list[int]:
    return [1 << place for place in range(bits.bit_length()) if bits & 1 << place]
