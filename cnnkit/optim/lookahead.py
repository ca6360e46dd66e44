"""Weights that go back, every few steps, to an average of where they were."""

from collections.abc import Iterator
from contextlib import contextmanager

from cnnkit import kernels
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Module
from cnnkit.optim.averages import Averages, become

# What an average keeps of itself at the end of a run, 0.95^5.
KEPT = 0.95**5


class Lookahead(Averages):
    """Every `every` steps:   average = d·average + (1 - d)·w,   w = average,   d = 0.95^5 · share³

    share is how much of the run is done, so that the first steps are free and the last ones circle around the average,
    which is what is judged. Running statistics of batch norms are averaged along; what wants no gradient stays.

    Source: Zhang et al. 2019, arXiv:1907.08610, with the growing d of Jordan 2024, arXiv:2404.00498, section 3.4.
    """

    def __init__(self, module: Module, every: int) -> None:
        if every < 1:
            raise UsageError(f"every is {every}, expected a number of steps, at least 1.")
        self.every = every
        self._parameters = {name: w for name, w in module.named_parameters() if w.requires_grad}
        self._buffers = {name: array for name, array in module.named_buffers() if array.dtype.kind == "f"}
        super().__init__(self._present())

    def update(self, share: float) -> None:
        """A step is done, and so is this share of the run, from 0 to 1."""
        self.steps += 1
        if self.steps % self.every == 0:
            self.go_back(share)

    def go_back(self, share: float) -> None:
        """Take the present weights into the average, and go there."""
        present, averages = list(self._present().values()), list(self._averages.values())
        kernels.of(*averages).ema(averages, present, KEPT * share**3)
        for w, average in zip(present, averages, strict=True):
            kernels.of(w).copy_into(w, average)

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Let the module compute with the average until the block ends."""
        present = self._present()
        before = {name: kernels.of(w).copy(w) for name, w in present.items()}
        become(present, self._averages)
        try:
            yield
        finally:
            become(present, before)

    def _present(self) -> dict[str, Array]:
        return {name: w.data for name, w in self._parameters.items()} | self._buffers
