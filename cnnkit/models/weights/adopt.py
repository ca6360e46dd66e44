"""Published arrays become the state of one of our networks: renamed, turned to our layout, checked to the last one."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from cnnkit.errors import CheckpointError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.models.network import Network
from cnnkit.models.weights.folded import unfolded
from cnnkit.models.weights.layouts import Layout, behind_flatten, flattened, turned
from cnnkit.models.weights.published import row
from cnnkit.models.weights.renames import Named, renamed
from cnnkit.nn import Module

State = dict[str, Host]
Shape = tuple[int, ...]
_Value = TypeVar("_Value")


class MisfitError(CheckpointError):
    """All names are right, but a shape is not, as the arrays are read."""


def to_state(
    arrays: Mapping[str, Host],
    network: Network,
    module: Module,
    layout: Layout | None = None,
    part: frozenset[str] | None = None,
) -> State:
    """The state of `module`, built as `network` says, from arrays under published names.

    layout: None: as each array's name tells.
    part: our names for the arrays that are wanted, where not all are; others may be missing or left over.

    Raises:
        CheckpointError: a name is missing, doubled or too many, or a shape does not fit; it names the layer.
    """
    fitting = matched(arrays, network, module, layout, part)
    for ours, flat in flattened(module, network.input_shape).items():
        if one := fitting.get(ours):
            fitting[ours] = Named(one.published, behind_flatten(one.array, one, flat, layout))
    return {ours: _as_float32(one.published, one.array) for ours, one in fitting.items()}


def matched(
    arrays: Mapping[str, Host],
    network: Network,
    module: Module,
    layout: Layout | None = None,
    part: frozenset[str] | None = None,
) -> dict[str, Named]:
    """The arrays under our names and in the layout of `turned`: names and shapes are looked at, numbers are not.

    Raises as `to_state` does.
    """
    own = module.state_dict()
    found = unfolded(named(arrays, network.model), module)
    needed = module.needed_in_use()
    if part is not None:
        own, needed = _only(own, part), _only(needed, part)
        found = _only(found, part)
    _check_names(network.model, own, needed, found)
    views = {}
    for ours, one in found.items():
        if ours not in needed and own[ours].dtype.kind != "f":
            continue  # dropout's counter of draws, in a state that was saved while training
        array = turned(ours, one, own[ours].shape, layout)
        if array.shape != own[ours].shape:
            raise _misfit(network.model, ours, own[ours].shape, one, array.shape)
        views[ours] = Named(one.published, array)
    return views


def named(arrays: Mapping[str, Host], model: str) -> dict[str, Named]:
    """The arrays under our names, by the model's row of published names."""
    published = row(model)
    return renamed(arrays, published.renames if published else ())


def _only(whole: Mapping[str, _Value], part: frozenset[str]) -> dict[str, _Value]:
    return {name: value for name, value in whole.items() if name in part}


def _as_float32(published: str, array: Host) -> Host:
    if array.dtype.kind != "f":
        raise CheckpointError(
            f"{published} holds {array.dtype} numbers, but weights are floating-point. Is the file quantised? "
            "Use the file of the network before quantisation."
        )
    with np.errstate(over="ignore"):
        plain = np.ascontiguousarray(array, np.float32).reshape(array.shape)
    if not np.isfinite(plain).all():
        raise CheckpointError(f"{published} holds numbers that are not finite in float32. Use another file.")
    return plain


def _check_names(model: str, own: Mapping[str, Array], needed: Iterable[str], found: Mapping[str, Named]) -> None:
    unknown = [ours for ours in found if ours not in own]
    missing = [ours for ours in own if ours in needed and ours not in found]
    if missing:
        near = _nearest(missing[0], unknown or found)
        raise CheckpointError(
            f"The file lacks {missing[0]} {own[missing[0]].shape} of {model}{_more(missing)}."
            + (f" The most similar name in the file is {_shown(found[near])}." if near else "")
            + " Is it a file for another network?"
        )
    if unknown:
        near = _nearest(unknown[0], own)
        raise CheckpointError(
            f"The file has {_shown(found[unknown[0]])}{_more(unknown)}, for which {model} has no place."
            + (f" The most similar name in {model} is {near} {own[near].shape}." if near else "")
            + " Is it a file for another network?"
        )


def _misfit(model: str, ours: str, shape: Shape, one: Named, turned_shape: Shape) -> MisfitError:
    turn = f", which is {turned_shape} here" if turned_shape != one.array.shape else ""
    return MisfitError(
        f"{_shown(one)} in the file{turn}, does not fit {ours} {shape} of {model}. "
        "Is it the same network, with the same classes, channels and image size?"
    )


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)), None)


def _shown(one: Named) -> str:
    return f"{one.published} {one.array.shape}"


def _more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
