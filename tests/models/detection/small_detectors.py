"""A small variant of every network for detection: what is trained of it in the place of the whole."""

from typing import NamedTuple


class Training(NamedTuple):
    """How a small variant learns eight pictures by heart: their side, the rate of Adam, epochs at most."""

    model: str
    size: int
    lr: float
    epochs: int


TRAINED = {
    "yolo_v1": Training("yolo_v1_x0_125", 64, 0.001, 400),
    "yolo_v2": Training("yolo_v2_x0_25", 96, 0.003, 80),
    "yolo_v3": Training("yolo_v3_x0_125", 64, 0.003, 80),
    "yolo_v3_tiny": Training("yolo_v3_tiny_x0_25", 64, 0.003, 60),
    "yolo_nano": Training("yolo_nano", 64, 0.003, 60),
    "ssd300_vgg16": Training("ssd300_vgg16_x0_125", 96, 0.002, 100),
    "ssd512_vgg16": Training("ssd512_vgg16_bn_x0_125", 128, 0.002, 40),
    "ssdlite320_mobilenet_v3_large": Training("ssdlite320_mobilenet_v3_large_x0_25", 96, 0.003, 180),
    "ssd_nano": Training("ssd_nano", 64, 0.002, 40),
    "rcnn": Training("rcnn_resnet9_x0_125", 64, 0.003, 60),
    "rcnn_nano": Training("rcnn_nano", 64, 0.003, 60),
    "fast_rcnn": Training("fast_rcnn_resnet18_x0_25", 64, 0.003, 60),
    "fast_rcnn_nano": Training("fast_rcnn_nano", 64, 0.003, 60),
    "faster_rcnn_vgg16": Training("faster_rcnn_vgg16_bn_x0_125", 256, 0.002, 100),
    "faster_rcnn_nano": Training("faster_rcnn_nano", 64, 0.003, 80),
    "faster_rcnn_resnet50_fpn": Training("faster_rcnn_resnet18_fpn_x0_125", 128, 0.002, 80),
    "faster_rcnn_mobilenet_v3_large_320_fpn": Training("faster_rcnn_mobilenet_v3_large_320_fpn_x0_25", 192, 0.002, 100),
}
