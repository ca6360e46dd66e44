"""Record what networks tell in float64, and how far torch's float32 lies from that.

    python tests/golden/record_in_use.py

Wants torch; the tests do not. A twin of each network of `in_use_problem.py` computes in both. Writes in_use.json: of
each result some numbers, the largest, and torch's error as a share of that. That the networks are the published ones is
shown elsewhere; here only rounding is.
"""

import json
from pathlib import Path

import numpy as np
import torch
from in_use_problem import CASES, places, problem

from cnnkit.bench.rivals.known import nchw
from cnnkit.bench.twins.torch_twin import TorchTwin

NORM = torch.nn.functional.batch_norm
FILE = Path(__file__).with_name("in_use.json")


def results(name: str, side: int, dtype: torch.dtype) -> list[np.ndarray]:
    network, x = problem(name, side)
    twin = TorchTwin(network, x)
    twin._held = {key: None if tensor is None else tensor.detach().to(dtype) for key, tensor in twin._held.items()}
    twin._numbers = {key: None if tensor is None else tensor.to(dtype) for key, tensor in twin._numbers.items()}
    with torch.inference_mode():
        told = twin.results(torch.from_numpy(nchw(x)).to(dtype))
    ours = [tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor for tensor in told]  # a map's channels last
    return [tensor.double().numpy().reshape(-1) for tensor in ours]


def record(name: str, side: int) -> list[dict[str, object]]:
    found = []
    for exact, rounded in zip(*(results(name, side, dtype) for dtype in (torch.float64, torch.float32)), strict=True):
        largest = float(np.abs(exact).max())
        numbers = [float(f"{number:.9g}") for number in exact[places(exact.size)]]
        error = float(np.abs(rounded - exact).max()) / largest
        found.append({"size": exact.size, "numbers": numbers, "largest": largest, "torch_float32": error})
    return found


def norm_of_any_type(x: torch.Tensor, mean: torch.Tensor, var: torch.Tensor, *rest: object) -> torch.Tensor:
    """A twin holds statistics as float32, which are the numbers of both."""
    return NORM(x, mean.to(x.dtype), var.to(x.dtype), *rest)


if __name__ == "__main__":
    torch.nn.functional.batch_norm = norm_of_any_type
    networks = {}
    for name, side in CASES:
        networks[name] = record(name, side)
        print(name, [part["torch_float32"] for part in networks[name]], flush=True)
    kept = [f"{json.dumps(name)}:{json.dumps(found, separators=(',', ':'))}" for name, found in networks.items()]
    FILE.write_text("{\n" + ",\n".join(kept) + "\n}\n")
