from __future__ import annotations

import math
from array import array
from dataclasses import replace

import numpy as np
from tests.ui import story

from crackseg_desktop.curves import Curve
from crackseg_desktop.history.recent import Recent
from crackseg_desktop.readings import AlertState, CurvePoints, RunRemoved, RunState, Severity
from crackseg_desktop.settings import Settings
from crackseg_desktop.ui.model import KEEP, Columns, Limits, Model
from crackseg_desktop.ui.time_range import TimeRange


def loaded() -> Model:
    model = Model()
    model.load(story.snapshot(window=story.recent(60).window()))
    return model


def selected_state(model: Model) -> RunState | None:
    return model.selected_run.state if model.selected_run is not None else None


def points(values: list[float], first: int, tag: str = "val/iou") -> CurvePoints:
    steps = array("q", range(first, first + len(values)))
    times = array("d", (story.NOW + step for step in steps))
    return CurvePoints("a1b2c3d4e5", tag, tag, steps, times, array("d", values), "epoch")


def test_that_columns_hold_what_the_history_held_and_what_came_after() -> None:
    columns, history = Columns(), story.recent(60)
    columns.load(history.window())
    for second in range(1, 6):
        columns.append(story.sample(float(second)))
        history.add(story.sample(float(second)))
    window = history.window()
    assert columns.times().tolist() == window.times.tolist()
    for (metric, labels), values in window.values.items():
        np.testing.assert_array_equal(columns.values(metric, dict(labels)), values)


def test_that_columns_forget_the_oldest_rows_and_keep_their_order() -> None:
    columns = Columns(keep=10)
    for second in range(45):
        columns.append(story.sample(float(second)))
    assert columns.times().tolist() == [story.NOW + second for second in range(35, 45)]
    assert len(columns.values("host_cpu_used_ratio", {})) == 10


def test_that_a_series_that_comes_or_goes_is_nan_where_it_was_not() -> None:
    columns = Columns(keep=10)
    without = story.sample(0.0, gpus=())
    for sample in (without, story.sample(1.0), replace(without, time=story.NOW + 2)):
        columns.append(sample)
    values = columns.values("gpu_power_watts", {"gpu": story.GPU})
    assert [math.isnan(value) for value in values] == [True, False, True]


def test_that_a_gap_is_a_row_of_nan() -> None:
    columns = Columns()
    columns.append(story.sample(0.0))
    columns.append(story.sample(600.0, gap=True))
    assert [math.isnan(value) for value in columns.values("host_cpu_used_ratio", {})] == [False, True, False]


def test_that_history_is_told_in_seconds_before_now_and_cut_to_the_span() -> None:
    ages, values = loaded().recent("gpu_power_watts", {"gpu": story.GPU}, span=10)
    assert ages.tolist() == list(range(-10, 1))
    assert values[-1] == 104


def test_that_there_is_no_history_of_what_was_never_read() -> None:
    ages, values = loaded().recent("gpu_power_watts", {"gpu": "another"})
    assert len(ages) == len(values) == 0


def test_that_rates_are_added_up_over_the_interfaces_that_lead_out() -> None:
    model = loaded()
    values = model.total_rate("host_network_transmit_bytes_per_second").values
    assert values[-1] == 0.1 * 1024**2


def test_that_nothing_is_taken_over_before_the_snapshot_came() -> None:
    model = Model()
    model.on_sample(story.sample())
    model.on_run(story.run())
    model.on_points(points([0.5], 1))
    model.on_alert(story.alert())
    assert model.sample is None
    assert (model.runs, model.curves, model.alerts) == ((), {}, ())


def test_that_clearing_frees_everything_but_the_choice() -> None:
    model = loaded()
    model.selected_run_id, model.timeline.range = "b000000002", TimeRange(900.0)
    model.clear()
    assert (model.sample, model.runs, model.alerts, len(model.columns)) == (None, (), (), 0)
    model.load(story.snapshot())
    assert model.selected_run is not None
    assert model.selected_run.id == "b000000002"
    assert model.span == 900.0


def test_that_the_newest_active_run_is_shown_unless_another_is_chosen() -> None:
    model = loaded()
    assert selected_state(model) == RunState.RUNNING
    model.on_removed(RunRemoved("a1b2c3d4e5"))
    assert selected_state(model) == RunState.STALLED
    model.selected_run_id = "gone"
    assert selected_state(model) == RunState.STALLED


