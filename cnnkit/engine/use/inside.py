"""What a network computes on its way: the result of a layer by name, what its head is given, or all of it."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from cnnkit.autograd import Tensor
from cnnkit.data.load.collate import collate
from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.use.judge import outputs_of
from cnnkit.engine.use.large import as_given
from cnnkit.errors import UsageError, unknown_name
from cnnkit.graph import Planned
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.outputs import Nest, arrays
from cnnkit.nn.parts.freeze import head as head_of
from cnnkit.nn.parts.tail import reaching
from cnnkit.tasks import Task


def reaching_head(network: Module, shape: tuple[int, int, int]) -> Callable[[Tensor], Nest]:
    """A function from a batch to what the layer of the class scores is given. shape: (H, W, C) of one image."""
    head = head_of(network, (1, *shape))

    def compute(x: Tensor) -> Nest:
        with reaching(head) as given:
            network(x)
        return arrays(given[-1])

    return compute


def named_result(network: Module, layer: str) -> Callable[[Tensor], Nest]:
    """A function from a batch to what the layer of this name gives; where it is called often, the last time.

    Of a layer with several results, the arrays in a tuple or a dict as it gives them.
    """
    modules = dict(network.named_modules())
    if not isinstance(layer, str):
        raise UsageError(
            f"A layer is given by its name, such as {next(iter([*modules][1:]), 'conv1')!r}, not as {layer!r:.50}."
        )
    if layer not in modules or not layer:
        raise unknown_name("layer", layer, [name for name in modules if name])

    def compute(x: Tensor) -> Nest:
        found: list[Nest] = []
        _noting(network, layer.split("."), found)(x)
        if not found:
            near = [name for name in modules if name.startswith(f"{layer}.")]
            hint = f" Ask for a layer within it: {', '.join(near)}." if near else ""
            raise UsageError(f"{type(network).__name__} does not call its layer {layer!r} by itself.{hint}")
        return arrays(found[-1])

    return compute


def subject_of(
    task: Task[Any], module: Module, planned: Planned, preprocessing: Preprocessing, image: Pixels
) -> Subject:
    """The network with an image (H, W, C), uint8, as it reads it.

    module: whose numbers are explained.   planned: the same ready for use, which answers images that are covered.
    """
    x = np.array(collate([image], preprocessing))
    beside = task.beside(planned, [image])
    whole, before = as_given(module, x) if task.places else (x, 0)

    def compute(batch: Host) -> Nest:
        many = tuple(np.repeat(one, len(batch), axis=0) for one in beside)
        return outputs_of(task, planned, batch, preprocessing, beside=many)

    inner = (before, before, *image.shape[:2])
    return Subject(module, task, compute, whole, beside, inner, (x.shape[1], x.shape[2]))


def _noting(module: Module, names: list[str], found: list[Nest]) -> Module:
    """A copy of the way to one layer, whose results are added to `found`. All else is shared, so threads may ask."""
    twin = copy.copy(module)
    if names:
        setattr(twin, names[0], _noting(getattr(module, names[0]), names[1:], found))
        return twin

    def forward(*given: Any, **named: Any) -> Any:
        y = module.forward(*given, **named)
        found.append(y)
        return y

    vars(twin)["forward"] = forward
    return twin
