"""ResNet: blocks, shortcuts, stems."""

import numpy as np

from cnnkit import models, nn
from cnnkit.models.classification.resnet import BasicBlock, Bottleneck


def outputs(name: str, size: int) -> dict[str, tuple[int, ...]]:
    """Results of convolutions by their names."""
    layers = models.summary(name, classes=10, image_size=(size, size)).layers
    return {row.name.removesuffix(".conv"): row.output for row in layers if row.name.endswith(".conv")}


def test_stages_have_the_sizes_of_the_table():
    found = outputs("resnet50", 224)
    assert found["conv1"] == (112, 112, 64)
    assert [found[f"layer{stage}.2.conv3"] for stage in (1, 2, 3, 4)] == [
        (56, 56, 256),
        (28, 28, 512),
        (14, 14, 1024),
        (7, 7, 2048),
    ]


def test_the_bottleneck_strides_in_its_3x3():
    found = outputs("resnet50", 224)
    assert found["layer2.0.conv1"] == (56, 56, 128) and found["layer2.0.conv2"] == (28, 28, 128)


def test_small_images_meet_no_pool():
    found = outputs("resnet18", 32)
    assert found["conv1"] == (32, 32, 64) and found["layer4.1.conv2"] == (4, 4, 512)
    assert all(row.name != "maxpool" for row in models.summary("resnet18", image_size=(32, 32)).layers)


def test_only_a_change_of_shape_needs_a_shortcut_with_weights(rng):
    assert isinstance(BasicBlock(8, 8, stride=1, rng=rng).shortcut, nn.Identity)
    assert isinstance(BasicBlock(8, 8, stride=2, rng=rng).shortcut, nn.ConvNorm)
    assert isinstance(Bottleneck(8, 8, stride=1, rng=rng).shortcut, nn.ConvNorm)


def test_a_block_that_computes_nothing_passes_what_is_positive(rng):
    block = BasicBlock(4, 4, stride=1, rng=rng).eval()
    block.conv2.norm.weight.data[:] = 0
    x = rng.normal(size=(2, 5, 6, 4)).astype(np.float32)
    np.testing.assert_array_equal(block(x).data, np.maximum(x, 0))
