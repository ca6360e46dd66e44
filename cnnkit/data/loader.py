"""Batches in an order that (seed, epoch) alone decide, made one step ahead by a thread."""

import math
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.data.collate import collate
from cnnkit.data.preprocessing import Preprocessing
from cnnkit.data.sample import Labels, Pixels
from cnnkit.data.sets.base import Dataset
from cnnkit.data.transforms.compose import augmentation, transform
from cnnkit.data.transforms.mix import mix
from cnnkit.errors import UsageError

# One stream of random numbers per purpose, so that adding a draw to one leaves the others alone.
ORDER, AUGMENT, TURN, MIX = 0, 1, 2, 3


@final
@dataclass(frozen=True)
class Batch:
    """x: (N, H, W, C) float32, normalised.   labels: (N,) int64.   indices: (N,) int64, samples of the data set.

    partners: (N,) int64, the second label of each image where two images are mixed in one; None where none are.
    share: the weight of `labels`, from 0 to 1; that of `partners` is 1 - share.
    """

    x: npt.NDArray[np.float32]
    labels: Labels
    indices: Labels
    partners: Labels | None = None
    share: float = 1.0

    @property
    def weightier(self) -> Labels:
        """Of two labels of an image the one that weighs more."""
        return self.labels if self.partners is None or self.share >= 0.5 else self.partners


@final
class Loader:
    """Cut a data set into batches, epoch after epoch.

    The order is a function of (seed, epoch), the augmentation of (seed, epoch, sample), the mixing of images of
    (seed, epoch, batch): an epoch begun at batch `start` goes on exactly as the whole one would have.
    `shard` = (rank, size) takes every size-th sample from the rank-th on.   mixup, cutmix: their alphas, 0 for none.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        preprocessing: Preprocessing | None = None,
        seed: int = 0,
        shuffle: bool = False,
        augment: str = "none",
        mixup: float = 0.0,
        cutmix: float = 0.0,
        shard: tuple[int, int] = (0, 1),
        drop_last: bool = False,
        prefetch: int = 2,
    ) -> None:
        if batch_size < 1:
            raise UsageError(f"A batch holds at least 1 image, but the batch size is {batch_size}.")
        if not 0 <= shard[0] < shard[1]:
            raise UsageError(f"The shard is (rank, size) with 0 <= rank < size, but it is {shard}.")
        if not (0 <= mixup < math.inf and 0 <= cutmix < math.inf):
            raise UsageError(f"mixup and cutmix are finite numbers from 0 up, but they are {mixup} and {cutmix}.")
        self.dataset, self.batch_size = dataset, batch_size
        self.preprocessing = preprocessing or dataset.preprocessing
        self.seed, self.shuffle, self.shard, self.drop_last, self.prefetch = seed, shuffle, shard, drop_last, prefetch
        self.mixup, self.cutmix = mixup, cutmix
        H, W, _ = self.preprocessing.shape
        self.transforms = augmentation(augment, mirror=dataset.mirror, image_size=(H, W))
        self._labels = dataset.labels()
        self._first_turns = np.random.default_rng([seed, TURN]).integers(2, size=len(dataset))

    def __len__(self) -> int:
        """Batches in an epoch."""
        rank, size = self.shard
        samples = len(range(rank, len(self.dataset), size))
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def order(self, number: int) -> Labels:
        """The indices that epoch `number` visits, in their order."""
        indices = np.arange(len(self.dataset))
        if self.shuffle:
            indices = np.random.default_rng([self.seed, number, ORDER]).permutation(indices)
        return indices[self.shard[0] :: self.shard[1]]

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on. Closing the iterator ends its thread."""
        order = self.order(number)
        if self.prefetch < 1:
            for k in range(start, len(self)):
                yield self._batch(order, number, k)
            return
        ready: queue.Queue[Batch | BaseException] = queue.Queue(self.prefetch)
        stop = threading.Event()

        def work() -> None:
            try:
                for k in range(start, len(self)):
                    if stop.is_set():
                        return
                    ready.put(self._batch(order, number, k))
            # Whatever it is, the consumer raises it.
            except BaseException as error:
                ready.put(error)

        thread = threading.Thread(target=work, name="cnnkit-loader", daemon=True)
        thread.start()
        try:
            for _ in range(start, len(self)):
                item = ready.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            stop.set()
            while thread.is_alive():
                _drain(ready)
                thread.join(0.01)

    def _batch(self, order: Labels, number: int, k: int) -> Batch:
        indices = order[k * self.batch_size : (k + 1) * self.batch_size]
        images = [self._image(index, number) for index in indices.tolist()]
        x, labels = collate(images, self.preprocessing), self._labels[indices]
        if not self.mixup and not self.cutmix:
            return Batch(x, labels, indices)
        x, partners, share = mix(x, self._rng(k, number, MIX), mixup_alpha=self.mixup, cutmix_alpha=self.cutmix)
        return Batch(x, labels, indices, labels[partners], share)

    def _image(self, index: int, number: int) -> Pixels:
        """What epoch `number` shows of a sample."""
        sample = self.dataset[index]
        if not self.transforms:
            return sample.image
        rng = self._rng(index, number, AUGMENT)
        return transform(sample.replace(turn=number + int(self._first_turns[index])), self.transforms, rng).image

    def _rng(self, item: int, number: int, purpose: int) -> np.random.Generator:
        """Counting generators are made in a third of the time that seeding others takes."""
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, item, number, purpose]))


def _drain(ready: "queue.Queue[Batch | BaseException]") -> None:
    """Make room, so that a thread that waits in `put` sees the stop sign."""
    while True:
        try:
            ready.get_nowait()
        except queue.Empty:
            return
