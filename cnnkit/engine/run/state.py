"""The state of a training between two steps: all that decides how it goes on, as arrays and one plain record."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Self, final

import numpy as np

from cnnkit import kernels, models, optim
from cnnkit.autograd import Tensor, no_grad
from cnnkit.engine.records.events import EpochEnd
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.network import name_of
from cnnkit.errors import CheckpointError, ShapeError
from cnnkit.graph import Learning
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import BatchNorm2d, Module
from cnnkit.nn.module import blank
from cnnkit.nn.parts.freeze import Cut, freeze_norms, freeze_trunk
from cnnkit.nn.parts.tail import Tail
from cnnkit.serialize.fields import check, made
from cnnkit.tasks import Judgement, Task
from cnnkit.tasks.columns import read
from cnnkit.tasks.registry import find

# What states call the sum whose mean has another name.
_SUMS = {"accuracy": "correct"}
# One stream of random numbers for the first weights, beside those of the loader and the split.
_FIRST_WEIGHTS = 0x1417


@final
@dataclass
class Progress:
    """Where a training stands.

    epoch: whole epochs done and judged.   batch: steps done in the epoch after them.   step: steps done in all.
    new_head: the head is to learn alone first.
    loss_sum, running (the task's sums by name), images: over the steps of the unfinished epoch.
    seconds and step_*: of the whole training.
    history: the rows of results.csv, one for each epoch judged: the whole ones, and one that was cut short at the end.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    images: int = 0
    running: dict[str, float] = field(default_factory=dict)
    best_epoch: int = 0
    best: Judgement | None = None
    seconds: float = 0.0
    new_head: bool = False
    step_seconds: float = 0.0
    step_images: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    def to_record(self) -> dict[str, Any]:
        """As a state file holds it, flat: what the task counts stands among the rest."""
        record = asdict(self) | {"best": None if self.best is None else self.best.to_record()}
        del record["running"]
        return record | {_SUMS.get(name, name): value for name, value in self.running.items()}

    @classmethod
    def from_record(cls, record: object, kind: type[Task[Any]]) -> Self:
        """What `to_record` gave for a task; ValueError that names the field where it cannot be a progress."""
        if not isinstance(record, Mapping) or not isinstance(record.get("history"), list):
            raise ValueError("the progress has no history")
        best = record.get("best")
        # A file of ours sorts the names in it; the table has them in the order in which an epoch tells them.
        rows = [
            epoch_of(row, kind, f"history, row {number}").to_row() for number, row in enumerate(record["history"], 1)
        ]
        sums = {metric.name: _SUMS.get(metric.name, metric.name) for metric in kind.running}
        progress = made(
            cls,
            {name: value for name, value in record.items() if name not in sums.values()},
            "progress",
            history=rows,
            best=None if best is None else read(Judgement, best, "progress.best", {"values": kind.metrics}),
            running={
                name: check("progress", key, record[key], int | float) for name, key in sums.items() if key in record
            },
        )
        cut = len(rows) - progress.epoch
        if cut not in (0, 1) or cut > progress.batch or progress.step < progress.epoch + progress.batch:
            raise ValueError(
                f"progress: epoch {progress.epoch}, batch {progress.batch} and step {progress.step} do not go with "
                f"{len(rows)} rows of history"
            )
        if rows and progress.best is None:
            raise ValueError("progress: best is missing, though epochs were judged")
        return progress

    def stepped(self, images: int, seconds: float) -> None:
        """One more step is done; what it measured is added once it is read."""
        self.step += 1
        self.batch += 1
        self.step_images += images
        self.step_seconds += seconds

    def measured(self, loss: float, running: Mapping[str, float], images: int) -> None:
        """Add what a step has measured to the epoch: its mean loss over so many images, and the task's sums."""
        self.loss_sum += loss * images
        self.images += images
        for name, value in running.items():
            self.running[name] = self.running.get(name, 0) + value

    def next_epoch(self) -> None:
        """The epoch is whole: count it, and begin the next."""
        self.epoch += 1
        self.batch = self.images = 0
        self.loss_sum, self.running = 0.0, dict.fromkeys(self.running, 0)

    @property
    def images_per_second(self) -> float:
        """Of training steps alone."""
        return self.step_images / self.step_seconds if self.step_seconds > 0 else 0.0


def epoch_of(row: object, kind: type[Task[Any]], where: str) -> EpochEnd:
    """A row of the history; ValueError that names the field where it is none of this task."""
    return read(EpochEnd, row, where, {"train": kind.running, "val": kind.metrics})


@final
class Training:
    """Network, optimiser, average and best weights, and the progress they belong to.

    cut: before the head, which `freeze` lets learn alone, and which `head_lr` is for.
    tail: of the network, where batches are what a frozen trunk says; else None.
    learning: the learner's steps, made again without Python where they can be.
    least_batch: images that a step needs at least, as `least_batch` finds them.
    """

    least_batch = 1

    def __init__(self, options: FitOptions, module: Module, cut: Cut | None = None, tail: Tail | None = None) -> None:
        self.options, self.module, self.cut, self.tail = options, module, cut, tail
        if cut is not None and options.freeze == "trunk":
            freeze_trunk(module, cut)
        if options.freeze == "norms":
            freeze_norms(module)
        self.optimiser = create_optimiser(options, module, None if cut is None else cut.head)
        self.begin_average()
        self.learning = Learning(self.learner)
        self.best_weights: dict[str, Array] = {}
        self.progress = Progress()

    def begin_average(self) -> None:
        """Average, where that is asked for, from the present weights on."""
        options = self.options
        self.ema = optim.EMA(self.module, options.ema) if options.ema > 0 else None
        self.lookahead = optim.Lookahead(self.module, options.lookahead) if options.lookahead > 0 else None

    @property
    def learner(self) -> Module:
        """What a batch is given to."""
        return self.tail or self.module

    @property
    def parameters(self) -> int:
        """How many numbers the network learns or keeps still."""
        return sum(parameter.size for parameter in self.module.parameters())

    def judged_weights(self) -> dict[str, Array]:
        """A copy of the weights that are judged and kept: the average, where there is one."""
        average = self.ema or self.lookahead
        if average is None:
            return _copy(self.module.state_dict())
        with average.swapped():
            return _copy(self.module.state_dict())

    @contextmanager
    def holding(self, weights: Mapping[str, Array]) -> Iterator[None]:
        """Let the network compute with these weights until the block ends."""
        before = _copy(self.module.state_dict())
        self.module.load_state_dict(weights)
        try:
            yield
        finally:
            self.module.load_state_dict(before)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Weights, optimiser, average and counters are the same after the block as before, bit for bit."""
        before = _copy(self.arrays())
        try:
            yield
        finally:
            self.optimiser.zero_grad()
            self.restore(before, self.progress)

    def keep_if_best(self, judgement: Judgement, epoch: int) -> None:
        """Remember the present weights, of this epoch, if they are the best so far or if the last ones are wanted."""
        if self.options.keep == "last" or find(self.options.task).better(judgement, self.progress.best):
            self.progress.best, self.progress.best_epoch = judgement, epoch
            self.best_weights = self.judged_weights()

    def keep_as_best(self) -> None:
        """Take the weights that the network holds now for the best, of the epoch that has them already."""
        self.best_weights = _copy(self.module.state_dict())

    def is_finite(self) -> bool:
        """Whether every weight, and every number the optimiser keeps, is one."""
        floats = [array for array in self.arrays().values() if array.dtype.kind == "f"]
        finite: bool = kernels.of(*floats).all_finite(floats)
        return finite

    def arrays(self) -> dict[str, Array]:
        """Every array under one name: model/…, optimiser/…, ema/…, lookahead/…, best/…"""
        parts = {"model": self.module.state_dict(), "optimiser": self.optimiser.state_dict(), "best": self.best_weights}
        if self.ema is not None:
            parts["ema"] = self.ema.state_dict()
        if self.lookahead is not None:
            parts["lookahead"] = self.lookahead.state_dict()
        return {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    def restore(self, arrays: Mapping[str, Array], progress: Progress) -> None:
        """Become what was saved, bit for bit."""
        self.module.load_state_dict(_part(arrays, "model"))
        self.optimiser.load_state_dict(_part(arrays, "optimiser"))
        if self.ema is not None:
            self.ema.load_state_dict(_part(arrays, "ema"))
        if self.lookahead is not None:
            self.lookahead.load_state_dict(_part(arrays, "lookahead"))
        best = _part(arrays, "best")
        self.best_weights = {name: Tensor(a).data if a.dtype.kind == "f" else a for name, a in best.items()}
        if (progress.best is None) != (not self.best_weights):
            raise CheckpointError("The checkpoint names a best epoch, but not its weights. Use an older checkpoint.")
        self.progress = progress


def create_module(options: FitOptions, outputs: int, shape: tuple[int, int, int]) -> Module:
    """The network with its first weights, a function of the seed."""
    H, W, C = shape
    rng = np.random.default_rng([options.seed, _FIRST_WEIGHTS])
    return models.create(
        models.spec(name_of(options), find(options.task).networks).name,
        classes=outputs,
        in_channels=C,
        image_size=(H, W),
        padding=options.padding or "default",
        rng=rng,
    )


def least_batch(module: Module, shape: tuple[int, int, int]) -> int:
    """Images (H, W, C) that a step of this network needs: 2 where one alone leaves a batch norm nothing to average.

    That is so where a map of 1x1 is normalised over the batch. It is tried, without computing, on the network as it
    trains: what is frozen normalises by its running statistics, and takes any batch.
    """
    buffers = _copy(dict(module.named_buffers()))
    try:
        with module.keeping_modes(), no_grad(), kernels.shapes_only():
            module.train()
            for images in (1, 2):
                with suppress(ShapeError):
                    module(blank((images, *shape)))
                    return images
    finally:
        for name, array in module.named_buffers():
            kernels.of(array).copy_into(array, buffers[name])
    return 1


def create_optimiser(options: FitOptions, module: Module, head: Module | None = None) -> optim.Optimiser:
    """The optimiser that the options name, over all that learns.

    The shifts of batch norms have the rate that `shift_rate` says, and all of `head`, if there is one, its own.
    """
    extra: dict[str, Any] = {"weight_decay": options.weight_decay or 0.0}
    if options.optimiser == "sgd":
        extra |= {"momentum": options.momentum, "nesterov": options.nesterov and options.momentum > 0}
    learning = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimiser = optim.create(str(options.optimiser), learning, float(options.lr or 0.0), **extra)
    if options.shift_rate != 1:
        norms = [part for part in module.modules() if isinstance(part, BatchNorm2d)]
        optimiser.scale_rate([norm.bias for norm in norms], options.shift_rate)
    if head is not None and options.head_lr and options.lr:
        optimiser.scale_rate(head.parameters(), options.head_lr / options.lr)
    return optimiser


def _part(arrays: Mapping[str, Array], part: str) -> dict[str, Array]:
    return {name.removeprefix(f"{part}/"): a for name, a in arrays.items() if name.startswith(f"{part}/")}


def _copy(arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name: kernels.of(array).copy(array) for name, array in arrays.items()}
