"""What the alert log would have kept of the day before the demo began: simulated alerts and their ends. Pure.

What happens within the hour that the demo itself tells is left to its own alert engine.
"""

from __future__ import annotations

from dataclasses import replace

from crackseg_desktop.readings import AlertEvent, AlertState, Evidence, Severity
from crackseg_desktop.simulation.scripts import FAILED
from crackseg_desktop.simulation.timeline import moment
from crackseg_desktop.simulation.training import STEPS_PER_LOGGED_BATCH, run_id

_SHARE = "/mnt/nas"
_SILENT_SINCE, _SILENT_SECONDS = moment("10:14"), 130.0
_SILENT_LIMIT = 30.0
_SEEN = moment("11:57")


def past_alerts(anchor: float, until: float) -> tuple[AlertEvent, ...]:
    """Return every change of an alert before ``until``, the oldest first.

    ``anchor`` stands for 14:05 of the story; both are Unix seconds.
    """
    changes = sorted((*_silent_share(anchor), *_nan_loss(anchor)), key=lambda event: event.time)
    return tuple(event for event in changes if event.time < until)


def _silent_share(anchor: float) -> tuple[AlertEvent, ...]:
    """The file system of the data sets did not answer for two minutes, and came back by itself."""
    since = anchor + _SILENT_SINCE
    fired = AlertEvent(
        rule="dead_mount",
        subject=_SHARE,
        labels={"mount": _SHARE},
        state=AlertState.FIRING,
        severity=Severity.WARNING,
        metric="mount_silent_seconds",
        value=_SILENT_LIMIT + 1.0,
        limit=_SILENT_LIMIT,
        since=since,
        time=since + _SILENT_LIMIT + 1.0,
        title=f"{_SHARE} does not answer",
        summary="The file system has not answered for 31 s. Data sets and run folders on it cannot be read.",
        simulated=True,
        peak=_SILENT_LIMIT + 1.0,
        evidence=Evidence(
            cause="Likely the server or the network is gone.", advice="Check the network and the server."
        ),
    )
    resolved = replace(
        fired,
        state=AlertState.RESOLVED,
        value=0.0,
        time=since + _SILENT_SECONDS,
        summary="Back to normal after 2 min: 0 s now, peak 2 min, limit 30 s.",
        peak=_SILENT_SECONDS,
        lasted=_SILENT_SECONDS,
    )
    return fired, resolved


def _nan_loss(anchor: float) -> tuple[AlertEvent, ...]:
    """The loss of a training became NaN, of which somebody took note."""
    epoch = FAILED.nan_epoch or FAILED.epochs
    batches = FAILED.batches // 2
    step = ((epoch - 1) * FAILED.batches + batches) * STEPS_PER_LOGGED_BATCH
    since = anchor + FAILED.epoch_end(epoch - 1) + 0.5 * FAILED.training_seconds(epoch)
    fired = AlertEvent(
        rule="nan",
        subject=FAILED.name,
        labels={"run": run_id(FAILED.name)},
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        metric="training_nonfinite_points_total",
        value=1.0,
        limit=0.0,
        since=since,
        time=since,
        title=f"NaN loss in {FAILED.name}",
        summary=f"NaN loss since step {step} (train_batch/loss), epoch {epoch}.",
        simulated=True,
        peak=1.0,
        evidence=Evidence(
            cause="Likely the learning rate is too high, or mixed precision (AMP) overflows.",
            advice="Lower the learning rate, clip gradients, or try without AMP.",
        ),
    )
    note = "Learning rate was 1e-3, again with 2e-4. Ana"
    seen = replace(fired, state=AlertState.ACKNOWLEDGED, time=anchor + _SEEN, notify=False, note=note)
    return fired, seen
