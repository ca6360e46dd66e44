"""A small variant of every network for segmentation: what is tried of it in the place of the whole."""

from typing import NamedTuple

SMALL = {
    "fcn32s": "fcn32s_x0_125",
    "fcn16s": "fcn16s_x0_125",
    "fcn8s": "fcn8s_x0_125",
    "fcn_resnet50": "fcn_resnet18_x0_125",
    "deeplab_v1": "deeplab_v1_bn_x0_125",
    "deeplab_v2": "deeplab_v2_resnet18_x0_125",
    "deeplab_v3_resnet50": "deeplab_v3_resnet18_x0_125",
    "deeplab_v3_mobilenet_v3_large": "deeplab_v3_mobilenet_v3_large_x0_25",
    "deeplab_v3_mobilenet_v2": "deeplab_v3_mobilenet_v2_x0_25",
    "deeplab_v3plus_mobilenet_v2": "deeplab_v3plus_mobilenet_v2_x0_25",
    "deeplab_v3plus_resnet50": "deeplab_v3plus_resnet18_x0_125",
    "unet": "unet_w8_d3",
    "reseg": "reseg_x0_125",
}


class Training(NamedTuple):
    """How a small variant learns eight pictures by heart: their side, the rate of Adam, epochs at most.

    Batch norm takes the place of a trunk's published weights. Where a network answers for every eighth pixel at the
    finest, the pictures are larger, or it answers for every fourth. MobileNet v3 averages slowly, so it takes two steps
    an epoch.
    """

    model: str
    size: int
    lr: float
    epochs: int
    batch_size: int = 8


TRAINED = {
    "fcn32s": Training("fcn32s_bn_x0_125", 512, 0.002, 300),
    "fcn16s": Training("fcn16s_bn_x0_125", 256, 0.002, 300),
    "fcn8s": Training("fcn8s_bn_x0_25", 128, 0.001, 400),
    "fcn_resnet50": Training("fcn_resnet18_x0_125_os4", 64, 0.003, 200),
    "deeplab_v1": Training("deeplab_v1_bn_x0_25", 128, 0.003, 500),
    "deeplab_v2": Training("deeplab_v2_resnet18_x0_25", 96, 0.003, 150),
    "deeplab_v3_resnet50": Training("deeplab_v3_resnet18_x0_25_os4", 64, 0.003, 250),
    "deeplab_v3_mobilenet_v3_large": Training("deeplab_v3_mobilenet_v3_large_x0_25_os4", 64, 0.003, 400, batch_size=4),
    "deeplab_v3_mobilenet_v2": Training("deeplab_v3_mobilenet_v2_x0_25_os4", 64, 0.003, 150),
    "deeplab_v3plus_mobilenet_v2": Training("deeplab_v3plus_mobilenet_v2_x0_25", 64, 0.01, 200),
    "deeplab_v3plus_resnet50": Training("deeplab_v3plus_resnet18_x0_125", 64, 0.01, 300),
    "unet": Training("unet_bn_w8_d3", 64, 0.01, 300),
    "reseg": Training("reseg_bn_x0_25", 64, 0.01, 400),
}
