"""Where a detector is to look that looks nowhere else: what selective search finds in the image that it reads.

In training, in judging and in use alike it is the image of the network's size that is searched, not the picture: so a
picture has the same proposals however it comes, and no file must be read twice.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cnnkit.data.sample import Corners, Pixels
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.boxes.searched import Searched
from cnnkit.data.sets.subset import origin
from cnnkit.graph import Planned
from cnnkit.kernels.host import get_threads
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import Detector
from cnnkit.models.detection.proposals import IMAGES, selective_search
from cnnkit.nn import Module
from cnnkit.tasks.detection.targets import BoxTargets


def searched(image: Pixels) -> Corners:
    """(n, 4), the most likely first."""
    return selective_search(image, IMAGES)


def with_proposals(module: Module, dataset: Dataset) -> Dataset:
    """The samples with their proposals, where this network needs them and they have none."""
    places = _places(module)
    return Searched(dataset, searched, places) if places and not isinstance(origin(dataset)[0], Searched) else dataset


def proposals_of(module: Module, images: Sequence[Pixels], targets: object) -> tuple[Host, ...]:
    """(N, R, 4) of proposals where the network needs them: those of the targets, else what is found in the images."""
    places = _places(module)
    if not places:
        return ()
    if isinstance(targets, BoxTargets) and targets.batch.proposals is not None:
        return (targets.batch.proposals,)
    proposals = np.zeros((len(images), places, 4), np.float32)
    with ThreadPoolExecutor(get_threads()) as pool:
        for own, found in zip(proposals, pool.map(searched, images), strict=True):
            own[: len(found)] = found[:places]
    return (proposals,)


def _places(module: Module) -> int:
    module = module.network if isinstance(module, Planned) else module
    return module.proposed if isinstance(module, Detector) else 0
