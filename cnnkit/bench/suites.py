"""The suites by name. Each is imported when it is asked for, and makes a case when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnnkit.bench.cases import Case

SUITES = ("conv", "networks", "pointwise", "train", "predict", "start")


def cases(suite: str, *, quick: bool) -> Iterator[Callable[[], Case]]:
    """The cases of a suite, each made only when its turn comes (its buffers are large)."""
    if suite == "conv":
        from cnnkit.bench import conv_cases

        return conv_cases.cases(quick=quick)
    if suite == "networks":
        from cnnkit.bench import conv_cases

        return conv_cases.network_layer_cases(quick=quick)
    if suite == "pointwise":
        from cnnkit.bench import pointwise_cases

        return pointwise_cases.cases(quick=quick)
    from cnnkit.bench import network_cases

    return network_cases.train_cases(quick=quick) if suite == "train" else network_cases.predict_cases(quick=quick)
