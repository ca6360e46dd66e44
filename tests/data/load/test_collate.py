import numpy as np
import pytest

from cnnkit.data.load.collate import collate, pixels_of
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import ShapeError
from cnnkit.kernels.cpu.machine import buffers


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_scaled_and_normalised_per_channel(channels, rng):
    mean, std = (0.4, 0.5, 0.6)[:channels], (0.2, 0.25, 0.3)[:channels]
    images = list(rng.integers(0, 256, (5, 6, 7, channels), np.uint8))
    x = collate(images, Preprocessing(6, 7, channels, mean, std))
    expected = (np.stack(images) / 255 - mean) / std
    assert x.dtype == np.float32 and x.shape == (5, 6, 7, channels) and buffers.is_aligned(x)
    # Values reach 3; one rounding of the product and one of the sum, in float32.
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-6)


def test_mirrored_views_and_empty_batches_are_fine(rng):
    like = Preprocessing(4, 4, 1, (0.0,), (1.0,))
    image = rng.integers(0, 256, (4, 4, 1), np.uint8)
    np.testing.assert_allclose(collate([image[:, ::-1]], like)[0], image[:, ::-1] / 255, atol=1e-6)
    assert collate([], like).shape == (0, 4, 4, 1)


def test_an_image_of_another_size_is_named():
    with pytest.raises(ShapeError, match=r"images of \(4, 4, 1\), but one is \(4, 5, 1\)"):
        collate([np.zeros((4, 5, 1), np.uint8)], Preprocessing(4, 4, 1, (0.0,), (1.0,)))


def test_unequal_images_are_padded_to_the_largest_and_to_a_multiple(rng):
    keep = Preprocessing(4, 4, 3, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3), "keep", multiple=4)
    images = [rng.integers(0, 256, (*size, 3), np.uint8) for size in ((5, 9), (10, 3), (1, 1))]
    x = collate(images, keep)
    assert x.shape == (3, 12, 12, 3) and buffers.is_aligned(x)
    for image, padded in zip(images, x, strict=True):
        h, w, _ = image.shape
        alone = collate([image], Preprocessing(h, w, 3, keep.mean, keep.std))[0]
        np.testing.assert_array_equal(padded[:h, :w], alone)
        assert not padded[h:].any() and not padded[:, w:].any()
    equal = collate([images[0], images[0][:, ::-1]], keep)
    np.testing.assert_array_equal(equal[1, :5, :9], equal[0, :5, :9][:, ::-1])
    assert collate([], keep).shape == (0, 4, 4, 3)
    with pytest.raises(ShapeError, match=r"but one is \(5, 9, 1\)"):
        collate([images[0][..., :1]], keep)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_images_of_a_batch_are_found_again_in_its_numbers(rng, channels):
    how = Preprocessing(9, 7, channels, (0.485, 0.4, 0.1)[:channels], (0.22, 0.05, 1.0)[:channels])
    images = rng.integers(0, 256, (3, 9, 7, channels), np.uint8)
    np.testing.assert_array_equal(pixels_of(collate(list(images), how), how), images)
