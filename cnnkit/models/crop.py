"""Maps of two sizes brought to one."""

from cnnkit import ops
from cnnkit.autograd import Tensor


def cropped(x: Tensor, size: tuple[int, ...], *, middle: bool = False) -> Tensor:
    """x (N, H, W, C) without what lies below and to the right of `size`, or around it; a side that is less stays."""
    N, H, W, C = x.shape
    height, width = min(H, size[0]), min(W, size[1])
    if (height, width) == (H, W):
        return x
    top, left = ((H - height) // 2, (W - width) // 2) if middle else (0, 0)
    return ops.slice(x, (0, top, left, 0), (N, top + height, left + width, C))
