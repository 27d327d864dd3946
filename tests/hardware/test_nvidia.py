"""NVIDIA GPUs as the real nvidia-ml-py reads them from a stand-in of the driver's library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crackseg_desktop.hardware.nvml import LIBRARY
from crackseg_desktop.metrics import CATALOGUE

Probe = Callable[..., Any]
SCENARIOS = Path(__file__).parents[1] / "fakenvml/scenarios"
MIB = 1024**2
CARD = "GPU-3070a000-7e57-4000-8000-000000000001"
GPU_METRICS = {metric.name for metric in CATALOGUE.values() if metric.read and metric.labels == ("gpu",)}
ALL = ["fast", "medium", "slow"]


def shipped(scenario: str) -> str:
    return (SCENARIOS / f"{scenario}.ini").read_text(encoding="utf-8")


def health(sample: dict[str, Any]) -> tuple[str, str | None]:
    source = sample["sources"][0]
    return source["state"], source["reason"]


def calls(trace: Path, function: str) -> int:
    return sum(line.split()[0] == function for line in trace.read_text().splitlines())


def frozen(scenario: str) -> str:
    return shipped(scenario).replace("[driver]", "[driver]\nfreeze_t = 0", 1)


def with_driver_key(scenario: str, key: str) -> str:
    return shipped(scenario).replace("[driver]", f"[driver]\n{key}", 1)


def test_that_a_training_card_is_read_exactly(probe: Probe, fakenvml: Path) -> None:
    sample = probe("once", library=fakenvml, scenario=frozen("rtx3070ti_training"))
    (gpu,) = sample["gpus"]
    energy = gpu["figures"].pop("gpu_energy_joules_total")
    assert gpu["figures"] == {
        "gpu_memory_total_bytes": 8192 * MIB,
        "gpu_memory_used_bytes": 6656 * MIB,
        "gpu_memory_reserved_bytes": 277 * MIB,
        "gpu_memory_free_bytes": (8192 - 6656 - 277) * MIB,
        "gpu_memory_used_ratio": 0.8125,
        "gpu_utilization_ratio": 0.87,
        "gpu_memory_controller_utilization_ratio": 0.55,
        "gpu_temperature_celsius": 74.0,
        "gpu_temperature_slowdown_celsius": 95.0,
        "gpu_temperature_shutdown_celsius": 98.0,
        "gpu_temperature_headroom_celsius": 21.0,
        "gpu_encoder_utilization_ratio": 0.0,
        "gpu_decoder_utilization_ratio": 0.0,
        "gpu_clock_sm_max_hertz": 2100e6,
        "gpu_clock_memory_max_hertz": 9501e6,
        "gpu_pcie_generation": 4.0,
        "gpu_pcie_generation_max": 4.0,
        "gpu_pcie_width": 16.0,
        "gpu_pcie_width_max": 16.0,
        "gpu_pcie_transmit_bytes_per_second": 310e6,
        "gpu_pcie_receive_bytes_per_second": 1250e6,
        "gpu_xid_errors_total": 0.0,
        "gpu_power_watts": 265.0,
        "gpu_power_limit_watts": 290.0,
        "gpu_clock_sm_hertz": 1860e6,
        "gpu_clock_memory_hertz": 9251e6,
        "gpu_fan_speed_ratio": 0.62,
        "gpu_performance_state": 2.0,
        "gpu_throttled": 0.0,
        "gpu_throttled_by_heat": 0.0,
    }
    assert energy >= 0
    assert gpu["unavailable"] == {}
    assert (gpu["uuid"], gpu["labels"], gpu["index"]) == (CARD, {"gpu": CARD}, 0)
    assert gpu["name"] == "NVIDIA GeForce RTX 3070 Ti"
    assert gpu["throttle_reasons"] == ["The power limit holds the clocks back"]
    assert {(p["memory_bytes"], p["kind"]) for p in gpu["processes"]} == {
        (6300 * MIB, "compute"),
        (180 * MIB, "graphics"),
    }
    assert health(sample) == ("ok", None)
    assert sample["stuck"] == []


@pytest.mark.parametrize("scenario", ["rtx3070ti_idle", "laptop_no_power", "dgx8", "two_gpus", "overheat"])
def test_that_every_figure_is_there_or_has_a_reason(probe: Probe, fakenvml: Path, scenario: str) -> None:
    for gpu in probe("once", library=fakenvml, scenario=shipped(scenario))["gpus"]:
        assert gpu["figures"].keys() | gpu["unavailable"].keys() == GPU_METRICS
        assert not gpu["figures"].keys() & gpu["unavailable"].keys()
        assert all(gpu["unavailable"].values())


def test_that_an_idle_card_runs_freely(probe: Probe, fakenvml: Path) -> None:
    (gpu,) = probe("once", library=fakenvml, scenario=shipped("rtx3070ti_idle"))["gpus"]
    assert gpu["throttle_reasons"] == []
    assert gpu["figures"]["gpu_throttled"] == 0
    assert gpu["figures"]["gpu_fan_speed_ratio"] == 0
    assert gpu["figures"]["gpu_performance_state"] == 8


def test_that_heat_holds_the_clocks_back_and_says_so(probe: Probe, fakenvml: Path) -> None:
    scenario = with_driver_key("overheat", "freeze_t = 9")
    (gpu,) = probe("once", library=fakenvml, scenario=scenario)["gpus"]
    assert gpu["figures"]["gpu_throttled"] == 1
    assert len(gpu["throttle_reasons"]) == 3
    assert all("because of heat" in told or "slowdown" in told for told in gpu["throttle_reasons"])


def test_that_two_cards_are_told_apart_by_uuid(probe: Probe, fakenvml: Path) -> None:
    first, second = probe("once", library=fakenvml, scenario=shipped("two_gpus"))["gpus"]
    assert (first["uuid"], first["figures"]["gpu_temperature_celsius"]) == (
        "GPU-4090a000-7e57-4000-8000-000000000000",
        67,
    )
    assert (second["uuid"], second["figures"]["gpu_temperature_celsius"]) == (CARD, 41)
    assert "both" in {process["kind"] for process in first["processes"]}


def test_that_a_missing_power_reading_leaves_its_neighbours_alone(probe: Probe, fakenvml: Path) -> None:
    (gpu,) = probe("once", library=fakenvml, scenario=shipped("laptop_no_power"))["gpus"]
    assert gpu["unavailable"]["gpu_power_watts"] == "not supported on this GPU"
    assert gpu["figures"]["gpu_temperature_celsius"] == 61
    assert gpu["figures"]["gpu_memory_used_bytes"] == 1020 * MIB
    assert gpu["figures"]["gpu_clock_sm_hertz"] == 1237e6
    assert gpu["state"] == "ok"


def test_that_memory_of_a_process_may_be_untold(probe: Probe, fakenvml: Path) -> None:
    scenario = shipped("rtx3070ti_idle").replace("self:12:G", "self:na:C")
    (gpu,) = probe("once", library=fakenvml, scenario=scenario)["gpus"]
    assert (None, "compute") in {(p["memory_bytes"], p["kind"]) for p in gpu["processes"]}
    assert "tell it" in gpu["process_reasons"]["memory_bytes"] or "Windows" in gpu["process_reasons"]["memory_bytes"]


def test_that_the_slowdown_temperature_comes_from_the_margin_where_the_threshold_is_gone(
    probe: Probe, fakenvml: Path
) -> None:
    gpu = probe("once", library=fakenvml, scenario=shipped("dgx8"))["gpus"][0]
    assert gpu["figures"]["gpu_temperature_slowdown_celsius"] == 58 + 29


@pytest.mark.parametrize(
    ("scenario", "state", "words"),
    [
        ("no_driver", "unavailable", "not loaded"),
        ("mismatch", "mismatch", "restart the machine"),
        ("no_gpus", "unavailable", "finds no GPU"),
        ("init_error = NO_PERMISSION", "no permission", "not permitted"),
        ("init_error = UNKNOWN", "failed", "did not start"),
    ],
)
def test_that_a_driver_that_does_not_start_is_a_named_state(
    probe: Probe, fakenvml: Path, scenario: str, state: str, words: str
) -> None:
    text = f"[driver]\n{scenario}\n" if "=" in scenario else shipped(scenario)
    sample = probe("once", library=fakenvml, scenario=text)
    named, reason = health(sample)
    assert named == state
    assert words in (reason or "")
    assert sample["gpus"] == []


def test_that_a_missing_library_is_named(probe: Probe) -> None:
    sample = probe("once", library=None)
    if sample["gpus"]:
        pytest.skip("this machine has an NVIDIA driver")
    assert health(sample) == ("unavailable", f"No NVIDIA driver found: {LIBRARY} is missing")


def test_that_a_mismatch_names_both_versions(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    version = tmp_path / "sys/module/nvidia/version"
    version.parent.mkdir(parents=True)
    version.write_text("575.64.03\n")
    (part,) = probe("steps", library=fakenvml, scenario=shipped("mismatch"), steps=[{}], sysfs=str(tmp_path / "sys"))
    assert part["state"] == "mismatch"
    assert "kernel module 575.64.03, library 580.95.05" in part["reason"]


def test_that_an_older_driver_is_read_by_its_older_functions(probe: Probe, old_fakenvml: Path) -> None:
    (gpu,) = probe("once", library=old_fakenvml, scenario=shipped("rtx3070ti_training"))["gpus"]
    assert gpu["unavailable"] == dict.fromkeys(
        ("gpu_memory_reserved_bytes", "gpu_xid_errors_total"), "needs a newer driver"
    )
    assert gpu["throttle_reasons"] == ["The power limit holds the clocks back"]
    assert {(p["memory_bytes"], p["sm_ratio"]) for p in gpu["processes"]} == {(6300 * MIB, None), (180 * MIB, None)}
    assert gpu["process_reasons"] == {"sm_ratio": "needs a newer driver"}
    assert gpu["figures"]["gpu_memory_used_bytes"] == (6656 + 277) * MIB
    assert gpu["figures"]["gpu_memory_total_bytes"] == 8192 * MIB
    assert gpu["figures"]["gpu_temperature_celsius"] == 74


def test_that_what_a_card_cannot_answer_is_asked_once(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    parts = probe("steps", library=fakenvml, scenario=shipped("laptop_no_power"), trace=trace, steps=[{"due": ALL}] * 4)
    assert calls(trace, "nvmlDeviceGetPowerUsage") == 1
    assert calls(trace, "nvmlDeviceGetFanSpeed") == 1
    assert calls(trace, "nvmlDeviceGetUtilizationRates") == 4
    assert all(part["gpus"][0]["unavailable"]["gpu_power_watts"] for part in parts)


def test_that_a_passing_error_is_asked_again(probe: Probe, fakenvml: Path) -> None:
    sick = shipped("rtx3070ti_training") + "error.power_w = UNKNOWN\n"
    first, second = probe(
        "steps",
        library=fakenvml,
        scenario=sick,
        steps=[{}, {"scenario": shipped("rtx3070ti_training")}],
    )
    assert "gpu_power_watts" in first["gpus"][0]["unavailable"]
    assert "gpu_power_watts" in second["gpus"][0]["figures"]


def test_that_slower_figures_are_carried_along(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    parts = probe(
        "steps",
        library=fakenvml,
        scenario=shipped("two_gpus"),
        trace=trace,
        steps=[{}, {}, {"due": ["fast", "medium"]}],
    )
    assert all(part["gpus"][0]["figures"]["gpu_fan_speed_ratio"] == 0.55 for part in parts)
    assert all(len(part["gpus"][0]["processes"]) == 2 for part in parts)
    assert calls(trace, "nvmlDeviceGetFanSpeed") == 2  # once a card
    assert calls(trace, "nvmlDeviceGetUtilizationRates") == 6
    assert parts[1]["gpus"][0]["taken"] == parts[0]["gpus"][0]["taken"] + 1


def test_that_a_lost_card_says_so_and_the_others_go_on(probe: Probe, fakenvml: Path) -> None:
    lost = shipped("two_gpus") + "error.all = GPU_IS_LOST\n"  # of the last section: the second card
    before, at_once, retried = probe(
        "steps", library=fakenvml, scenario=shipped("two_gpus"), steps=[{}, {"scenario": lost}, {"advance": 20.0}]
    )
    assert [gpu["state"] for gpu in before["gpus"]] == ["ok", "ok"]
    for part in (at_once, retried):
        assert part["state"] == "ok"
        good, bad = part["gpus"]
        assert (good["state"], good["figures"]["gpu_temperature_celsius"]) == ("ok", 67)
        assert (bad["state"], bad["uuid"], bad["figures"]) == ("lost", CARD, {})
        assert "lost" in bad["reason"]
        assert bad["name"] == "NVIDIA GeForce RTX 3070 Ti"
        assert bad["taken"] == before["gpus"][1]["taken"]


def test_that_a_lost_card_is_left_alone_between_two_attempts(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    lost, trace = shipped("two_gpus") + "error.all = GPU_IS_LOST\n", tmp_path / "trace"
    steps = [{}, {"scenario": lost}, {"due": ALL}, {"due": ALL}]
    probe("steps", library=fakenvml, scenario=shipped("two_gpus"), trace=trace, steps=steps)
    asked = [line.split()[0] for line in trace.read_text().splitlines() if line.endswith("gpu1")]
    assert asked.count("nvmlDeviceGetMemoryInfo_v2") == 2  # when it was well, and when it was found lost
    assert calls(trace, "nvmlDeviceGetMemoryInfo_v2") == 2 + 4
    assert calls(trace, "nvmlInitWithFlags") == 1


def test_that_a_lost_card_is_taken_up_again_when_it_comes_back(probe: Probe, fakenvml: Path) -> None:
    lost = shipped("two_gpus") + "error.all = GPU_IS_LOST\n"
    *_, recovered = probe(
        "steps",
        library=fakenvml,
        scenario=shipped("two_gpus"),
        steps=[{}, {"scenario": lost}, {"advance": 60.0, "scenario": shipped("two_gpus")}],
    )
    assert [gpu["state"] for gpu in recovered["gpus"]] == ["ok", "ok"]
    assert recovered["gpus"][1]["figures"]["gpu_fan_speed_ratio"] == 0


def test_that_a_card_lost_from_the_start_is_shown_without_a_name(probe: Probe, fakenvml: Path) -> None:
    lost = shipped("two_gpus") + "error.all = GPU_IS_LOST\n"
    (part,) = probe("steps", library=fakenvml, scenario=lost, steps=[{}])
    assert [(gpu["state"], gpu["name"]) for gpu in part["gpus"]] == [
        ("ok", "NVIDIA GeForce RTX 4090"),
        ("lost", "GPU 1"),
    ]


def test_that_the_only_card_lost_is_the_state_of_the_source(probe: Probe, fakenvml: Path) -> None:
    *_, part = probe(
        "steps",
        library=fakenvml,
        scenario=shipped("two_gpus"),
        steps=[{}, {"scenario": with_driver_key("two_gpus", "error.all = GPU_IS_LOST")}],
    )
    assert part["state"] == "lost"
    assert part["reason"]


def test_that_a_reloaded_driver_is_taken_up_again_with_back_off(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    gone = "[driver]\ninit_error = DRIVER_NOT_LOADED\nerror.all = DRIVER_NOT_LOADED\n[gpu0]\nname = x\n"
    steps: list[dict[str, Any]] = [
        {},
        {"scenario": gone},
        *[{"due": ALL}] * 3,
        {"advance": 10.0},
        {},
        {"advance": 60.0, "scenario": shipped("rtx3070ti_training")},
    ]
    *before, recovered = probe(
        "steps", library=fakenvml, scenario=shipped("rtx3070ti_training"), trace=trace, steps=steps
    )
    for part in before[1:]:
        assert part["state"] == "unavailable"
        assert [gpu["state"] for gpu in part["gpus"]] == ["unavailable"]
        assert part["gpus"][0]["figures"] == {}
    assert recovered["state"] == "ok"
    assert recovered["gpus"][0]["figures"]["gpu_temperature_celsius"] == 74
    assert calls(trace, "nvmlInitWithFlags") == 2 + 1  # at the start, once while it was gone, when it was back


def test_that_a_driver_that_was_reloaded_is_started_anew_and_asked_everything_again(
    probe: Probe, fakenvml: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    reloaded = with_driver_key("laptop_no_power", "error.mem = at(0, UNINITIALIZED)")
    works = shipped("laptop_no_power").replace("power_w = unsupported", "power_w = 35")
    steps = [{}, {"due": ALL, "scenario": reloaded}, {"advance": 20.0, "scenario": works}]
    before, during, after = probe(
        "steps", library=fakenvml, scenario=shipped("laptop_no_power"), trace=trace, steps=steps
    )
    assert "gpu_power_watts" in before["gpus"][0]["unavailable"]
    assert (during["state"], during["reason"]) == ("failed", "NVML is not initialised any more")
    assert during["gpus"][0]["process_reasons"] == {"processes": "NVML is not initialised any more"}
    assert after["gpus"][0]["figures"]["gpu_power_watts"] == 35
    assert calls(trace, "nvmlInitWithFlags") == 2


def test_that_an_update_of_the_driver_while_it_is_in_use_is_named(probe: Probe, fakenvml: Path) -> None:
    updated = with_driver_key("two_gpus", "error.all = LIB_RM_VERSION_MISMATCH")
    *_, part = probe("steps", library=fakenvml, scenario=shipped("two_gpus"), steps=[{}, {"scenario": updated}])
    assert part["state"] == "mismatch"
    assert [gpu["state"] for gpu in part["gpus"]] == ["mismatch", "mismatch"]
    assert all("restart the machine" in gpu["reason"] for gpu in part["gpus"])


def test_that_nvml_is_started_anew_after_a_suspend(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    parts = probe(
        "steps", library=fakenvml, scenario=shipped("two_gpus"), trace=trace, steps=[{}, {"resumed": True}, {}]
    )
    assert calls(trace, "nvmlInitWithFlags") == 2
    assert all(part["state"] == "ok" for part in parts)


def test_that_a_hung_driver_costs_no_more_than_the_deadline(probe: Probe, fakenvml: Path) -> None:
    sample = probe("once", library=fakenvml, scenario=shipped("hung"), deadline=0.3)
    state, reason = health(sample)
    assert state == "not responding"
    assert reason == "No answer within 0.3 s"
    assert sample["stuck"] == ["nvidia"]
    assert sample["took"] < 5  # the driver is silent for 20 s a call; the probe has ended too


def test_that_a_driver_that_hangs_later_leaves_its_last_figures_and_recovers(probe: Probe, fakenvml: Path) -> None:
    told = probe(
        "hang",
        library=fakenvml,
        scenario=shipped("two_gpus"),
        hung=with_driver_key("two_gpus", "hang_ms.all = 20000"),
        again=shipped("two_gpus"),
    )
    for name in ("silent", "later"):
        sample = told[name]
        assert [gpu["state"] for gpu in sample["gpus"]] == ["not responding", "not responding"]
        assert sample["gpus"][0]["figures"]["gpu_temperature_celsius"] == 67
        assert sample["gpus"][0]["taken"] < sample["time"]
    assert told["later"]["gpus"][0]["taken"] == told["silent"]["gpus"][0]["taken"]
    assert told["later"]["time"] > told["silent"]["time"]
    assert told["later"]["sources"][0]["since"] == told["silent"]["sources"][0]["since"]
    assert [gpu["state"] for gpu in told["recovered"]["gpus"]] == ["ok", "ok"]
    assert told["stuck"] == []


def suspended_gpu(
    root: Path, name: str, status: str, *, vendor: str = "0x10de", kind: str = "0x030000", control: str = "auto"
) -> Path:
    device = root / "bus/pci/devices" / name
    (device / "power").mkdir(parents=True)
    (device / "vendor").write_text(vendor + "\n")
    (device / "class").write_text(kind + "\n")
    (device / "power/control").write_text(control + "\n")
    (device / "power/runtime_status").write_text(status + "\n")
    return device / "power/runtime_status"


def test_that_a_sleeping_card_is_not_woken_and_read_when_it_wakes(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    sysfs, trace = tmp_path / "sys", tmp_path / "trace"
    status = suspended_gpu(sysfs, "0000:01:00.0", "suspended")
    suspended_gpu(sysfs, "0000:01:00.1", "active", kind="0x040300")  # its audio function
    suspended_gpu(sysfs, "0000:00:02.0", "active", vendor="0x8086")  # the processor's own graphics
    asleep, still, awake = probe(
        "steps",
        library=fakenvml,
        scenario=shipped("two_gpus"),
        trace=trace,
        sysfs=str(sysfs),
        steps=[{}, {"due": ALL}, {"files": {str(status): "active\n"}}],
    )
    for part in (asleep, still):
        assert part["state"] == "asleep"
        assert part["gpus"] == []
        assert "powered down" in part["reason"]
    assert awake["state"] == "ok"
    assert calls(trace, "nvmlInitWithFlags") == 1


def test_that_nothing_of_nvml_is_called_while_all_cards_sleep(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    sysfs, trace = tmp_path / "sys", tmp_path / "trace"
    suspended_gpu(sysfs, "0000:01:00.0", "suspended")
    probe(
        "steps", library=fakenvml, scenario=shipped("two_gpus"), trace=trace, sysfs=str(sysfs), steps=[{}, {"due": ALL}]
    )
    assert not trace.exists()


def test_that_one_card_awake_is_enough_to_read(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    sysfs = tmp_path / "sys"
    suspended_gpu(sysfs, "0000:01:00.0", "suspended")
    suspended_gpu(sysfs, "0000:05:00.0", "active", kind="0x030200")
    (part,) = probe("steps", library=fakenvml, scenario=shipped("two_gpus"), sysfs=str(sysfs), steps=[{}])
    assert part["state"] == "ok"


IDLE = """
[driver]
freeze_t = 0
[gpu0]
name = x
uuid = GPU-1
temp_c = 41
"""


def test_that_an_idle_card_is_let_go_so_that_it_can_power_down(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    sysfs, trace = tmp_path / "sys", tmp_path / "trace"
    status = str(suspended_gpu(sysfs, "0000:01:00.0", "active"))
    steps: list[dict[str, Any]] = [
        {},
        {"advance": 59.0},
        {"advance": 1.0},
        {"advance": 10.0},
        {"advance": 10.0, "files": {status: "suspended\n"}},
        {"advance": 500.0},
        {"files": {status: "active\n"}},
    ]
    parts = probe("steps", library=fakenvml, scenario=IDLE, trace=trace, sysfs=str(sysfs), steps=steps)
    assert [part["state"] for part in parts] == ["ok", "ok", *["asleep"] * 4, "ok"]
    assert "can power down" in parts[3]["reason"]
    assert "powered down" in parts[5]["reason"]
    for part in parts[2:6]:
        (gpu,) = part["gpus"]
        assert (gpu["state"], gpu["figures"]["gpu_temperature_celsius"]) == ("asleep", 41)
        assert gpu["taken"] == parts[2]["gpus"][0]["taken"]
    assert calls(trace, "nvmlShutdown") == 2  # let go, and at the end
    assert calls(trace, "nvmlInitWithFlags") == 2


def test_that_a_card_that_something_keeps_awake_is_read_on(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    sysfs, trace = tmp_path / "sys", tmp_path / "trace"
    suspended_gpu(sysfs, "0000:01:00.0", "active")
    steps = [{}, {"advance": 60.0}, {"advance": 29.0}, {"advance": 1.0}, *[{"advance": 100.0}] * 3]
    parts = probe("steps", library=fakenvml, scenario=IDLE, trace=trace, sysfs=str(sysfs), steps=steps)
    assert [part["state"] for part in parts] == ["ok", "asleep", "asleep", *["ok"] * 4]
    assert calls(trace, "nvmlInitWithFlags") == 2


@pytest.mark.parametrize(
    ("scenario", "control"),
    [
        (IDLE, "on"),
        (IDLE + "util_gpu = 1\n", "auto"),
        (IDLE + "util_gpu = unsupported\n", "auto"),
        (IDLE + "processes = parent:180:G\n", "auto"),
        (IDLE + "error.processes_compute = NO_PERMISSION\n", "auto"),
    ],
)
def test_that_a_card_in_use_or_kept_on_is_not_let_go(
    probe: Probe, fakenvml: Path, tmp_path: Path, scenario: str, control: str
) -> None:
    sysfs = tmp_path / "sys"
    suspended_gpu(sysfs, "0000:01:00.0", "active", control=control)
    steps = [{}, *[{"advance": 60.0}] * 3]
    parts = probe("steps", library=fakenvml, scenario=scenario, sysfs=str(sysfs), steps=steps)
    assert [part["state"] for part in parts] == ["ok"] * 4
