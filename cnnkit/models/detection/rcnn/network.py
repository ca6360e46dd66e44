"""R-CNN, Girshick, Donahue, Darrell & Malik 2014, Rich feature hierarchies for accurate object detection and semantic
segmentation (arXiv:1311.2524).

Where things may be is found by a search that learns nothing (`proposals/`). Each of these regions is warped to an image
of its own, and a classifier looks at it.
Shapes of `rcnn`, on AlexNet, with 1000 regions of an image of any size:
    crops 1000x224x224x3 -> AlexNet up to fc7 1000x4096 -> a machine and a regression for each class
Shapes of `rcnn_nano`, on resnet9_x0_25, to train on a laptop:
    crops 1000x32x32x3 -> ResNet-9 up to its last pool 1000x128 -> the same
Any classifier may be the trunk: rcnn_resnet18, rcnn_mobilenet_v2, ...; crops have the size that it was published for.

It learns in phases. The steps of a training tune the classifier, with one more class for ground; until they are over
its own scores answer. Then machines and regressions are solved on what its last layer is given (`settle`).

Differs from the paper: a batch has as many pictures as the training says, each of which shows 32 regions; optimiser and
    rate are the training's; the classifier begins anew unless weights are given; features of box regression are those
    of the machines, brought to the same length, not those of the fifth pool.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import final

import numpy as np

from cnnkit import kernels, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import BoxBatch, Detector, Kept, Piece
from cnnkit.models.detection.parts import BETWEEN, matched, matched_boxes, sampled
from cnnkit.models.detection.rcnn.crops import crops
from cnnkit.models.detection.rcnn.roles import SHOWS, UNTAUGHT
from cnnkit.models.detection.rcnn.settled import SettledHeads
from cnnkit.models.detection.rcnn.settling import settle
from cnnkit.models.detection.two_stage import Draws
from cnnkit.models.registry import ModelSpec, create, family, register, spec
from cnnkit.nn import Module
from cnnkit.nn.parts.freeze import cut
from cnnkit.nn.parts.tail import reaching

PAPER = "Girshick et al. 2014, arXiv:1311.2524"
# Pixels of context at each side of a crop of 227.
CONTEXT = 16 / 227
# Crops that are looked at at once, as many as a picture shows in training.
PIECE = 32


@final
class RCNN(Detector):
    """(N, H, W, C), proposals (N, R, 4) -> (N, P, 6).

    classifier: crops (n, side, side, C) -> a score for each class and, as the last, for ground.
    shown, share: regions that an image teaches, and how many of them may show a thing.
    """

    score, iou = 0.01, 0.3
    proposed = 1000
    shown, share = 32, 0.25

    def __init__(self, classifier: Module, shape: tuple[int, int, int], classes: int, rng: np.random.Generator) -> None:
        self.classifier, self.classes, self.side = classifier, classes, shape[0]
        at = cut(classifier, (1, *shape))
        # By its name: a copy made ready for use has layers of its own.
        self._start = next(name for name, part in classifier.named_modules() if part is at.start)
        self.heads = SettledHeads(classes, int(np.prod(at.shape)))
        self.draws = Draws(int(rng.integers(2**32)))

    def forward(self, x: Tensor, proposals: Host | None = None) -> Tensor:
        """Without proposals the image as a whole is the only one."""
        N, H, W, _ = x.shape
        if proposals is None:
            proposals = np.zeros((N, self.proposed, 4), np.float32)
            proposals[:, 0, 2:] = W, H
        found = [self._found(image, own, (H, W)) for image, own in zip(x.numpy(), proposals, strict=True)]
        return Tensor(np.stack(found))

    def _found(self, image: Host, proposals: Host, size: tuple[int, int]) -> Host:
        features, logits = self.looked_at(image, proposals)
        there = is_there(proposals)
        if self.heads.settled:
            scores, boxes = self.heads.heads().scored(features, proposals, size)
        else:
            scores = ops.softmax(Tensor(logits)).numpy()[:, :-1]
            boxes = np.repeat(proposals[:, None], self.classes, axis=1)
        scores = np.where(there[:, None], scores, np.float32(0))
        boxes, scores = boxes[None], scores[None]
        found: Host = kernels.of(boxes).select(boxes, scores, score=self.score, iou=self.iou, places=self.places)[0]
        return found

    def looked_at(self, image: Host, boxes: Host) -> tuple[Host, Host]:
        """(features (n, d), logits (n, classes + 1)) of the crops around boxes (n, 4), without a tape.

        Boxes are looked at in pieces of one size; where a whole piece is empty places, it has zeros.
        """
        start = dict(self.classifier.named_modules())[self._start]
        features = np.zeros((len(boxes), self.heads.features), np.float32)
        logits = np.zeros((len(boxes), self.classes + 1), np.float32)
        for first in range(0, len(boxes), PIECE):
            piece = slice(first, first + PIECE)
            if not is_there(boxes[piece]).any():
                continue
            with no_grad(), reaching(start) as given:
                logits[piece] = self.classifier(Tensor(self.crops(image, boxes[piece]))).numpy()
            features[piece] = given[0].numpy().reshape(-1, self.heads.features)
        return features, logits

    def crops(self, image: Host, boxes: Host) -> Host:
        """(n, side, side, C) of boxes (n, 4); of an empty place one that shows the mean colour."""
        images = np.zeros((len(boxes), self.side, self.side, image.shape[2]), np.float32)
        there = is_there(boxes)
        images[there] = crops(image, boxes[there], self.side, context=round(CONTEXT * self.side))
        return images

    def losses(self, x: Tensor, targets: BoxBatch) -> dict[str, Tensor]:
        """Cross-entropy of the crops of regions that are drawn from each picture's: section 2.3, fine-tuning."""
        proposals = np.zeros((len(targets), 0, 4), np.float32) if targets.proposals is None else targets.proposals
        boxes = np.concatenate([proposals, targets.corners], axis=1)
        there = np.concatenate([is_there(proposals), targets.learned], axis=1)
        places = np.where(there, matched(targets, boxes, high=SHOWS), BETWEEN)
        things, ground = sampled(places, self.shown, self.share, self.draws.next())
        _, classes = matched_boxes(targets, places)
        labels = np.where(things, classes, np.where(ground, self.classes, UNTAUGHT))
        # Those that are drawn come first, in their order; where they are too few, others teach nothing.
        first = np.argsort(labels == UNTAUGHT, axis=1, kind="stable")[:, : self.shown]
        labels = np.take_along_axis(labels, first, axis=1)
        boxes = np.where((labels != UNTAUGHT)[..., None], np.take_along_axis(boxes, first[..., None], axis=1), 0)
        images = np.concatenate([self.crops(image, own) for image, own in zip(x.numpy(), boxes, strict=True)])
        loss = ops.cross_entropy(self.classifier(Tensor(images)), labels.reshape(-1), ignore=UNTAUGHT)
        return {"loss_class": loss}

    def settle(self, pictures: Sequence[tuple[Host, BoxBatch]], kept: Kept) -> Iterator[Piece]:
        """Machines and regressions, on the features of true boxes and proposals."""
        if not self.heads.settled:
            yield from settle(self.looked_at, self.heads, pictures, kept)


