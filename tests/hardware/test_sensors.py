"""Sensors, fans and the battery, as psutil would tell them."""

from __future__ import annotations

from crackseg_desktop.hardware.sensors import (
    Battery,
    Sensed,
    SensorSource,
    cpu_temperature,
    named,
    read_battery,
    read_fans,
    read_temperatures,
    worth,
)
from crackseg_desktop.readings import HostReading, Reading, Tier

CORES = [Sensed("coretemp", "Package id 0", 71.0), *(Sensed("coretemp", f"Core {core}", 70.0) for core in range(8))]
NVME = Sensed("nvme", "Composite", 44.0)


def read(source: SensorSource) -> HostReading:
    host = source.read(frozenset({Tier.SLOW})).host
    assert host is not None
    return host


def refused() -> list[Sensed]:
    raise PermissionError


def test_that_sensors_are_named_by_driver_and_label_and_cores_are_left_out() -> None:
    host = read(SensorSource(lambda: [*CORES, NVME], lambda: [Sensed("thinkpad", "fan1", 2700.0)], lambda: None))
    assert host.figures == {"host_cpu_temperature_celsius": 71.0}
    assert host.sensors == (
        Reading({"sensor": "coretemp Package id 0"}, {"host_sensor_temperature_celsius": 71.0}),
        Reading({"sensor": "nvme Composite"}, {"host_sensor_temperature_celsius": 44.0}),
    )
    assert host.fans == (Reading({"fan": "thinkpad fan1"}, {"host_fan_speed_rpm": 2700.0}),)
    assert host.unavailable["host_battery_charge_ratio"] == "this machine has no battery"


def test_that_sensors_of_one_name_are_numbered_and_there_are_at_most_twenty() -> None:
    assert named([NVME, NVME, Sensed("acpitz", "", 30.0)]) == [
        ("nvme Composite 1", 44.0),
        ("nvme Composite 2", 44.0),
        ("acpitz", 30.0),
    ]
    assert len(named([NVME] * 50)) == 20


def test_that_inputs_that_nothing_is_connected_to_are_left_out() -> None:
    assert worth([Sensed("nct6775", "AUXTIN1", value) for value in (-62.0, 0.0, 36.0, 255.0)]) == [
        Sensed("nct6775", "AUXTIN1", 36.0)
    ]


def test_that_the_temperature_of_the_cpu_is_that_of_its_hottest_sensor() -> None:
    assert cpu_temperature([Sensed("k10temp", "Tctl", 80.0), Sensed("k10temp", "Tccd1", 90.0)]) == 80.0
    assert cpu_temperature([Sensed("cpu_thermal", "", 55.0)]) == 55.0
    assert cpu_temperature([NVME]) is None


def test_that_a_machine_without_sensors_says_so() -> None:
    host = read(SensorSource(refused, refused, lambda: None))
    assert host.unavailable["host_cpu_temperature_celsius"] == "this system tells of no sensors"
    assert read(SensorSource(lambda: [NVME], list, lambda: None)).unavailable["host_cpu_temperature_celsius"] == (
        "no sensor of the CPU was found"
    )


def test_that_a_battery_in_use_tells_how_long_it_lasts() -> None:
    host = read(SensorSource(list, list, lambda: Battery(0.6, in_use=True, remaining=5400.0)))
    assert host.figures == {
        "host_battery_charge_ratio": 0.6,
        "host_on_battery": 1.0,
        "host_battery_remaining_seconds": 5400.0,
    }
    host = read(SensorSource(list, list, lambda: Battery(1.0, in_use=False, remaining=None)))
    assert host.figures["host_on_battery"] == 0.0
    assert host.unavailable["host_battery_remaining_seconds"] == "it is not in use"


def test_that_a_battery_that_cannot_be_read_says_why() -> None:
    def broken() -> Battery:
        raise ValueError("could not convert")

    assert read(SensorSource(list, list, broken)).unavailable["host_on_battery"] == "could not convert"


def test_that_this_machine_can_be_read() -> None:
    assert all(isinstance(item, Sensed) for item in [*read_temperatures(), *read_fans()])
    battery = read_battery()
    assert battery is None or 0 <= battery.charge <= 1.5
