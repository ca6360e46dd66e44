"""Stochastic gradient descent, with momentum."""

from collections.abc import Iterable

from cnnkit import kernels
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Parameter
from cnnkit.optim.optimiser import Optimiser, fraction


class SGD(Optimiser):
    """v = momentum·v + g,   w -= lr·v   (Nesterov: w -= lr·(g + momentum·v)),   g = dw + weight_decay·w

    Source: Sutskever et al. 2013, On the importance of initialization and momentum in deep learning.
    """

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        if nesterov and momentum == 0:
            raise UsageError("nesterov=True looks ahead along the momentum, but momentum is 0. Set one, such as 0.9.")
        self.momentum = fraction("momentum", momentum)
        self.nesterov = nesterov
        self.slots = ("velocity",) if momentum > 0 else ()
        super().__init__(parameters, lr, weight_decay)

    def _update(
        self,
        w: list[Array],
        dw: list[Array],
        state: dict[str, list[Array]],
        lr: float,
        factors: list[float],
        weight_decay: list[float],
    ) -> None:
        kernels.of(*w).sgd(
            w,
            dw,
            state.get("velocity"),
            lr=lr,
            factors=factors,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=weight_decay,
        )
