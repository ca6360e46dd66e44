"""A graph with fewer calls: what follows a convolution or a dense layer is done to its sums, before they are stored.

    batch norm                 folded into filters and bias       (Jacob et al. 2018, arXiv:1712.05877, section 3.2)
    + another map              the residual of the convolution
    activation                 its end

each where nobody else reads what lies between. Results differ from those of the graph as it was by rounding.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from cnnkit.autograd import Function
from cnnkit.graph.sums import Layouts, Norm, PreparedConv2d, PreparedConvTranspose2d, PreparedLinear
from cnnkit.graph.trace import Call, Graph, Value, users
from cnnkit.kernels.shared.scalar import IDENTITY, Activation
from cnnkit.nn import Parameter

# The Functions that are joined, by name.
CONV, TRANSPOSED, DENSE = "_Conv2d", "_ConvTranspose2d", "Linear"


@dataclass
class _Sum:
    """A convolution or a dense layer, and what was found to follow it.

    kind: the name of its Function.
    rest: of the arguments, what only its own kind has: the window, the shape of the result.
    """

    kind: str
    x: Value
    w: Parameter
    bias: Parameter | None
    groups: int
    activation: Activation
    y: Value
    rest: dict[str, Any] = field(default_factory=dict)
    norm: Norm | None = None
    residual: Value | None = None

    @property
    def bare(self) -> bool:
        """Whether nothing is done to the sums but the bias."""
        return self.norm is None and self.residual is None and self.activation == IDENTITY

    @property
    def takes_residual(self) -> bool:
        return self.kind == CONV and self.residual is None and self.activation == IDENTITY


def fused(graph: Graph, layouts: Layouts) -> Graph:
    """The same results by fewer calls, with filters that are laid out."""
    read = users(graph.calls, graph.results)
    alone = {value for value, who in read.items() if len(who) == 1}
    steps: dict[Value, _Sum | Call] = {}
    for call in graph.calls:
        steps[call.results[0]] = _sum(call) or _joined(call, steps, alone) or call
    return replace(graph, calls=tuple(_called(step, layouts) for step in steps.values()))


def _sum(call: Call) -> _Sum | None:
    """A call of one of the three kinds, whose filters are parameters of the network."""
    if call.name == CONV:
        x, w, bias, residual, win, groups, activation = call.args
        rest: dict[str, Any] = {"win": win}
    elif call.name == TRANSPOSED:
        x, w, bias, y_shape, win, groups, activation = call.args
        residual, rest = None, {"win": win, "y_shape": y_shape}
    elif call.name == DENSE:
        x, w, bias, activation = call.args
        residual, groups, rest = None, 1, {}
    else:
        return None
    fits = isinstance(x, Value) and isinstance(w, Parameter) and isinstance(bias, Parameter | None)
    if not fits or not isinstance(residual, Value | None):
        return None
    return _Sum(call.name, x, w, bias, groups, activation, call.y, rest, residual=residual)


def _joined(call: Call, steps: dict[Value, _Sum | Call], alone: set[Value]) -> _Sum | None:
    """The sum that does this call's work too, taken out of the steps; None where there is none."""

    def before(value: Any) -> _Sum | None:
        step = steps.get(value) if isinstance(value, Value) and value in alone else None
        return step if isinstance(step, _Sum) else None

    if call.name == "_BatchNormFrozen":
        x, weight, bias, residual, mean, var, eps, activation = call.args
        step = before(x)
        if step is None or not step.bare or step.kind == DENSE:
            return None
        if residual is not None and not (step.takes_residual and isinstance(residual, Value)):
            return None
        found = replace(step, norm=Norm(weight, bias, mean, var, eps), residual=residual, activation=activation)
    elif call.name in ("_Activate", "_ActivateAt"):
        step = before(call.args[0])
        if step is None or step.activation != IDENTITY:
            return None
        found = replace(step, activation=call.args[1])
    elif call.name == "_Add":
        a, b = call.args
        step = _later(steps, before(a), before(b))
        if step is None or not step.takes_residual:
            return None
        other = b if step.y is a else a
        if not isinstance(other, Value) or other.shape != step.y.shape:
            return None
        found = replace(step, residual=other)
    else:
        return None
    del steps[step.y]
    found.y = call.y
    return found


def _later(steps: dict[Value, _Sum | Call], one: _Sum | None, other: _Sum | None) -> _Sum | None:
    """Of two sums the one that is made later and takes a residual: what it adds is there by then."""
    order = list(steps)
    fit = [step for step in (one, other) if step is not None and step.takes_residual]
    return max(fit, key=lambda step: order.index(step.y), default=None)


def _called(step: _Sum | Call, layouts: Layouts) -> Call:
    """The call of the prepared function."""
    if isinstance(step, Call):
        return step
    transposed = step.kind == TRANSPOSED
    filters, bias = layouts.of(step.w, step.bias, step.groups, step.norm, transposed=transposed)
    ends = {"bias": bias, "activation": step.activation}
    kernel, win = step.w.shape[:2], step.rest.get("win")
    function: type[Function] = PreparedConv2d
    args: tuple[Any, ...] = (step.x, step.residual, kernel, win, filters, step.groups, ends)
    if step.kind == DENSE:
        function, args = PreparedLinear, (step.x, step.w.shape[1], filters, ends)
    elif transposed:
        function = PreparedConvTranspose2d
        args = (step.x, step.rest["y_shape"], kernel, win, filters, step.groups, ends)
    return Call(function, args, (step.y,), step.w)
