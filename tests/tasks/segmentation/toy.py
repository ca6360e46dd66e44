"""Squares and discs in memory, and a small network without strides: what the tests of the task learn from."""

import hashlib

import numpy as np

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sample import Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import VOID, Mask
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.models.registry import register
from cnnkit.nn import Conv2d, Sequential

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


@register("toy_fcn", input=(SIDE, SIDE, 1), paper="-", summary="for tests", classes=3, kind="segmentation")
def toy_fcn(*, classes, in_channels, image_size, rng):
    return Sequential(
        {
            "conv1": Conv2d(in_channels, 8, 3, padding=1, activation="relu", rng=rng),
            "conv2": Conv2d(8, 8, 3, padding=1, activation="relu", rng=rng),
            "score": Conv2d(8, classes, 1, rng=rng),
        }
    )
