"""The random numbers of a training step."""

import numpy as np

from cnnkit.nn import Module


class Draws(Module):
    """What a step draws follows from (seed, counter) alone; the counter is one up with every step.

    It is a buffer, saved with the weights: so a resumed training draws what an uninterrupted one would have drawn. Two
    parts of one network that draw need two seeds.
    """

    training_only = ("counter",)

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.register_buffer("counter", np.zeros((), np.int64))

    counter: np.ndarray[tuple[int, ...], np.dtype[np.int64]]

    def next(self) -> np.random.Generator:
        """The numbers of one step."""
        stream = int(self.counter)
        self.counter[...] = stream + 1
        return np.random.default_rng([self.seed, stream])
