"""Small trees with the layouts that CrackSeg writes, grown line by line as a training would grow them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import pytest

from crackseg_desktop.readings import CurvePoints, RunFacts, RunRemoved

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crackseg_desktop.readings import Event

NOON = 1_795_435_200.0
Layout = Literal["L1", "L2"]


def append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def write_json(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")


def local(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds).astimezone().replace(tzinfo=None)


@dataclass
class TrainingRun:
    """One run, written as CrackSeg writes it: its text log, its metrics, and what it shares with other runs."""

    root: Path
    name: str
    began: float
    epochs: int
    layout: Layout
    trainer_later: float = 0.0
    now: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.began + 0.3
        trainer_id = f"{local(self.began + self.trainer_later):%Y%m%d-%H%M%S}-{self.name}"
        self.id = f"{local(self.began):%Y%m%d-%H%M%S}-{self.name}"
        experiments = self.root / "artifacts" / "experiments"
        self.inner = self.root / "src" / "crackseg" / "artifacts" / "experiments" / trainer_id
        if self.layout == "L1":
            self.folder = experiments / self.id
            self.log = self.folder / "main.log"
            self.shared = experiments / "metrics"
            configurations = experiments / "configurations" / trainer_id
        else:
            self.folder = experiments / trainer_id
            self.log = (
                self.root / "outputs" / f"{local(self.began):%Y-%m-%d}" / f"{local(self.began):%H-%M-%S}" / "run.log"
            )
            self.shared = self.folder / "metrics"
            configurations = self.folder / "configurations" / trainer_id
        self.metrics = self.inner / "metrics" / "metrics.jsonl"
        self.experiment_log = self.root / "src" / "crackseg" / "artifacts" / f"{self.name}.log"
        append(self.log.parent / ".hydra" / "config.yaml", f"training:\n  epochs: {self.epochs}\n")
        append(self.log.parent / ".hydra" / "overrides.yaml", "- +training.epochs=99\n")
        append(configurations / "training_config.yaml", f"training:\n  epochs: {self.epochs}\n")
        info = {"id": trainer_id, "name": self.name, "created_at": local(self.now).isoformat(), "status": "created"}
        write_json(self.folder / "experiment_info.json", info)
        write_json(self.inner / "experiment_info.json", info)
        write_json(self.inner / "config.json", {"training": {"epochs": self.epochs}})
        self.say("src.main", "Starting main execution...")
        self.say(
            f"experiment.{self.name}", f"Initialized experiment '{self.name}' in /x/src/crackseg/artifacts", both=True
        )
        self.say(f"experiment.{self.name}", f"  training/epochs: {self.epochs}", both=True)
        self.say("src.main", f"Experiment initialized in: /x/src/crackseg/artifacts/experiments/{trainer_id}")
        refusal = (
            "Failed to load checkpoint from artifacts/experiments: [Errno 21] Is a directory: 'artifacts/experiments'"
        )
        self.say("crackseg.utils.checkpointing.load", refusal, level="ERROR")

    def say(self, logger: str, text: str, *, level: str = "INFO", both: bool = False) -> None:
        """Write a record to the text log, and with ``both`` to the log that all runs of the name append to."""
        stamp = f"{local(self.now):%Y-%m-%d %H:%M:%S},{int(self.now * 1000) % 1000:03d}"
        append(self.log, f"[{stamp}][{logger}][{level}] - {text}\n")
        if both:
            append(self.experiment_log, f"[{stamp}][{level}][{logger}] - {text}\n")

    def figure(self, tag: str, step: int, value: float) -> None:
        """Log one figure."""
        row = {"name": tag, "value": value, "step": step, "timestamp": local(self.now).isoformat()}
        append(self.metrics, json.dumps(row) + "\n")
        self.say(f"experiment.{self.name}", f"[{step}] {tag}: {value}", both=True)

    def batch(self, step: int, loss: float) -> None:
        """Log the loss of a batch; ``step`` is the global batch number."""
        self.now += 1.0
        self.figure("train_batch/batch_loss", step, loss)

    def epoch(self, number: int, loss: float, val_loss: float, iou: float = 0.5, *, seconds: float = 20.0) -> None:
        """Train and validate one epoch."""
        self.now += seconds
        self.figure("train/epoch_loss", number, loss)
        scores = {"val_loss": val_loss, "val_iou": iou, "val_dice": iou, "val_precision": 0.75, "val_recall": 0.25}
        stamp = local(self.now).isoformat()
        row = {"timestamp": stamp, "epoch": number, "step": 0, "phase": "val", "metrics": scores}
        append(self.shared / "validation_metrics.jsonl", json.dumps(row) + "\n")
        shown = " | ".join(f"{tag}: {value:.4f}" for tag, value in scores.items())
        self.say("trainer.metrics", f"[VAL] Epoch {number} Step 0 | {shown}")
        for tag, value in scores.items():
            self.figure(tag, number, value)
        self.figure("lr", number, 0.001)
        bare = {tag.removeprefix("val_"): value for tag, value in scores.items()}
        entry = {"timestamp": stamp, "epoch": number, "train_metrics": {"loss": loss}, "val_metrics": bare}
        self.history.append({**entry, "learning_rate": 0.001})
        self._summarise("summary.json", "metric_history")

    def finish(self, *, early: bool = False) -> None:
        """End as a run that is done, or that stopped early."""
        self.now += 0.2
        if early:
            self.say("crackseg.utils.training.early_stopping", "Early stopping triggered")
        self._summarise("complete_summary.json", "epoch_summaries")
        self.say("trainer.metrics", "Metrics summary exported to: artifacts/experiments/metrics/complete_summary.json")
        self.close()
        self.say("crackseg.runner", "Training pipeline completed successfully!")

    def close(self) -> None:
        """Close the log in order, which says nothing about the work: Ctrl-C does it too."""
        self.say(f"experiment.{self.name}", f"Closing logger for experiment '{self.name}'", both=True)
        self.say("src.main", "Main execution finished.")
        info = json.loads((self.inner / "experiment_info.json").read_text())
        write_json(
            self.inner / "experiment_info.json",
            {**info, "status": "completed", "updated_at": local(self.now).isoformat()},
        )

    def crash(self, error: str) -> None:
        """End with an exception."""
        text = f"[Main execution] Error occurred: {error}"
        self.say(f"experiment.{self.name}", text, level="ERROR", both=True)
        stamp = local(self.now).isoformat()
        append(
            self.inner / "error_log.txt",
            f"[{stamp}] {text}\nTraceback:\nTraceback (most recent call last):\n\n--- --- ---\n",
        )
        self.close()

    def _summarise(self, name: str, key: str) -> None:
        start = local(self.began).isoformat()
        total = self.history[-1]["epoch"] if self.history else 0
        head: dict[str, object] = {"experiment_info": {"start_time": start, "total_epochs": total}}
        if name == "summary.json":
            head = {"experiment_start": start, "total_epochs": total}
        write_json(self.shared / name, {**head, "best_metrics": {}, key: self.history})


@dataclass
class Checkout:
    """A checkout of CrackSeg in which trainings run."""

    root: Path

    def __post_init__(self) -> None:
        append(self.root / "configs" / "base.yaml", "training:\n  epochs: 7\n")
        append(self.root / "src" / "crackseg" / "__init__.py", "")

    def begin(
        self,
        name: str = "demo",
        began: float = NOON - 3600,
        *,
        epochs: int = 3,
        layout: Layout = "L1",
        trainer_later: float = 0.0,
    ) -> TrainingRun:
        return TrainingRun(self.root, name, began, epochs, layout, trainer_later)

    def complete(self, name: str = "demo", began: float = NOON - 3600, **options: Any) -> TrainingRun:
        """Begin a run and let it run to its end."""
        run = self.begin(name, began, **options)
        for number in range(1, run.epochs + 1):
            run.epoch(number, 1.0 / number, 2.0 / number, 0.1 * number)
        run.finish()
        return run


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "crackseg")


@pytest.fixture
def make_checkout(tmp_path: Path) -> Callable[[str], Checkout]:
    return lambda name: Checkout(tmp_path / name)


@dataclass
class EventLog:
    """An event file written by TensorBoard's own writer, one record at a time."""

    folder: Path
    suffix: str = ""

    def __post_init__(self) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        make_writer: Any = EventFileWriter
        self._writer = make_writer(str(self.folder), filename_suffix=self.suffix)
        self._writer.flush()

    @property
    def path(self) -> Path:
        return next(path for path in sorted(self.folder.iterdir()) if path.name.endswith(self.suffix))

    def scalar(self, tag: str, step: int, value: float, time: float = NOON) -> None:
        self.summary(step, time, tag=tag, simple_value=value)

    def tensor(self, tag: str, step: int, plugin: str = "scalars", **tensor: Any) -> None:
        metadata = {"plugin_data": {"plugin_name": plugin}} if plugin else {}
        self.summary(step, NOON, tag=tag, tensor=tensor, metadata=metadata)

    def summary(self, step: int, time: float, **value: Any) -> None:
        self.event(step=step, wall_time=time, summary={"value": [value]})

    def event(self, **fields: Any) -> None:
        from tensorboard.compat.proto import event_pb2

        pb: Any = event_pb2
        self._writer.add_event(pb.Event(**fields))
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def event_log() -> Any:
    logs: list[EventLog] = []

    def make(folder: Path, suffix: str = "") -> EventLog:
        logs.append(EventLog(folder, suffix))
        return logs[-1]

    yield make
    for log in logs:
        log.close()


@dataclass
class Told:
    """Everything that was published, in order."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def facts(self) -> dict[str, RunFacts]:
        """The newest facts by the name of the run."""
        return {event.name: event for event in self.events if isinstance(event, RunFacts)}

    def points(self, tag: str, *, baseline: bool | None = None) -> list[tuple[int, float]]:
        """Steps and values of a tag, of all runs."""
        return [
            pair
            for event in self.events
            if isinstance(event, CurvePoints) and event.tag == tag and baseline in (None, event.baseline)
            for pair in zip(event.steps, event.values, strict=True)
        ]

    def removed(self) -> list[str]:
        return [event.run for event in self.events if isinstance(event, RunRemoved)]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def touch_old() -> Callable[[Path], None]:
    """Make files look as if nobody had written them for a day."""

    def touch(folder: Path) -> None:
        for path in [folder, *folder.rglob("*")]:
            os.utime(path, (NOON - 86_400, NOON - 86_400))

    return touch
