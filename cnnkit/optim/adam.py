"""Adam and AdamW: steps scaled by running averages of the gradient and its square."""

from collections.abc import Iterable

from cnnkit import kernels
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Parameter
from cnnkit.optim.optimiser import Optimiser, fraction


class Adam(Optimiser):
    """m = beta1·m + (1 - beta1)·g,   v = beta2·v + (1 - beta2)·g²,   w -= lr·m̂ / (√v̂ + eps),   g = dw + weight_decay·w

    m̂ = m / (1 - beta1^t) and v̂ = v / (1 - beta2^t) undo the pull of the zeros that both start from.
    Source: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1.
    """

    slots = ("m", "v")
    decoupled = False

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if not eps > 0:
            raise UsageError(f"eps is {eps}, expected a number above 0: it keeps the division finite.")
        self.beta1, self.beta2 = fraction("betas[0]", betas[0]), fraction("betas[1]", betas[1])
        self.eps = eps
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
        kernels.of(*w).adam(
            w,
            dw,
            state["m"],
            state["v"],
            lr=lr,
            factors=factors,
            beta1=self.beta1,
            beta2=self.beta2,
            eps=self.eps,
            weight_decay=weight_decay,
            decoupled=self.decoupled,
            step=self.steps,
        )


class AdamW(Adam):
    """Adam whose weight decay stays outside the averages: w -= lr·weight_decay·w beside the step.

    Source: Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2.
    """

    decoupled = True

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)
