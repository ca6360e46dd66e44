"""Arrays of any shapes that NumPy would bring together, as kernels walk through them."""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.axes import Strides, broadcast, broadcast_shape, merged, padded

# Sizes of six axes, and strides of each operand along them.
Brought = tuple[tuple[int, ...], list[Strides]]


def brought(*arrays: DeviceArray) -> tuple[tuple[int, ...], tuple[int, ...], list[Strides]]:
    """The shape of a result, and by as few axes as may be its sizes and where each operand's elements lie."""
    shape = broadcast_shape(*(array.shape for array in arrays))
    if 0 in shape:
        return shape, padded((0,), 1), [padded((0,), 0) for _ in arrays]
    sizes, strides = merged(shape, *(broadcast(array, shape) for array in arrays))
    return shape, padded(sizes, 1), [padded(own, 0) for own in strides]
