"""The second stage: regions of an image, each with its class and, for each class, where its box truly lies.

Proposals come from a network (Faster R-CNN) or from a search (Fast R-CNN); what is done with them is the same. In
training some regions are drawn, and as many an image whatever was proposed; in use all are looked at.

Source: Girshick 2015, arXiv:1504.08083, sections 2.1 to 2.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import BoxBatch
from cnnkit.models.detection.parts import BACKGROUND, BETWEEN, BoxCoder, clipped, matched, matched_boxes, sampled
from cnnkit.models.detection.two_stage.draws import Draws
from cnnkit.nn import Dropout, Flatten, Linear, Module, Parameter, Sequential, init

# Sides of a box, in pixels, below which it is none.
LEAST_SIDE = 0.01
# The label of a region that teaches nothing.
UNTAUGHT = -1


@final
@dataclass(frozen=True, eq=False)
class Proposals:
    """Where something may be in each of N images, in P places of which some are empty.

    corners: (N, P, 4), in pixels of the image.   there: (N, P, 1), 1 where a place holds a box, else 0.
    """

    corners: Tensor
    there: Tensor

    def rois(self) -> Tensor:
        """(N·P, 5), as `ops.roi_align` takes them: image, corners; an empty place is of image -1."""
        N, P, _ = self.corners.shape
        image = ops.subtract(ops.multiply(self.there, np.arange(1, N + 1, dtype=np.float32).reshape(-1, 1, 1)), 1.0)
        return ops.reshape(ops.concat([image, self.corners]), (N * P, 5))


@final
@dataclass(frozen=True, eq=False)
class Lesson:
    """What R = N · `shown` regions teach.

    rois: (R, 5), of image -1 where too few were proposed.   labels: (R,), 0 for ground, 1 + class, or UNTAUGHT.
    codes: (R, 4), from the region to its box, of regions that hold one.
    """

    rois: Host
    labels: Host
    codes: Host


class RegionHead(Module):
    """Maps of an image and regions of it -> class scores (R, 1 + classes) and codes of boxes (R, 1 + classes, 4).

    Class 0 is ground.

    Args:
        pool: (maps, regions (R, 5)) -> (R, h, w, C), what of the maps lies within each region.
        look: what is made of it, (R, features).
        shown: regions that an image teaches.
        share: how many of them may hold a thing, from 0 to 1.
        overlap: how much of a thing a region must cover to hold it (intersection over union).
        ground: a region that covers less of each thing teaches nothing, unless the image holds none. The paper's is
            0.1, for what covers a little is harder; 0 lets all regions teach.
        beta: of the smooth L1 loss.
    """

    def __init__(
        self,
        pool: Module,
        look: Module,
        features: int,
        classes: int,
        *,
        shown: int,
        share: float = 0.25,
        overlap: float = 0.5,
        ground: float = 0.0,
        beta: float = 1.0,
        rng: np.random.Generator,
    ) -> None:
        self.pool, self.look = pool, look
        self.score, self.box = (Linear(features, (1 + classes) * numbers, rng=rng) for numbers in (1, 4))
        for layer, deviation in ((self.score, 0.01), (self.box, 0.001)):
            layer.weight = Parameter(init.near_zero(rng, layer.weight.shape, deviation))
        self.draws = Draws(int(rng.integers(2**32)))
        self.coder = BoxCoder((10.0, 10.0, 5.0, 5.0))
        self.shown, self.share, self.overlap, self.ground, self.beta = shown, share, overlap, ground, beta

    def forward(  # type: ignore[override]  # regions beside the maps
        self, maps: Sequence[Tensor], rois: Tensor
    ) -> tuple[Tensor, Tensor]:
        return self.told(self.look(self.pool(maps, rois)))

    def told(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """What is told of regions (R, features) that have been looked at."""
        scores = self.score(seen)
        return scores, ops.reshape(self.box(seen), (*scores.shape, 4))

    def found(
        self,
        maps: Sequence[Tensor],
        proposals: Proposals,
        size: tuple[int, int],
        *,
        score: float,
        iou: float,
        places: int,
    ) -> Tensor:
        """(N, P, 6), as a detector answers for images of this size (height, width): each class moves all regions."""
        N, P, _ = proposals.corners.shape
        logits, codes = self(maps, proposals.rois())
        K = logits.shape[-1] - 1
        codes = ops.slice(ops.reshape(codes, (N, P, 1 + K, 4)), (0, 0, 1, 0), (N, P, 1 + K, 4))
        boxes = clipped(self.coder.decode(codes, ops.reshape(proposals.corners, (N, P, 1, 4))), size)
        scores = ops.slice(ops.reshape(ops.softmax(logits), (N, P, 1 + K)), (0, 0, 1), (N, P, 1 + K))
        scores = ops.where(proposals.there, ops.where(has_area(boxes, LEAST_SIDE), scores, 0.0), 0.0)
        return ops.select(boxes, scores, score=score, iou=iou, places=places)

    def losses(self, maps: Sequence[Tensor], proposals: Proposals, targets: BoxBatch) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the classes, and smooth L1 of the codes; both are means over the regions that teach."""
        lesson = self.lesson(proposals, targets)
        return self.learned(*self(maps, Tensor(lesson.rois)), lesson)

    def learned(self, logits: Tensor, codes: Tensor, lesson: Lesson) -> tuple[Tensor, Tensor]:
        """The losses of this lesson."""
        taught, held = lesson.labels != UNTAUGHT, lesson.labels > 0
        score = ops.cross_entropy(logits, lesson.labels, ignore=UNTAUGHT, reduction="sum")
        # Each region learns the code of its own class.
        own = held[:, None] & (lesson.labels[:, None] == np.arange(logits.shape[-1]))
        wanted = np.broadcast_to(lesson.codes[:, None], codes.shape)
        box = ops.smooth_l1_loss(codes, wanted, beta=self.beta, weights=own[..., None], reduction="sum")
        share = 1 / max(1, int(taught.sum()))
        return ops.multiply(score, share), ops.multiply(box, share)

    def lesson(self, proposals: Proposals, targets: BoxBatch) -> Lesson:
        """Regions drawn from what is proposed and from the true boxes: a few that hold a thing, and ground.

        Each image draws `shown` of them, or as many as there are.
        """
        boxes = np.concatenate([proposals.corners.numpy(), targets.corners], axis=1)
        there = np.concatenate([proposals.there.numpy()[..., 0] > 0, targets.learned], axis=1)
        places = self._taught(targets, boxes, there)
        holds, ground = sampled(places, self.shown, self.share, self.draws.next())
        chosen = holds | ground
        # Those that are chosen come first, in their order; where they are too few, others fill up and teach nothing.
        first = np.argsort(~chosen, axis=1, kind="stable")[:, : self.shown]
        corners, classes = matched_boxes(targets, places)
        labels = np.where(holds, 1 + classes, np.where(ground, 0, UNTAUGHT))
        # Where only shapes are walked through, proposals are any numbers.
        with np.errstate(all="ignore"):
            codes = np.where(holds[..., None], self.coder.encode(corners, boxes), np.float32(0))
        boxes, codes, labels = (
            np.take_along_axis(a, first.reshape(*first.shape, *[1] * (a.ndim - 2)), 1) for a in (boxes, codes, labels)
        )
        image = np.where(labels >= 0, np.arange(len(labels))[:, None], -1)
        rois = np.concatenate([image[..., None], boxes], axis=-1).astype(np.float32)
        return Lesson(rois.reshape(-1, 5), labels.reshape(-1), codes.reshape(-1, 4))

    def _taught(self, targets: BoxBatch, boxes: Host, there: Host) -> Host:
        """The box that each region is to find, as `matched` tells; BETWEEN where it teaches nothing."""
        places = matched(targets, boxes, high=self.overlap, low=self.ground or self.overlap)
        if self.ground:
            empty = ~targets.learned.any(axis=1, keepdims=True)
            far = (places == BACKGROUND) & ~empty
            places = np.where(far, BETWEEN, np.where(places == BETWEEN, BACKGROUND, places))
        return np.where(there, places, BETWEEN)


