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

Renames = tuple[tuple[str, str], ...]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
DIGITS = tuple("0123456789")


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
    fit: Literal["crop", "margin", "stretch", "digit"] = "margin"
    data: str | None = None
    keras_padding: str | None = None
    sources: tuple[Source, ...] = ()


# torchvision writes a convolution and its batch norm side by side, `conv1` and `bn1`; ours is one ConvNorm `conv1`
# with the children `conv` and `norm`.
CONV_BN: Renames = (
    (r"\bconv(\d+)\.weight$", r"conv\1.conv.weight"),
    (r"\bbn(\d+)\.", r"conv\1.norm."),
    (r"\bdownsample\.0\.", "shortcut.conv."),
    (r"\bdownsample\.1\.", "shortcut.norm."),
)

# Keras: conv_dw_1 and conv_dw_1_bn are our block1.depthwise.
MOBILENET_V1: Renames = (
    (r"^conv_dw_(\d+)", r"block\1.depthwise"),
    (r"^conv_pw_(\d+)", r"block\1.pointwise"),
    (r"^conv_preds\.", "fc."),
    (r"^(conv1|block\d+\.\w+)_bn\.", r"\1.norm."),
    (r"^(conv1|block\d+\.\w+)\.(kernel|depthwise_kernel)$", r"\1.conv.\2"),
)

# torchvision numbers the layers of a block, which are fewer where nothing is expanded: there 0 is the depthwise one.
MOBILENET_V2: Renames = (
    (r"^features\.(0|18)\.0\.", r"features.\1.conv."),
    (r"^features\.(0|18)\.1\.", r"features.\1.norm."),
    (r"^features\.1\.conv\.0\.0\.", "features.1.depthwise.conv."),
    (r"^features\.1\.conv\.0\.1\.", "features.1.depthwise.norm."),
    (r"^features\.1\.conv\.1\.", "features.1.project.conv."),
    (r"^features\.1\.conv\.2\.", "features.1.project.norm."),
    (r"\.conv\.0\.0\.", ".expand.conv."),
    (r"\.conv\.0\.1\.", ".expand.norm."),
    (r"\.conv\.1\.0\.", ".depthwise.conv."),
    (r"\.conv\.1\.1\.", ".depthwise.norm."),
    (r"\.conv\.2\.", ".project.conv."),
    (r"\.conv\.3\.", ".project.norm."),
    (r"^classifier\.1\.", "fc."),
)


def mobilenet_v3(last: int, project: int) -> Renames:
    """`last`: the number of the last 1x1 convolution; `project`: of that part in block 1, which expands nothing."""
    return (
        (r"^features\.1\.block\.0\.", "features.1.depthwise."),
        (rf"^features\.1\.block\.{project}\.", "features.1.project."),
        (r"\.block\.\d\.fc1\.", ".excite.reduce."),
        (r"\.block\.\d\.fc2\.", ".excite.expand."),
        (r"\.block\.0\.", ".expand."),
        (r"\.block\.1\.", ".depthwise."),
        (r"\.block\.[23]\.", ".project."),
        (rf"^(features\.0|features\.{last}|.*\.(?:expand|depthwise|project))\.0\.", r"\1.conv."),
        (rf"^(features\.0|features\.{last}|.*\.(?:expand|depthwise|project))\.1\.", r"\1.norm."),
        (r"^classifier\.0\.", "dense."),
        (r"^classifier\.3\.", "fc."),
    )


# torchvision numbers the layers of a branch, its activations among them.
SHUFFLENET_V2: Renames = (
    (r"^(conv[15])\.0\.", r"\1.conv."),
    (r"^(conv[15])\.1\.", r"\1.norm."),
    (r"\.branch1\.0\.", ".branch1.depthwise.conv."),
    (r"\.branch1\.1\.", ".branch1.depthwise.norm."),
    (r"\.branch1\.2\.", ".branch1.pointwise.conv."),
    (r"\.branch1\.3\.", ".branch1.pointwise.norm."),
    (r"\.branch2\.0\.", ".branch2.pointwise1.conv."),
    (r"\.branch2\.1\.", ".branch2.pointwise1.norm."),
    (r"\.branch2\.3\.", ".branch2.depthwise.conv."),
    (r"\.branch2\.4\.", ".branch2.depthwise.norm."),
    (r"\.branch2\.5\.", ".branch2.pointwise2.conv."),
    (r"\.branch2\.6\.", ".branch2.pointwise2.norm."),
)

# The raw arrays of OpenVINO's sample, and Caffe's inner products.
LENET: Renames = (
    (r"^c(\d)w$", r"conv\1.weight"),
    (r"^c(\d)b$", r"conv\1.bias"),
    (r"^f(\d)w$", r"dense\1.weight"),
    (r"^f(\d)b$", r"dense\1.bias"),
    (r"^ip(\d)\.", r"dense\1."),
)


def squeezenet(fires: str) -> Renames:
    """`fires`: the numbers that torchvision's list of layers gives to fire2 … fire9. Gluon numbers the convolutions."""
    parts = ("squeeze", "expand1x1", "expand3x3")
    return (
        *((rf"^features\.{place}\.", f"fire{number}.") for number, place in enumerate(fires.split(), 2)),
        *((rf"^squeezenet\d+_conv{i + 1}_", f"fire{2 + i // 3}.{parts[i % 3]}.") for i in range(24)),
        (r"^(features\.0\.|squeezenet\d+_conv0_)", "conv1."),
        (r"^(classifier\.1\.|squeezenet\d+_conv25_)", "conv10."),
    )


ALEXNET: Renames = (
    *((rf"^features\.{place}\.", f"conv{number}.") for number, place in enumerate((0, 3, 6, 8, 10), 1)),
    *((rf"^classifier\.{place}\.", f"fc{number}.") for number, place in enumerate((1, 4, 6), 6)),
)
# Convolutions in each of the five stages.
VGG_DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(depths: tuple[int, ...], parts: tuple[str, ...]) -> Renames:
    """torchvision numbers all layers of VGG: for each convolution its `parts`, and the pools between the stages."""
    renames: list[tuple[str, str]] = []
    place = 0
    for stage, depth in enumerate(depths, 1):
        for number in range(1, depth + 1):
            renames += [(rf"^features\.{place + i}\.", f"{part}{stage}_{number}.") for i, part in enumerate(parts)]
            place += len(parts)
        place += 1
    return (*renames, *((rf"^classifier\.{place}\.", f"fc{number}.") for number, place in enumerate((0, 3, 6), 6)))


TORCHVISION = Source(
    "torchvision",
    "https://github.com/pytorch/vision",
    "BSD-3-Clause (code); trained on ImageNet, whose terms allow research",
    "save model.state_dict(), or use the .pth file that torchvision downloads",
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
    "trained on MNIST; in models/lenet_nchw, raw float32",
)
ONNX_ZOO = Source(
    "ONNX model zoo",
    "https://github.com/webmachinelearning/test-data",
    "Apache-2.0; trained on ImageNet, whose terms allow research",
    "in models/squeezenet1.1_nchw, an array a file under Gluon's names: numpy.savez makes one of them",
)

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
