"""How much boxes overlap: a thread for each pair."""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import product
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.cuda.machine.ptx import div


@device
def overlap(a, i, b, j):
    """Intersection over union of the boxes that begin at i and at j; NaN of two empty ones."""
    zero = float32(0)
    wide = min(a[i + 2], b[j + 2]) - max(a[i], b[j])
    high = min(a[i + 3], b[j + 3]) - max(a[i + 1], b[j + 1])
    both = product(max(wide, zero), max(high, zero))
    area_a = product(a[i + 2] - a[i], a[i + 3] - a[i + 1])
    area_b = product(b[j + 2] - b[j], b[j + 3] - b[j + 1])
    return both / (area_a + area_b - both)


@kernel
def iou_kernel(a, b, y, count, others):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        row = div(i, others)
        found = overlap(a, int32(4 * row), b, int32(4 * int32(i - row * others)))
        y[i] = found if found == found else float32(0)


def box_iou(a: DeviceArray, b: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """Intersection over union of each box with each, 0 of two empty boxes."""
    y = result((a.shape[0], b.shape[0]), out)
    iou_kernel.over(y.size, single(a), single(b), y, y.size, b.shape[0])
    return y
