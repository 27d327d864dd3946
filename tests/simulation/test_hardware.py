from __future__ import annotations

import itertools
import math
import time
from statistics import mean

import pytest

from crackseg_desktop import units
from crackseg_desktop.alerts.engine import Engine, Moment
from crackseg_desktop.alerts.observe import observations
from crackseg_desktop.alerts.rules import BUILTIN
from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import AlertState, GpuReading, Reading, Sample, SourceState
from crackseg_desktop.simulation.hardware import sample_at
from crackseg_desktop.simulation.timeline import moment, story_clock

ANCHOR = 1_800_000_000.0


def told(story_time: float, seed: int = 1) -> Sample:
    return sample_at(ANCHOR + story_time, 5000.0 + story_time, ANCHOR, seed)


def shown(reading: Reading, metric: str) -> str:
    return units.figure(CATALOGUE[metric].unit, reading.get(metric))


def gpu_0(story_time: float) -> GpuReading:
    return told(story_time).gpus[0]


PAST_HOUR = [float(second) for second in range(-3600, 1, 5)]


def test_that_the_same_instant_gives_the_same_sample() -> None:
    for story_time in (-3600.0, -1234.5, 0.0, 77.25, 90_000.0):
        assert told(story_time) == told(story_time)
    assert told(-1234.5, seed=1) != told(-1234.5, seed=2)


def test_that_a_sample_depends_on_the_time_since_the_anchor_alone() -> None:
    here, there = told(-600.0), sample_at(4.0e8 - 600.0, 1.0, 4.0e8, 1)
    assert here.host == there.host
    assert here.gpus[0].figures == there.gpus[0].figures


def test_that_every_sample_says_it_is_simulated() -> None:
    assert all(told(at).simulated for at in (-90_000.0, -3600.0, 0.0, 8000.0))


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("gpu_memory_used_bytes", "6.6 GiB"),
        ("gpu_memory_total_bytes", "8.0 GiB"),
        ("gpu_temperature_celsius", "76 °C"),
        ("gpu_temperature_slowdown_celsius", "87 °C"),
        ("gpu_utilization_ratio", "92 %"),
        ("gpu_power_watts", "104 W"),
        ("gpu_power_limit_watts", "125 W"),
    ],
)
def test_that_the_training_gpu_shows_the_figures_of_the_story(metric: str, figure: str) -> None:
    assert shown(gpu_0(0.0), metric) == figure


@pytest.mark.parametrize(
    ("metric", "figure"),
    [
        ("host_cpu_used_ratio", "38 %"),
        ("host_cpu_threads", "20"),
        ("host_load1", "7.6"),
        ("host_memory_used_bytes", "19.4 GiB"),
        ("host_memory_total_bytes", "31.2 GiB"),
        ("host_memory_used_ratio", "62 %"),
        ("host_disk_read_bytes_per_second", "86.0 MiB/s"),
        ("host_disk_written_bytes_per_second", "2.0 MiB/s"),
    ],
)
def test_that_the_host_shows_the_figures_of_the_story(metric: str, figure: str) -> None:
    host = told(0.0).host
    assert host is not None
    assert host.hostname == "nemo"
    assert shown(host, metric) == figure


def test_that_disks_and_network_show_the_figures_of_the_story() -> None:
    host = told(0.0).host
    assert host is not None
    free = {disk.labels["mount"]: shown(disk, "host_disk_free_bytes") for disk in host.disks}
    assert free == {"/data": "13.1 GiB", "/": "61.0 GiB", "/home": "118 GiB", "/mnt/nas": "1.9 TiB"}
    assert shown(host.disks[0], "host_disk_total_bytes") == "466 GiB"
    wired = host.interfaces[0]
    assert round((wired.get("host_network_receive_bytes_per_second") or 0) / 1024**2, 1) == 0.2
    assert round((wired.get("host_network_transmit_bytes_per_second") or 0) / 1024**2, 1) == 0.1


def test_that_the_data_disk_fills_by_two_gib_an_hour_and_reaches_ten_at_half_past_three() -> None:
    def free(story_time: float) -> float:
        host = told(story_time).host
        assert host is not None
        return host.disks[0].figures["host_disk_free_bytes"] / units.GIB

    assert round(free(-3600.0) - free(0.0), 1) == 2.2
    assert round(free(moment("15:30")), 1) == 10.1
    assert free(moment("20:00")) == free(moment("15:48"))


def test_that_the_second_gpu_sleeps_since_twenty_to_two_with_its_figures_of_then() -> None:
    awake, asleep = told(moment("13:39")).gpus[1], told(0.0).gpus[1]
    assert (awake.state, awake.reason) == (SourceState.OK, None)
    assert asleep.state == SourceState.ASLEEP
    assert asleep.reason
    assert asleep.taken == ANCHOR + moment("13:40")
    assert asleep.figures == told(600.0).gpus[1].figures


def test_that_every_metric_is_in_the_catalogue_with_the_labels_of_its_row() -> None:
    for reading in told(-10.0).readings():
        for metric in (*reading.figures, *reading.unavailable):
            assert set(reading.labels) == set(CATALOGUE[metric].labels)
        assert all(math.isfinite(value) for value in reading.figures.values())
        assert not reading.figures.keys() & reading.unavailable.keys()


