"""The suites by name. Each is imported when it is asked for, and makes a case when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from cnnkit.bench.cases import Case

SUITES = ("conv", "networks", "pointwise", "train", "predict", "start")


def cases(suite: str, *, quick: bool) -> Iterator[Callable[[], Case]]:
    """The cases of a suite, each made only when its turn comes (its buffers are large)."""
    if suite == "conv":
        from cnnkit.bench import conv_cases

        return conv_cases.cases(quick=quick)
    if suite == "networks":
        from cnnkit.bench import conv_cases

        return conv_cases.layer_cases("networks", quick=quick)
    if suite == "pointwise":
        from cnnkit.bench import pointwise_cases

        return pointwise_cases.cases(quick=quick)
    from cnnkit.bench.network_cases import boxes, scores, whole

    if suite == "train":
        return chain(scores.train_cases(quick=quick), boxes.train_cases(quick=quick))
    return chain(*(kind.predict_cases(quick=quick) for kind in (scores, boxes, whole)))
