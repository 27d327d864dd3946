"""What a run takes of the GPUs."""

from __future__ import annotations

from crackseg_desktop.insight.gpu_use import GpuUse, gpu_use, raised_peaks
from crackseg_desktop.readings import GpuProcess, GpuReading

WATTS = {"gpu_power_watts": 180.0}


def gpu(*processes: GpuProcess, uuid: str = "A", index: int = 0) -> GpuReading:
    return GpuReading({"gpu": uuid}, WATTS, uuid=uuid, index=index, processes=processes)


def test_that_a_run_alone_on_a_gpu_has_all_of_its_power() -> None:
    own = (GpuProcess(1, 500, "compute"), GpuProcess(2, 300, "compute"), GpuProcess(9, 50, "graphics"))
    assert list(gpu_use({1, 2}, [gpu(*own), gpu(uuid="B")])) == [GpuUse("A", 0, 800, 180.0)]


def test_that_a_shared_gpu_s_power_is_told_as_shared_and_not_split() -> None:
    shared = gpu(GpuProcess(1, 500, "compute"), GpuProcess(7, 300, "both"))
    assert list(gpu_use({1}, [shared])) == [GpuUse("A", 0, 500, None, (7,))]


def test_that_memory_that_is_not_told_is_not_summed() -> None:
    (use,) = gpu_use({1, 2}, [gpu(GpuProcess(1, 500, "compute"), GpuProcess(2, None, "compute"))])
    assert use.memory_bytes is None


def test_that_a_peak_only_rises() -> None:
    peaks = raised_peaks({}, [GpuUse("A", 0, 500, None), GpuUse("B", 1, None, None)])
    assert peaks == {"A": 500}
    assert raised_peaks(peaks, [GpuUse("A", 0, 400, None)]) is peaks
    assert raised_peaks(peaks, [GpuUse("A", 0, 600, None), GpuUse("B", 1, 7, None)]) == {"A": 600, "B": 7}
