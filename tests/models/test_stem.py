"""What networks do with the size of their images."""

import pytest

from cnnkit.errors import ShapeError
from cnnkit.models.stem import is_small, refuse_below, strides


def test_the_shorter_side_tells_a_small_image():
    assert is_small((63, 200)) and is_small((200, 63)) and not is_small((64, 64))


def test_small_images_are_spared_the_first_two_strides():
    assert strides((2, 1, 2, 2, 1, 2), (32, 32)) == [1, 1, 1, 2, 1, 2]
    assert strides((2, 1, 2, 2, 1, 2), (224, 224)) == [2, 1, 2, 2, 1, 2]


def test_an_image_below_the_total_stride_is_refused():
    refuse_below(8, (8, 9))
    with pytest.raises(ShapeError, match="divide the image by 8, which leaves nothing of 9x7"):
        refuse_below(8, (9, 7))
