"""What a frozen trunk says of every image, computed once, so that an epoch of its head takes milliseconds.

With the trunk in use, not in training, the numbers that reach the head depend on the picture alone. Of a training image
there are several pictures, its views: what the augmentation shows in the first epochs. Later epochs show them again.
"""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import final

import numpy as np

from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.load.batch import Batch
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.training.augment import changes_of
from cnnkit.engine.use.judge import batch_for
from cnnkit.kernels import host
from cnnkit.kernels.shared.array import Host
from cnnkit.nn.parts.freeze import Cut
from cnnkit.nn.parts.tail import Tail, reaching

# Views of a training image: of a few hundred images as many as help, of many images two, plain and mirrored.
FEWEST_VIEWS, MOST_VIEWS, PICTURES = 2, 8, 4096


def choose_views(options: FitOptions, splits: DataSplits, at: Cut, room: int | None) -> int:
    """How many views of each training image are kept; 0 where the trunk is computed at every step.

    room: bytes that may be taken, None if that is unknown.
    """
    if options.freeze != "trunk" or options.mixup > 0 or options.cutmix > 0:
        return 0
    if options.views is not None:
        return options.views
    n = len(splits.train)
    views = 1
    if changes_of(options, splits):
        views = min(MOST_VIEWS, max(FEWEST_VIEWS, PICTURES // max(n, 1)))
    views = min(views, options.epochs or views)
    if room is None:
        return views
    fitting = [count for count in range(1, views + 1) if needed(count, splits, at) <= room]
    return max(fitting, default=0)


def needed(views: int, splits: DataSplits, at: Cut) -> int:
    """Bytes of the features of all images."""
    return 4 * math.prod(at.shape) * (views * len(splits.train) + len(splits.val)) if views else 0


@final
class Features:
    """What reaches the tail.   train: (views, n, *shape) float32.   val: (n, *shape)."""

    def __init__(self, tail: Tail, at: Cut, splits: DataSplits, options: FitOptions) -> None:
        self._tail, self._at, self._splits, self._options = tail, at, splits, options
        self.views = int(options.views or 0)
        self.train = np.empty((self.views, len(splits.train), *at.shape), np.float32)
        self.val = np.empty((len(splits.val), *at.shape), np.float32)
        self._batch_size = batch_for(splits.preprocessing)

    def fill(self, check: Callable[[], None] = lambda: None) -> Iterator[tuple[int, int]]:
        """Show every picture to the trunk; yields (done, total).   check: called before each batch, to raise an end.

        The batches are those of `judge`, so that the validation part is judged by the very bits that it would get.
        """
        self._tail.network.eval()
        options, pre = self._options, self._splits.preprocessing
        train = Loader(
            self._splits.train,
            self._batch_size,
            preprocessing=pre,
            seed=options.seed,
            augment=str(options.augment),
            changes=options.changes(),
            things=options.things(),
        )
        val = Loader(self._splits.val, self._batch_size, preprocessing=pre)
        todo = [(train, view, self.train[view]) for view in range(self.views)] + [(val, 0, self.val)]
        done, total = 0, sum(len(target) for _, _, target in todo)
        for loader, view, target in todo:
            with closing(loader.epoch(view)) as batches:
                for batch in batches:
                    check()
                    target[batch.indices] = self._said(batch)[0]
                    done += len(batch.indices)
                    yield done, total

    def fits(self) -> bool:
        """Whether the tail gives what the whole network gives, bit for bit; tried on one batch.

        A network that looks past its head (a second path from trunk to result) is not cut by `nn.freeze.cut`.
        """
        self._tail.network.eval()
        val = Loader(self._splits.val, self._batch_size, preprocessing=self._splits.preprocessing, prefetch=0)
        said, scores = self._said(next(val.epoch(0)))
        with no_grad():
            return np.array_equal(self._tail(Tensor(said)).numpy(), scores)

    def note(self, seconds: float) -> str:
        """What was done, in a sentence."""
        n, also = len(self._splits.train), f", {self.views} versions of each," if self.views > 1 else ""
        done = f"{n:,} images{also} went through the frozen trunk in {seconds:.0f} s."
        return f"{done} The head is trained on their features."

    def _said(self, batch: Batch) -> tuple[Host, Host]:
        """(what reaches the tail, what the network makes of it)."""
        with no_grad(), reaching(self._at.start) as given:
            scores = self._tail.network(Tensor(batch.x)).numpy()
        return given[0].numpy(), scores

    def batches(self) -> Generator[Batch]:
        """The validation part as `judge` would cut it."""
        labels = self._splits.val.labels()
        for first in range(0, len(self.val), self._batch_size):
            indices = np.arange(first, min(first + self._batch_size, len(self.val)))
            yield Batch(_taken(self.val, indices), labels[indices], indices)


@final
class FeatureLoader:
    """Batches of features where `loader` gives pictures: the same images in the same order."""

    def __init__(self, loader: Loader, features: Features) -> None:
        self._loader, self._features = loader, features
        self._labels = loader.dataset.labels()
        self.dataset, self.batching = loader.dataset, loader.batching

    def __len__(self) -> int:
        return len(self.batching)

    def epoch(self, number: int, start: int = 0) -> Generator[Batch]:
        """The batches of epoch `number` from batch `start` on."""
        order = self._loader.order(number)
        view = self._features.train[number % self._features.views]
        for k in range(start, len(self)):
            indices = order[self.batching.batch(k)]
            yield Batch(_taken(view, indices), self._labels[indices], indices)


def _taken(features: Host, indices: Host) -> Host:
    x = host.empty((len(indices), *features.shape[1:]), features.dtype)
    np.take(features, indices, axis=0, out=x, mode="clip")
    return x
