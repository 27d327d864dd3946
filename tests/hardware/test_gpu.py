"""What one card tells beside its plain figures: errors, processes, its bus, and what it shares with the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Probe = Callable[..., Any]
SCENARIOS = Path(__file__).parents[1] / "fakenvml/scenarios"
MIB = 1024**2
ALL = ["fast", "medium", "slow"]
MEMORY = ("total_bytes", "used_bytes", "reserved_bytes", "free_bytes", "used_ratio")
BUS = ("gpu_pcie_transmit_bytes_per_second", "gpu_pcie_receive_bytes_per_second")


def card(*keys: str, name: str = "rtx3070ti_training") -> str:
    """Return a scenario of one card with further keys of it; the last of equal ones counts."""
    return "\n".join([(SCENARIOS / f"{name}.ini").read_text(encoding="utf-8"), *keys, ""])


def test_that_xid_errors_are_told_with_their_meaning_and_time(probe: Probe, fakenvml: Path) -> None:
    steps = [{}, {"scenario": card("xid = 31")}, {}, {"scenario": card("xid = 48")}]
    none, first, still, second = (
        part["gpus"][0] for part in probe("steps", library=fakenvml, scenario=card(), steps=steps)
    )
    assert (none["figures"]["gpu_xid_errors_total"], none["xid_errors"]) == (0, [])
    (error,) = first["xid_errors"]
    assert (error["number"], error["time"], error["critical"]) == (31, first["taken"], False)
    assert error["reason"] == "Xid 31: a program touched GPU memory that is not its own"
    assert still["xid_errors"] == first["xid_errors"]
    assert second["figures"]["gpu_xid_errors_total"] == 2
    assert [(error["number"], error["critical"]) for error in second["xid_errors"]] == [(31, False), (48, True)]


def test_that_the_error_that_cost_a_card_stays_with_it(probe: Probe, fakenvml: Path) -> None:
    lost = card("xid = 79", "error.all = GPU_IS_LOST")
    steps = [{}, {"scenario": lost}, {"advance": 60.0, "scenario": card()}]
    _, gone, back = (part["gpus"][0] for part in probe("steps", library=fakenvml, scenario=card(), steps=steps))
    assert gone["state"] == "lost"
    assert [error["reason"] for error in gone["xid_errors"]] == ["Xid 79: the GPU fell off the bus"]
    assert (back["state"], back["figures"]["gpu_xid_errors_total"]) == ("ok", 1)
    assert back["xid_errors"] == gone["xid_errors"]


def test_that_a_card_without_events_says_so_and_is_not_asked_again(
    probe: Probe, fakenvml: Path, tmp_path: Path
) -> None:
    trace, scenario = tmp_path / "trace", card("error.nvmlDeviceRegisterEvents = NOT_SUPPORTED")
    steps = [{}, {}, {"due": ALL, "advance": 60.0}]
    parts = probe("steps", library=fakenvml, scenario=scenario, trace=trace, steps=steps)
    asked = [line.split()[0] for line in trace.read_text().splitlines()]
    assert [asked.count(f"nvml{name}") for name in ("EventSetCreate", "DeviceRegisterEvents", "EventSetFree")] == [
        1
    ] * 3
    assert parts[-1]["gpus"][0]["unavailable"]["gpu_xid_errors_total"] == "not supported on this GPU"


def test_that_events_are_tried_again_after_half_a_minute(probe: Probe, fakenvml: Path) -> None:
    denied = card("error.nvmlDeviceRegisterEvents = NO_PERMISSION")
    steps = [{}, {"scenario": card("xid = 13")}, {"advance": 30.0}]
    first, early, late = (part["gpus"][0] for part in probe("steps", library=fakenvml, scenario=denied, steps=steps))
    assert "not permitted" in first["unavailable"]["gpu_xid_errors_total"]
    assert "not permitted" in early["unavailable"]["gpu_xid_errors_total"]
    assert late["figures"]["gpu_xid_errors_total"] == 1


def test_that_event_sets_are_given_back(probe: Probe, fakenvml: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    probe("steps", library=fakenvml, scenario=card(), trace=trace, steps=[{}, {"resumed": True}, {}])
    asked = [line.split()[0] for line in trace.read_text().splitlines()]
    assert (asked.count("nvmlEventSetCreate"), asked.count("nvmlEventSetFree")) == (2, 2)
    assert asked.index("nvmlEventSetFree") < asked.index("nvmlShutdown")


def shares(part: dict[str, Any]) -> dict[str, float | None]:
    return {process["kind"]: process["sm_ratio"] for process in part["gpus"][0]["processes"]}


def test_that_processes_have_their_share_of_the_multiprocessors(probe: Probe, fakenvml: Path) -> None:
    working = card("processes = self:6300:C:86:50, parent:180:G")
    steps = [
        {},
        {"due": ["medium"]},
        {"due": ["medium"], "advance": 5.0, "scenario": working.replace(":86:50", ":0:0")},
    ]
    first, soon, later = probe("steps", library=fakenvml, scenario=working, steps=steps)
    assert shares(first) == {"compute": 0.86, "graphics": 0.0}
    assert shares(soon) == shares(first)  # the driver may not have taken another sample since
    assert shares(later) == {"compute": 0.0, "graphics": 0.0}
    assert first["gpus"][0]["process_reasons"] == {}


def test_that_untold_shares_are_missing_and_asked_once(probe: Probe, fakenvml: Path) -> None:
    scenario = card("error.process_util = NOT_SUPPORTED")
    *_, part = probe("steps", library=fakenvml, scenario=scenario, steps=[{"due": ALL}] * 3)
    assert {process["sm_ratio"] for process in part["gpus"][0]["processes"]} == {None}
    assert part["gpus"][0]["process_reasons"] == {"sm_ratio": "not supported on this GPU"}
    assert part["calls"]["nvmlDeviceGetProcessUtilization"] == 1


def test_that_a_list_that_is_not_told_is_no_empty_list(probe: Probe, fakenvml: Path) -> None:
    scenario = card("error.processes_compute = NO_PERMISSION", "error.processes_graphics = NO_PERMISSION")
    (part,) = probe("steps", library=fakenvml, scenario=scenario, steps=[{}])
    assert part["gpus"][0]["processes"] == []
    assert part["gpus"][0]["process_reasons"] == {"processes": "not permitted for this user"}


def test_that_a_card_that_shares_the_memory_of_the_machine_says_so(probe: Probe, fakenvml: Path) -> None:
    scenario = card("error.mem = NOT_SUPPORTED")
    (part,) = probe("steps", library=fakenvml, scenario=scenario, steps=[{}])
    reasons = part["gpus"][0]["unavailable"]
    assert {f"gpu_memory_{name}" for name in MEMORY} <= reasons.keys()
    assert all("shares the memory of the machine" in reasons[f"gpu_memory_{name}"] for name in MEMORY)
    assert {process["memory_bytes"] for process in part["gpus"][0]["processes"]} == {6300 * MIB, 180 * MIB}
    assert part["gpus"][0]["figures"]["gpu_temperature_celsius"] == 74


def test_that_every_reason_for_the_clocks_is_told(probe: Probe, fakenvml: Path) -> None:
    scenario = card("throttle = 0x105")
    (part,) = probe("steps", library=fakenvml, scenario=scenario, steps=[{}])
    (gpu,) = part["gpus"]
    assert len(gpu["clock_reasons"]) == 3
    assert gpu["throttle_reasons"] == ["The power limit holds the clocks back"]
    assert gpu["figures"]["gpu_throttled"] == 0


def test_that_video_engines_and_the_headroom_follow(probe: Probe, fakenvml: Path) -> None:
    scenario = card("util_enc = 30", "util_dec = 12")
    steps = [{}, {"scenario": card("temp_c = 80")}]
    first, hotter = (
        part["gpus"][0]["figures"] for part in probe("steps", library=fakenvml, scenario=scenario, steps=steps)
    )
    assert (first["gpu_encoder_utilization_ratio"], first["gpu_decoder_utilization_ratio"]) == (0.30, 0.12)
    assert (first["gpu_temperature_headroom_celsius"], hotter["gpu_temperature_headroom_celsius"]) == (21, 15)


def test_that_what_never_changes_is_asked_once(probe: Probe, fakenvml: Path) -> None:
    *_, part = probe("steps", library=fakenvml, scenario=card(), steps=[{"due": ALL}] * 4)
    once = ["Name", "MaxClockInfo", "MaxPcieLinkGeneration", "MaxPcieLinkWidth", "TemperatureThreshold"]
    assert [part["calls"][f"nvmlDeviceGet{name}"] for name in once] == [1, 2, 1, 1, 2]
    assert part["calls"]["nvmlDeviceGetCurrPcieLinkGeneration"] == 4


def test_that_the_bus_is_never_measured_with_the_fast_figures(probe: Probe, fakenvml: Path) -> None:
    steps: list[dict[str, Any]] = [{}, *[{}] * 5, {"due": ["fast", "medium"]}, {"due": ALL}]
    parts = probe("steps", library=fakenvml, scenario=card(), steps=steps)
    assert [part["calls"]["nvmlDeviceGetPcieThroughput"] for part in parts] == [2] * 7 + [4]


def test_that_a_bus_that_is_not_told_is_asked_once(probe: Probe, fakenvml: Path) -> None:
    scenario = card("pcie_tx_kbps = unsupported", "pcie_rx_kbps = unsupported")
    *_, part = probe("steps", library=fakenvml, scenario=scenario, steps=[{"due": ALL}] * 3)
    assert part["calls"]["nvmlDeviceGetPcieThroughput"] == 2
    assert all(part["gpus"][0]["unavailable"][metric] == "not supported on this GPU" for metric in BUS)


def test_that_measuring_many_buses_is_spread_over_readings(probe: Probe, fakenvml: Path) -> None:
    steps = [{}, {}, {"due": ["fast", "medium"]}, {"due": ["fast", "medium"]}]
    parts = probe("steps", library=fakenvml, scenario=card(name="dgx8"), steps=steps, tick=0.06)
    measured = [sum(BUS[0] in gpu["figures"] for gpu in part["gpus"]) for part in parts]
    assert measured == [4, 4, 8, 8]
    assert {gpu["unavailable"].get(BUS[0]) for gpu in parts[0]["gpus"]} == {None, "not read yet"}


@pytest.mark.parametrize("code", ["UNKNOWN", "TIMEOUT", "NO_PERMISSION"])
def test_that_a_passing_answer_is_asked_again(probe: Probe, fakenvml: Path, code: str) -> None:
    steps = [{"due": ALL}, {"due": ALL, "scenario": card()}]
    sick, well = probe("steps", library=fakenvml, scenario=card(f"error.fan_pct = {code}"), steps=steps)
    assert sick["gpus"][0]["unavailable"]["gpu_fan_speed_ratio"]
    assert well["gpus"][0]["figures"]["gpu_fan_speed_ratio"] == 0.62
