"""Record what ReSeg computes in torch, in float64: `python tests/golden/record_reseg.py` writes reseg.json.

The network is written here from its paper by torch.nn.functional and torch.nn.GRU, a quarter wide. Its parameters have
our names and layouts, and are turned where torch wants them otherwise, so gradients come back in ours.
Kept are the logits of some pixels, the loss over pixels that are not void, and of each gradient the norm and the
product with a direction.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from reseg_problem import CLASSES, VOID, directions, images, labels, weights
from torch import Tensor

FILE = Path(__file__).with_name("reseg.json")
VGG = [("1_1", 16), ("1_2", 16), ("2_1", 32), ("2_2", 32), ("3_1", 64), ("3_2", 64), ("3_3", 64)]
UNITS, FILTERS = 25, 12
GATES = 3 * UNITS


def shapes() -> dict[str, list[int]]:
    found, channels = {}, 3
    for place, width in VGG:
        found |= {f"backbone.conv{place}.weight": [3, 3, channels, width], f"backbone.conv{place}.bias": [width]}
        channels = width
    for layer in (1, 2):
        for sweep in ("vertical", "horizontal"):
            name = f"renet.{layer}.{sweep}."
            found |= {f"{name}weight": [1, 1, channels, 2 * GATES], f"{name}bias": [2 * GATES]}
            found |= {f"{name}recurrent_weight": [2, UNITS, GATES], f"{name}recurrent_bias": [2 * GATES]}
            channels = 2 * UNITS
    for number in (1, 2):
        found |= {f"up.{number}.weight": [2, 2, FILTERS, channels], f"up.{number}.bias": [FILTERS]}
        channels = FILTERS
    return found | {"score.weight": [1, 1, channels, CLASSES], "score.bias": [CLASSES]}


def sweep(x: Tensor, w: dict[str, Tensor], name: str) -> Tensor:
    """(sequences, steps, channels) through torch.nn.GRU, there and back."""
    channels = x.shape[2]
    layer = torch.nn.GRU(channels, UNITS, batch_first=True, bidirectional=True).double()
    parameters = {}
    for d, suffix in enumerate(("_l0", "_l0_reverse")):
        part = slice(d * GATES, (d + 1) * GATES)
        parameters |= {
            f"weight_ih{suffix}": w[f"{name}weight"][0, 0, :, part].T,
            f"bias_ih{suffix}": w[f"{name}bias"][part],
            f"weight_hh{suffix}": w[f"{name}recurrent_weight"][d].T,
            f"bias_hh{suffix}": w[f"{name}recurrent_bias"][part],
        }
    return torch.func.functional_call(layer, parameters, (x,))[0]


def renet(x: Tensor, w: dict[str, Tensor], name: str) -> Tensor:
    """Each column of (N, H, W, C) is swept, then each row of that."""
    N, H, W, C = x.shape
    columns = sweep(x.permute(0, 2, 1, 3).reshape(N * W, H, C), w, f"{name}vertical.")
    swept = columns.reshape(N, W, H, 2 * UNITS).permute(0, 2, 1, 3)
    rows = sweep(swept.reshape(N * H, W, 2 * UNITS), w, f"{name}horizontal.")
    return rows.reshape(N, H, W, 2 * UNITS)


def reseg(x: Tensor, w: dict[str, Tensor]) -> Tensor:
    _, H, W, _ = x.shape
    y = F.pad(x.permute(0, 3, 1, 2), (0, -W % 4, 0, -H % 4))
    for place, _ in VGG:
        y = F.relu(
            F.conv2d(
                y, w[f"backbone.conv{place}.weight"].permute(3, 2, 0, 1), w[f"backbone.conv{place}.bias"], padding=1
            )
        )
        if place in ("1_2", "2_2"):
            y = F.max_pool2d(y, 2)
    y = y.permute(0, 2, 3, 1)
    for layer in (1, 2):
        y = renet(y, w, f"renet.{layer}.")
    y = y.permute(0, 3, 1, 2)
    for number in (1, 2):
        y = F.relu(
            F.conv_transpose2d(y, w[f"up.{number}.weight"].permute(3, 2, 0, 1), w[f"up.{number}.bias"], stride=2)
        )
    y = F.conv2d(y, w["score.weight"].permute(3, 2, 0, 1), w["score.bias"])
    return y[:, :, :H, :W].permute(0, 2, 3, 1)


if __name__ == "__main__":
    told = shapes()
    w = {name: torch.tensor(array, dtype=torch.float64, requires_grad=True) for name, array in weights(told).items()}
    logits = reseg(torch.tensor(images(), dtype=torch.float64), w)
    loss = F.cross_entropy(logits.permute(0, 3, 1, 2), torch.tensor(labels()), ignore_index=VOID)
    loss.backward()
    along = directions(told)
    gradients = {
        name: [t.grad.norm().item(), (t.grad * torch.from_numpy(along[name])).sum().item()] for name, t in w.items()
    }
    record = {
        "torch": torch.__version__.partition("+")[0],
        "shapes": told,
        "logits": logits[:, ::9, ::9].flatten().tolist(),
        "loss": loss.item(),
        "gradients": gradients,
    }
    FILE.write_text(json.dumps(record, indent=0) + "\n")
    print(loss.item(), logits.abs().max().item(), logits.std().item(), {k: v[0] for k, v in gradients.items()})
