"""One training step, and the rehearsal that finds out which kernels it needs."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.load.batch import Batch
from cnnkit.data.load.batching import Batching
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.records.events import Compiling
from cnnkit.engine.run.state import Training
from cnnkit.engine.training.loading import brought, is_brought
from cnnkit.engine.training.outcomes import Outcome, Outcomes
from cnnkit.nn.outputs import arrays
from cnnkit.optim import limit_grad_norm
from cnnkit.tasks import Task


def train_step(
    training: Training, task: Task[Any], batch: Batch, lr: float, outcomes: Outcomes, share: float = 0.0
) -> list[Outcome]:
    """Loss, gradients, clipping, update, average. Returns what is read now: this step's loss, or that of one before it.

    share: of the run that is done with this step; weights go back to an average by more towards the end.

    Raises:
        NumericError: a loss that is read now is not finite; the weights are those before this step.
    """
    training.optimiser.zero_grad()
    batch = brought(batch)
    with training.learning.again():
        measured = task.loss(training.learner, batch)
        known = outcomes.add(measured, training.progress, len(batch), lr)
        measured.value.backward()
    if training.options.clip > 0:
        limit_grad_norm(training.optimiser.parameters, training.options.clip)
    training.optimiser.step(lr)
    if training.ema is not None:
        training.ema.update()
    if training.lookahead is not None:
        training.lookahead.update(share)
    return known


def compile_kernels(
    training: Training,
    task: Task[Any],
    preprocessing: Preprocessing,
    batch_sizes: list[int],
    eval_sizes: list[int],
    shapes: Sequence[tuple[int, ...]] = (),
) -> Iterator[Compiling]:
    """Load or compile every kernel that training and judging at these batch sizes will call, one after the other.

    shapes: of the images that are learned from, where they are not those of the preprocessing.
    """
    shapes = shapes or [preprocessing.shape if training.tail is None else training.tail.shape]
    walk = partial(_rehearse, training, task.rehearsed(), preprocessing, batch_sizes, eval_sizes, shapes)
    for done, total, name, cached in kernels.home().prepare(walk):
        yield Compiling(done, total, name, cached)


def batch_sizes(most: int, parts: list[int]) -> list[int]:
    """The batch sizes that occur when parts of these lengths are cut into batches."""
    return sorted({size for n in parts for size in Batching(n, most).sizes()}, reverse=True)


def _rehearse(
    training: Training,
    task: Task[Any],
    preprocessing: Preprocessing,
    batch_sizes: list[int],
    eval_sizes: list[int],
    shapes: Sequence[tuple[int, ...]],
) -> None:
    """Walk through steps whose kernels do not run."""
    with training.unchanged():
        for shape, size in product(shapes, batch_sizes):
            training.optimiser.zero_grad()
            if is_brought() and not _mixes(training) and training.tail is None:
                normal = np.ones(shape[2], np.float32), np.ones(shape[2], np.float32)
                brought(Batch(np.zeros((size, *shape), np.uint8), None, np.arange(size), normal=normal))
            measured = task.loss(training.learner, task.blank(shape, size, mixed=_mixes(training)))
            measured.running()
            measured.value.backward()
            training.optimiser.step(0.0)
            if training.ema is not None:
                training.ema.update()
            if training.lookahead is not None:
                training.lookahead.go_back(0.0)
        if training.options.clip > 0:  # on a CPU by a norm, which is not computed now: its kernels are called by hand
            weights = [parameter.data for parameter in training.optimiser.parameters]
            k = kernels.of(*weights)
            k.scale(weights, k.square_sum(weights))
            k.clip_norm(weights, training.options.clip)
        training.module.eval()
        for size in eval_sizes:
            batch = task.blank(preprocessing.shape, size)
            with no_grad():
                task.tally().add(arrays(training.module(Tensor(batch.x))), batch)
        training.module.train()
        training.is_finite()


def _mixes(training: Training) -> bool:
    return training.options.mixup > 0 or training.options.cutmix > 0
