import numpy as np
import pytest

from cnnkit import models
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError


def test_a_width_multiplies_every_channel():
    whole, half = models.summary("resnet9"), models.summary("resnet9_x0_5")
    convolutions = [[row.output[-1] for row in shown.layers if row.kind == "Conv2d"] for shown in (whole, half)]
    assert convolutions[0] == [2 * channels for channels in convolutions[1]]
    assert models.summary("resnet9_x1_0").parameters == whole.parameters


def test_a_width_of_nothing_is_refused():
    with pytest.raises(UsageError, match="Name a width above 0, such as resnet9_x0_25"):
        models.create("resnet9_x0_0")


def test_any_size_from_8x8_on_gives_one_row_of_scores_an_image():
    for size in [(8, 8), (17, 40)]:
        network = models.create("resnet9_x0_125", classes=5, in_channels=1, image_size=size)
        assert network(Tensor(np.zeros((2, *size, 1), np.float32))).shape == (2, 5)
    with pytest.raises(UsageError, match="needs 8x8"):
        models.create("resnet9", image_size=(7, 8))
