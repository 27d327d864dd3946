"""The week before the demo began, as the history would have kept it: simulated, quick, and without a seam. Pure.

It is made of the samples that the demo goes on with, so that its hours, its energy and its disk agree with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crackseg_desktop.metrics import CATALOGUE
from crackseg_desktop.readings import SourceState
from crackseg_desktop.series import series_key
from crackseg_desktop.simulation.hardware import sample_at
from crackseg_desktop.simulation.scripts import working_at
from crackseg_desktop.simulation.timeline import SEED, moment
from crackseg_desktop.simulation.training import run_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crackseg_desktop.readings import Sample
    from crackseg_desktop.series import SeriesKey
    from crackseg_desktop.simulation.scripts import Script

DAY_SECONDS, WEEK_SECONDS = 86_400.0, 7 * 86_400.0
DAY_PERIOD, WEEK_PERIOD = 30.0, 60.0
"""How far apart rows are told; a reader takes readings farther apart than a minute for a gap."""
GAPS: tuple[tuple[float, float, str], ...] = (
    (moment("23:40", -3), moment("07:30", -2), "not running"),
    (moment("03:10"), moment("03:12"), "suspended"),
)
"""When nothing was recorded, in story time, and why."""


class Row(NamedTuple):
    """What the history would have been given of one moment (Unix seconds)."""

    time: float
    figures: Mapping[SeriesKey, float]


def past_rows(anchor: float, since: float, until: float, period: float, seed: int = SEED) -> Iterator[Row]:
    """Yield a row every ``period`` seconds, the oldest first, without the end and the gaps; times are Unix seconds.

    ``anchor`` stands for 14:05 of the story.
    """
    keys: dict[tuple[str, ...], SeriesKey] = {}
    for index in range(round((until - since) / period)):
        time = since + period * index
        if any(begin < time - anchor < end for begin, end, _ in GAPS):
            continue
        sample = sample_at(time, time, anchor, seed)
        yield Row(time, _figures(sample, keys) | _run_figures(sample, time - anchor))


def _figures(sample: Sample, keys: dict[tuple[str, ...], SeriesKey]) -> dict[SeriesKey, float]:
    """Return what is stored of a sample; ``keys`` are those made before, since making them takes longest."""
    asleep = {gpu.uuid for gpu in sample.gpus if gpu.state != SourceState.OK}
    awake = (gpu for gpu in sample.gpus if gpu.uuid not in asleep)
    found: dict[SeriesKey, float] = {series_key("gpu_info", gpu.identity): 1.0 for gpu in awake}
    for reading in sample.readings():
        labels = tuple(reading.labels.values())
        if asleep.intersection(labels):
            continue
        for metric, value in reading.figures.items():
            if CATALOGUE[metric].stored:
                name = (metric, *labels)
                if name not in keys:
                    keys[name] = series_key(metric, reading.labels)
                found[keys[name]] = value
    return found


def _run_figures(sample: Sample, at: float) -> dict[SeriesKey, float]:
    """Return how the training stands that works on the GPU."""
    script = working_at(at)
    if script is None:
        return {}
    run, epoch = run_id(script.name), script.epochs_done(at)
    figures = {
        series_key("training_gpu_memory_used_bytes", {"run": run, "gpu": gpu.uuid}): float(process.memory_bytes or 0)
        for gpu in sample.gpus
        for process in gpu.processes
        if process.kind == "compute"
    }
    if epoch:
        figures[series_key("training_epoch", {"run": run})] = float(epoch)
        figures |= _pace(script, run, epoch, at)
    return figures


def _pace(script: Script, run: str, epoch: int, at: float) -> dict[SeriesKey, float]:
    left = ((script.total or script.epochs) - epoch) * script.epoch_seconds - (at - script.epoch_end(epoch))
    return {
        series_key("training_epochs_per_hour", {"run": run}): 3600.0 / script.epoch_seconds,
        series_key("training_eta_seconds", {"run": run}): max(0.0, left),
    }
