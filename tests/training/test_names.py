from __future__ import annotations

import pytest

from crackseg_desktop.training.names import counts_epochs, normalise


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("val_iou", "val/iou"),
        ("val_loss", "val/loss"),
        ("train/epoch_loss", "train/loss"),
        ("train_loss", "train/loss"),
        ("train_batch/batch_loss", "train_batch/loss"),
        ("Loss/val", "val/loss"),
        ("Loss/train", "train/loss"),
        ("Metrics/iou", "val/iou"),
        ("validation/epoch_loss", "val/loss"),
        ("train/epoch_accuracy", "train/accuracy"),
        ("eval/loss", "val/loss"),
        ("lr", "lr"),
        ("learning_rate", "lr"),
        ("val/iou", "val/iou"),
        ("rollout/ep_rew_mean", "rollout/ep_rew_mean"),
        ("eval/mean_reward", "eval/mean_reward"),
        ("metrics/mAP_0.5", "metrics/mAP_0.5"),
        ("hp_metric", "hp_metric"),
        ("val_", "val_"),
        ("", ""),
    ],
)
def test_that_tags_get_our_names(tag: str, name: str) -> None:
    assert normalise(tag) == name


def test_that_steps_of_event_files_are_epochs_only_where_the_tags_say_so() -> None:
    older_crackseg = ["Loss/train", "Loss/val", "Metrics/iou"]
    assert all(counts_epochs(tag, older_crackseg) for tag in older_crackseg)
    assert not counts_epochs("Loss/train", ["Loss/train", "Loss/test"])
    assert counts_epochs("validation/epoch_loss", [])
    assert not counts_epochs("loss", ["loss"])
