"""Temperatures, fans and the battery: slow to read, and of many machines not to be had."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.hardware.figures import Figures
from crackseg_desktop.readings import HostReading, Part, Reading, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_TEMPERATURE, _FAN, _CPU = "host_sensor_temperature_celsius", "host_fan_speed_rpm", ("host_cpu_temperature_celsius",)
_BATTERY = ("host_battery_charge_ratio", "host_on_battery")
_REMAINING = ("host_battery_remaining_seconds",)
_UNTOLD = "this system tells of no sensors"
_NO_CPU = "no sensor of the CPU was found"
_NO_BATTERY = "this machine has no battery"
_MOST = 20
_CPU_CHIPS = ("coretemp", "k10temp", "k8temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal", "via_cputemp")
_SUMMARIES = ("package", "tctl", "tdie", "cpu")  # over all cores; those of single cores add nothing
_PLAUSIBLE = (-40.0, 150.0)


class Sensed(NamedTuple):
    """One sensor as psutil tells it: the driver's name, the sensor's label (may be empty) and its value."""

    chip: str
    label: str
    value: float


class Battery(NamedTuple):
    """The charge (ratio), whether it feeds the machine, and for how long it can (seconds; None: not known)."""

    charge: float
    in_use: bool
    remaining: float | None


class SensorSource:
    """Reads what the sensors tell, every 30 s in a thread of its own: some drivers take long, or hang."""

    name = "sensors"
    tiers = frozenset({Tier.SLOW})

    def __init__(
        self,
        temperatures: Callable[[], Sequence[Sensed]] | None = None,
        fans: Callable[[], Sequence[Sensed]] | None = None,
        battery: Callable[[], Battery | None] | None = None,
    ) -> None:
        self._temperatures, self._fans = temperatures or read_temperatures, fans or read_fans
        self._battery = battery or read_battery

    def read(self, due: frozenset[Tier]) -> Part:
        """Read every sensor; one kind that fails leaves the others alone."""
        found, sensed, spun = Figures(), self._kind(self._temperatures), self._kind(self._fans)
        hottest = cpu_temperature(sensed)
        if hottest is None:
            found.miss(_CPU, _NO_CPU if sensed else _UNTOLD)
        else:
            found.take(_CPU, (hottest,))
        self._add_battery(found)
        return Part(
            host=HostReading(
                {},
                found.figures,
                found.reasons,
                sensors=tuple(Reading({"sensor": name}, {_TEMPERATURE: value}) for name, value in named(worth(sensed))),
                fans=tuple(Reading({"fan": name}, {_FAN: value}) for name, value in named(spun)),
            )
        )

    def resumed(self) -> None:
        """Have nothing to forget."""

    def close(self) -> None:
        """Have nothing to give back."""

    def _kind(self, ask: Callable[[], Sequence[Sensed]]) -> Sequence[Sensed]:
        try:
            return ask()
        except (OSError, RuntimeError, ValueError):
            return ()

    def _add_battery(self, found: Figures) -> None:
        try:
            battery = self._battery()
        except (OSError, RuntimeError, ValueError, NotImplementedError) as error:
            found.miss((*_BATTERY, *_REMAINING), str(error) or type(error).__name__)
            return
        if battery is None:
            found.miss((*_BATTERY, *_REMAINING), _NO_BATTERY)
            return
        found.take(_BATTERY, (battery.charge, float(battery.in_use)))
        if battery.remaining is not None:
            found.take(_REMAINING, (battery.remaining,))
        else:
            found.miss(_REMAINING, "the system does not estimate it" if battery.in_use else "it is not in use")


def worth(sensed: Iterable[Sensed]) -> list[Sensed]:
    """Leave out what no working sensor tells, and the single cores of a CPU."""
    low, high = _PLAUSIBLE
    return [
        item
        for item in sensed
        # Inputs that nothing is soldered to read 0 or far below.
        if item.value != 0 and low <= item.value <= high and not _is_single_core(item)
    ]


def named(sensed: Iterable[Sensed], most: int = _MOST) -> list[tuple[str, float]]:
    """Give each sensor a name of its own, "driver label"; the first ``most``."""
    names = [" ".join(part for part in (item.chip, item.label) if part) for item in sensed]
    values = [item.value for item in sensed]
    several, seen = Counter(names), Counter[str]()
    told: list[tuple[str, float]] = []
    for name, value in zip(names[:most], values, strict=False):
        seen[name] += 1
        told.append((f"{name} {seen[name]}" if several[name] > 1 else name, value))
    return told


def cpu_temperature(sensed: Iterable[Sensed]) -> float | None:
    """Return the hottest sensor of the CPU, or None where none is known for one."""
    of_cpu = [item.value for item in worth(sensed) if item.chip.lower() in _CPU_CHIPS]
    return max(of_cpu, default=None)


def read_temperatures() -> list[Sensed]:
    """Return all temperatures in degrees Celsius; none where the platform has no such call (Windows, macOS)."""
    import psutil

    if not hasattr(psutil, "sensors_temperatures"):
        return []
    return list(_flat(psutil.sensors_temperatures()))


def read_fans() -> list[Sensed]:
    """Return all fans in revolutions per minute; none where the platform has no such call."""
    import psutil

    if not hasattr(psutil, "sensors_fans"):
        return []
    return list(_flat(psutil.sensors_fans()))


def read_battery() -> Battery | None:
    """Return the state of the battery, or None where there is none."""
    import psutil

    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is None:
        return None
    in_use = battery.power_plugged is False
    seconds = battery.secsleft
    known = in_use and seconds is not None and seconds >= 0
    return Battery(battery.percent / 100, in_use, float(seconds) if known else None)


def _flat(chips: Mapping[str, Sequence[object]]) -> Iterator[Sensed]:
    for chip, entries in chips.items():
        for entry in entries:
            value = getattr(entry, "current", None)
            if value is not None:
                yield Sensed(chip, getattr(entry, "label", "") or "", float(value))


def _is_single_core(item: Sensed) -> bool:
    of_cpu = item.chip.lower() in _CPU_CHIPS
    return of_cpu and item.label != "" and not item.label.lower().startswith(_SUMMARIES)
