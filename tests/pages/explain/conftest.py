"""`explained`: what a small network of many kinds of stations does with a picture; its names need escaping."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.use.predictor import Predictor
from cnnkit.nn import AvgPool2d, BatchNorm2d, Conv2d, ConvTranspose2d, Flatten, Linear, MaxPool2d, Module

SIDE = 14
CLASSES = ["<script>document.title = 'broken'</script>", "a & b", '"quoted"', "고양이"]


class Many(Module):
    """Stride, padding, dilation and groups; a norm, a way around, maps side by side, pools, maps that grow."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.strided = Conv2d(3, 6, 3, stride=2, padding=1, activation="relu", rng=rng)
        self.dilated = Conv2d(6, 6, 3, padding=2, dilation=2, bias=False, rng=rng)
        self.norm = BatchNorm2d(6)
        self.grouped = Conv2d(6, 6, 3, padding=1, groups=2, rng=rng)
        self.depthwise = Conv2d(6, 6, 3, padding=1, groups=6, activation="leaky_relu", rng=rng)
        self.pointwise = Conv2d(12, 20, 1, rng=rng)
        self.pool = MaxPool2d(3, 2, padding=1)
        self.grow = ConvTranspose2d(20, 5, 3, stride=2, padding=1, rng=rng)
        self.mean = AvgPool2d(3, 2, padding=1)
        self.flatten = Flatten()
        self.dense = Linear(5 * 4 * 4, len(CLASSES), rng=rng)

    def forward(self, x):
        x = self.strided(x)
        way = self.norm(self.dilated(x))
        x = ops.relu(ops.add(self.grouped(way), x))
        x = self.pool(self.pointwise(ops.concat([self.depthwise(x), x], axis=3)))
        return self.dense(self.flatten(self.mean(self.grow(x))))


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    rng = np.random.default_rng(3)
    module = Many(rng)
    module.norm.running_mean[...] = rng.normal(0, 0.2, 6)
    module.norm.running_var[...] = rng.uniform(0.5, 2, 6)
    preprocessing = Preprocessing(SIDE, SIDE, 3, (0.4,) * 3, (0.3,) * 3, "stretch")
    return Predictor(module, preprocessing, CLASSES, "<b>many</b>", source="runs/<i>mine</i>")


@pytest.fixture(scope="session")
def explained(predictor: Predictor) -> Explanation:
    return predictor.explain(np.random.default_rng(4).integers(0, 256, (SIDE, SIDE, 3), np.uint8))
