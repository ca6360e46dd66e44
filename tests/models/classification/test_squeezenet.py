"""SqueezeNet: where its pools stand, and what it ends in."""

import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import no_grad


@pytest.mark.parametrize(
    ("name", "pooled"), [("squeezenet1_0", ["pool1", "pool4", "pool8"]), ("squeezenet1_1", ["pool1", "pool3", "pool5"])]
)
def test_pools_bear_the_number_of_the_layer_before(name, pooled):
    found = [row.name for row in models.summary(name).layers]
    assert [layer for layer in found if layer.startswith("pool")] == pooled


def test_windows_that_are_not_full_count():
    found = {row.name: row.output for row in models.summary("squeezenet1_0", image_size=(95, 67)).layers}
    # conv1 leaves 45x31, both odd; pool1 22x15, and of the even 22 the next pool keeps 11
    assert found["conv1"] == (45, 31, 96) and found["pool1"] == (22, 15, 96) and found["pool4"] == (11, 7, 256)


def test_small_images_keep_their_size_until_the_second_pool():
    found = {row.name: row.output for row in models.summary("squeezenet1_1", image_size=(32, 32)).layers}
    assert found["conv1"] == (32, 32, 64) and found["pool3"] == (16, 16, 128) and "pool1" not in found


def test_no_logit_is_negative():
    model = models.create("squeezenet1_1", classes=20, image_size=(8, 8)).eval()
    with no_grad():
        assert (model(np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype(np.float32)).data >= 0).all()
