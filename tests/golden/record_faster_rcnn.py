"""Record what torchvision's Faster R-CNNs compute: `python tests/golden/record_faster_rcnn.py`.

Writes faster_rcnn.json.
Wants torch and torchvision; the tests want neither. In float64; weights and images come from formula.py, boxes from
faster_rcnn_problem.py. Batch norms are frozen, as in torchvision's published networks, and all layers learn.
Kept are, of each network: names and shapes of the state; of two images in use objectness, codes and proposals of some
anchors, class logits and codes of some proposals, and the boxes after non-maximum suppression; the losses of a batch of
these two, and each gradient's norm and its product with a direction.

Samples are so large that all anchors and all proposals that may teach do: nothing is drawn.
"""

import json
from pathlib import Path
from types import MethodType

import faster_rcnn_problem as problem
import numpy as np
import torch
import torchvision
from formula import direction, image, state
from torchvision.models import mobilenet_v3_large, resnet50
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import _mobilenet_extractor, _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops.misc import FrozenBatchNorm2d

FILE = Path(__file__).with_name("faster_rcnn.json")
ALL = 10**6
SAMPLES = {
    "rpn_batch_size_per_image": ALL,
    "box_batch_size_per_image": ALL,
    "rpn_post_nms_top_n_train": problem.PLACES,
    "rpn_post_nms_top_n_test": problem.PLACES,
}


def resnet() -> torch.nn.Module:
    """As `fasterrcnn_resnet50_fpn` builds it."""
    backbone = _resnet_fpn_extractor(resnet50(weights=None, norm_layer=FrozenBatchNorm2d), 5)
    return FasterRCNN(backbone, 1 + problem.CLASSES, **SAMPLES)


def mobilenet() -> torch.nn.Module:
    """As `fasterrcnn_mobilenet_v3_large_320_fpn` builds it."""
    backbone = _mobilenet_extractor(mobilenet_v3_large(weights=None, norm_layer=FrozenBatchNorm2d), True, 6)
    anchors = AnchorGenerator(((32, 64, 128, 256, 512),) * 3, ((0.5, 1.0, 2.0),) * 3)
    few = {"rpn_pre_nms_top_n_test": 150, "rpn_score_thresh": 0.05}
    return FasterRCNN(backbone, 1 + problem.CLASSES, rpn_anchor_generator=anchors, **few, **SAMPLES)


def filled(network: str, model: torch.nn.Module) -> torch.nn.Module:
    """With weights by formula, in float64."""
    shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    model.load_state_dict(
        {name: torch.from_numpy(problem.tamed(network, name, a)) for name, a in state(shapes).items()}
    )
    return model.double()


def numbers(array: torch.Tensor, every: int) -> dict[str, object]:
    """Some rows of (N, A, …)."""
    found = array.detach().numpy()
    return {
        "some": found[:, ::every].round(7).tolist(),
        "largest": float(np.abs(found).max()),
        "norm": float(np.linalg.norm(found)),
    }


def heads(model: torch.nn.Module, pixels: torch.Tensor) -> dict[str, object]:
    """What both stages tell of images in use, before anything is chosen of the second."""
    pictures = ImageList(pixels, [(problem.SIDE, problem.SIDE)] * problem.IMAGES)
    maps = model.backbone(pixels)
    logits, codes = model.rpn.head(list(maps.values()))
    flat = [
        torch.cat([y.permute(0, 2, 3, 1).reshape(len(y), -1, count) for y in told], 1)
        for told, count in ((logits, 1), (codes, 4))
    ]
    proposals, _ = model.rpn(pictures, maps)
    regions = model.roi_heads.box_roi_pool(maps, proposals, pictures.image_sizes)
    scores, moves = model.roi_heads.box_predictor(model.roi_heads.box_head(regions))
    counts = [len(boxes) for boxes in proposals]
    detections, _ = model.roi_heads(maps, proposals, pictures.image_sizes)
    every = problem.EVERY_PROPOSAL
    return {
        "objectness": numbers(flat[0], problem.EVERY_ANCHOR),
        "anchor_codes": numbers(flat[1], problem.EVERY_ANCHOR),
        "counts": counts,
        "proposals": [boxes[::every].numpy().round(4).tolist() for boxes in proposals],
        "logits": numbers(scores[None], every),
        "codes": numbers(moves[None], every),
        "found": [
            [
                [*(round(v, 4) for v in box), round(score, 7), label - 1]
                for box, score, label in zip(*(one[key].tolist() for key in ("boxes", "scores", "labels")), strict=True)
            ]
            for one in detections
        ],
    }


def in_double(self: AnchorGenerator, *arguments: object) -> list[torch.Tensor]:
    """Anchors are made in float32; the network is float64."""
    return [anchors.double() for anchors in AnchorGenerator.forward(self, *arguments)]


def record(model: torch.nn.Module) -> dict[str, object]:
    model.rpn.anchor_generator.forward = MethodType(in_double, model.rpn.anchor_generator)
    pixels = torch.from_numpy(image((problem.IMAGES, problem.SIDE, problem.SIDE, 3))).permute(0, 3, 1, 2).double()
    with torch.inference_mode():
        used = heads(model.eval(), pixels)
    pictures = ImageList(pixels, [(problem.SIDE, problem.SIDE)] * problem.IMAGES)
    targets = [
        {"boxes": torch.from_numpy(corners).double(), "labels": torch.from_numpy(1 + labels)}
        for corners, labels in problem.targets()
    ]
    model.train()
    maps = model.backbone(pixels)
    proposals, first = model.rpn(pictures, maps, targets)
    _, second = model.roi_heads(maps, proposals, pictures.image_sizes, targets)
    losses = {**first, **second}
    sum(losses.values()).backward()
    ours = {
        "loss_object": "loss_objectness",
        "loss_proposal": "loss_rpn_box_reg",
        "loss_class": "loss_classifier",
        "loss_box": "loss_box_reg",
    }
    return {
        "shapes": {name: list(tensor.shape) for name, tensor in model.state_dict().items()},
        **used,
        "losses": {name: losses[theirs].item() for name, theirs in ours.items()},
        "gradients": {
            name: [p.grad.norm().item(), float((p.grad.numpy() * direction(tuple(p.shape), seed)).sum())]
            for seed, (name, p) in enumerate(model.named_parameters())
        },
    }


if __name__ == "__main__":
    whole: dict[str, object] = {
        "versions": {module.__name__: module.__version__.partition("+")[0] for module in (torch, torchvision)}
    }
    for name, create in zip(problem.NAMES, (resnet, mobilenet), strict=True):
        torch.manual_seed(0)
        whole |= {name: record(filled(name, create()))}
    lines = [f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in whole.items()]
    FILE.write_text("{" + ",\n".join(lines) + "}\n")
