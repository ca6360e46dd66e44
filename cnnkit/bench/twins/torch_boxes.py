"""What networks that find boxes learn, in torch: from the numbers that they tell to a loss.

Which default box or anchor is to find which true box hangs on no number of the network. It is told by our code before
the clock starts, which favours torch: ours does that in each step. All that does hang on them is torch's own work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Tensor, no_grad
from cnnkit.bench.rivals.known import tensor
from cnnkit.bench.twins.torch_twin import Learned
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.darknet.head import LARGEST_LOG, BoxHead
from cnnkit.models.detection.darknet.lessons import Lesson, lessons
from cnnkit.models.detection.darknet.network import Darknet
from cnnkit.models.detection.detector import BoxBatch
from cnnkit.models.detection.parts import matched, matched_boxes
from cnnkit.models.detection.ssd.network import NEGATIVES, SSD


def boxes_loss_of(network: SSD | Darknet, x: Host, truth: BoxBatch) -> Learned:
    """The sum of the network's `losses`. Images have a true box each, none of them a crowd."""
    return _ssd(network, x, truth) if isinstance(network, SSD) else _yolo(network, x, truth)


def _ssd(network: SSD, x: Host, truth: BoxBatch) -> Learned:
    """Smooth L1 of codes and cross-entropy of classes, of the background only the hardest: as torchvision has it."""
    import torch
    from torch.nn import functional

    with no_grad(), kernels.shapes_only():
        *_, anchors = network.heads(Tensor(x))
    places = matched(truth, anchors, high=0.5, rescue="one")
    corners, classes = matched_boxes(truth, places)
    holds, count = tensor(places >= 0), int((places >= 0).sum())
    wanted = tensor(network.coder.encode(corners, anchors))[holds]
    labels = tensor(np.where(places >= 0, 1 + classes, 0))
    most = NEGATIVES * holds.sum(1, keepdim=True)

    def learned(told: Sequence[Any]) -> Any:
        codes, logits = told
        box = functional.smooth_l1_loss(codes[holds], wanted, reduction="sum")
        each = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view_as(labels)
        cost = each.detach().masked_fill(holds, -torch.inf)
        ranks = cost.sort(1, descending=True)[1].sort(1)[1]
        return (box + each[holds].sum() + each[ranks < most].sum()) / count

    return learned


def _yolo(network: Darknet, x: Host, truth: BoxBatch) -> Learned:
    """Of each head; what is asked only of anchors that answer for a box is computed for these alone."""
    with no_grad(), kernels.shapes_only():
        found = network.maps(Tensor(x))
    heads, sizes = [head for head, _ in found], [(map_.shape[1], map_.shape[2]) for _, map_ in found]
    taught = lessons(heads, sizes, (x.shape[1], x.shape[2]), truth)
    of_heads = [_of_head(head, lesson, truth) for head, lesson in zip(heads, taught, strict=True)]
    return lambda told: sum(loss(numbers) for loss, numbers in zip(of_heads, told, strict=True)) / len(x)


def _of_head(head: BoxHead, lesson: Lesson, truth: BoxBatch) -> Callable[[Any], Any]:
    import torch
    from torch.nn import functional

    cross_entropy = partial(functional.binary_cross_entropy_with_logits, reduction="none")
    B, K = len(head.anchors), head.classes
    answers = tensor(lesson.responsible)
    own = answers[..., 0] > 0
    middle, size, weight, classes = (
        tensor(a)[own] for a in (lesson.middle, lesson.size, lesson.weight, lesson.classes)
    )
    least = float((weight * functional.binary_cross_entropy(middle, middle, reduction="none")).sum())
    true = tensor(truth.corners)
    stride, anchors = (tensor(np.array(sides, np.float32)) for sides in (head.stride[::-1], head.anchors))

    def learned(numbers: Any) -> Any:
        N, _, GH, GW = numbers.shape
        t_xy, t_wh, t_o, t_k = numbers.view(N, B, 5 + K, GH, GW).permute(0, 3, 4, 1, 2).split((2, 2, 1, K), -1)
        with torch.no_grad():
            boxes = _boxes(head.beyond, stride, anchors, t_xy, t_wh).view(N, -1, 4)
            free = (_overlaps(boxes, true) <= head.ignore).view_as(answers)
        box = (weight * (cross_entropy(t_xy[own], middle) + (t_wh[own] - size) ** 2 / 2)).sum() - least
        is_object = (cross_entropy(t_o, answers) * torch.maximum(answers, free)).sum()
        return box + is_object + cross_entropy(t_k[own], classes).sum()

    return learned


def _boxes(beyond: float, stride: Any, anchors: Any, t_xy: Any, t_wh: Any) -> Any:
    """(N, GH, GW, B, 4): the corners that an anchor of each cell tells."""
    import torch

    _, GH, GW, _, _ = t_xy.shape
    across, down = (torch.arange(count, dtype=torch.float32, device=t_xy.device) for count in (GW, GH))
    cells = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1)[:, :, None]
    middle = (t_xy.sigmoid() * beyond + cells - (beyond - 1) / 2) * stride
    half = t_wh.clamp(max=LARGEST_LOG).exp() * anchors / 2
    return torch.cat([middle - half, middle + half], -1)


def _overlaps(boxes: Any, true: Any) -> Any:
    """(N, A): intersection over union of each box (N, A, 4) with the true one (N, M, 4) that it overlaps most."""
    import torch

    sides, true_sides = boxes[..., 2:] - boxes[..., :2], true[..., 2:] - true[..., :2]
    low = torch.maximum(boxes[:, :, None, :2], true[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], true[:, None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    return (both / (sides.prod(-1)[:, :, None] + true_sides.prod(-1)[:, None] - both)).amax(-1)
