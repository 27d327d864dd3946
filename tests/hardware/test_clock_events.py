"""The bits that decide the clocks, as sentences."""

from __future__ import annotations

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackseg_desktop.hardware.clock_events import clock_events

NORMAL = ("GpuIdle", "ApplicationsClocksSetting", "DisplayClockSetting")
HEAT = ("SwThermalSlowdown", "HwThermalSlowdown")
OTHERS = ("SwPowerCap", "SyncBoost", "HwSlowdown", "HwPowerBrakeSlowdown")


@pytest.mark.parametrize("prefix", ["nvmlClocksEventReason", "nvmlClocksThrottleReason"])
@pytest.mark.parametrize("name", [*NORMAL, *HEAT, *OTHERS])
def test_that_every_reason_that_nvml_names_has_a_sentence(prefix: str, name: str) -> None:
    told = clock_events(getattr(pynvml, prefix + name))
    (sentence,) = told.reasons
    assert "not known" not in sentence
    assert told.holding == (() if name in NORMAL else (sentence,))
    assert told.throttled_by_heat is (name in HEAT)
    assert told.throttled is (name in (*HEAT, "HwSlowdown", "HwPowerBrakeSlowdown"))


def test_that_a_bit_of_the_future_is_told_by_its_number() -> None:
    told = clock_events(0x1000)
    assert told.reasons == ("A reason that is not known here (bit 0x1000)",)
    assert (told.holding, told.throttled) == ((), False)


@given(st.integers(0, 2**64 - 1))
def test_that_every_bit_is_one_sentence(bits: int) -> None:
    told = clock_events(bits)
    assert len(told.reasons) == bits.bit_count()
    assert set(told.holding) <= set(told.reasons)
    assert told.throttled or not told.throttled_by_heat
