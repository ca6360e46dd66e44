"""VGG at sizes of its own and of others."""

from importlib import import_module

import pytest

from cnnkit import models
from cnnkit.errors import UsageError
from cnnkit.models.weights.families import VGG_DEPTHS


def layers(name: str, **options: object) -> dict[str, tuple[int, ...]]:
    """Results by the names of layers."""
    return {row.name: row.output for row in models.summary(name, **options).layers}


def test_layers_have_the_names_and_shapes_of_the_table():
    found = layers("vgg16")
    assert found["conv1_2"] == (224, 224, 64) and found["pool3"] == (28, 28, 256) and found["pool5"] == (7, 7, 512)
    assert [name for name in found if name.startswith("conv4")] == ["conv4_1", "conv4_2", "conv4_3"]
    assert found["fc6"] == found["fc7"] == (4096,) and found["fc8"] == (1000,)


def test_batch_norm_stands_behind_every_convolution():
    found = list(layers("vgg11_bn"))
    assert found[:3] == ["conv1_1", "norm1_1", "pool1"] and found.count("norm5_2") == 1


def test_other_images_are_averaged_to_the_bins_of_fc6():
    assert layers("vgg11", image_size=(64, 96))["avgpool"] == (7, 7, 512)


def test_small_images_get_one_dense_layer():
    found = layers("vgg13", classes=10, in_channels=1, image_size=(32, 32))
    assert found["pool5"] == (1, 1, 512) and found["mean"] == (512,) and found["fc"] == (10,) and "fc6" not in found


def test_an_image_that_the_pools_use_up_names_the_last():
    with pytest.raises(UsageError, match=r"Images of 28x28 .* needs 32x32. Layer pool5"):
        models.create("vgg11", image_size=(28, 28))


def test_depths_of_published_names_are_those_of_the_plans():
    # Imported by the registry, and not here first: models are listed in the order of import.
    plans = import_module(models.spec("vgg11").file).PLANS
    for name, plan in plans.items():
        depths = tuple(len(widths.split()) for widths in plan.split("M")[:-1])
        assert VGG_DEPTHS[int(name.removeprefix("vgg"))] == depths
