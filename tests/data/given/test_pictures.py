"""Pictures that Python code hands over."""

import numpy as np

from cnnkit.data.given.pictures import Unread, one, pictures


def test_floats_from_0_to_1_beside_bytes_are_read_each_on_its_own_scale(rng):
    image = rng.integers(0, 256, (8, 8, 3), np.uint8)
    for several in ([image, image / 255], [image / 255, image.astype(np.int64)]):
        found = [
            one(picture.array, (8, 8, 3)) if isinstance(picture, Unread) else picture
            for picture in pictures(several, (8, 8, 3), 255)
        ]
        for picture in found:
            np.testing.assert_array_equal(picture, image)
