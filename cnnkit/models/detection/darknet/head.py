"""Boxes and scores from the numbers of a map: t_x, t_y, t_w, t_h, t_o and a number for each class, for each anchor.

    x = (c_x + σ(t_x)) · stride        w = p_w · e^t_w        score of class k = σ(t_o) · σ(t_k)
    y = (c_y + σ(t_y)) · stride        h = p_h · e^t_h

in pixels: (c_x, c_y) is the cell, (p_w, p_h) the anchor. v2's classes exclude each other: their softmax in place of σ.

Source: Redmon & Farhadi 2016, arXiv:1612.08242, section 2; 2018, arXiv:1804.02767, sections 2.1 and 2.2.
"""

import math

import numpy as np
import numpy.typing as npt

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.detection.darknet.sections import Pairs
from cnnkit.nn import Module

# e^t_w of a network that is lost: 3000 times its anchor is off any picture, and what follows stays finite.
LARGEST_LOG = 8.0
# How likely an anchor answers for a box before anything is learned.
RARE = 0.01
FLOATS = np.float32


class BoxHead(Module):
    """(N, GH, GW, B·(5 + K)) -> boxes (N, A, 4), x_min, y_min, x_max, y_max in pixels, and scores (N, A, K).

    A is GH·GW·B, in this order.
    anchors: B pairs (width, height) in pixels.   stride: (height, width) of a cell in pixels.
    beyond: how far the middle of a box reaches, 1 for its own cell and no further (`scale_x_y`).
    ignore: in training, a box that overlaps a true one by more is not told to be none (`ignore_thresh`).
    """

    def __init__(
        self,
        anchors: Pairs,
        classes: int,
        stride: tuple[float, float],
        *,
        softmax: bool = False,
        beyond: float = 1.0,
        ignore: float = 0.5,
    ) -> None:
        self.anchors, self.classes, self.stride = anchors, classes, stride
        self.softmax, self.beyond, self.ignore = softmax, beyond, ignore

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        t_xy, t_wh, t_o, t_classes = self.numbers(x)
        N, GH, GW, B, _ = t_xy.shape
        told = ops.softmax(t_classes) if self.softmax else ops.sigmoid(t_classes)
        scores = ops.sigmoid(t_o) * told
        return self.boxes(t_xy, t_wh), ops.reshape(scores, (N, GH * GW * B, self.classes))

    def boxes(self, t_xy: Tensor, t_wh: Tensor) -> Tensor:
        """(N, A, 4) of the numbers for the middle and the size."""
        N, GH, GW, B, _ = t_xy.shape
        stride = np.array(self.stride[::-1], FLOATS)
        cells = np.stack(np.meshgrid(np.arange(GW), np.arange(GH)), axis=-1).astype(FLOATS)[:, :, None]
        # σ stretched around its middle reaches beyond the cell: v4's way to a box that lies on the border of two.
        middle = (ops.sigmoid(t_xy) * self.beyond + (cells - (self.beyond - 1) / 2)) * stride
        half = ops.exp(ops.clip(t_wh, high=LARGEST_LOG)) * (np.array(self.anchors, FLOATS) / 2)
        return ops.reshape(ops.concat([middle - half, middle + half]), (N, GH * GW * B, 4))

    def numbers(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, GH, GW, B, 2) for the middle, as many for the size, one for whether there is a box, K for its class."""
        N, GH, GW, _ = x.shape
        B, K = len(self.anchors), self.classes
        whole = ops.reshape(x, (N, GH, GW, B, 5 + K))
        t_xy, t_wh, t_o, t_classes = ops.split(whole, (2, 2, 1, K))
        return t_xy, t_wh, t_o, t_classes

    def first_bias(self) -> npt.NDArray[np.float32]:
        """For the convolution before: an anchor that has learned nothing says that there is likely no box.

        Else thousands of them would drown the few that answer for one, at first.
        Source: Lin et al. 2017, arXiv:1708.02002, section 3.3.
        """
        bias = np.zeros((len(self.anchors), 5 + self.classes), FLOATS)
        bias[:, 4] = -math.log((1 - RARE) / RARE)
        return bias.ravel()

    def extra_repr(self) -> str:
        return f"{len(self.anchors)} anchors, {self.classes} classes"