def test_that_every_hardware_metric_of_the_catalogue_is_told() -> None:
    told_metrics = {metric for reading in told(0.0).readings() for metric in (*reading.figures, *reading.unavailable)}
    expected = {metric for metric, row in CATALOGUE.items() if row.read and metric.startswith(("gpu_", "host_"))}
    assert told_metrics == expected
    for gpu in told(0.0).gpus:
        assert {*gpu.figures, *gpu.unavailable} == {metric for metric in expected if metric.startswith("gpu_")}


def test_that_the_hour_holds_one_peak_of_82_degrees_at_21_past_one() -> None:
    temperatures = {at: gpu_0(at).figures["gpu_temperature_celsius"] for at in PAST_HOUR}
    hottest = max(temperatures, key=temperatures.__getitem__)
    assert hottest == moment("13:21")
    assert round(temperatures[hottest]) == 82
    over = [at for at, celsius in temperatures.items() if celsius > 80]
    assert over == [at for at in PAST_HOUR if over[0] <= at <= over[-1]]
    assert 60 <= over[-1] - over[0] <= 240


def test_that_the_hardware_holds_the_gpu_back_for_twelve_seconds_at_the_peak() -> None:
    held = [at for at in range(-3600, 0) if gpu_0(float(at)).get("gpu_throttled")]
    assert held == list(range(int(moment("13:21")), int(moment("13:21")) + 12))
    assert gpu_0(float(held[0])).throttle_reasons
    assert not gpu_0(0.0).throttle_reasons


def test_that_utilization_is_89_percent_in_the_mean_and_dips_at_the_end_of_each_epoch() -> None:
    busy = [gpu_0(at).figures["gpu_utilization_ratio"] for at in PAST_HOUR]
    assert round(mean(busy) * 100) == 89
    dips = sum(before >= 0.8 > after for before, after in itertools.pairwise(busy))
    assert dips in (15, 16)
    assert max(busy) <= 1.0


def test_that_an_hour_of_power_is_a_tenth_of_a_kilowatt_hour() -> None:
    watts = mean(gpu_0(at).figures["gpu_power_watts"] for at in PAST_HOUR)
    joules = gpu_0(0.0).figures["gpu_energy_joules_total"] - gpu_0(-3600.0).figures["gpu_energy_joules_total"]
    assert units.figure("joules", joules) == "0.10 kWh"
    assert joules == pytest.approx(watts * 3600, rel=0.02)


def test_that_energy_only_rises() -> None:
    energies = [gpu_0(float(at)).figures["gpu_energy_joules_total"] for at in range(-9000, 9000, 60)]
    assert all(before < after for before, after in itertools.pairwise(energies))


def test_that_figures_go_on_without_a_jump_from_past_to_present() -> None:
    steady = {"gpu_temperature_celsius": 0.5, "gpu_utilization_ratio": 0.15, "gpu_power_watts": 12.0}
    for before, after in itertools.pairwise([gpu_0(at / 4) for at in range(-12, 120)]):
        for metric, most in steady.items():
            assert abs(after.figures[metric] - before.figures[metric]) < most


def test_that_the_gpu_rests_before_the_training_and_after_it() -> None:
    for story_time in (moment("12:00"), moment("17:00")):
        gpu = gpu_0(story_time)
        assert gpu.figures["gpu_utilization_ratio"] < 0.1
        assert gpu.figures["gpu_power_watts"] < 30
        assert gpu.figures["gpu_temperature_celsius"] < 55
        assert {process.kind for process in gpu.processes} == {"graphics"}


def test_that_processes_of_the_gpu_add_up_to_its_used_memory() -> None:
    for story_time in (-100.0, -10.0, 0.0, moment("17:00")):
        gpu = gpu_0(story_time)
        held = sum(process.memory_bytes or 0 for process in gpu.processes)
        assert held == pytest.approx(gpu.figures["gpu_memory_used_bytes"], abs=8)
    assert [process.pid for process in gpu_0(0.0).processes] == [48213, 2210, 3987]


def test_that_the_past_hour_tells_of_a_full_disk_and_once_of_the_gpu_and_its_recovery() -> None:
    engine = Engine(BUILTIN)
    events = [
        event
        for at in PAST_HOUR
        for event in engine.observe(observations(told(at)), Moment(ANCHOR + at, at))
        if event.notify
    ]
    assert [(event.rule, event.subject, event.state) for event in events] == [
        ("disk_share", "/data", AlertState.FIRING),
        ("gpu_temperature", "GPU 0", AlertState.FIRING),
        ("gpu_temperature", "GPU 0", AlertState.RESOLVED),
    ]
    assert all(event.simulated for event in events)


def test_that_the_clock_of_the_story_stands_at_five_past_two() -> None:
    clock = story_clock()
    local = time.localtime(clock.time())
    assert local[:6] == (2026, 11, 23, 14, 5, 0)
    assert clock.time() == clock.time()
    assert clock.monotonic() == clock.monotonic()
