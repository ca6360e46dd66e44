"""Names in published weight files, as `published.py` tells them, become ours."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cnnkit.errors import CheckpointError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.weights.families import Renames

# What frameworks put before every name: parallel training, compilation, a wrapper's attribute.
_WRAPPERS = ("module.", "model.", "_orig_mod.", "backbone.", "network.", "net.", "encoder.", "student.")
# Keras' and Gluon's last parts.
_LEAVES = {
    "kernel": "weight",
    "depthwise_kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "moving_var": "running_var",
}
_COUNTER = "num_batches_tracked"


class Named(NamedTuple):
    """An array and the name that it was published under."""

    published: str
    array: Host


def renamed(arrays: Mapping[str, Host], renames: Renames) -> dict[str, Named]:
    """Every array under our name for it; CheckpointError where two would have the same."""
    wrapper = wrappers(arrays)
    found: dict[str, Named] = {}
    for published, array in arrays.items():
        name = _plain(published)[len(wrapper) :]
        if leaf(name) == _COUNTER:
            continue
        for pattern, replacement in renames:
            name = re.sub(pattern, replacement, name)
        stem, dot, last = name.rpartition(".")
        name = stem + dot + _LEAVES.get(last, last)
        if name in found:
            raise CheckpointError(
                f"{found[name].published} and {published} are two names for one parameter, {name}. Keep one of them."
            )
        found[name] = Named(published, array)
    return found


def is_counter(name: str) -> bool:
    """Whether this is batch norm's counter of batches, which nothing needs."""
    return leaf(name) == _COUNTER


def is_renamed(published: str, ours: str) -> bool:
    """Whether a framework's own name is not ours as well, whatever stands before it."""
    return not f".{_plain(published)}".endswith(f".{ours}")


def leaf(published: str) -> str:
    """The last part of a published name."""
    return _plain(published).rpartition(".")[2]


def wrappers(names: Iterable[str]) -> str:
    """The wrappers' prefixes that all names bear, such as "module." or "_orig_mod.module."."""
    rest = [_plain(name) for name in names]
    found = ""
    while rest and (prefix := next((p for p in _WRAPPERS if all(name.startswith(p) for name in rest)), "")):
        found += prefix
        rest = [name[len(prefix) :] for name in rest]
    return found


def _plain(name: str) -> str:
    return name.replace("/", ".").removesuffix(":0")
