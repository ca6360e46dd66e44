"""Networks of random weights, with pictures for them."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.use.predictor import Predictor
from cnnkit.nn import BatchNorm2d

CLASSES = ["one", "two", "three"]


def predictor_of(module, shape, task="classification", classes=CLASSES):
    """A predictor of any module that reads (H, W, C), whose batch norms have seen something."""
    rng = np.random.default_rng(1)
    for part in module.modules():
        if isinstance(part, BatchNorm2d):
            part.running_mean[...] = rng.normal(0, 0.2, part.running_mean.shape)
            part.running_var[...] = rng.uniform(0.5, 2, part.running_var.shape)
            part.weight.data[...] = rng.uniform(0.5, 1.5, part.weight.shape)
            part.bias.data[...] = rng.normal(0, 0.3, part.bias.shape)
    C = shape[2]
    return Predictor(
        module,
        Preprocessing(*shape, (0.4,) * C, (0.3,) * C, "stretch"),
        list(classes),
        type(module).__name__,
        record={"task": task},
    )


@pytest.fixture(scope="session")
def named():
    """(a predictor of a network of the registry, a picture for it) by its name."""

    def make(name, side):
        spec = models.spec(name)
        shape = (side, side, spec.input[2])
        module = models.create(name, classes=len(CLASSES), in_channels=shape[2], image_size=shape[:2])
        rng = np.random.default_rng(2)
        return predictor_of(module, shape, spec.kind), rng.integers(0, 256, shape, dtype=np.uint8)

    return make
