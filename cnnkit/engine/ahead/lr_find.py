"""The learning-rate range test: train a little at ever higher rates, and see where the loss falls and where it breaks.

Source: Smith 2015, arXiv:1506.01186, section 3.3. The rate grows by the same factor with every step.
"""

import itertools
import math
from collections.abc import Iterator
from contextlib import closing

import numpy as np

from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.records.events import Event, Note
from cnnkit.engine.records.lr_range import HIGHEST, LOWEST, STEPS, LrFound, LrResult, RateTried
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.session.assemble import begin
from cnnkit.engine.training.loading import endless, training_loader
from cnnkit.engine.training.outcomes import Outcomes
from cnnkit.engine.training.step import compile_kernels, train_step
from cnnkit.errors import NumericError, UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module

# Memory of the running mean that decides when the loss has run away, and how far that is above the best.
MEMORY, RUNAWAY = 0.9, 4.0
# Steps on either side that the curve is smoothed over: in the middle of a window no rate is blamed for another.
WINDOW = 5
# The suggestion is this share of the rate with the lowest loss; a fall of less than that share, or that many times the
# noise, is none.
SHARE, LEAST_FALL, CLEARLY = 0.1, 0.02, 5.0


def lr_find(
    options: FitOptions,
    *,
    steps: int = STEPS,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
    module: Module | None = None,
    data: DataSplits | None = None,
) -> Iterator[Event]:
    """Try `steps` rates from `lowest` to `highest` on batches of the training part; nothing is written.

    A network from its first weights is trained and thrown away; a `module` of one's own is left as it was.
    """
    if not lowest < highest:
        raise UsageError(f"The rates go from {lowest:g} to {highest:g}. Give a highest rate above the lowest.")
    if steps < 4 * WINDOW:
        raise UsageError(f"steps is {steps}, too few for a curve. Give at least {4 * WINDOW}.")
    if module is not None:
        options = options.replace(model=options.model or type(module).__name__.lower())
    ready = begin(options.validate(), module, data)
    training, splits = ready.training, ready.splits
    chosen = training.options
    # A rest of a few images would be a noisy point of the curve.
    drop_last = len(splits.train) > int(chosen.batch_size or 1)
    loader = training_loader(training, ready.task, splits, drop_last=drop_last)
    for text in (splits.found, *ready.notes):
        yield Note(text)
    sizes, shapes = loader.batching.sizes(), loader.shapes if loader.sizes else ()
    yield from compile_kernels(training, ready.task, splits.preprocessing, sizes, [], shapes)
    training.module.train()
    rates: list[float] = []
    losses: list[float] = []
    best, running, diverged, outcomes = math.inf, 0.0, False, Outcomes()
    with training.unchanged(), closing(endless(loader)) as batches:
        for n, batch in enumerate(itertools.islice(batches, steps)):
            lr = lowest * (highest / lowest) ** (n / (steps - 1))
            try:
                # All is read at once: the next rate is tried only if this one was not too high.
                [outcome] = [*train_step(training, ready.task, batch, lr, outcomes), *outcomes.rest()]
            except NumericError:
                diverged = True
                break
            rates.append(lr)
            losses.append(outcome.loss)
            yield RateTried(n + 1, steps, lr, outcome.loss)
            running = MEMORY * running + (1 - MEMORY) * outcome.loss
            mean = running / (1 - MEMORY ** (n + 1))
            best = min(best, mean)
            if n > 2 * WINDOW and mean > RUNAWAY * best:
                diverged = True
                break
    if len(rates) < 2 * WINDOW:
        raise NumericError(f"The loss is not a number after {len(rates)} steps at {lowest:g}. Try a smaller --lowest.")
    yield LrFound(_read(rates, losses, diverged, options, chosen, splits))


def _read(
    rates: list[float], losses: list[float], diverged: bool, given: FitOptions, chosen: FitOptions, splits: DataSplits
) -> LrResult:
    curve = smooth(np.array(losses), WINDOW)
    bottom = int(curve.argmin())
    # All rates are the same factor apart: the slope over the logarithm is that over the steps.
    steepest = int(np.gradient(curve)[: bottom + 1].argmin())
    # A mean over a window errs by its batches' spread, divided by the root of their number.
    noise = float(np.std((np.array(losses) - curve)[: bottom + 1])) / math.sqrt(2 * WINDOW + 1)
    fell = curve[: bottom + 1].max() - curve[bottom] >= max(LEAST_FALL * curve[0], CLEARLY * noise)
    suggested = float(f"{SHARE * rates[bottom]:.2g}") if fell else None
    optimiser = str(chosen.optimiser)
    command = given.replace(lr=suggested, output=None)
    return LrResult(
        suggested=suggested,
        lowest=rates[bottom],
        steepest=rates[steepest],
        diverged=diverged,
        rates=tuple(rates),
        losses=tuple(losses),
        smoothed=tuple(curve.tolist()),
        model=str(chosen.model),
        data=splits.name,
        optimiser=optimiser,
        command=command.command(),
    )


def smooth(values: Host, reach: int) -> Host:
    """(n,) each value's mean with its `reach` neighbours on either side, as far as there are."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    at = np.arange(len(values))
    low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(values))
    means: Host = (sums[high] - sums[low]) / (high - low)
    return means
