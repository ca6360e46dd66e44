"""Bright and dark blocks in memory, and a small network that finds them: what the tests of the task learn from."""

import hashlib

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sample import Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import Boxes
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.models.detection.detector import EMPTY, Detector
from cnnkit.models.registry import ModelSpec, family
from cnnkit.nn import Conv2d

SIDE, CELL = 32, 4


class Blocks(Dataset):
    """Grey pictures with a bright block and a dark one; every fifth has a crowd of bright points too, or nothing."""

    name, classes, mirror = "blocks", ["bright", "dark"], False
    task, labelled, as_decoded = "detection", False, True

    def __init__(self, n, seed, size=(SIDE, SIDE)):
        self.preprocessing = Preprocessing(SIDE, SIDE, 1, (0.5,), (0.25,), "letterbox")
        self._n, self._seed, self._size = n, seed, size

    def __len__(self):
        return self._n

    def __getitem__(self, index):
        rng = np.random.default_rng([self._seed, index])
        H, W = self._size
        image = rng.integers(118, 132, (H, W, 1)).astype(np.uint8)
        corners, unit = [], min(H, W) // 8
        # In the left half and in the right, so that none covers another.
        for label, value in enumerate((230, 20) if index % 5 != 3 else ()):
            h, w = rng.integers(2, 4, 2) * unit
            top, left = rng.integers(0, H - h), label * (W // 2) + rng.integers(0, W // 2 - w)
            image[top : top + h, left : left + w] = value
            corners.append([left, top, left + w, top + h])
        corners = np.array(corners, np.float32).reshape(-1, 4)
        return Sample(image, Boxes(corners, np.arange(len(corners))))

    def fingerprint(self):
        return hashlib.sha256(repr((self._n, self._seed, self._size)).encode()).hexdigest()


def blocks(size=(SIDE, SIDE)):
    return DataSplits(Blocks(40, 0), Blocks(6, 1), Blocks(6, 2, size), "blocks")


class ToyDetector(Detector):
    """A box in each cell of 4x4 pixels: its class, one more for nothing, and where its box lies around its middle."""

    places = 20

    def __init__(self, classes, in_channels, rng):
        self.conv1 = Conv2d(in_channels, 8, 3, stride=2, padding=1, activation="relu", rng=rng)
        self.conv2 = Conv2d(8, 16, 3, stride=2, padding=1, activation="relu", rng=rng)
        self.conv3 = Conv2d(16, 24, 5, padding=2, activation="relu", rng=rng)
        self.label = Conv2d(24, classes + 1, 1, rng=rng)
        self.box = Conv2d(24, 4, 1, rng=rng)

    def heads(self, x):
        y = self.conv3(self.conv2(self.conv1(x)))
        return self.label(y), self.box(y)

    def losses(self, x, targets):
        logits, box = self.heads(x)
        N, h, w, K = logits.shape
        labels, wanted = np.full((N, h, w), K - 1, np.uint8), np.zeros(box.shape, np.float32)
        for n, m in np.argwhere(targets.learned):
            corners = targets.corners[n, m]
            cx, cy = np.minimum((corners[:2] + corners[2:]) / 2 // CELL, (w - 1, h - 1)).astype(int)
            labels[n, cy, cx] = targets.labels[n, m]
            wanted[n, cy, cx] = (corners - np.tile([(cx + 0.5) * CELL, (cy + 0.5) * CELL], 2)) / CELL
        there = (labels < K - 1)[..., None].astype(np.float32)
        off = (box - Tensor(wanted)) * Tensor(there)
        weights = np.array([1.0] * (K - 1) + [0.1], np.float32)
        return {
            "loss_class": ops.cross_entropy(logits, labels, class_weights=weights),
            "loss_box": ops.sum(off * off) * (0.1 / max(1.0, float(there.sum()))),
        }

    def forward(self, x):
        logits, box = self.heads(x)
        scores, box = ops.softmax(logits).numpy(), box.numpy()
        N, h, w, K = scores.shape
        middle = (np.stack(np.meshgrid(np.arange(w), np.arange(h)), axis=2) + 0.5) * CELL
        corners = box * CELL + np.tile(middle, 2)
        found = np.zeros((N, self.places, 6), np.float32)
        found[..., 5] = EMPTY
        scores = scores.reshape(N, -1, K)[..., :-1]
        score, label = scores.max(axis=2), scores.argmax(axis=2)
        for n in range(N):
            best = np.argsort(-score[n], kind="stable")[: self.places]
            best = best[score[n, best] >= self.score]
            found[n, : len(best), :4] = corners[n].reshape(-1, 4)[best]
            found[n, : len(best), 4], found[n, : len(best), 5] = score[n, best], label[n, best]
        return Tensor(found)


def toy_detector(*, classes, in_channels, image_size, rng):
    return ToyDetector(classes, in_channels, rng)


@family("toy_detector")
def toys(name, match):
    """Of a family, so that no list of networks has it, whatever tests are run together."""
    return ModelSpec(name, (SIDE, SIDE, 1), "-", "for tests", toy_detector, classes=2, kind="detection")
