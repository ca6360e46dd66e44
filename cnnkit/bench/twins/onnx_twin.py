"""A network of ours for ONNX Runtime, for `bench --against onnxruntime`: torch exports its twin of the network."""

from __future__ import annotations

import logging
import tempfile
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit import nn
from cnnkit.bench.rivals import Work, nchw, onnxruntime_session
from cnnkit.bench.twins.torch_twin import TorchTwin
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host


def onnxruntime_predict(model: nn.Module, x: Host, wanted: Host, threads: int) -> list[Work]:
    """Prediction, its logits compared with ours; norms are folded and layers joined as ONNX Runtime does by itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        _export(TorchTwin(model, x), x, path)
        predict = onnxruntime_session(str(path), {"x": nchw(x)}, threads)
    error = float(np.abs(predict()[0] - (nchw(wanted) if wanted.ndim == 4 else wanted)).max())
    if not error <= 1e-4 * float(np.abs(wanted).max()):
        raise CheckFailed(f"ONNX Runtime's logits differ from ours by {error:.2g}: not the same work.")
    return [predict]


def _export(twin: TorchTwin, x: Host, path: Path) -> None:
    """Write the network; weights lie in a file beside it where they are above the 2 GB of the format."""
    import torch

    class Exported(torch.nn.Module):  # type: ignore[misc]  # torch is imported late
        def forward(self, x: Any) -> Any:
            return twin(x)

    for parameter in twin.parameters():
        parameter.requires_grad_(False)
    # The exporter tells of its progress on stdout, which is the table's or JSON's, and warns of its own innards.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(None):
        warnings.simplefilter("ignore")
        images = (torch.from_numpy(nchw(x)),)
        torch.onnx.export(Exported().eval(), images, path, input_names=["x"], dynamo=True, verbose=False)
