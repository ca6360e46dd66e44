"""Region proposal network: at every place of every map, of each of its anchors, whether it holds a thing, and its code.

Source: Ren et al. 2015, arXiv:1506.01497, section 3.1; on several maps Lin et al. 2017, arXiv:1612.03144, section 4.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, log
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.parts import BoxCoder, Marks, RegionAnchors, clipped, matched, matched_boxes, sampled
from cnnkit.models.detection.two_stage.draws import Draws
from cnnkit.models.detection.two_stage.regions import Proposals, has_area
from cnnkit.nn import Conv2d, Module, Parameter, init

Size = tuple[int, int]
# Sides of a proposal, in pixels, below which it is none.
LEAST_SIDE = 1e-3
# No two boxes overlap by more than all of them.
NONE_GIVES_WAY = 2.0


@final
@dataclass(frozen=True)
class Kept:
    """How many proposals go on: `looked` of each map, the best, and of those that stay `places` an image."""

    looked: int
    places: int


@final
@dataclass(frozen=True, eq=False)
class AnchorLesson:
    """What the anchors of N images teach.

    holds, ground: (N, A) marks of those that were drawn, with a thing and without.
    codes: (N, A, 4), from each anchor to its box; any, where it has none.
    """

    holds: Marks
    ground: Marks
    codes: Host


class RegionProposalNetwork(Module):
    """Maps -> of the A anchors of all maps logits of a thing (N, A, 1) and codes (N, A, 4).

    One 3x3 convolution over each map, and on it two of 1x1; all maps share them.

    Args:
        channels: of every map.
        in_use, in_training: how many proposals go on.
        iou: of two proposals of one map that overlap by more, the one with the lower score is dropped.
        score: a proposal must have a higher one, from 0 to 1.
        shown: anchors that an image teaches by, half of them with a thing where there are as many.
        beta: of the smooth L1 loss.
    """

    share = 0.5
    high, low = 0.7, 0.3

    def __init__(
        self,
        channels: int,
        anchors: RegionAnchors,
        *,
        in_use: Kept,
        in_training: Kept,
        iou: float = 0.7,
        score: float = 0.0,
        shown: int = 256,
        beta: float = 1 / 9,
        rng: np.random.Generator,
    ) -> None:
        (count,) = set(anchors.counts)
        self.conv = Conv2d(channels, channels, 3, padding=1, activation="relu", rng=rng)
        self.score = Conv2d(channels, count, 1, rng=rng)
        self.box = Conv2d(channels, 4 * count, 1, rng=rng)
        for layer in (self.conv, self.score, self.box):
            layer.weight = Parameter(init.near_zero(rng, layer.weight.shape, 0.01))
        self.draws = Draws(int(rng.integers(2**32)))
        self.anchors, self.coder = anchors, BoxCoder()
        self.in_use, self.in_training, self.iou, self.shown, self.beta = in_use, in_training, iou, shown, beta
        self.least_logit = log(score / (1 - score)) if score else -inf

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        N, logits, codes = len(maps[0]), [], []
        for x in maps:
            y = self.conv(x)
            logits.append(ops.reshape(self.score(y), (N, -1, 1)))
            codes.append(ops.reshape(self.box(y), (N, -1, 4)))
        return ops.concat(logits, axis=1), ops.concat(codes, axis=1)

    def laid(self, maps: Sequence[Tensor], size: Size) -> Host:
        """(A, 4), the anchors of these maps of images of this size (height, width)."""
        return self.anchors([(x.shape[1], x.shape[2]) for x in maps], size)

    def proposed(self, maps: Sequence[Tensor], logits: Tensor, codes: Tensor, size: Size) -> Proposals:
        """The best of what is told, no two of one map around the same place. Nothing is learned through them."""
        kept = self.in_training if self.training else self.in_use
        with no_grad():
            boxes = clipped(self.coder.decode(codes, self.laid(maps, size)), size)
            ends = np.cumsum([0] + [x.shape[1] * x.shape[2] * self.score.weight.shape[-1] for x in maps]).tolist()
            best = [self._best(boxes, logits, start, end, kept) for start, end in pairwise(ends)]
            found = best[0] if len(best) == 1 else _best_of_all(best, kept.places)
            return Proposals(_columns(found, 0, 4), ops.subtract(_columns(found, 5, 6), float(EMPTY)))

    def _best(self, boxes: Tensor, logits: Tensor, start: int, end: int, kept: Kept) -> Tensor:
        """Of one map, as `select` gives them: the best that are looked at, of these those with an area, far apart."""
        mine, theirs = (ops.slice(x, (0, start, 0), (len(x), end, x.shape[-1])) for x in (boxes, logits))
        looked = min(kept.looked, end - start)
        best = ops.select(mine, theirs, score=-inf, iou=NONE_GIVES_WAY, places=looked)
        corners, scores = _columns(best, 0, 4), _columns(best, 4, 5)
        scores = ops.where(ops.reshape(has_area(corners, LEAST_SIDE), scores.shape), scores, -inf)
        return ops.select(corners, scores, score=self.least_logit, iou=self.iou, places=min(kept.places, looked))

    def losses(
        self, maps: Sequence[Tensor], logits: Tensor, codes: Tensor, size: Size, targets: BoxBatch
    ) -> tuple[Tensor, Tensor]:
        """Cross-entropy of whether there is a thing, and smooth L1 of the codes: means over the anchors drawn."""
        return self.learned(logits, codes, self.lesson(maps, size, targets))

    def lesson(self, maps: Sequence[Tensor], size: Size, targets: BoxBatch) -> AnchorLesson:
        """Anchors drawn: half of them hold a thing where there are as many, and ground."""
        anchors = self.laid(maps, size)
        places = matched(targets, anchors, high=self.high, low=self.low, rescue="all")
        holds, ground = sampled(places, self.shown, self.share, self.draws.next())
        return AnchorLesson(holds, ground, self.coder.encode(matched_boxes(targets, places)[0], anchors))

    def learned(self, logits: Tensor, codes: Tensor, lesson: AnchorLesson) -> tuple[Tensor, Tensor]:
        """The losses of this lesson."""
        holds, shown = lesson.holds[..., None], (lesson.holds | lesson.ground)[..., None]
        share = 1 / max(1, int(shown.sum()))
        box = ops.smooth_l1_loss(codes, lesson.codes, beta=self.beta, weights=holds, reduction="sum")
        thing = ops.binary_cross_entropy(logits, holds, weights=shown, reduction="sum")
        return ops.multiply(thing, share), ops.multiply(box, share)


def _best_of_all(maps: Sequence[Tensor], places: int) -> Tensor:
    """Of what `select` chose of each map the best, without a look at how they overlap."""
    found = ops.concat(maps, axis=1)
    scores = ops.where(ops.subtract(_columns(found, 5, 6), float(EMPTY)), _columns(found, 4, 5), -inf)
    return ops.select(_columns(found, 0, 4), scores, score=-inf, iou=NONE_GIVES_WAY, places=places)


def _columns(found: Tensor, start: int, stop: int) -> Tensor:
    return ops.slice(found, (0, 0, start), (*found.shape[:2], stop))
