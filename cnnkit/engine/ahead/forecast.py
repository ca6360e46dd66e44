"""What a training would do, need and take, before it is begun: the dry run."""

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, final

from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.records.events import Event
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.create import planned_path
from cnnkit.engine.session.assemble import begin
from cnnkit.engine.session.computing import computing_anew
from cnnkit.engine.session.proposing import foreseen, seen_by
from cnnkit.engine.session.room import room_for
from cnnkit.engine.time.budget import too_short
from cnnkit.engine.time.deadline import Deadline, since
from cnnkit.engine.time.pace import measure
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.loading import training_loader
from cnnkit.engine.training.step import batch_sizes, compile_kernels
from cnnkit.engine.use.judge import batch_for
from cnnkit.errors import UsageError
from cnnkit.nn import Module

# Arrays of a parameter's size that an optimiser keeps.
SLOTS = {"sgd": 1, "adam": 2, "adamw": 2}


@final
@dataclass(frozen=True)
class Forecast:
    """Times are in seconds, measured with real steps on this machine, kernels being compiled.

    options: resolved.   warnings: what the user should know of the data.   ready: opening data and compiling.
    trunk: computing the features of a frozen trunk once; 0 where there are none, and steps are as timed.
    search: looking once for places where things may be; 0 for networks that ask for none.
    total: the whole run from its start.   memory_bytes: needed, beside `memory_free_bytes` (None: unknown).
    folder: the run folder that would be made, of about `disk_bytes`.
    """

    options: dict[str, Any]
    found: str
    warnings: tuple[str, ...]
    model: str
    parameters: int
    classes: int
    image_size: tuple[int, int]
    train_images: int
    val_images: int
    test_images: int
    epochs: int
    steps: int
    epoch_steps: int
    ready: float
    step: float
    epoch: float
    validation: float
    test: float
    trunk: float
    search: float
    total: float
    memory_bytes: int
    memory_free_bytes: int | None
    folder: str
    disk_bytes: int
    command: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@final
@dataclass(frozen=True)
class Forecasted(Event):
    """The last event of `look_ahead`."""

    forecast: Forecast


def look_ahead(
    options: FitOptions | None = None, *, module: Module | None = None, data: DataSplits | None = None
) -> Iterator[Event]:
    """Prepare as `fit` does, time a few steps, and tell what would come. Nothing is written but compiled kernels.

    What `fit` refuses is refused here with the same error.
    """
    begun = time.perf_counter()
    with computing_anew(options) as options:
        pieces = begin(options, module, data)
        training, splits, chosen = pieces.training, pieces.splits, pieces.training.options
        task = pieces.task
        splits = seen_by(task, training.module, splits)
        loader = training_loader(training, task, splits)
        folder = planned_path(chosen, task.name, splits.name)
        room = room_for(pieces)
        # The features of a frozen trunk are not made here: a picture's way through it is timed instead.
        on_features, training.tail = training.tail is not None, None
        evaluated = batch_for(splits.preprocessing)
        compiling = compile_kernels(
            training,
            task,
            splits.preprocessing,
            loader.batching.sizes(),
            batch_sizes(evaluated, [len(splits.val), len(splits.test), evaluated]),
            loader.shapes if loader.sizes else (),
        )
        yield from Deadline(chosen.time, since(begun)).kept(compiling)
        training.module.train()
        gone, search = time.perf_counter() - begun, foreseen(splits)
        left = math.inf if chosen.time is None else chosen.time - gone - search
        pace = measure(training, task, loader, splits, left=left)
        pictures = int(chosen.views or 0) * len(splits.train) + len(splits.val)
        trunk = pace.test / len(splits.test) * pictures if on_features else 0.0
        if chosen.time is not None:
            steps = pace.steps_within(left - trunk, len(loader))
            if steps < 1:
                raise UsageError(too_short(chosen.time, gone + search + trunk, pace))
            chosen = chosen.replace(time=None, steps=steps)
        course = Course.of(chosen, len(loader))
        kept = 2 + 2 * (2 + SLOTS.get(str(chosen.optimiser), 2) + (chosen.ema > 0) + (chosen.lookahead > 0))
        yield Forecasted(
            Forecast(
                options=chosen.to_record(),
                found=splits.found,
                warnings=tuple(pieces.notes),
                model=str(chosen.model),
                parameters=room.parameters,
                classes=len(splits.classes),
                image_size=splits.preprocessing.shape[:2],
                train_images=len(splits.train),
                val_images=len(splits.val),
                test_images=len(splits.test),
                epochs=course.epochs,
                steps=course.steps,
                epoch_steps=course.per_epoch,
                ready=gone,
                step=pace.step,
                epoch=course.per_epoch * pace.step + pace.val,
                validation=pace.val,
                test=pace.test,
                trunk=trunk,
                search=search,
                total=gone + search + (trunk + pace.test if on_features else pace.seconds(course)),
                memory_bytes=room.needed,
                memory_free_bytes=room.free,
                folder=str(folder),
                disk_bytes=4 * room.parameters * kept,
                command=chosen.command(),
            )
        )
