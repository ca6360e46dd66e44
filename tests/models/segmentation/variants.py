"""A small variant of every network for segmentation: what is tried of it in the place of the whole."""

SMALL = {
    "fcn_resnet50": "fcn_resnet18_x0_125",
    "deeplab_v1": "deeplab_v1_bn_x0_125",
    "deeplab_v2": "deeplab_v2_resnet18_x0_125",
    "deeplab_v3_resnet50": "deeplab_v3_resnet18_x0_125",
    "deeplab_v3_mobilenet_v3_large": "deeplab_v3_mobilenet_v3_large_x0_25",
    "deeplab_v3_mobilenet_v2": "deeplab_v3_mobilenet_v2_x0_25",
    "deeplab_v3plus_mobilenet_v2": "deeplab_v3plus_mobilenet_v2_x0_25",
    "deeplab_v3plus_resnet50": "deeplab_v3plus_resnet18_x0_125",
    "reseg": "reseg_x0_125",
}
