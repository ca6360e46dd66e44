"""Recipes: all options of a training that is known to reach a stated accuracy, under one name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from cnnkit.engine.records.options import ENDS
from cnnkit.errors import UsageError, unknown_name


@final
@dataclass(frozen=True)
class Recipe:
    """summary: what is trained on what.   options: by the names of FitOptions.   source: where the idea is from.

    yours: options that are paths of yours, each with what is to be there.
    """

    name: str
    summary: str
    options: Mapping[str, Any]
    source: str
    yours: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> str:
        """What to type."""
        return " ".join([f"cnnkit train --recipe {self.name}", *(f"--{name} PATH" for name in self.yours)])

    def check(self, given: Mapping[str, Any]) -> None:
        """UsageError if one of `yours` is not given."""
        for name, what in self.yours.items():
            if given.get(name) is None:
                raise UsageError(f"The recipe {self.name} needs --{name} PATH: {what}. To train:\n  {self.command()}")


_CAMVID = "CamVid's pictures and masks, as train/ and trainannot/ beside val/ and valannot/"
# What the networks for masks share. The best epoch is chosen on too few pictures to tell, so the last one is kept.
_MASKS = {
    "task": "segmentation",
    "optimiser": "adamw",
    "lr": 1e-3,
    "weight_decay": 1e-4,
    "schedule": "one-cycle",
    "augment": "standard",
    "val_fraction": 0.04,
    "keep": "last",
}
_CELLS = "BCCD's pictures with their boxes in VOC's layout: JPEGImages/, Annotations/ and ImageSets/"
# What the networks for boxes share: half the size of the pictures, where the smallest cells still have twenty pixels,
# and cells have no up and down. The data have a validation part of their own, large enough to choose the best epoch.
_BOXES = {
    "task": "detection",
    "image_size": [240, 320],
    "epochs": 100,
    "batch_size": 8,
    "optimiser": "adamw",
    "lr": 2e-3,
    "weight_decay": 1e-4,
    "schedule": "one-cycle",
    "augment": "standard",
    "turn": True,
    "ema": 0.998,
    "keep": "best",
}

RECIPES = (
    Recipe(
        "resnet20-cifar10",
        "The residual network of 20 layers on CIFAR-10, to the accuracy of its paper (91.25 %)",
        {
            "data": "cifar10",
            "model": "resnet20",
            "epochs": 80,
            "batch_size": 128,
            "optimiser": "sgd",
            "lr": 0.1,
            "weight_decay": 5e-4,
            "schedule": "one-cycle",
            "warmup": 0.1,
            "augment": "standard",
            "val_fraction": 0.02,
            "keep": "last",
        },
        "He et al. 2015, arXiv:1512.03385, table 6; half the epochs, with one cycle of the rate",
    ),
    Recipe(
        "cifar10-fast",
        "A small residual network on CIFAR-10, to 90 % in a quarter of an hour on two cores",
        {
            "data": "cifar10",
            "model": "resnet9_x0_5",
            "epochs": 12,
            "batch_size": 128,
            "optimiser": "sgd",
            "lr": 0.1,
            "weight_decay": 5e-4,
            "schedule": "one-cycle",
            "warmup": 0.2,
            "label_smoothing": 0.1,
            "augment": "standard",
            "val_fraction": 0.02,
            "keep": "last",
        },
        "Page 2018, How to train your ResNet, at half its width",
    ),
    Recipe(
        "cifar10-94",
        "A wide network behind a whitening on CIFAR-10, to 94 % in a quarter of an hour on two cores",
        {
            "data": "cifar10",
            "model": "airnet",
            "epochs": 16,
            "batch_size": 512,
            "optimiser": "sgd",
            "lr": 0.52,
            "momentum": 0.9,
            "weight_decay": 1.33e-3,
            "shift_rate": 64.0,
            "schedule": "triangle",
            "lookahead": 10,
            "label_smoothing": 0.2,
            "augment": "light",
            "val_fraction": 0.01,
            "keep": "last",
        },
        "Jordan 2024, arXiv:2404.00498; half the batch, and rate and momentum for it, by the paper's own rule",
    ),
    Recipe(
        "mnist-99",
        "A small plain network on MNIST, to 99.6 % in a quarter of an hour on two cores",
        {
            "data": "mnist",
            "model": "digitnet",
            "epochs": 24,
            "batch_size": 128,
            "optimiser": "sgd",
            "lr": 0.1,
            "weight_decay": 5e-4,
            "schedule": "one-cycle",
            "warmup": 0.2,
            "augment": "standard",
            "ema": 0.999,
            "val_fraction": 0.02,
            "keep": "last",
        },
        "The network after Simonyan & Zisserman 2014, the distortions after Simard, Steinkraus & Platt 2003",
    ),
    Recipe(
        "unet-membrane",
        "A small U-Net on the cell membranes of ISBI 2012: windows bent, turned and mirrored",
        _MASKS
        | {
            "model": "unet_bn_w16_d3",
            "image_size": [256, 256],
            "epochs": 150,
            "batch_size": 4,
            "turn": True,
            "elastic": True,
        },
        "Ronneberger, Fischer & Brox 2015, arXiv:1505.04597, section 3.1, for what is done to the pictures",
        {"data": "ISBI's 30 pictures, 0 to 24 in train/image and train/label, 25 to 29 in test/image and test/label"},
    ),
    Recipe(
        "fcn8s-camvid",
        "FCN-8s at an eighth of its width, with batch norm, on CamVid",
        _MASKS | {"model": "fcn8s_bn_x0_125", "epochs": 60, "batch_size": 8},
        "Long, Shelhamer & Darrell 2015, arXiv:1411.4038",
        {"data": _CAMVID},
    ),
    Recipe(
        "reseg-camvid",
        "ReSeg at a quarter of its width, with batch norm, on CamVid; rare classes count more",
        _MASKS
        | {
            "model": "reseg_bn_x0_25",
            "epochs": 60,
            "batch_size": 8,
            "lr": 2e-3,
            "class_weights": "median-frequency",
            "val_fraction": 0.05,
        },
        "Visin et al. 2016, arXiv:1511.07053; the weights of classes after Eigen & Fergus 2015, arXiv:1411.4734",
        {"data": _CAMVID},
    ),
    Recipe(
        "deeplab-camvid",
        "DeepLab v3+ on MobileNet v1 with a quarter of its channels, from ImageNet's weights, on CamVid",
        _MASKS
        | {
            "model": "deeplab_v3plus_mobilenet_v1_x0_25",
            "freeze": "none",
            "epochs": 40,
            "batch_size": 8,
            "lr": 5e-4,
            "head_lr": 2e-3,
        },
        "Chen et al. 2018, arXiv:1802.02611; what stands on the trunk learns four times as fast",
        {"data": _CAMVID, "weights": "MobileNet v1 x0.25 with its published weights (cnnkit weights list)"},
    ),
    Recipe(
        "yolo-bccd",
        "A small YOLO v3 on the blood cells of BCCD, all of it from scratch",
        _BOXES | {"model": "yolo_nano"},
        "Redmon & Farhadi 2018, arXiv:1804.02767",
        {"data": _CELLS},
    ),
    Recipe(
        "ssd-bccd",
        "A small SSD on the blood cells of BCCD, all of it from scratch",
        _BOXES | {"model": "ssd_nano"},
        "Liu et al. 2016, arXiv:1512.02325",
        {"data": _CELLS},
    ),
    Recipe(
        "faster-rcnn-bccd",
        "A small Faster R-CNN on the blood cells of BCCD, all of it from scratch",
        _BOXES | {"model": "faster_rcnn_nano", "epochs": 30, "lr": 1e-3, "ema": 0.99},
        "Ren et al. 2015, arXiv:1506.01497, both stages at once",
        {"data": _CELLS},
    ),
    Recipe(
        "fast-rcnn-bccd",
        "Fast R-CNN on VGG11 with a quarter of its channels, on the blood cells of BCCD, all of it from scratch",
        _BOXES | {"model": "fast_rcnn_nano", "epochs": 30, "lr": 1e-3, "ema": 0.99},
        "Girshick 2015, arXiv:1504.08083",
        {"data": _CELLS},
    ),
    Recipe(
        "rcnn-bccd",
        "R-CNN on ResNet-9 with a quarter of its channels, on the blood cells of BCCD: its phases, from scratch",
        {
            "task": "detection",
            "model": "rcnn_nano",
            "epochs": 6,
            "batch_size": 8,
            "optimiser": "adamw",
            "lr": 1e-3,
            "weight_decay": 1e-4,
            "schedule": "one-cycle",
            "augment": "light",
            "keep": "best",
        },
        "Girshick et al. 2014, arXiv:1311.2524",
        {"data": _CELLS},
    ),
)


def merged(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a recipe under those given; an end that is given takes the place of the recipe's."""
    options = dict(find(name).options)
    if any(end in given for end in ENDS):
        options = {option: value for option, value in options.items() if option not in ENDS}
    return options | dict(given)


def names() -> list[str]:
    """Every recipe."""
    return [recipe.name for recipe in RECIPES]


def find(name: str) -> Recipe:
    """The recipe of this name, or a UsageError with those that there are."""
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    raise unknown_name("recipe", name, names())
