"""Record what torch's networks for segmentation compute: `python tests/golden/record_segmentation.py [NAME ...]`.

Wants torch and torchvision; the tests want neither. Writes segmentation.json, or renews only the networks named. In
float64; weights and images come from formula.py.
Kept are: names and shapes of the state; in use the logits of some pixels, their norm and their product with a
direction; the losses of some steps of training; and how far torch's own float32 has then strayed from these.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
import torchvision
from formula import direction, image, mask, state
from torch_segmentation import NETWORKS

FILE = Path(__file__).with_name("segmentation.json")
CLASSES, VOID = 21, 255
# An image that no stride divides, and every so many of its pixels.
EVAL_SIZE, EVERY = (97, 81), 16
TRAIN_SIZE, TRAIN_IMAGES, STEPS, LR, MOMENTUM = (48, 40), 4, 20, 0.01, 0.9
AUXILIARY_WEIGHT = 0.5


def create(name: str, dtype: torch.dtype) -> torch.nn.Module:
    """The network with weights by formula, and dropout at rest."""
    model = NETWORKS[name](CLASSES)
    model.load_state_dict({key: torch.from_numpy(a) for key, a in state(shapes(model)).items()}, strict=False)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model.to(dtype)


def shapes(model: torch.nn.Module) -> dict[str, list[int]]:
    return {key: list(t.shape) for key, t in model.state_dict().items() if not key.endswith("num_batches_tracked")}


def images(count: int, size: tuple[int, int], dtype: torch.dtype) -> torch.Tensor:
    return torch.from_numpy(image((count, *size, 3))).permute(0, 3, 1, 2).to(dtype)


def in_use(name: str) -> dict[str, object]:
    with torch.inference_mode():
        logits = create(name, torch.float64).eval()(images(1, EVAL_SIZE, torch.float64))["out"]
    logits = logits[0].permute(1, 2, 0).numpy()
    along = float((logits * direction(logits.shape, 0)).sum())
    return {
        "logits": logits[::EVERY, ::EVERY].round(7).tolist(),
        "largest": float(np.abs(logits).max()),
        "norm": float(np.linalg.norm(logits)),
        "along": along,
    }


def losses(name: str, dtype: torch.dtype, last: bool = False) -> list[float]:
    """Of every step of SGD on the same few images.   last: whether channels lie last, which adds in another order."""
    model = create(name, dtype).train()
    x = images(TRAIN_IMAGES, TRAIN_SIZE, dtype)
    if last:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(mask(TRAIN_IMAGES, *TRAIN_SIZE, classes=CLASSES, void=VOID)).long()
    optimiser = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
    found = []
    for _ in range(STEPS):
        outputs = model(x)
        labels = middle(labels, *outputs["out"].shape[2:])
        loss = F.cross_entropy(outputs["out"], labels, ignore_index=VOID)
        if "aux" in outputs:
            loss = loss + AUXILIARY_WEIGHT * F.cross_entropy(outputs["aux"], labels, ignore_index=VOID)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        found.append(loss.item())
    return found


def middle(labels: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """(N, height, width): a network without padding answers for no more."""
    top, left = (labels.shape[1] - height) // 2, (labels.shape[2] - width) // 2
    return labels[:, top : top + height, left : left + width]


def record(name: str) -> dict[str, object]:
    exact = losses(name, torch.float64)
    strayed = [losses(name, torch.float32, last) for last in (False, True)]
    return {
        "shapes": shapes(create(name, torch.float32)),
        **in_use(name),
        "losses": exact,
        "torch_float32": np.abs(np.array(strayed) - exact).max(axis=0).tolist(),
    }


if __name__ == "__main__":
    networks = json.loads(FILE.read_text())["networks"] if len(sys.argv) > 1 and FILE.exists() else {}
    for name in sys.argv[1:] or NETWORKS:
        networks[name] = record(name)
        print(name, networks[name]["losses"][::5], networks[name]["torch_float32"][::5], flush=True)
    lines = [f"{json.dumps(name)}:{json.dumps(found, separators=(',', ':'))}" for name, found in networks.items()]
    versions = {module.__name__: module.__version__.partition("+")[0] for module in (torch, torchvision)}
    told = ",\n".join(lines)
    FILE.write_text(f'{{"versions":{json.dumps(versions)},\n"networks":{{\n{told}\n}}}}\n')
