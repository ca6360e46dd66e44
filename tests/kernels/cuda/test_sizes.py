"""Sizes at the end of what kernels count in 32 bits and of what a launch can have: told, or within; nothing runs."""

import numpy as np
import pytest
from launched import launched

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.conv.geometry import BEHIND, FAR
from cnnkit.kernels.cuda.conv.tile import DEPTH, ENOUGH, TILES
from cnnkit.kernels.cuda.conv.warp import DEPTH as WARP_DEPTH
from cnnkit.kernels.cuda.machine.launch import MOST
from cnnkit.kernels.shared.geometry import Window


def floats(*shape):
    return np.broadcast_to(np.float32(0), shape)


def wide(count):
    """What makes of an image of one pixel so many results side by side."""
    return Window(1, 1, 0, 0, (count - 1) // 2, count - 1 - (count - 1) // 2)


CALLS = {
    "pixels of a result": (
        lambda n: ("conv2d", floats(1, 1, 1, 2), floats(1, 1, 2, 1), wide(n)),
        f"{MOST:,} pixels",
    ),
    "pixels of a gradient": (
        lambda n: ("conv2d_dw", floats(1, 1, n, 1), floats(1, 1, 1, 2), (1, 1, 2, 1), wide(n)),
        f"{MOST:,} pixels",
    ),
    "terms": (lambda n: ("dense", floats(1, n - n % 4), floats(n - n % 4, 1)), f"{MOST - 3:,} terms"),
}


@pytest.mark.parametrize(("call", "told"), CALLS.values(), ids=CALLS)
def test_more_than_a_kernel_counts_to_the_end_of_its_last_tile_is_told(call, told):
    with pytest.raises(ShapeError, match=f"{told} is too large for CUDA's kernels, which count up to 2,147,475,455"):
        launched(*call(MOST))
    assert launched(*call(MOST - BEHIND))


def test_behind_the_last_pixel_there_is_room_for_a_tile_and_for_the_rounding_of_parts():
    assert max(tile.rows for tile in TILES) + ENOUGH * max(DEPTH, WARP_DEPTH) + max(DEPTH, WARP_DEPTH) <= BEHIND


def test_more_outputs_than_a_launch_has_blocks_for_are_told():
    for name, args in (
        ("dense", (floats(1, 2), floats(2, 128 << 16))),
        ("dense_dw", (floats(1, 128 << 16), floats(1, 2))),
        ("conv2d_dw", (floats(1, 1, 1, 32 << 16), floats(1, 1, 1, 32 << 16), (1, 1, 1, 32 << 16), Window(), 32 << 16)),
    ):
        with pytest.raises(ShapeError, match="too many for a CUDA kernel"):
            launched(name, *args)


FURTHEST = Window(-FAR, 1, -FAR, -FAR, 0, 0, -FAR, 1)
X, W, DY = floats(1, 4, 4, 4), floats(2, 1, 4, 4), floats(1, 2, 4, 4)


@pytest.mark.parametrize(("name", "args"), [("conv2d", (X, W)), ("conv2d_dw", (DY, X, W.shape))])
def test_a_row_that_is_outside_every_image_stays_so_whatever_the_window(name, args):
    """A pixel that is not there is in row FAR, to which taps add: from 2^29 rows on they would reach the image."""
    with pytest.raises(ShapeError, match=r"over more than 536,870,912 rows is too large.*: use less padding"):
        launched(name, *args, FURTHEST)


def test_a_gradient_has_no_more_phases_than_its_images_have_rows():
    assert launched("conv2d_dx", DY, W, X.shape, FURTHEST)