class RegionPool(Module):
    """(maps, regions (R, 5)) -> (R, size, size, C): the greatest pixel of each bin, on the one map that there is."""

    def __init__(self, size: int, stride: int) -> None:
        self.size, self.stride = size, stride

    def forward(  # type: ignore[override]  # regions beside the maps
        self, maps: Sequence[Tensor], rois: Tensor
    ) -> Tensor:
        (only,) = maps
        return ops.roi_pool(only, rois, self.size, scale=1 / self.stride)

    def extra_repr(self) -> str:
        return f"{self.size}, stride={self.stride}"


def dense_look(channels: int, size: int, hidden: int, rng: np.random.Generator, *, dropout: float = 0.0) -> Sequential:
    """(R, size, size, channels) -> (R, hidden): two dense layers, fc6 and fc7, with dropout behind each if asked."""
    layers: dict[str, Module] = {"flatten": Flatten()}
    for number, features in ((6, channels * size * size), (7, hidden)):
        layers[f"fc{number}"] = Linear(features, hidden, activation="relu", rng=rng)
        if dropout:
            layers[f"drop{number}"] = Dropout(dropout, seed=int(rng.integers(2**32)))
    return Sequential(layers)


def has_area(boxes: Tensor, least: float) -> Tensor:
    """Of corners (..., 4) numbers (...) that are not 0 where both sides are longer than `least` pixels."""
    lead, stops = [0] * (boxes.ndim - 1), boxes.shape[:-1]
    sides = ops.subtract(ops.slice(boxes, [*lead, 2], [*stops, 4]), ops.slice(boxes, [*lead, 0], [*stops, 2]))
    longer = ops.relu(ops.subtract(sides, least))
    width, height = (ops.slice(longer, [*lead, k], [*stops, k + 1]) for k in (0, 1))
    return ops.reshape(ops.multiply(width, height), stops)
