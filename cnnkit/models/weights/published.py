"""What the world has published for our networks: names in weight files → ours, the preprocessing, where, which licence.

A row belongs to a model name or, as a pattern, to a family. `adopt.py` reads a file by it. How a published name
becomes ours, in this order:

    1. "/" becomes ".", a trailing ":0" goes, and so do "module.", "_orig_mod." and friends where all names bear them;
    2. `num_batches_tracked` is dropped;
    3. every (pattern, replacement) of `renames` is applied to the name, one after the other, as `re.sub` does. One row
       may hold the names of several sources, as a pattern that does not occur changes nothing;
    4. the last part: kernel, depthwise_kernel → weight; gamma → weight; beta → bias; moving_mean → running_mean;
       moving_variance → running_var.

Only names are told here. Layouts are turned in one place, by the name as published: kernel and depthwise_kernel are
channels-last, weight is channels-first (OIHW; dense (O, I), behind a flatten (O, C·H·W)).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, final

from cnnkit.models.weights.class_lists import CIFAR10, COCO, COCO_NUMBERS, DIGITS, VOC
from cnnkit.models.weights.families import (
    ALEXNET,
    BARE_FEATURES,
    CONV_BN,
    DEEPLAB_HEAD,
    FASTER_RCNN_FPN,
    LENET,
    MOBILENET_V1,
    MOBILENET_V2,
    SHUFFLENET_V2,
    SSD_LITE,
    VGG_DEPTHS,
    Renames,
    fcn_head,
    mobilenet_v3,
    squeezenet,
    ssd_vgg,
    vgg,
)

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@final
@dataclass(frozen=True)
class Source:
    """Where weights can be had: publisher, address, the licence that stands there, and what should be known."""

    publisher: str
    address: str
    licence: str
    note: str = ""


@final
@dataclass(frozen=True)
class Published:
    """How published weights of one network are read.

    renames: see above.   mean, std, scale: the input is (pixel / scale - mean) / std, one number a channel.
    classes: names, where they are few.   fit: how pictures are brought to size, as in `Preprocessing`.
    data: the data set that they were trained on, where `--data` knows it by name.
    keras_padding: where zeros go in weights under Keras' names, see `geometry`; None: not known.
    """

    renames: Renames = ()
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    scale: float = 255
    classes: tuple[str, ...] = ()
    fit: Literal["crop", "margin", "stretch", "keep", "digit", "letterbox"] = "margin"
    data: str | None = None
    keras_padding: str | None = None
    sources: tuple[Source, ...] = ()


TORCHVISION = Source(
    "torchvision",
    "https://github.com/pytorch/vision",
    "BSD-3-Clause (code); trained on ImageNet, whose terms allow research",
    "save model.state_dict(), or use the .pth file that torchvision downloads",
)
TORCHVISION_MASKS = Source(
    "torchvision, segmentation",
    "https://github.com/pytorch/vision",
    "BSD-3-Clause (code); trained on pictures of COCO, whose owners' terms apply",
    "trained on the classes of VOC; made for pictures whose shorter side is 520 pixels",
)
TORCHVISION_BOXES = Source(
    "torchvision, detection",
    "https://github.com/pytorch/vision",
    "BSD-3-Clause (code); trained on pictures of COCO, whose owners' terms apply",
    "trained on the 90 numbers that COCO has for its 80 classes; its class 0, none, is no class here",
)
TENSORFLOW_MASKS = Source(
    "TensorFlow, DeepLab",
    "https://github.com/tensorflow/models/tree/master/research/deeplab",
    "Apache-2.0 (code and weights); trained on pictures of COCO and VOC, whose owners' terms apply",
    "arrays of a frozen graph, in the order of the layers; the manual's page on networks has the ten lines of Python",
)
KERAS = Source(
    "Keras Applications",
    "https://github.com/keras-team/keras-applications",
    "MIT (code), Apache-2.0 (MobileNet weights); trained on ImageNet, whose terms allow research",
    "numpy.savez of the layer weights under their names",
)
AKAMASTER = Source(
    "akamaster/pytorch_resnet_cifar10",
    "https://github.com/akamaster/pytorch_resnet_cifar10",
    "BSD-2-Clause",
    "trained on CIFAR-10",
)
OPENVINO = Source(
    "OpenVINO, its LeNet sample",
    "https://github.com/miaobin/test-data",
    "Apache-2.0",
    "trained on MNIST; raw float32 in models/lenet_nchw: cut it into an .npz of c1w, c1b, c2w, c2b, f1w, f1b, f2w, f2b",
)
DARKNET = Source(
    "darknet",
    "https://github.com/pjreddie/darknet",
    "public domain (code and weights); trained on pictures of COCO, whose owners' terms apply",
    ".weights files, which are numbers in the order of the layers",
)
YOLO_FASTEST = Source(
    "dog-qiuqiu/Yolo-Fastest",
    "https://github.com/dog-qiuqiu/Yolo-Fastest",
    "public domain (code and weights); trained on pictures of COCO, whose owners' terms apply",
    "version 1.1, in ModelZoo/yolo-fastest-1.1_coco; these weights are in the package",
)
ONNX_ZOO = Source(
    "ONNX model zoo",
    "https://github.com/webmachinelearning/test-data",
    "Apache-2.0; trained on ImageNet, whose terms allow research",
    "in models/squeezenet1.1_nchw, an array a file under Gluon's names: numpy.savez makes one of them",
)


def _of_voc(renames: Renames) -> Published:
    return Published(renames=renames, classes=VOC, fit="keep", sources=(TORCHVISION_MASKS,))


# A key is a model name or a pattern that a whole model name matches; the first that fits is taken.
ROWS: dict[str, Published] = {
    r"resnet(20|32|44|56|110)": Published(
        renames=(*CONV_BN, (r"^linear\.", "fc.")),
        classes=CIFAR10,
        fit="crop",
        data="cifar10",
        sources=(AKAMASTER,),
    ),
    r"resnet(18|34|50|101|152)": Published(renames=CONV_BN, sources=(TORCHVISION,)),
    r"mobilenet_v1(_x\d_\d+)?": Published(
        renames=MOBILENET_V1,
        mean=(1.0,) * 3,
        std=(1.0,) * 3,
        scale=127.5,
        fit="stretch",
        keras_padding="same",
        sources=(KERAS,),
    ),
    "mobilenet_v2": Published(renames=MOBILENET_V2, sources=(TORCHVISION,)),
    "mobilenet_v3_small": Published(renames=mobilenet_v3(12, 2), sources=(TORCHVISION,)),
    "mobilenet_v3_large": Published(renames=mobilenet_v3(16, 1), sources=(TORCHVISION,)),
    r"shufflenet_v2_x(0_5|1_0|1_5|2_0)": Published(renames=SHUFFLENET_V2, sources=(TORCHVISION,)),
    "lenet_caffe": Published(
        renames=LENET,
        mean=(0.0,),
        std=(1.0,),
        scale=256,
        classes=DIGITS,
        fit="digit",
        data="mnist",
        sources=(OPENVINO,),
    ),
    "alexnet": Published(renames=ALEXNET, sources=(TORCHVISION,)),
    **{
        f"vgg{layers}{suffix}": Published(renames=vgg(depths, parts), sources=(TORCHVISION,))
        for layers, depths in VGG_DEPTHS.items()
        for suffix, parts in (("", ("conv", "relu")), ("_bn", ("conv", "norm", "relu")))
    },
    # torchvision's input is normalised anew inside its network: by one half.
    "googlenet": Published(
        renames=((r"\bbn\.", "norm."),), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), sources=(TORCHVISION,)
    ),
    "squeezenet1_0": Published(renames=squeezenet("3 4 5 7 8 9 10 12"), sources=(TORCHVISION,)),
    "squeezenet1_1": Published(renames=squeezenet("3 4 6 7 9 10 11 12"), sources=(ONNX_ZOO, TORCHVISION)),
    "fcn_resnet50": _of_voc((*fcn_head("classifier"), *fcn_head("aux_classifier"), *CONV_BN)),
    "deeplab_v3_resnet50": _of_voc((*DEEPLAB_HEAD, *CONV_BN)),
    "deeplab_v3_mobilenet_v3_large": _of_voc((*BARE_FEATURES, *DEEPLAB_HEAD, *mobilenet_v3(16, 1))),
    "deeplab_v3_mobilenet_v2": Published(
        renames=MOBILENET_V2,
        mean=(1.0,) * 3,
        std=(1.0,) * 3,
        scale=127.5,
        classes=VOC,
        fit="keep",
        sources=(TENSORFLOW_MASKS,),
    ),
    "ssd300_vgg16": Published(
        renames=ssd_vgg(),
        mean=(0.48235, 0.45882, 0.40784),
        std=(1 / 255,) * 3,
        fit="stretch",
        classes=COCO_NUMBERS,
        sources=(TORCHVISION_BOXES,),
    ),
    "ssdlite320_mobilenet_v3_large": Published(
        renames=SSD_LITE,
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
        fit="stretch",
        classes=COCO_NUMBERS,
        sources=(TORCHVISION_BOXES,),
    ),
    "faster_rcnn_resnet50_fpn": Published(
        renames=(*FASTER_RCNN_FPN, *CONV_BN), fit="letterbox", sources=(TORCHVISION_BOXES,)
    ),
    "faster_rcnn_mobilenet_v3_large_320_fpn": Published(
        renames=(*FASTER_RCNN_FPN, *mobilenet_v3(16, 1)), fit="letterbox", sources=(TORCHVISION_BOXES,)
    ),
    r"yolo_(v2|v3|v3_tiny)": Published(
        mean=(0.0,) * 3, std=(1.0,) * 3, classes=COCO, fit="stretch", sources=(DARKNET,)
    ),
    "yolo_fastest": Published(mean=(0.0,) * 3, std=(1.0,) * 3, classes=COCO, fit="stretch", sources=(YOLO_FASTEST,)),
}


def row(name: str) -> Published | None:
    """What is known of published weights for this model; None where nothing is."""
    return next((published for pattern, published in ROWS.items() if re.fullmatch(pattern, name)), None)


@final
@dataclass(frozen=True)
class Offer:
    """A source, and the models that it has weights for."""

    source: Source
    models: tuple[str, ...]


def offers(models: Iterable[str]) -> list[Offer]:
    """The sources for these models, in order of the models."""
    found: dict[Source, list[str]] = {}
    for model in models:
        published = row(model)
        for source in published.sources if published else ():
            found.setdefault(source, []).append(model)
    return [Offer(source, tuple(named)) for source, named in found.items()]
