"""Record what torchvision's SSDs compute: `python tests/golden/record_ssd.py`; ssd.json and its like, ssd_exact.json.

Wants torch and torchvision; the tests want neither. In float64; weights and images come from formula.py, boxes from
ssd_problem.py, the networks from torch_ssd.py.
Kept are: names and shapes of the state; of two images in use the codes and logits of some default boxes and their
norms, and the boxes after non-maximum suppression; the losses of a batch of these two, and each gradient's norm and
its product with a direction; and how far torch's own float32 strays from that at most, in norms.
Of narrow networks only what they learn is kept, in ssd_exact.json: there ours computes in float64 too.
"""

import json
from pathlib import Path

import numpy as np
import ssd_problem as problem
import torch
import torch_ssd
import torchvision
from formula import direction, image, state
from torchvision.models.detection.image_list import ImageList

FOLDER = Path(__file__).parent
EXACT = FOLDER / "ssd_exact.json"


def create(name: str, dtype: torch.dtype) -> torch.nn.Module:
    """The network with weights by formula."""
    model = torch_ssd.create(name)
    arrays = {key: torch.from_numpy(problem.tamed(key, a)) for key, a in state(shapes(model)).items()}
    model.load_state_dict(arrays, strict=False)
    return model.to(dtype)


def shapes(model: torch.nn.Module) -> dict[str, list[int]]:
    return {key: list(t.shape) for key, t in model.state_dict().items() if not key.endswith("num_batches_tracked")}


def numbers(array: torch.Tensor, every: int) -> dict[str, object]:
    found = array.detach().numpy()
    return {
        "some": found[:, ::every].round(8).tolist(),
        "largest": float(np.abs(found).max()),
        "norm": float(np.linalg.norm(found)),
    }


def images(case: problem.Case | problem.Narrow, dtype: torch.dtype) -> tuple[torch.Tensor, ImageList]:
    pixels = torch.from_numpy(image((problem.IMAGES, case.side, case.side, 3))).permute(0, 3, 1, 2).to(dtype)
    return pixels, ImageList(pixels, [(case.side, case.side)] * problem.IMAGES)


def in_use(name: str, case: problem.Case) -> dict[str, object]:
    model = create(name, torch.float64).eval()
    pixels, pictures = images(case, torch.float64)
    with torch.inference_mode():
        maps = list(model.backbone(pixels).values())
        heads = model.head(maps)
        anchors = [found.double() for found in model.anchor_generator(pictures, maps)]
        detections = model.postprocess_detections(heads, anchors, pictures.image_sizes)
    return {
        "codes": numbers(heads["bbox_regression"], case.every),
        "logits": numbers(heads["cls_logits"], case.every),
        "found": [
            [
                [*(round(v, 4) for v in box), round(score, 7), label - 1]
                for box, score, label in zip(*(one[key].tolist() for key in ("boxes", "scores", "labels")), strict=True)
            ]
            for one in detections
        ],
    }


def in_training(name: str, case: problem.Case | problem.Narrow, dtype: torch.dtype) -> dict[str, object]:
    model = create(name, dtype).train()
    pixels, pictures = images(case, dtype)
    maps = list(model.backbone(pixels).values())
    anchors = [found.to(dtype) for found in model.anchor_generator(pictures, maps)]
    targets = [
        {"boxes": torch.from_numpy(corners).to(dtype), "labels": torch.from_numpy(1 + labels)}
        for corners, labels in case.targets()
    ]
    matches = [
        model.proposal_matcher(torchvision.ops.box_iou(target["boxes"], found))
        for target, found in zip(targets, anchors, strict=True)
    ]
    losses = model.compute_loss(targets, model.head(maps), anchors, matches)
    sum(losses.values()).backward()
    return {
        "loss_box": losses["bbox_regression"].item(),
        "loss_class": losses["classification"].item(),
        "gradients": {
            key: [p.grad.norm().item(), float((p.grad.numpy() * direction(tuple(p.shape), seed)).sum())]
            for seed, (key, p) in enumerate(model.named_parameters())
        },
    }


def record(name: str, case: problem.Case) -> dict[str, object]:
    exact, rounded = (in_training(name, case, dtype) for dtype in (torch.float64, torch.float32))
    least = problem.least(exact["gradients"])
    strays = [
        abs(along - rounded["gradients"][key][1]) / (norm + least) for key, (norm, along) in exact["gradients"].items()
    ]
    return {
        "versions": {module.__name__: module.__version__.partition("+")[0] for module in (torch, torchvision)},
        "shapes": shapes(create(name, torch.float32)),
        **in_use(name, case),
        **exact,
        "torch_float32": round(max(strays), 5),
    }


def exact(name: str, case: problem.Narrow) -> dict[str, object]:
    return {"shapes": shapes(create(name, torch.float32)), **in_training(name, case, torch.float64)}


def write(path: Path, found: dict[str, object]) -> None:
    lines = [f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in found.items()]
    path.write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    for name, case in problem.CASES.items():
        write(FOLDER / case.file, record(name, case))
    write(EXACT, {name: exact(name, case) for name, case in problem.NARROW.items()})
