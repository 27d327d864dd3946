"""What the training on the GPU does at a moment; the simulated hardware follows it."""

from __future__ import annotations

from typing import Literal

from crackseg_desktop.simulation.scripts import VALIDATION_SECONDS, working_at

Phase = Literal["idle", "train", "validate", "checkpoint"]

_CHECKPOINT_SECONDS = 5.0


def phase_at(at: float) -> Phase:
    """Return the phase at a story time: each epoch trains, validates, and writes its checkpoint."""
    script = working_at(at)
    if script is None:
        return "idle"
    left = script.epoch_end(script.epochs_done(at) + 1) - at
    if left > VALIDATION_SECONDS:
        return "train"
    return "validate" if left > _CHECKPOINT_SECONDS else "checkpoint"
