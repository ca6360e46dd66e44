"""A network of ours for ONNX Runtime, for `bench --against onnxruntime`: torch exports its twin of the network."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from cnnkit import nn
from cnnkit.bench.rivals import Work, nchw, onnxruntime_session
from cnnkit.bench.twins.torch_twin import TorchTwin, refuse_other_work
from cnnkit.kernels.shared.array import Host


def onnxruntime_predict(model: nn.Module, x: Host, wanted: Sequence[Host], threads: int) -> list[Work]:
    """Prediction, all that it tells compared with what ours does.

    Norms are folded and layers joined as ONNX Runtime does by itself.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        _export(TorchTwin(model, x), x, path)
        predict = onnxruntime_session(str(path), {"x": nchw(x)}, threads)
    refuse_other_work("ONNX Runtime", predict(), wanted)
    return [predict]


def _export(twin: TorchTwin, x: Host, path: Path) -> None:
    """Write the network; weights lie in a file beside it where they are above the 2 GB of the format."""
    import torch

    class Exported(torch.nn.Module):  # type: ignore[misc]  # torch is imported late
        def forward(self, x: Any) -> Any:
            return tuple(twin.results(x))

    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    # The exporter tells of its progress on stdout, which is the table's or JSON's, and warns of its own innards.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(None):
        warnings.simplefilter("ignore")
        images = (torch.from_numpy(nchw(x)),)
        torch.onnx.export(Exported().eval(), images, path, input_names=["x"], dynamo=True, verbose=False)
