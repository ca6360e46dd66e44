"""Two images in one: each image of a batch is mixed with another of the same batch, and so are their labels."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Labels
from cnnkit.kernels import host

Images = npt.NDArray[np.float32]


def mix(
    x: Images, rng: np.random.Generator, *, mixup_alpha: float = 0.0, cutmix_alpha: float = 0.0
) -> tuple[Images, Labels, float]:
    """Mix a batch (N, H, W, C) by one of the two methods; an alpha of 0 leaves its method out.

    Where both are asked for, a fair draw chooses for each batch.

    Args:
        mixup_alpha, cutmix_alpha: of the distribution Beta(alpha, alpha) that the share is drawn from; one is above 0.

    Returns:
        (y, partners, share): the mixed images, a new array; for each its partner's place in the batch; and the weight
        of its own label, from 0 to 1, so that the partner's has 1 - share.
    """
    pasted = rng.random() < 0.5
    if not (mixup_alpha and cutmix_alpha):
        pasted = not mixup_alpha
    alpha = cutmix_alpha if pasted else mixup_alpha
    share = float(rng.beta(alpha, alpha))
    partners = rng.permutation(len(x)).astype(np.int64)
    if not pasted:
        return mixup(x, partners, share), partners, share
    H, W = x.shape[1:3]
    box = cutmix_box((H, W), rng, share)
    top, bottom, left, right = box
    return cutmix(x, partners, box), partners, 1 - (bottom - top) * (right - left) / (H * W)


def mixup(x: Images, partners: Labels, share: float) -> Images:
    """y[n] = share · x[n] + (1 - share) · x[partners[n]].

    Source: Zhang, Cisse, Dauphin & Lopez-Paz 2017, arXiv:1710.09412; one share for a batch, as their program draws it.
    """
    y = _like(x)
    own = np.empty(x.shape[1:], x.dtype)
    for n, partner in enumerate(partners.tolist()):
        np.multiply(x[partner], x.dtype.type(1 - share), out=y[n])
        y[n] += np.multiply(x[n], x.dtype.type(share), out=own)
    return y


def cutmix(x: Images, partners: Labels, box: tuple[int, int, int, int]) -> Images:
    """y[n] = x[n], but within the box (top, bottom, left, right) the pixels of x[partners[n]].

    Source: Yun, Han, Oh, Chun, Choe & Yoo 2019, arXiv:1905.04899; one box for a batch, as their program draws it.
    """
    top, bottom, left, right = box
    y = _like(x)
    y[...] = x
    for n, partner in enumerate(partners.tolist()):
        y[n, top:bottom, left:right] = x[partner, top:bottom, left:right]
    return y


def cutmix_box(image_size: tuple[int, int], rng: np.random.Generator, share: float) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of a box shaped like the image, with 1 - share of its area before the borders cut it.

    Its centre is as likely at every pixel. Source: equation 2 of the paper and its program.
    """
    H, W = image_size
    height, width = int(H * math.sqrt(1 - share)), int(W * math.sqrt(1 - share))
    y, x = int(rng.random() * H), int(rng.random() * W)
    top, left = y - height // 2, x - width // 2
    return max(top, 0), min(top + height, H), max(left, 0), min(left + width, W)


def _like(x: Images) -> Images:
    """Room for as many images, in a buffer of the pool where one fits."""
    y: npt.NDArray[Any] = host.empty(x.shape) if x.dtype == np.float32 else np.empty_like(x)
    return y
