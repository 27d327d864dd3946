"""Parts of several sources as one machine, and what becomes of them when a source falls silent."""

from __future__ import annotations

from crackseg_desktop.hardware.merging import carried, merge_hosts
from crackseg_desktop.readings import HostReading, Part, Reading, SourceHealth, SourceState

LOAD = {"host_load1": 1.0}
DRIVE = Reading({"drive": "sda"}, {"host_drive_busy_ratio": 0.5})
SENSOR = Reading({"sensor": "nvme"}, {"host_sensor_temperature_celsius": 40.0})
FAN = Reading({"fan": "fan1"}, {"host_fan_speed_rpm": 900.0})


def test_that_what_there_are_several_of_is_joined() -> None:
    host = HostReading({}, LOAD, hostname="box", drives=(DRIVE,), cores=(0.5, 0.25), notes=("Limited.",))
    sensors = HostReading({}, {}, {"host_load1": "no"}, sensors=(SENSOR,), fans=(FAN,))
    assert merge_hosts([sensors, host]) == HostReading(
        {},
        LOAD,
        hostname="box",
        drives=(DRIVE,),
        sensors=(SENSOR,),
        fans=(FAN,),
        cores=(0.5, 0.25),
        notes=("Limited.",),
    )
    assert merge_hosts([]) is None


def test_that_nothing_of_a_silent_source_is_repeated() -> None:
    host = HostReading({}, LOAD, drives=(DRIVE,), sensors=(SENSOR,), fans=(FAN,), cores=(0.5,))
    silent = carried(Part(host=host, table=()), SourceHealth("host", SourceState.NOT_RESPONDING, "no answer"))
    assert silent.table is None
    assert silent.host is not None
    assert silent.host.cores == ()
    for reading in (silent.host, *silent.host.drives, *silent.host.sensors, *silent.host.fans):
        assert reading.figures == {}
        assert set(reading.unavailable.values()) == {"no answer"}
