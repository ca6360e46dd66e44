"""Optimisers by name, as the command line knows them."""

from collections.abc import Iterable
from typing import Any

from cnnkit.errors import unknown_name
from cnnkit.nn import Parameter
from cnnkit.optim.adam import Adam, AdamW
from cnnkit.optim.optimiser import Optimiser
from cnnkit.optim.sgd import SGD

_OPTIMISERS: dict[str, type[Optimiser]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def names() -> list[str]:
    """What `create` knows."""
    return list(_OPTIMISERS)


def create(name: str, parameters: Iterable[Parameter], lr: float, **options: Any) -> Optimiser:
    """The optimiser of this name, with its own options."""
    if name not in _OPTIMISERS:
        raise unknown_name("optimiser", name, names())
    return _OPTIMISERS[name](parameters, lr, **options)
