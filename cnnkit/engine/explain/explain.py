"""The facts of one picture and one network, gathered by one pass."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.picture import Prepared
from cnnkit.engine.explain.road import Road
from cnnkit.engine.explain.station import SHOWN
from cnnkit.engine.explain.subject import Subject
from cnnkit.engine.explain.target import target_of
from cnnkit.engine.explain.walk import walk
from cnnkit.errors import UsageError, unknown_name
from cnnkit.kernels.shared.array import Host
from cnnkit.nn.outputs import Nest


def explain(
    subject: Subject,
    prepared: Prepared,
    *,
    network: str,
    source: str,
    path: str | None = None,
    shown: int = SHOWN,
    layer: str | None = None,
    channels: Sequence[int] | None = None,
    notes: Sequence[str] = (),
) -> Explanation:
    """The explanation of an image that is read already.

    prepared: the picture, from which subject.x was made.
    path: of the picture's file, if it is in one.
    shown, layer, channels: which maps are kept; see `Predictor.explain`.

    Raises:
        UsageError: there is no such layer or channel; the message names those that are near.
    """
    start = time.perf_counter()
    if shown < 1:
        raise UsageError(f"shown is {shown}, expected at least 1 map of each station, such as 16.")
    road = Road(subject.x.shape[1:3], shown, layer, channels)
    computed = walk(subject.module, subject.x, road, subject.beside, scored=subject.scored)
    _check(road, layer, channels)
    outputs = _outputs(subject, computed)
    answer = subject.task.decode(outputs[None], [prepared.view], 5)[0]
    single = outputs.ndim == 1
    try:
        winner = target_of(subject, outputs, answer, None)
    except UsageError:
        winner = None
    return Explanation(
        network=network,
        source=source,
        path=path,
        task=subject.task.name,
        classes=tuple(subject.task.classes),
        picture=prepared.picture,
        image=prepared.image,
        view=prepared.view,
        x=subject.x[0],
        inner=subject.inner,
        stations=tuple(road.stations),
        answer=answer,
        outputs=outputs,
        scores=subject.task.scores(outputs[None])[0] if single else None,
        winner=winner,
        seconds=time.perf_counter() - start,
        notes=(*notes, *prepared.notes),
        _subject=subject,
        _spans=tuple(road.spans),
    )


def _outputs(subject: Subject, computed: Nest) -> Host:
    """What the network gave for the image, cut as `predict` cuts it."""
    if not hasattr(computed, "numpy"):
        raise UsageError(
            f"explain expects a network that gives one Tensor in use, but this one gives a {type(computed).__name__}."
        )
    y = np.array(computed.numpy()[0])
    if y.ndim == 3:
        return np.ascontiguousarray(y[: subject.size[0], : subject.size[1]])
    return y


def _check(road: Road, layer: str | None, channels: Sequence[int] | None) -> None:
    mine = [s for s in road.stations if layer is None or s.layer == layer or s.layer.startswith(f"{layer}.")]
    if not mine:
        raise unknown_name("layer", str(layer), list(dict.fromkeys(s.layer for s in road.stations if s.layer)))
    if channels is None:
        return
    many = max((s.output[2] for s in mine if s.is_map), default=0)
    wrong: list[Any] = [channel for channel in channels if not 0 <= channel < many]
    if wrong or not channels:
        where = "any station" if layer is None else f"the layer {layer!r}"
        told = f"{where} has channels 0 to {many - 1}" if many else f"{where} has no maps"
        raise UsageError(f"{told[0].upper()}{told[1:]}, but channel {wrong[0] if wrong else 'none'} is asked for.")
