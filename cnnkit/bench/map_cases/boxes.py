"""What detection adds: the choice among boxes, and maps within boxes; beside torchvision where that is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.bench.cases import Case
from cnnkit.bench.rivals.known import nchw, tensor
from cnnkit.bench.twins.definition import ROUNDING
from cnnkit.errors import CheckFailed
from cnnkit.kernels import reference
from cnnkit.kernels.shared.array import Host

Work = Callable[[], Any]
SCORE, SIDE = 0.05, 512


@dataclass(frozen=True)
class Choice:
    """Non-maximum suppression: A boxes, each with scores of K classes, `share` of them above the bound."""

    name: str
    A: int
    K: int
    share: float
    iou: float
    places: int

    def __str__(self) -> str:
        return f"{self.name}, suppression of {self.A} boxes, {self.K} class{'es' * (self.K > 1)}"


CHOICES = (
    Choice("ssd300", 8732, 20, 0.02, 0.45, 200),
    Choice("yolo_v3", 10647, 80, 0.001, 0.45, 100),
    Choice("a region proposal network", 2000, 1, 1.0, 0.7, 1000),
)
# Regions, the side of the map, its channels; bins and samples a side.
REGIONS, MAP, CHANNELS, BINS, SAMPLES = 512, 64, 256, 7, 2


def box_cases() -> Iterator[Callable[[], Case]]:
    for choice in CHOICES:
        yield partial(choice_case, choice)
    for gradient in (False, True):
        yield partial(align_case, gradient)


def choice_case(choice: Choice) -> Case:
    """The boxes that one image keeps."""
    boxes, scores = _boxes(choice.A, 0), _scores(choice)
    how = {"score": SCORE, "iou": choice.iou, "places": choice.places}
    k = kernels.home()
    run = partial(k.select, k.put(boxes[None]), k.put(scores[None]), **how)
    few = slice(0, 200)
    check = partial(_check_choice, boxes[None, few], scores[None, few], how)
    return Case(str(choice), run, check, rivals=_rivals(partial(_torch_choice, boxes, scores, choice)))


def align_case(gradient: bool) -> Case:
    """RoIAlign of a Faster R-CNN's head, or its gradient by the map."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, MAP, MAP, CHANNELS), dtype=np.float32)
    rois = np.concatenate([np.zeros((REGIONS, 1), np.float32), _boxes(REGIONS, 1)], axis=1)
    dy = rng.standard_normal((REGIONS, BINS, BINS, CHANNELS), dtype=np.float32)
    k, how = kernels.home(), (MAP / SIDE, SAMPLES, True)
    if gradient:
        run = partial(k.roi_align_dx, k.put(dy), k.put(rois), x.shape, *how)
    else:
        run = partial(k.roi_align, k.put(x), k.put(rois), (BINS, BINS), *how)
    name = f"RoIAlign{' gradient' * gradient} of {REGIONS} regions, {BINS}x{BINS}x{CHANNELS}"
    check = partial(_check_align, x[..., :3], rois[:5], dy[:5, ..., :3], how, gradient)
    return Case(name, run, check, rivals=_rivals(partial(_torch_align, x, rois, dy, gradient)))


def _boxes(count: int, seed: int) -> Host:
    """Boxes of 20 to 120 pixels around a hundred things."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(40, SIDE - 40, (100, 2))[rng.integers(0, 100, count)] + rng.normal(0, 8, (count, 2))
    half = rng.uniform(10, 60, (count, 2))
    corners: Host = np.concatenate([middles - half, middles + half], axis=1).clip(0, SIDE)
    return corners.astype(np.float32)


def _scores(choice: Choice) -> Host:
    rng = np.random.default_rng(2)
    low = rng.uniform(0, SCORE, (choice.A, choice.K))
    scores: Host = np.where(rng.random(low.shape) < choice.share, rng.uniform(SCORE, 1, low.shape), low)
    return scores.astype(np.float32)


def _check_choice(boxes: Host, scores: Host, how: dict[str, Any]) -> None:
    k = kernels.home()
    found = k.fetch(k.select(k.put(boxes), k.put(scores), **how))
    if not np.array_equal(found, reference.select(boxes, scores, **how).astype(np.float32)):
        raise CheckFailed("select chooses other boxes than its definition.")


def _check_align(x: Host, rois: Host, dy: Host, how: tuple[Any, ...], gradient: bool) -> None:
    x, dy = np.ascontiguousarray(x), np.ascontiguousarray(dy)
    found, exact = (
        k.fetch(
            k.roi_align_dx(k.put(dy), k.put(rois), x.shape, *how)
            if gradient
            else k.roi_align(k.put(x), k.put(rois), (BINS, BINS), *how)
        )
        for k in (kernels.home(), reference)
    )
    error = float(np.abs(found - exact).max() / np.abs(exact).max())
    if not error <= ROUNDING:
        raise CheckFailed(f"roi_align{'_dx' * gradient} differs from its definition by {error:.2g}.")


def _rivals(torch: Callable[[int], list[Work]]) -> dict[str, Callable[[int], list[Work]]]:
    return {"torch": torch} if importlib.util.find_spec("torchvision") else {}


def _torch_choice(boxes: Host, scores: Host, choice: Choice, threads: int) -> list[Work]:
    import torch
    import torchvision

    torch.set_num_threads(threads)
    every, each = tensor(boxes), tensor(scores)

    def chosen() -> Any:
        box, label = (each > SCORE).nonzero(as_tuple=True)
        kept = torchvision.ops.batched_nms(every[box], each[box, label], label, choice.iou)[: choice.places]
        return every[box[kept]], each[box[kept], label[kept]], label[kept]

    return [chosen]


def _torch_align(x: Host, rois: Host, dy: Host, gradient: bool, threads: int) -> list[Work]:
    import torch
    import torchvision

    torch.set_num_threads(threads)
    maps, regions, back = map(tensor, (nchw(x), rois, nchw(dy)))
    how = {"output_size": BINS, "spatial_scale": MAP / SIDE, "sampling_ratio": SAMPLES, "aligned": True}
    if not gradient:
        return [partial(torchvision.ops.roi_align, maps, regions, **how)]
    maps.requires_grad_()
    y = torchvision.ops.roi_align(maps, regions, **how)
    return [partial(torch.autograd.grad, y, maps, back, retain_graph=True)]
