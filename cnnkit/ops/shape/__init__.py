"""Arrays of another shape: move.py moves elements about, resize.py makes images larger or smaller."""

from cnnkit.ops.shape.move import channel_shuffle, concat, flatten, pad, permute, reshape, slice, split
from cnnkit.ops.shape.resize import resize

__all__ = ["channel_shuffle", "concat", "flatten", "pad", "permute", "reshape", "resize", "slice", "split"]
