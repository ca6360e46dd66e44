"""The arithmetic of one number of a step, by its Function."""

import math
from collections.abc import Callable

import numpy as np

from cnnkit.engine.explain.arithmetic import moves, pixelwise, recurrent, rows, windows
from cnnkit.engine.explain.arithmetic.draft import Draft, Index, is_batch_of_one
from cnnkit.engine.explain.kinds import activation_of, kind_of
from cnnkit.engine.explain.sum import Sum
from cnnkit.engine.explain.walk import Step
from cnnkit.kernels.shared.scalar import ACTIVATIONS, activate_scalar


def sum_of(step: Step, place: Index) -> Sum:
    """How the number at this place of a step's result came about.   place: without the axis of the batch."""
    array = step.result.numpy()
    at = (0, *place) if is_batch_of_one(array.shape) else place
    draft = _RULES.get(step.name, _unknown)(step, at)
    value = float(array[at])
    total = _total(draft, value)
    name, slope = activation_of(step)
    result = total if name is None or draft.rule == "none" else activated(total, name, slope)
    return Sum(
        station=step.number,
        place=place,
        kind=kind_of(step).kind,
        rule=draft.rule,
        terms=draft.terms,
        numbers=draft.numbers,
        winner=draft.winner,
        total=total,
        activation=name,
        slope=slope,
        result=result,
        value=value,
    )


def activated(x: float, name: str, slope: float = 0.0) -> float:
    """An activation function of one number."""
    return float(activate_scalar(x, ACTIVATIONS[name].kind, slope))


def _total(draft: Draft, value: float) -> float:
    if draft.rule == "none":
        return value
    if draft.total is not None:
        return float(draft.total)
    if draft.rule == "greatest":
        assert draft.winner is not None
        return float(draft.terms[0].values[draft.winner])
    return sum(part.total for part in draft.terms) + draft.numbers.get("bias", 0.0)


def _unknown(step: Step, at: Index) -> Draft:
    """Nothing is told of it but what it reads."""
    return Draft("none", ())


_RULES: dict[str, Callable[[Step, Index], Draft]] = {
    "_Conv2d": windows.conv,
    "_ConvTranspose2d": windows.transposed,
    "_MaxPool2d": windows.max_pool,
    "_AvgPool2d": windows.average_pool,
    "_AdaptiveMaxPool2d": windows.adaptive_max,
    "_AdaptiveAvgPool2d": windows.adaptive_average,
    "Linear": rows.dense,
    "_Softmax": rows.softmax,
    "_LogSoftmax": rows.log_softmax,
    "_LocalResponseNorm": rows.response,
    "_Sum": rows.summed,
    "_Mean": rows.mean,
    "_Max": rows.greatest_over,
    "_BatchNormFrozen": pixelwise.norm,
    "_Activate": pixelwise.same,
    "_ActivateAt": pixelwise.same,
    "Dropout": pixelwise.same,
    "_Add": pixelwise.add,
    "_Subtract": pixelwise.subtract,
    "_Multiply": pixelwise.multiply,
    "_Divide": pixelwise.divide,
    "_Maximum": pixelwise.greater,
    "_Minimum": pixelwise.lesser,
    "_ScaleChannels": pixelwise.scale_channels,
    "_Negate": pixelwise.negate,
    "_Exp": pixelwise.of_one("exp", lambda x: float(np.exp(x))),
    "_Log": pixelwise.of_one("log", lambda x: math.log(x) if x > 0 else -math.inf if x == 0 else math.nan),
    "_Sqrt": pixelwise.of_one("root", lambda x: math.sqrt(x) if x >= 0 else math.nan),
    "_Clip": pixelwise.clip,
    "_Where": pixelwise.choose,
    "_Reshape": moves.reshape,
    "_Permute": moves.permute,
    "_ChannelShuffle": moves.channel_shuffle,
    "_Concat": moves.concat,
    "_Split": moves.split,
    "_Slice": moves.crop,
    "_Pad": moves.pad,
    "_Resize": moves.resize,
    "_Gru": recurrent.gru,
}
