"""The stations of a pass: what each step is, costs and looks at, and the maps that are shown of it."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Tensor
from cnnkit.engine.explain.kinds import ACTIVATION_AT, activation_of, kind_of
from cnnkit.engine.explain.station import IMAGE, SHOWN, Maps, Shape, Station
from cnnkit.engine.explain.walk import Step
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.scalar import IDENTITY
from cnnkit.models.reach.span import Call, Span, after, joined
from cnnkit.nn import Parameter

# How often a call is made again to time it; and after how many seconds of that once is enough.
TIMED, LONG = 3, 0.03
# Down and across: which rows and columns of what was given each row and column of a result depends on.
Spans = tuple[Span, Span]


@final
@dataclass(eq=False)
class Road:
    """Fills `stations` and `spans` as it is told of steps.

    size: (height, width) of what the network is given.   shown: how many maps of a station are kept.
    layer, channels: the channels that are kept instead of the strongest, of stations in this layer, or of all where the
    layer is None and they have so many.
    """

    size: tuple[int, int]
    shown: int = SHOWN
    layer: str | None = None
    channels: Sequence[int] | None = None
    stations: list[Station] = field(default_factory=list)
    spans: list[Spans] = field(default_factory=list)
    _met: set[int] = field(default_factory=set)
    _names: Counter[str] = field(default_factory=Counter)

    def __call__(self, step: Step) -> None:
        """One more station."""
        kind, (activation, slope) = kind_of(step), activation_of(step)
        reads = [k for k, source in enumerate(step.sources) if source is not None]
        spans = (self._span(step, 1), self._span(step, 2))
        self.spans.append(spans)
        output = shape_of(step.result.shape)
        name = step.layer or kind.kind
        self._names[name] += 1
        count = self._names[name]
        self.stations.append(
            Station(
                number=step.number,
                name=name if count == 1 else f"{name}#{count}",
                kind=kind.kind,
                layer=step.layer,
                module=type(step.module).__name__,
                reads=tuple(source for source in step.sources if source is not None),
                inputs=tuple(shape_of(step.args[k].shape) for k in reads),
                output=output,
                activation=activation,
                slope=slope,
                settings=kind.settings,
                parameters=self._parameters(step),
                multiply_adds=kind.multiply_adds if step.part == 0 else 0,
                ms=_milliseconds(step) if step.part == 0 else 0.0,
                receptive_field=_middle(spans, output) if len(output) == 3 else None,
                maps=self._maps(step),
            )
        )

    def _parameters(self, step: Step) -> int:
        new = [arg for arg in step.args if isinstance(arg, Parameter) and id(arg) not in self._met]
        self._met |= {id(parameter) for parameter in new}
        return sum(parameter.size for parameter in new)

    def _span(self, step: Step, axis: int) -> Span:
        known = {id(arg): source for arg, source in zip(step.args, step.sources, strict=True) if source is not None}

        def span(operand: Tensor) -> Span:
            source = known.get(id(operand))
            if source == IMAGE:
                return Span.of_image(self.size[axis - 1])
            # A parameter or a constant depends on nothing.
            return Span.nothing() if source is None else self.spans[source][axis - 1]

        if step.name == "Dropout":
            return span(step.args[0])
        if step.result.ndim != 4:
            return joined([span(arg).whole for arg in step.args if isinstance(arg, Tensor)])
        return after(step.name, Call(step.args, step.result.shape[axis], axis, span))

    def _maps(self, step: Step) -> Maps | None:
        array = step.result.numpy()
        y = array[0] if shape_of(array.shape) != array.shape else array
        if y.ndim not in (1, 3) or not y.size:
            return None
        before = before_activation(step)
        if y.ndim == 1:
            kept, why = np.arange(len(y)), "all"
            strength = np.abs(y)
        else:
            strength = np.abs(y).mean(axis=(0, 1))
            kept, why = self._chosen(step, strength)
        values = np.array(y[..., kept], np.float32)
        held = None if before is None else np.array(before.reshape(y.shape)[..., kept], np.float32)
        low, high = float(values.min()), float(values.max())
        return Maps(tuple(kept.tolist()), why, values, held, np.array(strength[kept], np.float32), low, high)

    def _chosen(self, step: Step, strength: Host) -> tuple[Host, str]:
        """(channels in rising order, why these)."""
        within = self.layer is None or step.layer == self.layer or step.layer.startswith(f"{self.layer}.")
        if self.channels is not None and within and max(self.channels) < len(strength):
            return np.array(sorted(set(self.channels))), "asked"
        if len(strength) <= self.shown:
            return np.arange(len(strength)), "all"
        return np.sort(np.argsort(-strength, kind="stable")[: self.shown]), "strongest"


def shape_of(shape: Shape) -> Shape:
    """A shape without the axis of a batch of one."""
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape


def before_activation(step: Step) -> Host | None:
    """A step's result before the activation that ends it, by the same kernel; None without one."""
    if activation_of(step)[0] is None:
        return None
    if step.name in ("_Activate", "_ActivateAt"):
        return step.array(0)
    args = [*step.args]
    args[ACTIVATION_AT[step.name]] = IDENTITY
    y = _called(step, args)
    found: Host = kernels.of(y).fetch(y)
    return found


def _called(step: Step, args: Sequence[Any]) -> Any:
    """The call once more, on the same arrays."""
    assert step.function is not None
    arrays = [arg.data if isinstance(arg, Tensor) else arg for arg in args]
    nothing = (None,) * len(arrays)
    return step.function.forward(Context((False,) * len(arrays), nothing), *arrays)


def _milliseconds(step: Step) -> float:
    if step.function is None:
        return 0.0
    took = []
    for _ in range(TIMED):
        start = time.perf_counter()
        y = _called(step, step.args)
        if not isinstance(y, np.ndarray | tuple):
            kernels.of(y).fetch(y)  # a device is waited for
        took.append(time.perf_counter() - start)
        if took[-1] > LONG:
            break
    return float(np.median(took)) * 1e3


def _middle(spans: Spans, output: Shape) -> tuple[int, int]:
    """(height, width) that the middle of a map depends on."""
    top, left, bottom, right = seen_from(spans, output, output[0] // 2, output[1] // 2)
    return bottom - top, right - left


def seen_from(spans: Spans, output: Shape, y: int, x: int) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of what a place of a map depends on; all 0 where it depends on nothing."""
    found = []
    for span, length, place in zip(spans, output, (y, x), strict=False):
        whole = span.stretched(length) if len(span.first) == 1 else span
        found.append((int(whole.first[place]), int(whole.last[place]) + 1))
    (top, bottom), (left, right) = found
    return (top, left, bottom, right) if top < bottom and left < right else (0, 0, 0, 0)
