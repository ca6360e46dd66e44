"""Detectors that torchvision has too: its own modules with our weights, from images to boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnkit import kernels, models
from cnnkit.bench.rivals.known import Work, nchw, place, tensor
from cnnkit.errors import CheckFailed
from cnnkit.kernels.shared.array import Host
from cnnkit.models.detection.detector import EMPTY
from cnnkit.models.weights.layouts import OIHW, behind_flatten, flattened, turned
from cnnkit.models.weights.published import row
from cnnkit.models.weights.renames import renamed
from cnnkit.nn import Module

# Ours, and torchvision's.
NAMES = {
    "ssd300_vgg16": "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large": "ssdlite320_mobilenet_v3_large",
    "faster_rcnn_mobilenet_v3_large_320_fpn": "fasterrcnn_mobilenet_v3_large_320_fpn",
}
# Of a hundred boxes so many may differ: where an overlap is the bound, rounding decides whether a box stays.
FREE = 0.02


def torchvision_predict(name: str, network: Module, x: Host, wanted: Host, threads: int) -> list[Work]:
    """The boxes on the images x in each memory layout, compared with ours. Images are not scaled or shifted before."""
    import torch
    import torchvision
    from torchvision.models.detection.image_list import ImageList

    torch.set_num_threads(threads)
    make = getattr(torchvision.models.detection, NAMES[name])
    images, size = tensor(nchw(x)), (x.shape[1], x.shape[2])

    def work(layout: Any) -> Work:
        model = make(weights=None, weights_backbone=None, num_classes=1 + models.spec(name).classes)
        _fill(model, name, network, x.shape)
        model = model.eval().to(place(), memory_format=layout)
        pixels = images.contiguous(memory_format=layout)
        pictures = ImageList(pixels, [size] * len(x))

        def predict() -> Any:
            with torch.inference_mode():
                maps = model.backbone(pixels)
                if not hasattr(model, "rpn"):
                    told = list(maps.values())
                    return model.postprocess_detections(
                        model.head(told), model.anchor_generator(pictures, told), pictures.image_sizes
                    )
                proposals, _ = model.rpn(pictures, maps)
                return model.roi_heads(maps, proposals, pictures.image_sizes)[0]

        refuse_other_boxes("torchvision", _as_ours(predict(), wanted.shape), wanted)
        return predict

    return [work(torch.contiguous_format), work(torch.channels_last)]


def refuse_other_boxes(name: str, found: Host, wanted: Host) -> None:
    """CheckFailed where boxes (N, P, 6), those of another library, are not ours but for rounding."""
    for theirs, ours in zip(found, wanted, strict=True):
        theirs, ours = (boxes[boxes[:, 5] != EMPTY] for boxes in (theirs, ours))
        near = (np.abs(theirs[:, None, :4] - ours[:, :4]) <= 0.05).all(axis=2)
        same = near & (np.abs(theirs[:, None, 4] - ours[:, 4]) <= 1e-3) & (theirs[:, None, 5] == ours[:, 5])
        apart = int((~same.any(axis=0)).sum() + (~same.any(axis=1)).sum())
        if not len(ours) or apart > FREE * (len(ours) + len(theirs)):
            raise CheckFailed(
                f"{name} finds {len(theirs)} boxes, cnnkit {len(ours)}; {apart} of them differ: not the same work."
            )


def _fill(model: Any, name: str, network: Module, x_shape: tuple[int, ...]) -> None:
    """Our weights into torchvision's module, each number to the place that reading its file would take it from."""
    import torch

    published, own = row(name), {key: kernels.of(array).fetch(array) for key, array in network.state_dict().items()}
    assert published is not None
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    numbered = {key: np.arange(int(np.prod(shape))).reshape(shape) for key, shape in shapes.items()}
    flat, state = flattened(network, x_shape), {}
    for ours, one in renamed(numbered, published.renames).items():
        places = turned(ours, one, own[ours].shape, OIHW)
        places = behind_flatten(places, one, flat[ours], OIHW) if ours in flat else places
        array = np.empty(one.array.size, np.float32)
        array[places.reshape(-1)] = own[ours].reshape(-1)
        state[one.published] = torch.from_numpy(array.reshape(one.array.shape))
    # Counters of batches are left, as torch makes them.
    counters = model.load_state_dict(state, strict=False).missing_keys
    assert all(key.endswith("num_batches_tracked") for key in counters)


def _as_ours(found: Any, shape: tuple[int, ...]) -> Host:
    """torchvision's answers as a detector gives its own, (N, P, 6)."""
    boxes = np.zeros(shape, np.float32)
    boxes[..., 5] = EMPTY
    for into, one in zip(boxes, found, strict=True):
        corners, scores, labels = (one[name].cpu().numpy() for name in ("boxes", "scores", "labels"))
        count = len(scores)
        into[:count, :4], into[:count, 4], into[:count, 5] = corners, scores, labels - 1
    return boxes
