"""A small variant of every network for segmentation: what is tried of it in the place of the whole."""

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
