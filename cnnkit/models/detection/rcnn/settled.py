"""Machines and regressions as arrays of a network, so that they are saved and loaded with it."""

from typing import final

import numpy as np

from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.rcnn.heads import Heads
from cnnkit.models.detection.rcnn.regression import BoxRegression
from cnnkit.models.detection.rcnn.svm import LinearSvm
from cnnkit.nn import Module


@final
class SettledHeads(Module):
    """The `Heads` of so many classes on d features, zeros until they are `settled`.

    machines: (K, d + 1), each with its bias behind its weights.   moves: (K, d, 4), the weights of regressions, with
    the means of features `at` (K, d) and of codes `by` (K, 4); `moved` (K,) tells which class has one.
    """

    machines: Host
    moves: Host
    at: Host
    by: Host
    moved: Host
    scale: Host
    done: Host

    def __init__(self, classes: int, features: int) -> None:
        shapes = {
            "machines": (classes, features + 1),
            "moves": (classes, features, 4),
            "at": (classes, features),
            "by": (classes, 4),
            "scale": (),
        }
        for name, shape in shapes.items():
            self.register_buffer(name, np.zeros(shape, np.float32))
        self.register_buffer("moved", np.zeros(classes, np.int64))
        self.register_buffer("done", np.zeros((), np.int64))

    @property
    def settled(self) -> bool:
        """Whether they were solved."""
        return bool(self.done)

    @property
    def classes(self) -> int:
        return len(self.moved)

    @property
    def features(self) -> int:
        """d."""
        return int(self.at.shape[1])

    def settle(self, heads: Heads) -> None:
        """Keep these, in float32."""
        for label, (machine, regression) in enumerate(zip(heads.machines, heads.regressions, strict=True)):
            self.machines[label] = np.append(machine.weights, machine.bias)
            self.moved[label] = regression is not None
            if regression is not None:
                self.moves[label], self.at[label] = regression.weights, regression.features
                self.by[label] = regression.codes
        self.scale[...], self.done[...] = heads.scale, 1

    def heads(self) -> Heads:
        """Those that are kept."""
        machines = [LinearSvm(row[:-1], float(row[-1])) for row in self.machines]
        regressions = [
            BoxRegression(self.moves[label], self.at[label], self.by[label]) if self.moved[label] else None
            for label in range(self.classes)
        ]
        return Heads(tuple(machines), tuple(regressions), float(self.scale))
