"""Where what a network found lies in the picture."""

import numpy as np

from cnnkit.data.view.view import View
from cnnkit.errors import ShapeError
from cnnkit.kernels.shared.array import Host
from cnnkit.metrics.detection import FoundBoxes


def check_outputs(outputs: Host) -> None:
    """ShapeError where these are not the boxes (N, P, 6) of a detector."""
    if outputs.ndim != 3 or outputs.shape[2] != 6:
        raise ShapeError(
            f"A network for detection gives (N, P, 6): corners, score and label of P boxes in each image, but this one "
            f"gives {outputs.shape}. Is it a Detector (cnnkit.models.detection.detector)?"
        )


def found_in(image: Host, view: View | None, classes: int, *, score: float = 0.0) -> FoundBoxes:
    """The boxes of one image in the pixels of its picture and cut to it, by falling score.

    Places that are empty, or of no class, are left out; so is what lies beside the picture, in what fills up the image.

    Args:
        image: (P, 6), as a detector gives it.   view: None where the picture is the image.
        score: boxes of a lower one are left out.
    """
    label = image[:, 5]
    kept = image[np.isfinite(image).all(axis=1) & (label >= 0) & (label < classes) & (image[:, 4] >= score)]
    corners = kept[:, :4].astype(np.float32) if view is None else view.boxes_back(kept[:, :4])
    there = (corners[:, 2:] > corners[:, :2]).all(axis=1)
    return FoundBoxes(corners[there], kept[there, 4].astype(np.float64), kept[there, 5].astype(np.int64))
