"""The stored figures as JSON, CSV and the table of nvidia-smi, from a history of which every sample is known."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from array import array
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from crackseg_desktop.export.history import SMI_HEADER, excerpt, write_csv, write_json, write_nvidia_smi
from crackseg_desktop.series import Buckets, SeriesKey, series_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NOON = 1_795_435_200.0
GIB = 1024**3


@dataclass
class Told:
    """A history in memory; notes how many series were read and not yet let go."""

    found: dict[SeriesKey, Buckets] = field(default_factory=dict)

    def put(self, metric: str, labels: Mapping[str, str], samples: Mapping[float, float], period: float = 1.0) -> None:
        key = series_key(metric, labels)
        times, values = array("d", samples.keys()), array("d", samples.values())
        lows, highs = (array("d", (value + by for value in values)) for by in ((0, 0) if period == 1 else (-1, 1)))
        counts = array("q", [int(period)] * len(times))
        self.found[key] = Buckets(key, period, times, lows, highs, values, values, counts)

    def series(self, pattern: str = "*", since: float | None = None) -> tuple[SeriesKey, ...]:
        return tuple(sorted(key for key in self.found if fnmatchcase(key[0], pattern)))

    def read(self, key: SeriesKey, since: float, until: float, most: int | None = None) -> Buckets:
        assert most is None
        whole = self.found.get(key, Buckets(key, 1.0))
        rows = [row for row, moment in enumerate(whole.times) if since <= moment < until]
        columns = (whole.times, whole.minima, whole.maxima, whole.means, whole.lasts)
        times, minima, maxima, means, lasts = (array("d", (column[row] for row in rows)) for column in columns)
        counts = array("q", (whole.counts[row] for row in rows))
        return Buckets(key, whole.period, times, minima, maxima, means, lasts, counts)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Berlin, an hour before UTC in winter."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of a process cannot be set here")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def as_json(told: Told, *globs: str, since: float = NOON, until: float = NOON + 3600) -> Any:
    out = io.StringIO()
    write_json(out, excerpt(told, globs, since, until))

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    assert out.getvalue().endswith("}\n")
    return json.loads(out.getvalue(), parse_constant=refuse)


def printed(write: Callable[[io.StringIO], None]) -> list[str]:
    out = io.StringIO()
    write(out)
    return out.getvalue().splitlines()


def test_that_every_sample_of_the_chosen_series_is_told_as_strict_json(told: Told) -> None:
    samples = {NOON: 0.1, NOON + 1: math.nan, NOON + 2: math.inf, NOON + 3: -math.inf}
    told.put("training_value", {"run": "r1", "tag": 'val/"ïou"'}, samples)
    told.put("host_load1", {}, {NOON: 1.5})
    (series,) = as_json(told, "training_*")["series"]
    assert series == {
        "metric": "training_value",
        "labels": {"run": "r1", "tag": 'val/"ïou"'},
        "times": [NOON, NOON + 1, NOON + 2, NOON + 3],
        "values": [0.1, "NaN", "Infinity", "-Infinity"],
    }


def test_that_coarser_tiers_also_have_what_they_were_folded_from(told: Told) -> None:
    told.put("host_load1", {}, {NOON: 2.0, NOON + 10: 5.0}, period=10.0)
    (series,) = as_json(told)["series"]
    assert series["values"] == [2.0, 5.0]
    assert (series["min"], series["max"], series["count"]) == ([1.0, 4.0], [3.0, 6.0], [10, 10])


def test_that_globs_add_up_and_none_means_all_each_series_once_and_sorted(told: Told) -> None:
    for metric in ("gpu_power_watts", "gpu_temperature_celsius", "host_load1"):
        told.put(metric, {"gpu": "b"}, {NOON: 1.0})
        told.put(metric, {"gpu": "a"}, {NOON: 1.0})

    def named(*globs: str) -> list[tuple[str, str]]:
        return [(item["metric"], item["labels"]["gpu"]) for item in as_json(told, *globs)["series"]]

    assert named("gpu_*", "gpu_power_*") == [
        ("gpu_power_watts", "a"), ("gpu_power_watts", "b"),
        ("gpu_temperature_celsius", "a"), ("gpu_temperature_celsius", "b"),
    ]  # fmt: skip
    assert len(named()) == 6
    assert named("nothing*") == []


def test_that_no_history_and_a_span_without_figures_are_empty_documents(told: Told) -> None:
    assert as_json(told) == {"series": []}
    told.put("host_load1", {}, {NOON: 1.0})
    assert as_json(told, since=NOON + 1) == {"series": []}
    assert printed(lambda out: write_csv(out, excerpt(Told(), (), NOON, NOON + 1))) == [
        "time,metric,value,min,max,count"
    ]


def test_that_csv_has_a_row_for_each_bucket_and_a_column_for_each_label(told: Told) -> None:
    told.put("host_disk_free_bytes", {"mount": "/data, old"}, {NOON + 0.25: 0.1}, period=10.0)
    told.put("gpu_power_watts", {"gpu": "GPU-1"}, {NOON: 200.0, NOON + 1: math.nan})
    lines = printed(lambda out: write_csv(out, excerpt(told, (), NOON, NOON + 60)))
    assert lines[0] == "time,metric,gpu,mount,value,min,max,count"
    assert lines[1] == f"{NOON!r},gpu_power_watts,GPU-1,,200.0,200.0,200.0,1"
    rows = list(csv.DictReader(lines))
    assert (rows[1]["value"], rows[1]["gpu"]) == ("nan", "GPU-1")
    assert float(rows[2]["time"]) == NOON + 0.25
    assert (rows[2]["mount"], rows[2]["value"], rows[2]["min"], rows[2]["count"]) == ("/data, old", "0.1", "-0.9", "10")


@pytest.mark.usefixtures("zone")
def test_that_the_table_of_nvidia_smi_joins_the_gpus_by_time(told: Told) -> None:
    moment = datetime.fromisoformat("2026-11-23T13:05:01Z").timestamp()
    for uuid, index, name in (("GPU-a", "1", "NVIDIA GeForce RTX 3070 Ti"), ("GPU-b", "0", "NVIDIA A100-SXM4-40GB")):
        told.put("gpu_info", {"gpu": uuid, "index": index, "name": name}, {moment: 1.0})
        told.put("gpu_temperature_celsius", {"gpu": uuid}, {moment: 67.0, moment + 1: 68.0})
        told.put("gpu_utilization_ratio", {"gpu": uuid}, {moment: 0.92, moment + 1: 0.57})
        told.put("gpu_memory_used_bytes", {"gpu": uuid}, {moment: 6789 * 1024**2, moment + 1.125: 0})
        told.put("gpu_memory_total_bytes", {"gpu": uuid}, {moment: 8 * GIB, moment + 1: 8 * GIB, moment + 2: 8 * GIB})
    lines = printed(lambda out: write_nvidia_smi(out, told, moment, moment + 10))
    assert lines[0] == SMI_HEADER
    assert SMI_HEADER == (
        "timestamp, name, temperature.gpu, utilization.gpu [%], memory.used [MiB], memory.total [MiB]"
    )
    assert lines[1:4] == [
        "2026/11/23 14:05:01.000, NVIDIA A100-SXM4-40GB, 67, 92 %, 6789 MiB, 8192 MiB",
        "2026/11/23 14:05:01.000, NVIDIA GeForce RTX 3070 Ti, 67, 92 %, 6789 MiB, 8192 MiB",
        "2026/11/23 14:05:02.000, NVIDIA A100-SXM4-40GB, 68, 57 %, [N/A], 8192 MiB",
    ]
    assert lines[5] == "2026/11/23 14:05:02.125, NVIDIA A100-SXM4-40GB, [N/A], [N/A], 0 MiB, [N/A]"
    assert len(lines) == 7, "the size of a card alone is no reading of it"


def test_that_a_gpu_without_a_name_is_called_by_its_uuid_and_no_gpu_gives_the_header(told: Told) -> None:
    assert printed(lambda out: write_nvidia_smi(out, told, NOON, NOON + 1)) == [SMI_HEADER]
    told.put("gpu_temperature_celsius", {"gpu": "GPU-x"}, {NOON: 50.4})
    (line,) = printed(lambda out: write_nvidia_smi(out, told, NOON, NOON + 1))[1:]
    assert line.split(", ")[1:] == ["GPU-x", "50", "[N/A]", "[N/A]", "[N/A]"]
