"""A new head learns first, from what the trunk says as it came; then the whole network, at its small rate.

A random head would pull a good trunk out of shape in the first steps, for gradients that mean nothing.
Source: Kumar et al. 2022, Fine-tuning can distort pretrained features, arXiv:2202.10054 (linear probing, then
fine-tuning).
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.picture_cache import room_for_pictures
from cnnkit.engine.finetune.features import FeatureLoader, Features, choose_views
from cnnkit.engine.records.events import Event, Note, TrunkStep
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.state import Training, least_batch
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.defaults import resolve
from cnnkit.engine.training.loading import training_loader
from cnnkit.engine.training.outcomes import Outcomes
from cnnkit.engine.training.rate import Rate
from cnnkit.engine.training.step import train_step
from cnnkit.nn.parts.freeze import frozen_trunk
from cnnkit.nn.parts.tail import Tail
from cnnkit.tasks import Task


def probe(training: Training, task: Task[Any], splits: DataSplits, check: Callable[[], None]) -> Iterator[Event]:
    """Train the head of `training` alone, by the defaults of a frozen trunk; does nothing where features have no room.

    check: called before each batch, to raise an end; the head is then left half trained, and what was saved before is
    the state to go on from.
    """
    module, at = training.module, training.cut
    if at is None or not task.labelled:
        return
    options = resolve(_alone(training.options), splits.name, images=len(splits.train))
    options = options.replace(views=choose_views(options, splits, at, room_for_pictures(options.cache)))
    if not options.views:
        return
    begun = time.perf_counter()
    with frozen_trunk(module, at):
        tail = Tail(module, at, splits.preprocessing.shape)
        head = Training(options, module, at, tail)
        head.least_batch = least_batch(module, splits.preprocessing.shape)
        features = Features(tail, at, splits, options)
        if not features.fits():
            return
        for done, total in features.fill(check):
            yield TrunkStep(done, total)
        loader = FeatureLoader(training_loader(head, task, splits), features)
        course = Course.of(options, len(loader))
        rate, outcomes = Rate(options, course), Outcomes()
        module.train()
        for epoch in range(course.epochs):
            for batch in loader.epoch(epoch):
                check()
                train_step(head, task, batch, rate.lr(head.progress.step), outcomes)
                head.progress.step += 1
        for _ in outcomes.rest():
            pass
        head.optimiser.zero_grad()
    yield Note(
        f"The new head was trained alone first, {course.epochs} epochs on the features of the trunk, in "
        f"{time.perf_counter() - begun:.0f} s; now the whole network is trained."
    )


def _alone(options: FitOptions) -> FitOptions:
    """What is left of the choices when all that was chosen for the whole network is open again."""
    opened = ("epochs", "steps", "time", "batch_size", "lr", "head_lr", "optimiser", "weight_decay", "schedule")
    more = ("warmup", "schedule_epochs", "schedule_until", "keep", "views", "overfit")
    fresh = dict.fromkeys((*opened, *more))
    return options.replace(
        freeze="trunk",
        schedule_from=0,
        schedule_again=False,
        ema=0.0,
        lookahead=0,
        clip=0.0,
        mixup=0.0,
        cutmix=0.0,
        patience=0,
        **fresh,
    )
