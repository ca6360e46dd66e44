"""Whole detectors, from images to boxes, beside torchvision's of the same weights."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from math import log

import numpy as np

from cnnkit import kernels, models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.bench.network_cases.learning import resting
from cnnkit.bench.network_cases.scores import title_of, titled
from cnnkit.bench.twins.torchvision_boxes import NAMES, refuse_other_boxes, torchvision_predict
from cnnkit.graph import Planned
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import Detector
from cnnkit.models.detection.faster_rcnn import FasterRCNN
from cnnkit.models.detection.ssd.network import SSD
from cnnkit.nn import Conv2d, Linear, Module, Parameter

# (network, images, side of an image)
PREDICT = tuple((name, 1, models.spec(name).input[0]) for name in NAMES)
PREDICTS = "boxes, predict"
# How far class logits lie apart, and codes of boxes, and of how many scores one is above the detector's bound: about as
# where a network is trained. Untrained, all scores are alike, and either none is suppressed or nearly all are; and of
# many boxes the overlap is the same, so that rounding would decide.
LOGITS, CODES, SHARE = 2.0, 1.0, 1 / 250


def predict_cases(*, quick: bool) -> Iterator[Callable[[], Case]]:
    return titled(predict_case, PREDICTS, () if quick else PREDICT)


def predict_case(name: str, N: int, side: int) -> Case:
    """The boxes on N images, by the network made ready for use as `predict` does it."""
    rng, spec = np.random.default_rng(0), models.spec(name)
    network = resting(name, side, rng).eval()
    assert isinstance(network, Detector)
    x = rng.standard_normal((N, side, side, spec.input[2]), dtype=np.float32)
    _as_trained(network, x)
    ready, images = Planned(network), Tensor(x)

    def predict() -> Host:
        with no_grad():
            found: Host = ready(images).numpy()
        return found

    def check() -> None:
        """Made ready or not, the same boxes are found."""
        with no_grad():
            wanted = network(images).numpy()
        for _ in range(3):  # the third is made without Python
            refuse_other_boxes("The network made ready for use", predict(), wanted)

    flop = 2.0 * network.multiply_adds(x.shape)
    there = importlib.util.find_spec("torchvision")
    rivals = {"torch": partial(torchvision_predict, name, network, x, predict())} if there else {}
    return Case(title_of(name, PREDICTS, N, side), predict, check, flop, 4.0, rivals)


def _as_trained(network: Detector, x: Host) -> None:
    """Scores and boxes that differ as those of a trained network, for images like x."""
    with no_grad():
        match network:
            case SSD():
                heads = zip(network.box_heads.children(), network.class_heads.children(), strict=True)
                for (box, label), y in zip(heads, network.body(Tensor(x)), strict=True):
                    _spread(box, box(y).numpy(), CODES)
                    _show_few(label, label(y).numpy(), network.scores, network.score)
            case FasterRCNN():
                maps, head = network.body(Tensor(x)), network.head
                proposals = network.rpn.proposed(maps, *network.rpn(maps), (x.shape[1], x.shape[2]))
                logits, codes = (told.numpy() for told in head(maps, proposals.rois()))
                _spread(head.box, codes.reshape(len(codes), -1), CODES)
                _show_few(head.score, logits, logits.shape[-1], network.score)


def _show_few(head: Module, logits: Host, scores: int, bound: float) -> None:
    """Of each box that `head` tells `scores` logits of, the first is the ground's, and nearly always the highest."""
    bias, spread = _spread(head, logits, LOGITS)
    numbers = bias.numpy()
    # As nearly all is ground, a score is above the bound where its logit is so far below the ground's.
    numbers.reshape(-1, scores)[:, 0] += np.float32(np.quantile(spread, 1 - SHARE) - log(bound))
    _write(bias, numbers)


def _spread(head: Module, numbers: Host, deviation: float) -> tuple[Parameter, Host]:
    """Shift and scale the last layer of what tells these numbers, to a mean of 0; its bias, and the numbers then.

    Each channel has that mean, or all together where a map is of one pixel.
    """
    layer = [module for module in head.modules() if isinstance(module, Conv2d | Linear)][-1]
    assert isinstance(layer, Conv2d | Linear) and layer.bias is not None
    rows = numbers.reshape(-1, numbers.shape[-1])
    middle = rows.mean(axis=0 if len(rows) > 1 else None)
    factor = np.float32(deviation / (rows - middle).std())
    _write(layer.weight, factor * layer.weight.numpy())
    _write(layer.bias, factor * (layer.bias.numpy() - middle))
    return layer.bias, factor * (rows - middle)


def _write(parameter: Parameter, numbers: Host) -> None:
    kernels.of(parameter.data).copy_into(parameter.data, numbers)