def is_there(boxes: Host) -> Host:
    """(...) of boxes (..., 4): which of them are no empty places."""
    there: Host = np.asarray((boxes[..., 2:] > boxes[..., :2]).all(axis=-1))
    return there


def _rcnn(
    classifier: str, *, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator
) -> Module:
    side = spec(classifier).input[0]
    size = side, side
    module = create(classifier, classes=classes + 1, in_channels=in_channels, image_size=size, rng=rng)
    return RCNN(module, (*size, in_channels), classes, rng)


@register(
    "rcnn",
    input=(480, 640, 3),
    paper=PAPER,
    summary="Regions of a selective search, warped, looked at by AlexNet and told by SVMs.",
    classes=20,
    kind="detection",
)
def rcnn(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    return _rcnn("alexnet", classes=classes, in_channels=in_channels, image_size=image_size, rng=rng)


@register(
    "rcnn_nano",
    input=(320, 320, 3),
    paper=f"after {PAPER}",
    summary="R-CNN on ResNet-9 with a quarter of its channels, to train on a laptop.",
    classes=20,
    kind="detection",
)
def rcnn_nano(*, classes: int, in_channels: int, image_size: tuple[int, int], rng: np.random.Generator) -> Module:
    return _rcnn("resnet9_x0_25", classes=classes, in_channels=in_channels, image_size=image_size, rng=rng)


@family(r"rcnn_(?P<trunk>\w+)")
def any_trunk(name: str, match: re.Match[str]) -> ModelSpec:
    """rcnn_resnet18 stands on resnet18."""
    classifier = spec(match["trunk"], "classification").name
    summary = f"Regions of a selective search, warped, looked at by {classifier}, told by SVMs."
    how = partial(_rcnn, classifier)
    return ModelSpec(name, (480, 640, 3), PAPER, summary, how, classes=20, kind="detection")
