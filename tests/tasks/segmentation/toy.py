"""Squares and discs in memory, and a small network without strides: what the tests of the task learn from."""

import hashlib

import numpy as np

from cnnkit import ops
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sample import Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import VOID, Mask
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.models.registry import ModelSpec, family
from cnnkit.models.trunk import trunk
from cnnkit.nn import Conv2d, Module, Sequential

SIDE = 24


class Squares(Dataset):
    """Grey pictures with a bright square and a dark one; a row of pixels in each is VOID."""

    name, classes, mirror = "squares", ["ground", "bright", "dark"], False
    task, labelled = "segmentation", False
    colours = ((0, 0, 0), (255, 255, 0), (0, 0, 255))

    def __init__(self, n, seed, sizes=((SIDE, SIDE),), fit="keep"):
        self.preprocessing = Preprocessing(SIDE, SIDE, 1, (0.5,), (0.25,), fit)
        self._sizes = [sizes[i % len(sizes)] for i in range(n)]
        self._seed = seed

    def __len__(self):
        return len(self._sizes)

    def __getitem__(self, index):
        rng = np.random.default_rng([self._seed, index])
        H, W = self._sizes[index]
        image = rng.integers(110, 140, (H, W, 1)).astype(np.uint8)
        labels = np.zeros((H, W), np.uint8)
        for label, value in ((1, 220), (2, 30)):
            top, left = rng.integers(0, H - 8), rng.integers(0, W - 8)
            image[top : top + 8, left : left + 8], labels[top : top + 8, left : left + 8] = value, label
        labels[H // 2] = VOID
        return Sample(image, Mask(labels))

    def fingerprint(self):
        return hashlib.sha256(repr((self._seed, self._sizes)).encode()).hexdigest()


def squares(sizes=((SIDE, SIDE),), judged=None):
    return DataSplits(Squares(24, 0, sizes), Squares(6, 1, judged or sizes), Squares(6, 2, judged or sizes), "squares")


def toy_fcn(*, classes, in_channels, image_size, rng):
    return Sequential(
        {
            "conv1": Conv2d(in_channels, 8, 3, padding=1, activation="relu", rng=rng),
            "conv2": Conv2d(8, 8, 3, padding=1, activation="relu", rng=rng),
            "score": Conv2d(8, classes, 1, rng=rng),
        }
    )


class OnLenet(Module):
    """Scores on the first map of a classifier, resized to the image."""

    def __init__(self, classes, in_channels, rng):
        self.backbone = trunk("lenet5", ("pool1",), in_channels=in_channels, rng=rng)
        self.conv = Conv2d(6, 8, 3, padding=1, activation="relu", rng=rng)
        self.score = Conv2d(8, classes, 1, rng=rng)

    def forward(self, x):
        return ops.resize(self.score(self.conv(self.backbone(x)["pool1"])), x.shape[1:3])


def toy_on_lenet(*, classes, in_channels, image_size, rng):
    return OnLenet(classes, in_channels, rng)


@family("toy_fcn|toy_on_lenet")
def toys(name, match):
    """Of a family, so that no list of networks has them, whatever tests are run together."""
    return ModelSpec(name, (SIDE, SIDE, 1), "-", "for tests", globals()[name], classes=3, kind="segmentation")
