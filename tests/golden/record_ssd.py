"""Record what torchvision's SSD300 computes: `python tests/golden/record_ssd.py`; writes ssd.json.

Wants torch and torchvision; the tests want neither. In float64; weights and images come from formula.py, boxes from
ssd_problem.py.
Kept are: names and shapes of the state; of two images in use the codes and logits of some default boxes and their
norms, and the boxes after non-maximum suppression; the losses of a batch of these two, and each gradient's norm and
its product with a direction.
"""

import json
from pathlib import Path

import numpy as np
import ssd_problem as problem
import torch
import torchvision
from formula import direction, image, state
from torchvision.models.detection import ssd300_vgg16
from torchvision.models.detection.image_list import ImageList

FILE = Path(__file__).with_name("ssd.json")


def create() -> torch.nn.Module:
    """The network with weights by formula."""
    model = ssd300_vgg16(weights=None, weights_backbone=None, num_classes=1 + problem.CLASSES)
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    model.load_state_dict({name: torch.from_numpy(problem.tamed(name, a)) for name, a in state(shapes).items()})
    return model.double()


def numbers(array: torch.Tensor) -> dict[str, object]:
    found = array.detach().numpy()
    return {
        "some": found[:, :: problem.EVERY].round(8).tolist(),
        "largest": float(np.abs(found).max()),
        "norm": float(np.linalg.norm(found)),
    }


if __name__ == "__main__":
    model = create()
    pixels = torch.from_numpy(image((problem.IMAGES, 300, 300, 3))).permute(0, 3, 1, 2).double()
    pictures = ImageList(pixels, [(300, 300)] * problem.IMAGES)
    targets = [
        {"boxes": torch.from_numpy(corners).double(), "labels": torch.from_numpy(1 + labels)}
        for corners, labels in problem.targets()
    ]
    maps = list(model.backbone(pixels).values())
    heads = model.head(maps)
    anchors = [found.double() for found in model.anchor_generator(pictures, maps)]
    matches = [
        model.proposal_matcher(torchvision.ops.box_iou(target["boxes"], found))
        for target, found in zip(targets, anchors, strict=True)
    ]
    losses = model.compute_loss(targets, heads, anchors, matches)
    sum(losses.values()).backward()
    with torch.inference_mode():
        detections = model.postprocess_detections(heads, anchors, pictures.image_sizes)
    record = {
        "versions": {module.__name__: module.__version__.partition("+")[0] for module in (torch, torchvision)},
        "shapes": {name: list(tensor.shape) for name, tensor in model.state_dict().items()},
        "codes": numbers(heads["bbox_regression"]),
        "logits": numbers(heads["cls_logits"]),
        "found": [
            [
                [*(round(v, 4) for v in box), round(score, 7), label - 1]
                for box, score, label in zip(*(one[key].tolist() for key in ("boxes", "scores", "labels")), strict=True)
            ]
            for one in detections
        ],
        "loss_box": losses["bbox_regression"].item(),
        "loss_class": losses["classification"].item(),
        "gradients": {
            name: [p.grad.norm().item(), float((p.grad.numpy() * direction(tuple(p.shape), seed)).sum())]
            for seed, (name, p) in enumerate(model.named_parameters())
        },
    }
    lines = [f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in record.items()]
    FILE.write_text("{" + ",\n".join(lines) + "}\n")
