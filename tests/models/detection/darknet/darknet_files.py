"""Small files of darknet, written by these tests."""

from collections.abc import Sequence

import numpy as np

from cnnkit.models.detection.darknet.plan import Step
from cnnkit.models.detection.darknet.sections import Connected, Convolutional, Local

# A network with a layer of each kind that a YOLO v3 has, and two heads.
CFG = """
[net]
# of darknet's training alone
batch=64
learning_rate = .001
width=64
height=32
channels=3

[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=2
stride=2

[convolutional]
filters=8
size=3
groups=8
pad=1
batch_normalize=1
activation=leaky

[dropout]
probability=.15

[shortcut]
from=-3
activation=linear

[convolutional]
filters=14
activation=linear

[yolo]
mask = 2,3
anchors = 10,14,  23,27,  37,58,  81,82
classes=2
num=4
jitter=.3
ignore_thresh = .7

[route]
layers = -3

[upsample]
stride=2

[route]
layers = -1, 0

[convolutional]
filters=14
activation=linear

[yolo]
mask = 0,1
anchors = 10,14,  23,27,  37,58,  81,82
classes=2
num=4
"""

# As YOLO v1's: a grid of cells behind a local layer and a dense one.
GRID = """
[net]
width=32
height=16

[convolutional]
batch_normalize=1
filters=4
size=3
stride=4
pad=1
activation=leaky

[local]
size=3
stride=1
pad=1
filters=2
activation=leaky

[dropout]
probability=.5

[connected]
output=76
activation=linear

[detection]
classes=9
coords=4
rescore=1
side=2
num=2
softmax=0
sqrt=1
jitter=.2
object_scale=1
noobject_scale=.5
class_scale=1
coord_scale=5
"""


def count(steps: Sequence[Step]) -> int:
    """Numbers that a file for these steps holds, added up by hand."""
    total = 0
    for step in steps:
        layer = step.layer
        if isinstance(layer, Convolutional):
            total += layer.filters * (4 if layer.batch_normalize else 1)
            total += layer.filters * step.reads[0][2] // layer.groups * layer.size**2
        if isinstance(layer, Local):
            places = step.gives[0] * step.gives[1]
            total += places * layer.filters * (1 + layer.size**2 * step.reads[0][2])
        if isinstance(layer, Connected):
            total += layer.output * (1 + int(np.prod(step.reads[0])))
    return total


def weights(numbers: np.ndarray, version: tuple[int, int] = (0, 2)) -> bytes:
    """A `.weights` file with these numbers."""
    header = np.array([*version, 0], "<i4").tobytes()
    seen = np.array(1000, "<i8" if version >= (0, 2) else "<i4").tobytes()
    return header + seen + numbers.astype("<f4").tobytes()
