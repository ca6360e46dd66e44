"""Weights left to their file: what is laid out for use is not held as it was read, too.

A network in use has filters of its own wherever a batch norm is folded into them (graph/sums.py). The file still has
those that were read, for the rare one who asks: it must be there then, and the same.
"""

from functools import partial
from pathlib import Path

from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import CheckpointError
from cnnkit.kernels.shared.array import Host
from cnnkit.serialize import safe


def leave_to_file(predictor: Predictor) -> None:
    """From now on parameters may be let go of, if they have a file."""
    path = predictor.file
    if path is None:
        return
    digest = safe.told_digest(path)
    for name, parameter in predictor.module.named_parameters():
        parameter.source = partial(_read_again, path, digest, name)


def _read_again(path: Path, digest: str, name: str) -> Host:
    arrays, _ = safe.load(path)
    if safe.told_digest(path) != digest:
        raise CheckpointError(f"{path} is another file than it was when it was read. Begin anew.")
    return arrays[name]
