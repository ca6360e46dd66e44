"""The summary of a network."""

import numpy as np
import pytest

from cnnkit import models, nn
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.models import LayerRow


def test_convnet_has_the_parameters_everyone_knows():
    assert models.summary("convnet").parameters == 1_199_882


def test_lenet_has_the_parameters_of_its_descendants():
    assert models.summary("lenet5").parameters == 61_706


def test_rows_tell_result_parameters_and_work():
    rows = models.summary("convnet").layers
    assert rows[1] == LayerRow("conv2", "Conv2d", (24, 24, 64), 18_496, 24 * 24 * 64 * 9 * 32)
    assert rows[-1] == LayerRow("dense2", "Linear", (10,), 1_290, 1_280)
    assert [row.name for row in rows] == ["conv1", "conv2", "pool", "flatten", "dense1", "dense2"]


@pytest.mark.parametrize("name", models.names())
def test_totals_are_the_sums_of_the_rows(name):
    told = models.summary(name)
    assert told.parameters == sum(row.parameters for row in told.layers)
    assert told.multiply_adds == sum(row.multiply_adds for row in told.layers) > 0
    assert told.input == models.spec(name).input


def test_other_images_make_another_summary():
    told = models.summary("lenet5", classes=3, in_channels=3, image_size=(20, 24))
    assert told.input == (20, 24, 3) and told.layers[-1].output == (3,)


def test_activation_floats_are_the_results_that_lie_in_memory():
    # image, conv1, conv2, pool, dense1, dense2; flatten is a view
    expected = 784 + 26 * 26 * 32 + 24 * 24 * 64 + 12 * 12 * 64 + 128 + 10
    assert models.summary("convnet").activation_floats == expected


class Residual(nn.Module):
    """A module that is no Sequential: its layers are found by trying."""

    def __init__(self) -> None:
        self.inner = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) + x


def test_a_module_of_ones_own():
    model = nn.Sequential({"block": Residual(), "pool": nn.GlobalAvgPool2d()})
    for parameter in model.parameters():
        parameter.data = parameter.data.astype(np.float64)
    told = models.summary(model, image_size=(4, 5))
    assert [row.name for row in told.layers] == ["block.inner.0", "block.inner.1", "pool"]
    assert told.multiply_adds == 4 * 5 * 9
    assert (told.name, told.parameters, told.input) == ("Sequential", 10, (4, 5, 1))


@pytest.mark.parametrize("shape", [(4, 5, 3), (1, 4, 5, 3), (8, 4, 5, 3), [4, 5, 3], np.array([4, 5, 3])])
def test_the_shape_of_the_input_is_told_with_or_without_a_batch(shape):
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 7))
    told = models.summary(model, shape)
    assert told.input == (4, 5, 3) and [row.output for row in told.layers] == [(2, 3, 2), (2, 3, 2), (12,), (7,)]
    assert told.parameters == 3 * 9 * 2 + 2 + 12 * 7 + 7 and told.multiply_adds == 12 * 27 + 84
    assert models.summary("lenet5", (20, 24, 3)) == models.summary("lenet5", image_size=(20, 24), in_channels=3)


@pytest.mark.parametrize("shape", [(4, 5), (0, 4, 5, 3), (4, 5, -3), (1, 1, 4, 5, 3), (4.0, 5, 3), 5, ()])
def test_a_shape_that_is_no_image_is_refused(shape):
    with pytest.raises(UsageError, match=r"expects shape \(H, W, C\) or \(N, H, W, C\)"):
        models.summary(nn.ReLU(), shape)


def test_a_size_told_twice_is_refused():
    with pytest.raises(UsageError, match="either shape or image_size"):
        models.summary(nn.ReLU(), (4, 5, 3), image_size=(4, 5))


def test_a_flatten_of_ones_own_is_counted_as_it_computes():
    class Flatten(nn.Flatten):
        def forward(self, x):
            return super().forward(x) * 2.0

    shape = (4, 5, 1)
    assert models.summary(Flatten(), shape).activation_floats == 40
    assert models.summary(nn.Flatten(), shape).activation_floats == 20


def test_padding_is_for_a_model_by_name():
    rows = {row.name: row.output for row in models.summary("googlenet", (224, 224, 3), padding="same").layers}
    assert rows["maxpool1"] == (56, 56, 64)
    with pytest.raises(UsageError, match="a network of one's own pads as its layers say"):
        models.summary(nn.ReLU(), (4, 5, 3), padding="same")


class Twice(nn.Module):
    """One layer for two sizes of map, and one for each of five regions."""

    def __init__(self) -> None:
        self.shared, self.pool, self.last = nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        self.shared(self.shared(self.pool(x)))
        return self.last(Tensor(np.zeros((5, 4), np.float32)))


def test_a_layer_that_is_called_again_has_its_parameters_once():
    told = models.summary(Twice(), image_size=(4, 6))
    assert [row.parameters for row in told.layers] == [0, 10, 0, 15]
    assert [row.multiply_adds for row in told.layers] == [0, 54, 54, 60]
    assert told.parameters == 25 and told.multiply_adds == 168


def test_regions_of_an_image_have_a_result_each():
    last = models.summary(Twice(), image_size=(4, 6)).layers[-1]
    assert last.output == (5, 3) and last.floats == 15
