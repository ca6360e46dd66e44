"""Record what PyTorch computes where maps change their size, as record.py does; writes upsampling.json."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from record import formula, told

# name: stride, padding, output padding, dilation, groups
TRANSPOSED = {
    "plain": (1, 0, 0, 1, 1),
    "doubled": (2, 1, 0, 1, 1),
    "strided and padded": (2, 1, 1, 1, 1),
    "dilated in groups": ((3, 2), (2, 1), (1, 0), (2, 3), 2),
}
# name: size, mode, align_corners
RESIZED = {
    f"{mode} to {height}x{width}{', corners aligned' if corners else ''}": ((height, width), mode, corners)
    for mode, corners in (("nearest", False), ("bilinear", False), ("bilinear", True))
    for height, width in ((10, 12), (5, 6), (13, 4), (3, 2), (1, 9))
}


def transposed() -> dict[str, dict[str, list[float]]]:
    """Result and gradients of relu(conv_transpose2d), in our layout: filters (KH, KW, O / groups, C)."""
    answers = {}
    for name, (stride, padding, more, dilation, groups) in TRANSPOSED.items():
        x = torch.tensor(formula((1, 4, 3, 6), 0.0), requires_grad=True)
        w = torch.tensor(formula((3, 2, 4 // groups, 6), 1.0), requires_grad=True)
        b = torch.tensor(formula((4,), 2.0), requires_grad=True)
        filters = w.permute(3, 2, 0, 1)
        y = F.conv_transpose2d(x.permute(0, 3, 1, 2), filters, b, stride, padding, more, groups, dilation)
        y = torch.relu(y).permute(0, 2, 3, 1)
        y.backward(torch.tensor(formula(tuple(y.shape), 3.0)))
        answers[name] = told(y, x, w, b)
    return answers


def resized() -> dict[str, dict[str, list[float]]]:
    """Result and gradient of every mode and convention, larger and smaller."""
    answers = {}
    for name, (size, mode, corners) in RESIZED.items():
        x = torch.tensor(formula((1, 5, 6, 2), 0.0), requires_grad=True)
        y = F.interpolate(x.permute(0, 3, 1, 2), size, mode=mode, align_corners=corners or None).permute(0, 2, 3, 1)
        y.backward(torch.tensor(formula(tuple(y.shape), 3.0)))
        answers[name] = told(y, x)
    return answers


if __name__ == "__main__":
    record = {"torch": torch.__version__.partition("+")[0], "conv_transpose2d": transposed(), "resize": resized()}
    Path(__file__).with_name("upsampling.json").write_text(json.dumps(record, indent=0) + "\n")
