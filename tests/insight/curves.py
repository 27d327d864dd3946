"""Trainings made up from fixed seeds, each with the truth about it: what goes wrong, and in which epoch.

The shapes imitate those of real trainings. A run is told epoch by epoch, as it is watched. A loss diverges from the
first epoch on in which, without its noise, it stands over 1.5 times its best.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Literal

from crackseg_desktop.readings import CurvePoints, RunFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

START = 1_700_000_000.0
Kind = Literal["healthy", "diverged", "nan", "collapse", "overfit"]


@dataclass(slots=True)
class Training:
    """A training and its truth.

    Attributes:
        onset: the epoch (from 1) in which it begins to go wrong.
        losses: the training loss of each epoch without noise.
        metrics: further figures of each epoch by name.
        batches: how many losses are logged within an epoch; 0: none.
        noise: the relative deviation of the loss of an epoch; ``batch_noise`` that of one batch.
        spikes: factors on the loss of single batches, by (epoch, batch) from 0.
        steps_only: nothing is logged by epoch.
        resumed: the epochs (from 1) after which the training was taken up again two epochs before.
    """

    name: str
    kind: Kind
    losses: list[float]
    onset: int = 0
    noise: float = 0.03
    batches: int = 0
    batch_noise: float = 0.2
    metrics: dict[str, list[float]] = field(default_factory=dict)
    spikes: dict[tuple[int, int], float] = field(default_factory=dict)
    steps_only: bool = False
    resumed: tuple[int, ...] = ()
    seconds: float = 60.0
    seed: int = 0

    def epochs(self) -> Iterator[tuple[RunFacts, list[CurvePoints]]]:
        """Yield what is known after each epoch, and its points."""
        rng, time = Random(self.seed), START
        for epoch in self._order():
            portions = list(self._batches(rng, epoch, time))
            time += self.seconds
            figures = {name: column[epoch] for name, column in self.metrics.items()}
            if not self.steps_only:
                figures["train/loss"] = _noisy(rng, self.losses[epoch], self.noise) * self._mean_spike(epoch)
            portions += [_points(name, [epoch + 1], [time], [value]) for name, value in figures.items()]
            yield self.facts(time, epoch + 1), portions

    def facts(self, updated: float, epoch: int) -> RunFacts:
        """Return what its files say after an epoch."""
        return RunFacts(
            "0123456789", self.name, "/r", ("/r",), "crackseg", START, updated, epoch, total_epochs=len(self.losses)
        )

    def _mean_spike(self, epoch: int) -> float:
        """Return the factor that spikes put on the mean of an epoch."""
        return 1 + sum(factor - 1 for (where, _), factor in self.spikes.items() if where == epoch) / (self.batches or 1)

    def _order(self) -> Iterator[int]:
        for epoch in range(len(self.losses)):
            yield epoch
            if epoch + 1 in self.resumed:
                yield from range(max(epoch - 1, 0), epoch + 1)

    def _batches(self, rng: Random, epoch: int, time: float) -> Iterator[CurvePoints]:
        if not self.batches:
            return
        before, after = self.losses[max(epoch - 1, 0)], self.losses[epoch]
        shares = [(index + 1) / self.batches for index in range(self.batches)]
        if after > before and self.kind == "healthy":  # what a restart raises is raised at once
            before = after
        values = [_between(before, after, share) for share in shares]
        values = [
            _noisy(rng, value, self.batch_noise) * self.spikes.get((epoch, index), 1.0)
            for index, value in enumerate(values)
        ]
        first = epoch * self.batches + 1
        # The last tenth of an epoch's time goes to the validation.
        times = [time + 0.9 * self.seconds * share for share in shares]
        name = "train/loss" if self.steps_only else "train_batch/loss"
        yield _points(name, range(first, first + self.batches), times, values, "step")


def _points(
    name: str,
    steps: Sequence[int],
    times: Sequence[float],
    values: Sequence[float],
    axis: Literal["epoch", "step"] = "epoch",
) -> CurvePoints:
    columns = (array("q", steps), array("d", times), array("d", values))
    return CurvePoints("r", name, name, *columns, axis)


def _between(before: float, after: float, share: float) -> float:
    if before > 0 and after > 0:
        return float(before ** (1 - share) * after**share)
    return before + (after - before) * share


def _noisy(rng: Random, value: float, noise: float) -> float:
    return value + abs(value) * max(rng.gauss(0, noise), -0.9)


def _descent(rng: Random, epochs: int) -> list[float]:
    """Return a loss that falls from about 1 to a floor, the faster the earlier."""
    first, floor = rng.uniform(0.5, 3.0), rng.uniform(0.02, 0.5)
    pace = rng.uniform(0.05, 0.3) * epochs
    return [floor * first + first * (1 - floor) * math.exp(-epoch / pace) for epoch in range(epochs)]


def _validated(rng: Random, run: Training) -> Training:
    """Add a validation that follows the training loss."""
    gap, noise = rng.uniform(0.9, 1.3), run.noise + rng.uniform(0, 0.05)
    top, first = rng.uniform(0.4, 0.95), run.losses[0]
    lowest = min(run.losses)
    run.metrics["val/loss"] = [_noisy(rng, loss * gap, noise) for loss in run.losses]
    run.metrics["val/iou"] = [
        min(max(_noisy(rng, top * (first - loss) / (first - lowest + 1e-9) + 0.01, noise), 0.0), 1.0)
        for loss in run.losses
    ]
    run.metrics["val/recall"] = [min(0.97, _noisy(rng, 0.6 + 0.3 * iou, 0.03)) for iou in run.metrics["val/iou"]]
    run.metrics["val/precision"] = [min(0.99, 0.05 + 0.9 * iou) for iou in run.metrics["val/iou"]]
    return run


def _plain(rng: Random) -> Training:
    losses = _descent(rng, rng.choice([20, 50, 100]))
    batches = rng.choice([0, 0, 10, 40])
    return _validated(rng, Training("plain", "healthy", losses, noise=rng.uniform(0.005, 0.1), batches=batches))


def _noisy_batches(rng: Random) -> Training:
    run = Training("noisy batches", "healthy", _descent(rng, 30), batches=rng.choice([5, 20, 60]))
    run.batch_noise, run.steps_only = rng.uniform(0.2, 0.5), rng.random() < 0.5
    return run


def _warm_up(rng: Random) -> Training:
    losses = _descent(rng, 40)
    for epoch in range(rng.choice([1, 2, 3])):
        losses[epoch + 1] *= rng.uniform(1.1, 2.0)
    return _validated(rng, Training("warm-up spike", "healthy", losses, batches=rng.choice([0, 10])))


def _restarts(rng: Random) -> Training:
    """Warm restarts: the loss goes back by up to a third of the way, and falls along a cosine."""
    epochs, period, doubling = rng.choice([40, 80]), rng.choice([5, 10, 20]), rng.choice([1, 2])
    losses, back = _descent(rng, epochs), rng.uniform(0.05, 0.35)
    begun, raised = 0, list(losses)
    while begun < epochs:
        for epoch in range(begun, min(begun + period, epochs)):
            rate = (1 + math.cos(math.pi * (epoch - begun) / period)) / 2
            raised[epoch] += back * rate * (losses[0] - losses[epoch]) * (begun > 0)
        begun, period = begun + period, period * doubling
    run = Training("warm restarts", "healthy", raised, batches=rng.choice([0, 10, 50]))
    run.steps_only = run.batches > 0 and rng.random() < 0.3
    return _validated(rng, run)


def _cyclical(rng: Random) -> Training:
    """One cycle or several: the loss rises a little while the learning rate does."""
    epochs, period = 60, rng.choice([10, 20, 60])
    losses, up = _descent(rng, epochs), rng.uniform(0.05, 0.3)
    for epoch in range(epochs):
        phase = epoch % period / period
        losses[epoch] *= 1 + up * (1 - abs(2 * phase - 1))
    run = Training("cyclical rate", "healthy", losses, batches=rng.choice([0, 10]))
    run.steps_only = run.batches > 0 and rng.random() < 0.3
    return _validated(rng, run)


def _resumed(rng: Random) -> Training:
    losses = _descent(rng, 40)
    stops = tuple(sorted(rng.sample(range(3, 40), 3)))
    for stop in stops:
        losses[min(stop, 39)] *= rng.uniform(1.0, 1.4)
    return _validated(rng, Training("resumed", "healthy", losses, resumed=stops, batches=rng.choice([0, 10])))


def _spiky(rng: Random) -> Training:
    """Mixed precision: single batches with a loss up to a thousand times as high, which the mean of the epoch shows."""
    run = Training("spikes", "healthy", _descent(rng, 40), batches=30, steps_only=rng.random() < 0.5)
    for _ in range(rng.randrange(1, 12)):
        run.spikes[rng.randrange(40), rng.randrange(30)] = 10 ** rng.uniform(0.5, 3)
    return run


def _small_data(rng: Random) -> Training:
    run = Training("small data", "healthy", _descent(rng, rng.choice([30, 100])), noise=rng.uniform(0.1, 0.2))
    return _validated(rng, run)


def _plateau(rng: Random) -> Training:
    losses = _descent(rng, 20)
    losses += [losses[-1] * (1 + rng.uniform(-0.02, 0.02)) for _ in range(60)]
    return _validated(rng, Training("plateau", "healthy", losses, noise=0.02, batches=rng.choice([0, 5])))


def _reinforcement(rng: Random) -> Training:
    """The loss follows the rewards that are found: it wanders over decades."""
    value, losses = rng.uniform(0.5, 500), []
    for _ in range(120):
        value *= math.exp(rng.gauss(0, 0.4))
        losses.append(value)
    run = Training("reinforcement", "healthy", losses, batches=1, batch_noise=0.5, steps_only=True)
    run.metrics = {"rollout/ep_rew_mean": losses}
    return run


def _adversarial(rng: Random) -> Training:
    period, depth = rng.uniform(6, 25), rng.uniform(0.2, 0.6)
    losses = [1 + depth * math.sin(epoch / period * 2 * math.pi) for epoch in range(80)]
    run = Training("adversarial", "healthy", losses, noise=0.1)
    run.metrics = {"train/g_loss": [2.5 - loss for loss in losses], "train/d_loss": losses}
    return run


def _few_epochs(rng: Random) -> Training:
    losses = [rng.uniform(0.6, 0.75) * (0.97 + 0.02 * rng.random()) ** epoch for epoch in range(rng.randrange(1, 6))]
    return _validated(rng, Training("few epochs", "healthy", losses, noise=0.05, batches=rng.choice([0, 3])))


def _high_first(rng: Random) -> Training:
    losses = _descent(rng, 30)
    losses[0] *= 10 ** rng.uniform(0.5, 8)
    return _validated(rng, Training("high first loss", "healthy", losses, noise=0.05))


def _negative(rng: Random) -> Training:
    depth = rng.uniform(1.0, 8.0)
    losses = [loss - depth for loss in _descent(rng, 50)]
    return Training("negative loss", "healthy", losses, noise=0.04, batches=rng.choice([0, 10]), batch_noise=0.1)


def _tiny(rng: Random) -> Training:
    scale = 10 ** rng.uniform(-6, -3)
    losses = [loss**3 * scale for loss in _descent(rng, 100)]
    return Training("tiny loss", "healthy", losses, noise=0.1, batches=3, batch_noise=0.3)


def _fine_tuning(rng: Random) -> Training:
    first = rng.uniform(0.2, 0.5)
    losses = [first * (1 - 0.1 * math.sqrt(epoch / 40)) for epoch in range(40)]
    return _validated(rng, Training("fine-tuning", "healthy", losses, noise=rng.uniform(0.02, 0.12), batches=10))


def _reweighted(rng: Random) -> Training:
    """A term of the loss is weighted up, or an augmentation begins: the loss steps up once and falls from there."""
    losses, begun, up = _descent(rng, 50), rng.randrange(5, 40), rng.uniform(1.1, 1.4)
    losses[begun:] = [loss * up for loss in losses[begun:]]
    return _validated(rng, Training("reweighted", "healthy", losses, batches=rng.choice([0, 10])))


HEALTHY: tuple[Callable[[Random], Training], ...] = (
    _plain, _noisy_batches, _warm_up, _restarts, _cyclical, _resumed, _spiky, _small_data, _plateau, _reinforcement,
    _adversarial, _few_epochs, _high_first, _negative, _tiny, _fine_tuning, _reweighted,
)  # fmt: skip


def _diverging(rng: Random, name: str, begun: int, growths: Sequence[float]) -> Training:
    """Let a loss grow by these factors from an epoch on; the last one goes on."""
    losses = _descent(rng, 40)[:begun]
    best = min(losses)
    losses.append(best * growths[0])
    while len(losses) < begun + 8 or losses[-1] < 2 * best:
        losses.append(min(losses[-1] * growths[min(len(losses) - begun, len(growths) - 1)], 1e18))
    run = Training(name, "diverged", losses, noise=rng.uniform(0.01, 0.06), batches=rng.choice([0, 10, 40]))
    run.onset = next(epoch + 1 for epoch, loss in enumerate(losses) if epoch >= begun and loss > 1.5 * best)
    return run


def _explosion(rng: Random) -> Training:
    return _diverging(rng, "explosion", rng.randrange(6, 35), [rng.uniform(2, 100), rng.uniform(1.5, 100)])


def _explosion_after_warm_up(rng: Random) -> Training:
    return _diverging(rng, "explosion after warm-up", rng.randrange(1, 5), [rng.uniform(2, 1e5), rng.uniform(2, 1e9)])


def _slow(rng: Random) -> Training:
    return _diverging(rng, "slow", rng.randrange(10, 35), [rng.uniform(1.12, 1.5)])


def _back_to_chance(rng: Random) -> Training:
    run = _diverging(rng, "back to chance", rng.randrange(8, 30), [1.6, 2.0])
    chance = max(run.losses[0] * rng.uniform(0.95, 1.3), 1.6 * min(run.losses))
    run.losses[run.onset - 1 :] = [chance] * 10
    return run


def _after_restart(rng: Random) -> Training:
    """The learning rate restarts and the loss does not come back."""
    return _diverging(rng, "after a restart", rng.choice([10, 20, 30]), [1.4, rng.uniform(1.4, 3.0)])


def _by_step_only(rng: Random) -> Training:
    run = rng.choice([_explosion, _slow, _back_to_chance])(rng)
    run.name, run.steps_only, run.batches = f"{run.name} by step", True, rng.choice([10, 40, 100])
    return run


DIVERGING: tuple[Callable[[Random], Training], ...] = (
    _explosion, _explosion_after_warm_up, _slow, _back_to_chance, _after_restart, _by_step_only,
)  # fmt: skip


def _nan_loss(rng: Random) -> Training:
    run = _plain(rng)
    run.kind, run.onset = "nan", rng.randrange(1, len(run.losses))
    run.losses[run.onset - 1 :] = [math.nan] * (len(run.losses) - run.onset + 1)
    return run


def _nan_metric(rng: Random) -> Training:
    run = _plain(rng)
    run.kind, run.onset = "nan", rng.randrange(3, len(run.losses))
    run.metrics["val/iou"][run.onset - 1] = rng.choice([math.nan, math.inf, -math.inf])
    return run


def _predicts_nothing(rng: Random) -> Training:
    run = Training("predicts nothing", "collapse", [0.74 - 0.01 * epoch for epoch in range(8)], onset=3)
    run.metrics = {"val/precision": [1.0] * 8, "val/recall": [10 ** rng.uniform(-11, -7)] * 8}
    run.metrics["val/iou"] = run.metrics["val/recall"]
    return run


def _predicts_everything(rng: Random) -> Training:
    share = rng.uniform(0.01, 0.3)
    run = Training("predicts everything", "collapse", [0.74 - 0.01 * epoch for epoch in range(8)], onset=3)
    precisions = [_noisy(rng, share, 0.02) for _ in range(8)]
    run.metrics = {"val/precision": precisions, "val/recall": [rng.uniform(0.98, 1.0) for _ in range(8)]}
    run.metrics["val/iou"] = [precision * 0.99 for precision in precisions]
    return run


def _overfitting(rng: Random) -> Training:
    run = _validated(rng, Training("overfitting", "overfit", _descent(rng, 60), noise=0.02))
    begun, best = rng.randrange(15, 30), 0.0
    best = run.metrics["val/loss"][begun]
    rising = [best * (1 + rng.uniform(0.05, 0.1) * (epoch - begun)) for epoch in range(begun, 60)]
    run.metrics["val/loss"][begun:] = rising
    run.onset = begun + 1
    return run


NAN: tuple[Callable[[Random], Training], ...] = (_nan_loss, _nan_metric)
COLLAPSING: tuple[Callable[[Random], Training], ...] = (_predicts_nothing, _predicts_everything)
OVERFITTING: tuple[Callable[[Random], Training], ...] = (_overfitting,)


def trainings(makers: Sequence[Callable[[Random], Training]], count: int) -> Iterator[Training]:
    """Yield so many trainings, of each maker in turn; always the same ones."""
    for index in range(count):
        run = makers[index % len(makers)](Random(index))
        run.seed = index
        yield run
