"""A network of ours that predicts in other libraries: in torch, and as an ONNX file in ONNX Runtime and OpenVINO."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from cnnkit import nn
from cnnkit.bench.rivals.known import Work, nchw, refuse_other_work
from cnnkit.bench.rivals.onnx_sessions import SESSIONS, file_of
from cnnkit.bench.twins.torch_twin import TorchTwin, layouts
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.kernels.shared.array import Host
from cnnkit.nn.module import blank


def predicting(model: nn.Module, x: Host, wanted: Sequence[Host]) -> dict[str, Callable[[int], list[Work]]]:
    """By library what predicts the same; all that it tells is compared with `wanted` before anything is timed."""
    file = cache(lambda: file_of(model, x.shape))
    sessions = {name: partial(_session, name, file, x, wanted) for name in SESSIONS}
    return {"torch": partial(_torch, model, x, wanted), **sessions}


def _session(name: str, file: Callable[[], bytes], x: Host, wanted: Sequence[Host], threads: int) -> list[Work]:
    predict = SESSIONS[name](file(), {"x": nchw(x)}, threads)
    refuse_other_work(name, predict(), wanted)
    return [predict]


def _torch(model: nn.Module, x: Host, wanted: Sequence[Host], threads: int) -> list[Work]:
    """In each memory layout op by op, and frozen where this torch can."""
    import torch

    def work(network: Callable[[Any], Sequence[Any]], images: Any) -> Work:
        def predict() -> Sequence[Any]:
            with torch.inference_mode():
                return network(images)

        # A frozen graph is made faster after its first calls, so the last of a few is what is compared.
        *_, told = (predict() for _ in range(3))
        refuse_other_work("torch", [result.cpu().numpy() for result in told], wanted)
        return predict

    twins = layouts(partial(TorchTwin, model), x, threads)
    eager = [work(twin.results, images) for twin, images in twins]
    if not hasattr(torch.jit, "optimize_for_inference"):
        return eager
    return eager + [work(_frozen(twin, images), images) for twin, images in twins]


def _frozen(twin: TorchTwin, images: Any) -> Callable[[Any], Sequence[Any]]:
    """One graph with its weights as constants: norms folded, layers joined, filters laid out for oneDNN.

    torch.compile would want a C++ compiler.
    """
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that these functions will be replaced
        network: Callable[[Any], Sequence[Any]] = torch.jit.optimize_for_inference(_graph(twin, images))
    return network


def save_for_torch(model: nn.Module, preprocessing: Preprocessing, path: Path) -> None:
    """A file for rivals/torch_script.py: the network, frozen, and how a picture becomes its input."""
    import torch

    x = blank((1, *preprocessing.shape)).numpy()
    beside = {name: getattr(preprocessing, name) for name in ("channels", "mean", "std")}
    graph = _graph(TorchTwin(model, x), torch.from_numpy(nchw(x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(graph, str(path), _extra_files={"input.json": json.dumps(beside)})


def _graph(twin: TorchTwin, images: Any) -> Any:
    """The twin as one frozen graph."""
    import torch

    class Network(torch.nn.Module):  # type: ignore[misc]  # torch is imported late
        def forward(self, x: Any) -> Any:
            return tuple(twin.results(x))

    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        return torch.jit.freeze(torch.jit.trace(Network().eval(), images, check_trace=False))
