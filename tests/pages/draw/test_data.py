"""Pictures as data: addresses."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cnnkit.pages.draw import data


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_keeps_each_pixel(rng, channels):
    pixels = rng.integers(0, 256, (5, 7, channels), np.uint8)
    found = np.asarray(Image.open(io.BytesIO(data.png(pixels)))).reshape(pixels.shape)
    assert (found == pixels).all()


def test_an_address_names_the_kind_and_holds_the_file(rng):
    pixels = rng.integers(0, 256, (5, 7, 3), np.uint8)
    for file, kind in ((data.png(pixels), "png"), (data.jpeg(pixels), "jpeg"), (b"<svg></svg>", "svg+xml")):
        head, _, rest = data.address(file).partition(",")
        assert head == f"data:image/{kind};base64" and base64.b64decode(rest) == file


def test_anything_else_is_no_picture():
    with pytest.raises(ValueError, match="begins with b'hello'"):
        data.address(b"hello")
