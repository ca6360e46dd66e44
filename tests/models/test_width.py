"""Widths in the names of networks."""

import pytest

from cnnkit import models
from cnnkit.errors import UsageError
from cnnkit.models.width import multiple_of_8, width_in

# What torchvision counts with width_mult.
PUBLISHED = {
    "mobilenet_v2_x0_5": 1_968_680,
    "mobilenet_v2_x1_4": 6_108_776,
    "mobilenet_v3_large_x0_75": 3_377_576,
    "mobilenet_v3_small_x0_5": 917_264,
}


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED.items())
def test_a_width_gives_the_published_number_of_parameters(name, parameters):
    assert models.summary(name).parameters == parameters
    assert name not in models.names() and "times the channels." in models.spec(name).summary


@pytest.mark.parametrize("name", ["resnet50", "vgg16", "vgg11_bn"])
def test_a_width_gives_so_many_times_the_channels(name):
    whole, quarter = (models.summary(name, classes=10) for name in (name, f"{name}_x0_25"))
    convolutions = [[row.output[-1] for row in told.layers if row.kind == "Conv2d"] for told in (whole, quarter)]
    assert convolutions[0] == [4 * channels for channels in convolutions[1]]
    assert models.summary("resnet18_x1_0").parameters == models.summary("resnet18").parameters


def test_a_name_without_a_width_has_width_1():
    assert width_in("resnet50") == 1 and width_in("resnet50_x0_25") == 0.25 and width_in("resnet50_x1_5") == 1.5


@pytest.mark.parametrize("name", ["resnet18_x0_0", "mobilenet_v2_x0_00"])
def test_a_width_of_nothing_is_refused(name):
    with pytest.raises(UsageError, match=rf"{name} has no channels. Name a width above 0, such as {name[:8]}.*_x0_25"):
        models.create(name, image_size=(32, 32))


@pytest.mark.parametrize(("channels", "rounded"), [(1, 8), (12, 16), (18, 24), (60, 64), (100, 104), (33.6, 32)])
def test_channels_are_multiples_of_8_and_lose_no_more_than_a_tenth(channels, rounded):
    assert multiple_of_8(channels) == rounded
