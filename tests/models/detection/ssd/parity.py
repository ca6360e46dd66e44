"""Our SSDs with the weights that `tests/golden/record_ssd.py` gives to torchvision's, and gradients side by side."""

import numpy as np
import ssd_problem as problem
from formula import direction, state

from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.ssd.network import SSD
from cnnkit.models.network import Network
from cnnkit.models.weights.layouts import OIHW, turned
from cnnkit.models.weights.published import row
from cnnkit.models.weights.renames import renamed

# torchvision's names of VGG16's maps, and of the one extra that SSD512 has more; no weights of that are published.
SSD512 = (*row("ssd300_vgg16").renames, (r"^backbone\.extra\.5\.0\.", "body.extras.4.0."))
SSD512 = (*SSD512, (r"^backbone\.extra\.5\.2\.", "body.extras.4.1."))


def renames(kin):
    """From torchvision's names to ours, for a network of `problem.CASES`."""
    return SSD512 if kin == "ssd512_vgg16" else row(kin).renames


def filled(name, kin, side, shapes):
    """The network with weights by formula; shapes: of torchvision's state."""
    module = Network(name, problem.CLASSES, 3, (side, side)).build()
    assert isinstance(module, SSD)
    arrays = {key: problem.tamed(key, array) for key, array in state(shapes).items()}
    own = module.state_dict()
    module.load_state_dict(
        {
            ours: np.ascontiguousarray(turned(ours, one, own[ours].shape, OIHW))
            for ours, one in renamed(arrays, renames(kin)).items()
        }
    )
    return module


def batch(pictures):
    """Boxes of pictures, in eight places each."""
    corners = np.zeros((len(pictures), 8, 4), np.float32)
    labels = np.full((len(pictures), 8), EMPTY, np.int64)
    for n, (boxes, classes) in enumerate(pictures):
        corners[n, : len(boxes)], labels[n, : len(boxes)] = boxes, classes
    return BoxBatch(corners, labels, np.zeros(labels.shape, np.bool_))


def strays(network, kin, golden):
    """By our names, how far each gradient's norm and its product with a direction are from the recorded ones.

    In shares of the norm; where a gradient is rounding alone, of the least norm that is none.
    """
    own, gradients = dict(network.named_parameters()), golden["gradients"]
    directions = {key: direction(tuple(golden["shapes"][key]), seed) for seed, key in enumerate(gradients)}
    named = renamed(directions, renames(kin))
    assert named.keys() == own.keys()
    least, found = problem.least(gradients), {}
    for ours, one in named.items():
        norm, along = gradients[one.published]
        grad = own[ours].grad.astype(np.float64)
        apart = abs(np.linalg.norm(grad) - norm), abs(float((grad * turned(ours, one, grad.shape, OIHW)).sum()) - along)
        found[ours] = max(apart) / (norm + least)
    return found
