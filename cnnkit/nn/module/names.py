"""The names of a state: how they are made up, and whether a loaded state has those of a module."""

import difflib
from collections.abc import Mapping

from cnnkit.errors import CheckpointError
from cnnkit.kernels.shared.array import Array


def join(prefix: str, name: str) -> str:
    """The name of what stands below a prefix, such as "conv1" and "weight"."""
    return f"{prefix}.{name}" if prefix else name


def check_names(own: Mapping[str, Array], needed: Mapping[str, Array], state: Mapping[str, Array]) -> None:
    """Refuse a state that lacks what is `needed`, or has what a module does not `own`; errors name the most similar."""
    missing = [name for name in needed if name not in state]
    unknown = [name for name in state if name not in own]
    if missing:
        near = difflib.get_close_matches(missing[0], unknown or list(state), n=1, cutoff=0.4)
        raise CheckpointError(
            f"The loaded state lacks {missing[0]} {own[missing[0]].shape}{_more(missing)}."
            + (f" The most similar name there is {near[0]} {state[near[0]].shape}." if near else "")
            + " Is it a state of the same model?"
        )
    if unknown:
        near = difflib.get_close_matches(unknown[0], list(own), n=1, cutoff=0.4)
        raise CheckpointError(
            f"The loaded state has {unknown[0]} {state[unknown[0]].shape}{_more(unknown)}, which this model "
            "does not have."
            + (f" The most similar name in the model is {near[0]} {own[near[0]].shape}." if near else "")
            + " Is it a state of the same model? strict=False ignores such names."
        )


def _more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
