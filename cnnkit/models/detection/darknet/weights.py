"""The numbers of a darknet `.weights` file as the state of its network.

    header      int32 major, minor, revision; images seen in training, int64 from version 0.2 on, int32 before
    layers      float32 in the order of the cfg, of a convolution: bias; with batch norm scales, means, variances;
                filters (O, C / groups, KH, KW). The norm's shift stands where a bias would;
                of a dense layer: bias, weights (O, C, H, W);
                of a local one: bias (O, H, W), and for each place filters (O, C, KH, KW).

The file says neither names nor shapes: only their number tells whether it is for this network.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from cnnkit.errors import CheckpointError
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.darknet.plan import Step
from cnnkit.models.detection.darknet.sections import Connected, Convolutional, Local
from cnnkit.serialize import files

_NUMBER = np.dtype("<f4")
_OLD_HEADER, _HEADER = 16, 20


def read_weights(path: Path, steps: Sequence[Step]) -> dict[str, Host]:
    """The state of the network of these steps, by the names of `network.Darknet`.

    Raises:
        CheckpointError: the file cannot be read, is not of this network, or holds what is no number.
    """
    expected = sum(step.parameters for step in steps)
    numbers = _numbers(path, expected)
    if not np.isfinite(numbers).all():
        raise CheckpointError(f"{path} holds numbers that are not finite: it is damaged, or of a training that failed.")
    return dict(_state(path, numbers, steps))


def classes_of(path: Path, steps: Callable[[int], Sequence[Step]]) -> int | None:
    """How many classes the network of a file knows, by its length, as each adds the same; None if none fits.

    steps: of the network for so many classes.

    Raises:
        CheckpointError: the file cannot be read, or is not of darknet.
    """
    _, held, odd = _opened(path, 0)
    one, two = (sum(step.parameters for step in steps(classes)) for classes in (1, 2))
    more, left = divmod(held - one, two - one)
    return None if odd or left or more < 0 else 1 + more


def _numbers(path: Path, expected: int) -> Host:
    """The numbers of the file, once they are as many as the network has."""
    data, held, odd = _opened(path, expected)
    if held < expected or odd:
        raise CheckpointError(
            f"{path} ends early: its network has {expected:,} numbers, but it holds {held:,}. "
            "Is it of this cfg, and whole?"
        )
    if held > expected:
        raise CheckpointError(
            f"{path} holds {held - expected:,} numbers more than the {expected:,} of its network. Is it of this cfg?"
        )
    return np.frombuffer(data, _NUMBER)


def _opened(path: Path, expected: int) -> tuple[bytes, int, int]:
    """What lies behind the header, if that is no more than expected; how many numbers there are, and odd bytes."""
    try:
        with files.open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEADER)
            length = _header(path, head)
            held, odd = divmod(size - length, _NUMBER.itemsize)
            # Of an old file the first number was read with the header.
            rest = file.read(expected * _NUMBER.itemsize) if held <= expected else b""
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {path}. Give a .weights file of darknet.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    return (head + rest)[length : length + held * _NUMBER.itemsize], held, odd


def _header(path: Path, data: bytes) -> int:
    """Its length, as its version tells."""
    if len(data) < _OLD_HEADER:
        raise CheckpointError(f"{path} has {len(data)} bytes, which is not even the header of a .weights file.")
    major, minor, _ = (int(number) for number in np.frombuffer(data, "<i4", 3))
    if not (0 <= major <= 9 and 0 <= minor <= 99):
        raise CheckpointError(f"{path} is no .weights file of darknet: its version would be {major}.{minor}.")
    return _HEADER if major * 10 + minor >= 2 else _OLD_HEADER


def _state(path: Path, numbers: Host, steps: Sequence[Step]) -> Iterator[tuple[str, Host]]:
    place = 0

    def take(*shape: int) -> Host:
        nonlocal place
        start, place = place, place + int(np.prod(shape))
        return numbers[start:place].reshape(shape)

    for number, step in enumerate(steps):
        match step.layer:
            case Connected(output=output):
                H, W, C = step.reads[0]
                yield f"layers.{number}.dense.bias", take(output)
                weight = take(output, C, H, W).transpose(2, 3, 1, 0).reshape(H * W * C, output)
                yield f"layers.{number}.dense.weight", np.ascontiguousarray(weight)
            case Local(filters=filters):
                H, W, _ = step.gives
                bias = take(filters, H, W).transpose(1, 2, 0)
                yield f"layers.{number}.bias", np.ascontiguousarray(bias.reshape(-1))
                weight = take(H * W, *step.filters).transpose(3, 4, 2, 0, 1)
                yield f"layers.{number}.weight", np.ascontiguousarray(weight.reshape(*weight.shape[:3], -1))
            case Convolutional(filters=filters, batch_normalize=norm):
                names = ("norm.bias", "norm.weight", "norm.running_mean", "norm.running_var")
                for name in names if norm else ("bias",):
                    array = take(filters)
                    if name == "norm.running_var" and array.min() < 0:
                        raise CheckpointError(
                            f"{path}: a variance of layer {number} is below 0. It is damaged, or of another cfg."
                        )
                    yield f"layers.{number}.{name}", array
                name = "conv.weight" if norm else "weight"
                yield f"layers.{number}.{name}", np.ascontiguousarray(take(*step.filters).transpose(2, 3, 1, 0))
