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
        ("metrics/mAP_0.5", "val/map50"),
        ("hp_metric", "hp_metric"),
        ("val_", "val_"),
        ("", ""),
    ],
)
def test_that_tags_get_our_names(tag: str, name: str) -> None:
    assert normalise(tag) == name


@pytest.mark.parametrize(
    ("source", "tag", "name"),
    [
        ("lightning", "train_loss_epoch", "train/loss"),
        ("lightning", "train_loss_step", "train_batch/loss"),
        ("lightning", "lr-SGD", "lr"),
        ("lightning", "lr-AdamW/pg1", "lr"),
        ("lightning", "loss", "train/loss"),
        ("ultralytics", "metrics/mAP50-95(B)", "val/map50-95_box"),
        ("ultralytics", "metrics/precision(M)", "val/precision_mask"),
        ("ultralytics", "metrics/mAP_0.5:0.95", "val/map50-95"),
        ("ultralytics", "metrics/mAP.5", "val/map50"),
        ("ultralytics", "x/lr0", "lr"),
        ("ultralytics", "lr/pg2", "lr/pg2"),
        ("ultralytics", "val/seg_loss", "val/seg_loss"),
        ("mmengine", "mIoU", "val/miou_percent"),
        ("mmengine", "aAcc", "val/accuracy_percent"),
        ("mmengine", "mFscore", "val/f1_percent"),
        ("mmengine", "loss", "train/loss"),
        ("mmengine", "decode.loss_ce", "train/decode.loss_ce"),
        ("mmengine", "decode.acc_seg", "train/decode.acc_seg_percent"),
        ("mmcv", "mIoU", "val/miou"),
        ("huggingface", "loss", "train/loss"),
        ("huggingface", "train/loss", "train/loss"),
        ("huggingface", "train_loss", "train/train_loss"),
        ("huggingface", "eval_mean_iou", "val/miou"),
        ("huggingface", "eval/mean_iou", "val/miou"),
        ("huggingface", "eval_runtime", "val/runtime"),
        ("huggingface", "learning_rate", "lr"),
        ("huggingface", "train/learning_rate", "lr"),
        ("detectron2", "total_loss", "train/loss"),
        ("detectron2", "loss_box_reg", "train/loss_box_reg"),
        ("detectron2", "segm/AP50", "val/segm_ap50_percent"),
        ("log", "Train Loss", "train/loss"),
        ("log", "valLoss", "val/loss"),
        ("log", "Val mIoU", "val/miou"),
        ("log", "val acc%", "val/accuracy_percent"),
        ("log", "val/Dice Score", "val/dice"),
        ("log", "val/top-1 accuracy", "val/top1_accuracy"),
        ("log", "learning rate", "lr"),
        ("csv", "loss_val", "val/loss"),
        ("csv", "eval_acc", "val/accuracy"),
        ("csv", "F1 score", "F1 score"),
        ("csv", "validation loss", "val/loss"),
        ("tensorboard", "LearningRate/group_0", "lr"),
        ("tensorboard", "LearningRate/group_1", "lr/pg1"),
    ],
)
def test_that_each_source_has_its_own_words(source: str, tag: str, name: str) -> None:
    assert normalise(tag, source) == name


def test_that_steps_of_event_files_are_epochs_only_where_the_tags_say_so() -> None:
    older_crackseg = ["Loss/train", "Loss/val", "Metrics/iou"]
    assert all(counts_epochs(tag, older_crackseg) for tag in older_crackseg)
    assert not counts_epochs("Loss/train", ["Loss/train", "Loss/test"])
    assert counts_epochs("validation/epoch_loss", [])
    assert not counts_epochs("loss", ["loss"])
