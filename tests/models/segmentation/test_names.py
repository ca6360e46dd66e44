"""What may stand in the names of networks for masks."""

import pytest

from cnnkit import models
from cnnkit.errors import UsageError
from cnnkit.nn.init import without_values


@pytest.mark.parametrize(
    ("name", "classifier", "stride"),
    [
        ("fcn_resnet50", "resnet50", 8),
        ("fcn_resnet34_x0_5_os16", "resnet34_x0_5", 16),
        ("deeplab_v3_resnet101_os16", "resnet101", 16),
        ("deeplab_v3_mobilenet_v3_large", "mobilenet_v3_large", 16),
        ("deeplab_v3_mobilenet_v2_x1_4", "mobilenet_v2_x1_4", 8),
        ("deeplab_v3plus_mobilenet_v1_x0_25", "mobilenet_v1_x0_25", 16),
        ("deeplab_v3plus_squeezenet1_1_os8", "squeezenet1_1", 8),
    ],
)
def test_a_name_tells_the_trunk_its_width_and_its_output_stride(name, classifier, stride):
    with without_values():
        backbone = models.create(name, classes=2, in_channels=3, image_size=(64, 64)).backbone
    assert backbone.classifier == classifier
    assert max(backbone.strides.values()) == stride


def test_other_trunks_and_strides_are_not_known():
    for name in ("fcn_mobilenet_v2", "deeplab_v3_vgg16", "deeplab_v3plus_resnet50_os32", "fcn_resnet50_os8_x0_25"):
        with pytest.raises(UsageError, match=f"no model '{name}'"):
            models.spec(name)
