"""A network in use as explaining wants it: with one image, and with how it answers others like it."""

from typing import Any

import numpy as np

from cnnkit.data.load.collate import collate
from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.use.judge import outputs_of
from cnnkit.engine.use.large import as_given
from cnnkit.graph import Planned
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.outputs import Nest
from cnnkit.tasks import Task


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
