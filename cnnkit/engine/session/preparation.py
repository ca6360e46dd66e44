"""What comes between the start of a training and its first step: kernels, proposals, a new head, features of a frozen
trunk."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.finetune import kept_features
from cnnkit.engine.finetune.features import FeatureLoader, Features
from cnnkit.engine.finetune.probe import probe
from cnnkit.engine.records.events import Event, Note, TrunkStep
from cnnkit.engine.session.proposing import Proposing
from cnnkit.engine.time.deadline import Deadline
from cnnkit.engine.training.keeper import Keeper
from cnnkit.engine.training.loading import Batches
from cnnkit.engine.training.step import batch_sizes, compile_kernels
from cnnkit.engine.use.judge import batch_for
from cnnkit.tasks import Task


@final
@dataclass
class Preparation:
    """`events()` prepares; afterwards `batches` has them, and `features` what a frozen trunk says, if any.

    check: called between two pieces of work, to raise an end.
    """

    keeper: Keeper
    task: Task[Any]
    splits: DataSplits
    loader: Loader
    check: Callable[[], None]
    features: Features | None = None

    def __post_init__(self) -> None:
        self.training = self.keeper.training
        self.batches: Batches = self.loader

    def events(self) -> Iterator[Event]:
        """All of it; UsageError where there is no time for a single step."""
        self.training.module.train()
        try:
            yield from Deadline(self.training.options.time, self.keeper.seconds).kept(self._all())
        finally:
            self.training.module.train()

    def _all(self) -> Iterator[Event]:
        for event in self._compile():
            yield event
            self.check()
        yield from Proposing(self.keeper.run, self.splits, self.check).events()
        yield from self._probe()
        yield from self._hear_trunk()

    def _compile(self) -> Iterator[Event]:
        evaluated = batch_for(self.splits.preprocessing)
        parts = [len(self.splits.val), len(self.splits.test)]
        if self.training.tail is not None:
            parts.append(len(self.loader.dataset))
        yield from compile_kernels(
            self.training,
            self.task,
            self.splits.preprocessing,
            self.loader.batching.sizes(),
            batch_sizes(evaluated, parts),
            self.loader.shapes if self.loader.sizes else (),
        )

    def _probe(self) -> Iterator[Event]:
        """Let a new head learn alone before the whole network does."""
        training = self.training
        if not training.progress.new_head or training.progress.step:
            return
        yield from probe(training, self.task, self.splits, self.check)
        self.check()
        training.progress.new_head = False
        training.begin_average()
        yield self.keeper.save()

    def _hear_trunk(self) -> Iterator[Event]:
        """Compute once what a frozen trunk says, and train on that from here on."""
        training, begun = self.training, time.perf_counter()
        if training.tail is None or training.cut is None:
            return
        features = Features(training.tail, training.cut, self.splits, training.options)
        if not features.fits():
            training.tail = None
            yield Note(
                "The network does not end in its last layer alone, so its frozen trunk is computed at every step."
            )
            return
        key = kept_features.key(training, self.splits)
        known = kept_features.take(self.keeper.run, features, key)
        if not known:
            for done, total in features.fill(self.check):
                yield TrunkStep(done, total)
        self.check()
        self.features, self.batches = features, FeatureLoader(self.loader, features)
        if known:
            yield Note("The features of the frozen trunk were kept by the run: they are not computed again.")
            return
        seconds = time.perf_counter() - begun
        yield Note(features.note(seconds))
        if text := kept_features.keep(self.keeper.run, features, key, seconds):
            yield Note(text)
