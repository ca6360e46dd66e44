"""Batches in an order that (seed, epoch) alone decide, made ahead of their use by threads."""

import math
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import final

import numpy as np

from cnnkit.data.load.batch import Batch
from cnnkit.data.load.batching import Batching
from cnnkit.data.load.collate import Collate, collate, labels_of, normal_of, sizes_of, stacked
from cnnkit.data.load.prefetch import Job, made_ahead
from cnnkit.data.load.scales import EVERY, Size
from cnnkit.data.sample import Labels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.transforms.compose import augmentation, of_things, transform
from cnnkit.data.transforms.mix import mix
from cnnkit.data.transforms.mosaic import PICTURES, mosaic
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import fitted
from cnnkit.errors import UsageError
from cnnkit.kernels.host import get_threads

# One stream of random numbers per purpose, so that adding a draw to one leaves the others alone.
ORDER, AUGMENT, TURN, MIX, SCALE, MOSAIC = 0, 1, 2, 3, 4, 5
# Batches that are made or wait, beside the one in use, take no more memory than this, unless a single one does.
AHEAD_BYTES = 256 << 20
# Images that a worker takes at once.
PIECE = 8
# Pixels from which on changing an image is work enough to be shared out.
LARGE = 96 * 96


@final
class Loader:
    """Cut a data set into batches, epoch after epoch.

    The order is a function of (seed, epoch), the augmentation of (seed, epoch, sample), the mixing of images of
    (seed, epoch, batch): an epoch begun at batch `start` goes on exactly as the whole one would have.
    `shard` = (rank, size) takes every size-th sample from the rank-th on.   mixup, cutmix: their alphas, 0 for none.
    augment: a level.   changes: flip, crop, … -> whether it is made, whatever the level says.
    things: "expand", "iou_crop" and "mosaic", for pictures with boxes.
    windows: pictures with masks are shown by windows of the size that `preprocessing` names, cut out anywhere, as a
    training needs it; a judge sees the whole of them.
    targets: how those of the samples of a batch are collated.
    sizes: (height, width) that images are brought to, for each EVERY batches one of them, drawn by (seed, epoch,
    batch); none: that of `preprocessing`, for all.
    least, drop_last: what becomes of a last batch that is not full, as `Batching` says.

    raw: images of a batch stay bytes, for whoever normalises them where they are learned from; not those that are mixed
    or of unequal sizes.
    prefetch: batches made ahead, in bounded memory; 0 makes each when it is asked for.   workers: threads that decode
    and change pictures, by default as many as compute. Neither changes a batch.
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
        changes: Mapping[str, bool] | None = None,
        things: Collection[str] = (),
        windows: bool = False,
        targets: Collate = labels_of,
        sizes: Sequence[Size] = (),
        mixup: float = 0.0,
        cutmix: float = 0.0,
        shard: tuple[int, int] = (0, 1),
        least: int = 1,
        drop_last: bool = False,
        raw: bool = False,
        prefetch: int = 2,
        workers: int | None = None,
    ) -> None:
        if batch_size < 1:
            raise UsageError(f"A batch holds at least 1 image, but the batch size is {batch_size}.")
        if not 0 <= shard[0] < shard[1]:
            raise UsageError(f"The shard is (rank, size) with 0 <= rank < size, but it is {shard}.")
        if not (0 <= mixup < math.inf and 0 <= cutmix < math.inf):
            raise UsageError(f"mixup and cutmix are finite numbers, 0 or more, but they are {mixup} and {cutmix}.")
        if workers is not None and workers < 1:
            raise UsageError(f"A loader has at least 1 worker, but {workers} were asked for.")
        self.dataset, self.batch_size = dataset, batch_size
        self.workers = get_threads() if workers is None else workers
        self.preprocessing = preprocessing or dataset.preprocessing
        if windows:
            # They are of one size, whatever the pictures are.
            self.preprocessing = replace(self.preprocessing, fit="stretch")
        if self.preprocessing.keeps_size and (mixup or cutmix):
            raise UsageError("Images of unequal sizes cannot be mixed. Leave mixup and cutmix at 0.")
        if self.preprocessing.keeps_size and sizes:
            raise UsageError(
                "Pictures that keep their size cannot have several. Leave --multi-scale or --fit keep out."
            )
        if things and dataset.task != "detection":
            option = "--" + next(iter(things)).replace("_", "-")
            raise UsageError(f"{option} is for pictures with boxes, but {dataset.name} has none. Leave it out.")
        if "mosaic" in things and self.preprocessing.keeps_size:
            raise UsageError("Pictures that keep their size make no mosaic. Leave --mosaic or --fit keep out.")
        self.mosaic = "mosaic" in things
        self.sizes = tuple(sizes)
        self.seed, self.shuffle, self.shard, self.prefetch = seed, shuffle, shard, prefetch
        self.batching = Batching(len(range(shard[0], len(dataset), shard[1])), batch_size, least, drop_last)
        self.mixup, self.cutmix = mixup, cutmix
        self.raw = raw and not (mixup or cutmix or self.preprocessing.keeps_size)
        H, W, _ = self.preprocessing.shape
        fill = self.preprocessing.fill
        chosen = augmentation(
            augment,
            changes,
            mirror=dataset.mirror,
            image_size=(H, W),
            fill=fill if windows else None,
            things=of_things(things, fill),
        )
        self.transforms = list(chosen.values())
        self._targets = targets
        self._first_turns = np.random.default_rng([seed, TURN]).integers(2, size=len(dataset))

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.batching)

    def order(self, number: int) -> Labels:
        """The indices that epoch `number` visits, in their order."""
        indices = np.arange(len(self.dataset))
        if self.shuffle:
            indices = np.random.default_rng([self.seed, number, ORDER]).permutation(indices)
        return indices[self.shard[0] :: self.shard[1]]

    def epoch(self, number: int, start: int = 0) -> Generator[Batch]:
        """The batches of epoch `number` from batch `start` on. Closing the iterator ends its threads."""
        workers = self._useful_workers() if self.prefetch > 0 else 1
        jobs = self._jobs(number, start, workers)
        if self.prefetch < 1:
            return (job.run() for job in jobs)
        return made_ahead(jobs, workers=workers, depth=self._depth())

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """(H, W, C) of all images that there are, the largest first."""
        whole = {self._of_size(size).shape for size in self.sizes} or {self.preprocessing.shape}
        return sorted(whole, key=math.prod, reverse=True)

    def sample(self, index: int, number: int, wanted: Preprocessing | None = None) -> Sample:
        """What epoch `number` shows of a sample.   wanted: of what size, where it is not the usual one."""
        sample = self.dataset[index]
        if self.mosaic:
            rng = self._rng(index, number, MOSAIC)
            others = rng.integers(len(self.dataset), size=PICTURES - 1).tolist()
            sample = mosaic([sample, *(self.dataset[other] for other in others)], rng)
        if self.transforms:
            rng = self._rng(index, number, AUGMENT)
            sample = transform(sample.replace(turn=number + int(self._first_turns[index])), self.transforms, rng)
        if self.dataset.as_decoded or wanted is not None:
            return fitted(sample, wanted or self.preprocessing)
        return sample

    def _jobs(self, number: int, start: int, workers: int) -> Iterator[Job[list[Sample], Batch]]:
        """What is to be done for each batch; its images are shared out among the workers in pieces."""
        order = self.order(number)
        for k in range(start, len(self)):
            indices = order[self.batching.batch(k)]
            wanted = self._wanted(number, k)
            piece = PIECE if workers > 1 else len(indices)
            shown = partial(self._samples, number=number, wanted=wanted)
            parts = [partial(shown, indices[i : i + piece]) for i in range(0, len(indices), piece)]
            yield Job(parts, partial(self._batch, indices, number, k, wanted))

    def _wanted(self, number: int, k: int) -> Preprocessing | None:
        """How the images of batch k are brought to size; None: as usual."""
        if not self.sizes:
            return None
        turn = (number * len(self) + k) // EVERY
        return self._of_size(self.sizes[int(self._rng(turn, 0, SCALE).integers(len(self.sizes)))])

    def _of_size(self, size: Size) -> Preprocessing:
        return replace(self.preprocessing, height=size[0], width=size[1])

    def _useful_workers(self) -> int:
        """Images that lie ready as numbers are sooner changed by one thread than shared out."""
        H, W, _ = self.preprocessing.shape
        heavy = self.dataset.decodes or self.dataset.as_decoded or (H * W >= LARGE and bool(self.transforms))
        return self.workers if heavy else 1

    def _depth(self) -> int:
        """Batches ahead: as many as asked for, fewer where those of the usual size are large, but one."""
        H, W, C = self.shapes[0]
        return max(1, min(self.prefetch, AHEAD_BYTES // (4 * self.batch_size * H * W * C)))

    def _batch(
        self, indices: Labels, number: int, k: int, wanted: Preprocessing | None, pieces: list[list[Sample]]
    ) -> Batch:
        samples = [sample for piece in pieces for sample in piece]
        images, how, targets = (
            [sample.image for sample in samples],
            wanted or self.preprocessing,
            self._targets(samples),
        )
        if self.raw:
            return Batch(stacked(images, how), targets, indices, normal=normal_of(how))
        x = collate(images, how)
        if not self.mixup and not self.cutmix:
            sizes = sizes_of(samples) if self.preprocessing.keeps_size else None
            return Batch(x, targets, indices, sizes=sizes)
        x, partners, share = mix(x, self._rng(k, number, MIX), mixup_alpha=self.mixup, cutmix_alpha=self.cutmix)
        return Batch(x, targets, indices, self._targets([samples[n] for n in partners.tolist()]), share)

    def _samples(self, indices: Labels, number: int, wanted: Preprocessing | None) -> list[Sample]:
        return [self.sample(index, number, wanted) for index in indices.tolist()]

    def _rng(self, item: int, number: int, purpose: int) -> np.random.Generator:
        """Counting generators are made in a third of the time that seeding others takes."""
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, item, number, purpose]))