def test_that_a_run_keeps_its_place_by_its_start() -> None:
    model = loaded()
    newer = story.run("c000000001", "newer", started=story.NOW - 10)
    model.on_run(newer)
    assert model.runs[0].id == "c000000001"
    names = [run.id for run in model.runs]
    model.on_run(replace(newer, state=RunState.FINISHED))
    assert [run.id for run in model.runs] == names
    assert model.runs[0].state == RunState.FINISHED


def test_that_a_step_back_supersedes_what_was_drawn() -> None:
    model = loaded()
    assert len(model.curve_columns("a1b2c3d4e5")["val/iou"].steps) == 23
    before = model.revision("a1b2c3d4e5")
    model.on_points(points([0.1, 0.2], 5))
    columns = model.curve_columns("a1b2c3d4e5")["val/iou"]
    assert columns.steps.tolist() == [1, 2, 3, 4, 5, 6]
    assert columns.values[-2:].tolist() == [0.1, 0.2]
    assert model.revision("a1b2c3d4e5") > before


def test_that_columns_of_a_curve_are_those_of_the_curve_itself() -> None:
    model = loaded()
    for run, curves in model.curves.items():
        for curve in curves.values():
            current, columns = curve.current(), model.curve_columns(run)[curve.name]
            assert columns.steps.tolist() == list(current.steps)
            assert columns.values.tolist() == list(current.values)


def test_that_alerts_are_sorted_by_severity_and_the_resolved_ones_come_last() -> None:
    model = loaded()
    hot = story.alert("gpu_temperature", labels={"gpu": story.GPU}, severity=Severity.CRITICAL)
    model.on_alert(hot)
    assert model.alerts[0] == hot
    assert model.firing == (hot, story.alert())
    model.on_alert(replace(hot, state=AlertState.RESOLVED))
    states = [alert.state for alert in model.alerts]
    assert states == [AlertState.FIRING, AlertState.ACKNOWLEDGED, AlertState.RESOLVED, AlertState.RESOLVED]
    assert model.firing_on("gpu_temperature", gpu=story.GPU) is None
    assert model.firing_on("disk_space", mount="/data") is not None


def test_that_a_pending_alert_is_no_alert_yet() -> None:
    model = loaded()
    model.on_alert(story.alert("host_memory", AlertState.PENDING, labels={}))
    assert all(alert.rule != "host_memory" for alert in model.alerts)


def test_that_the_gpu_of_the_run_is_shown_first() -> None:
    other = story.gpu(labels={"gpu": "GPU-0"}, uuid="GPU-0", index=1, processes=())
    model = Model()
    model.load(story.snapshot(sample=story.sample(gpus=(other, story.gpu()))))
    assert model.gpu is not None
    assert model.gpu.uuid == story.GPU
    model.selected_gpu = "GPU-0"
    assert model.gpu.uuid == "GPU-0"


def test_that_limits_are_those_of_the_rules_in_force() -> None:
    limits = Limits.of(replace(Settings(), rules={"gpu_temperature": {"limit": 85}, "disk_space": {"enabled": False}}))
    assert limits.gpu_temperature == 85
    assert limits.disk_free_bytes is None
    assert limits.gpu_memory_ratio == 0.9375


def test_that_a_window_longer_than_an_hour_is_cut() -> None:
    history = Recent(keep=2 * KEEP)
    for second in range(-KEEP - 5, 1):
        history.add(story.sample(float(second), gpus=()))
    columns = Columns()
    columns.load(history.window())
    assert len(columns) == KEEP
    assert columns.times()[-1] == story.NOW


def test_that_curves_that_are_not_here_are_asked_for_once() -> None:
    model = loaded()
    assert model.curve_columns("parked") == {}
    assert model.take_missing() == {"parked"}
    assert model.curve_columns("parked") == {}
    assert model.take_missing() == set()
    curve = Curve("val/iou", "val/iou", "epoch")
    curve.extend(points([0.25, 0.5], 1))
    model.on_curves("parked", {"val/iou": curve})
    assert model.curve_columns("parked")["val/iou"].values.tolist() == [0.25, 0.5]
    assert model.revision("parked") == 1


def test_that_a_resumed_run_begins_anew() -> None:
    model = loaded()
    model.on_points(points([0.25, 0.5], 1))
    model.on_resumed("a1b2c3d4e5")
    model.on_points(points([0.75], 1))
    assert model.curve_columns("a1b2c3d4e5")["val/iou"].values.tolist() == [0.75]
