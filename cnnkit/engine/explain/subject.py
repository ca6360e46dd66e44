"""Subject: a network in use with all that explaining it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.outputs import Nest
from cnnkit.tasks import Task


@final
@dataclass(frozen=True, eq=False)
class Subject:
    """The network and one image for it.

    module: as it was trained.   task: what it was trained for.   compute: outputs for images (N, H, W, C) that are
    normalised, as `predict` gets them: by the plan.
    x: (1, H, W, C) float32, what the module is given.   beside: what else it is given, for one image.
    inner: (top, left, height, width) of the image within x: around it may be a border that the network wants.
    size: (height, width) of what `compute` takes: x without a border that it adds itself.
    """

    module: Module
    task: Task[Any]
    compute: Callable[[Host], Nest]
    x: Host
    beside: tuple[Any, ...]
    inner: tuple[int, int, int, int]
    size: tuple[int, int]

    def cut(self, values: Host) -> Host:
        """(height, width, …) of the image, from (H, W, …) of x."""
        top, left, height, width = self.inner
        return values[top : top + height, left : left + width]

    @property
    def scored(self) -> bool:
        """Whether a softmax makes scores of what the network gives, after it."""
        return self.task.name == "classification"

    @property
    def given(self) -> Host:
        """(1, height, width, C): x as `compute` takes it."""
        top, left = self.inner[:2]
        return self.x[:, top : top + self.size[0], left : left + self.size[1]]
