"""Recipes: all options of a training that is known to reach a stated accuracy, under one name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from cnnkit.engine.records.options import ENDS
from cnnkit.errors import unknown_name


@final
@dataclass(frozen=True)
class Recipe:
    """summary: what is trained on what.   options: by the names of FitOptions.   source: where the idea is from."""

    name: str
    summary: str
    options: Mapping[str, Any]
    source: str

    def command(self) -> str:
        """What to type."""
        return f"cnnkit train --recipe {self.name}"


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
