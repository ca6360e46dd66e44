"""Record what PyTorch and torchvision make of boxes, as record.py does; writes boxes.json.

python tests/golden/record_boxes.py            with torch and torchvision installed
"""

import json
from pathlib import Path

import boxes_problem as problem
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
import torchvision
from torchvision import ops
from torchvision.models.detection._utils import BoxCoder, Matcher, SSDMatcher
from torchvision.models.detection.anchor_utils import AnchorGenerator, DefaultBoxGenerator
from torchvision.models.detection.image_list import ImageList


def told(tensor: torch.Tensor) -> list[float]:
    return tensor.detach().reshape(-1).tolist()


# name: boxes, classes, levels of scores (0: all differ), bound
SUPPRESSED = {
    "one class": (120, 1, 0, 0.5),
    "five classes": (160, 5, 0, 0.3),
    "equal scores": (160, 3, 6, 0.45),
    "a low bound": (90, 2, 0, 0.05),
    "all are kept": (40, 2, 4, 1.0),
}


def suppressed() -> dict[str, list[int]]:
    """The indices that batched_nms keeps, in its order."""
    answers = {}
    for seed, (name, (count, classes, levels, bound)) in enumerate(SUPPRESSED.items()):
        boxes = torch.tensor(problem.boxes(count, 10 * seed))
        scores = torch.tensor(problem.scores(count, 10 * seed + 5, levels=levels))
        answers[name] = ops.batched_nms(boxes, scores, torch.arange(count) % classes, bound).tolist()
    return answers


def losses() -> dict[str, dict[str, list[float]]]:
    """Each loss, number by number, and its gradient; in float64."""
    answers = {}
    x, t = problem.numbers((6, 5), 1, 4.0), problem.numbers((6, 5), 2)
    hard = (t > 0).astype(float)
    a, b = (problem.boxes(12, seed).astype(float) for seed in (40, 41))
    cases = {
        "binary_cross_entropy": (x, lambda x: F.binary_cross_entropy_with_logits(x, soft, reduction="none")),
        "sigmoid_focal_loss": (x, lambda x: ops.sigmoid_focal_loss(x, yes)),
        "sigmoid_focal_loss, other numbers": (x, lambda x: ops.sigmoid_focal_loss(x, yes, alpha=0.7, gamma=0.5)),
        "sigmoid_focal_loss, no alpha": (x, lambda x: ops.sigmoid_focal_loss(x, yes, alpha=-1, gamma=3)),
        "smooth_l1_loss": (x, lambda x: F.smooth_l1_loss(x, soft, reduction="none")),
        "smooth_l1_loss, beta 1/9": (x, lambda x: F.smooth_l1_loss(x, soft, reduction="none", beta=1 / 9)),
        "giou_loss": (a, lambda a: ops.generalized_box_iou_loss(a, torch.tensor(b))),
    }
    soft, yes = torch.tensor((t + 1) / 2), torch.tensor(hard)
    for name, (operand, loss) in cases.items():
        tensor = torch.tensor(operand, requires_grad=True)
        y = loss(tensor)
        y.sum().backward()
        answers[name] = {"y": told(y), "dx": told(tensor.grad)}
    return answers


def overlaps() -> list[float]:
    """box_iou of two lists, in float64."""
    a, b = (torch.tensor(problem.boxes(count, seed).astype(float)) for count, seed in ((9, 60), (11, 61)))
    return told(ops.box_iou(a, b))


def codes() -> dict[str, dict[str, list[float]]]:
    """Codes of boxes by torchvision's BoxCoder, and the boxes of other codes; in float32."""
    answers = {}
    anchors, boxes = (torch.tensor(problem.boxes(20, seed)) for seed in (70, 71))
    deltas = torch.tensor(problem.numbers((20, 4), 72, 3.0).astype("float32"))
    for weights in ((1.0, 1.0, 1.0, 1.0), (10.0, 10.0, 5.0, 5.0)):
        coder = BoxCoder(weights)
        encoded = coder.encode_single(boxes, anchors)
        answers[str(weights)] = {"encoded": told(encoded), "decoded": told(coder.decode_single(3 * deltas, anchors))}
    return answers


# name: size, scale, sampling ratio (-1: as many as are needed), aligned
ALIGNED = {
    f"{size[0]}x{size[1]} of 1/{1 / scale:g}, {sampling}, {aligned}": (size, scale, sampling, aligned)
    for size, scale in (((3, 2), 0.125), ((2, 3), 0.5))
    for sampling in (-1, 2)
    for aligned in (True, False)
}
POOLED = {"3x2 of 1/8": ((3, 2), 0.125), "2x3 of 1/2": ((2, 3), 0.5)}


def regions() -> dict[str, dict[str, list[float]]]:
    """roi_align and roi_pool with their gradients, in float64 and our layout (R, OH, OW, C)."""
    rois = torch.tensor(problem.regions(9, 2, 80))
    layers = {
        **{f"align {name}": (how, lambda x, how: ops.roi_align(x, rois, *how)) for name, how in ALIGNED.items()},
        **{f"pool {name}": (how, lambda x, how: ops.roi_pool(x, rois, *how)) for name, how in POOLED.items()},
    }
    answers = {}
    for name, (how, layer) in layers.items():
        pixels = round(100 * how[1])
        x = torch.tensor(problem.numbers((2, pixels, pixels + 1, 3), 90), requires_grad=True)
        y = layer(x.permute(0, 3, 1, 2), how).permute(0, 2, 3, 1)
        y.backward(torch.tensor(problem.numbers(tuple(y.shape), 91)))
        # Of the larger map the sum of each row is enough.
        answers[name] = {"y": told(y), "dx": told(x.grad if pixels < 20 else x.grad.sum(dim=2))}
    return answers


def anchors() -> dict[str, list[float]]:
    """Anchors of torchvision's two generators, as they are in its networks, for maps of a small image."""
    images = ImageList(torch.zeros(1, 3, 96, 64), [(96, 64)])
    maps = [torch.zeros(1, 1, *size) for size in ((6, 4), (3, 2))]
    default = DefaultBoxGenerator([[2], [2, 3]], scales=[0.07, 0.15, 0.33], steps=[8, 16])
    shared = DefaultBoxGenerator([[2, 3], [2, 3]], min_ratio=0.2, max_ratio=0.95)
    return {
        "regions": told(AnchorGenerator(((32,), (64, 100)), ((0.5, 1.0, 2.0),) * 2)(images, maps)[0]),
        "default": told(default(images, maps)[0]),
        "default, no steps": told(shared(images, maps)[0]),
    }


def matches() -> dict[str, list[int]]:
    """What torchvision's matchers give 200 anchors of seven boxes."""
    anchors, boxes = (torch.tensor(array) for array in problem.anchors_and_boxes())
    iou = ops.box_iou(boxes, anchors)
    return {
        "none": Matcher(0.5, 0.3)(iou).tolist(),
        "all": Matcher(0.7, 0.3, allow_low_quality_matches=True)(iou).tolist(),
        "one": SSDMatcher(0.5)(iou).tolist(),
    }


if __name__ == "__main__":
    record = {
        "torch": torch.__version__.partition("+")[0],
        "torchvision": torchvision.__version__.partition("+")[0],
        "batched_nms": suppressed(),
        "losses": losses(),
        "box_iou": overlaps(),
        "box_coder": codes(),
        "regions": regions(),
        "anchors": anchors(),
        "matches": matches(),
    }
    Path(__file__).with_name("boxes.json").write_text(json.dumps(record, indent=0) + "\n")
