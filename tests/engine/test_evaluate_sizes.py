"""Images in arrays are judged as they are: a network that scales pictures takes those of its own size alone."""

import numpy as np
import pytest

import cnnkit
from cnnkit import nn
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import DataError


def dots(fit: str) -> Predictor:
    """A network for masks that reads 256x256 pixels, one by one."""
    preprocessing = Preprocessing(256, 256, 3, (0.5,) * 3, (0.5,) * 3, fit)
    module = nn.Conv2d(3, 2, 1, rng=np.random.default_rng(0))
    return Predictor(module, preprocessing, ["0", "1"], "dots", record={"task": "segmentation"})


@pytest.fixture(params=[".npz", "arrays"])
def data(request, tmp_path):
    """Of more than 512 pixels: a training would see windows of 256x256 of them."""
    images, masks = np.zeros((3, 520, 530, 3), np.uint8), np.zeros((3, 520, 530), np.uint8)
    masks[:, :100] = 1
    np.savez(tmp_path / "large.npz", images=images, masks=masks)
    return tmp_path / "large.npz" if request.param == ".npz" else (images, masks)


def test_a_network_that_scales_pictures_does_not_judge_larger_images(data):
    with pytest.raises(DataError, match=r"reads images of \(256, 256, 3\) .* has \(520, 530, 3\)"):
        cnnkit.evaluate(dots("letterbox"), data)


def test_one_that_keeps_sizes_judges_them_whole(data):
    assert cnnkit.evaluate(dots("keep"), data).void == 0
