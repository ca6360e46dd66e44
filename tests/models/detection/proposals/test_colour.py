"""Colour spaces at known colours, and what each does not see."""

import numpy as np
import pytest
from PIL import Image

from cnnkit.models.detection.proposals.colour import SPACES, in_space


def of(colour, space):
    return in_space(np.uint8([[colour]]), space)[0, 0]


@pytest.mark.parametrize("space", SPACES)
def test_every_space_lies_between_0_and_255(space, rng):
    corners = np.uint8([[[r, g, b] for r in (0, 255) for g in (0, 128, 255) for b in (0, 255)]])
    found = in_space(
        np.concatenate([corners.reshape(-1, 3), rng.integers(0, 256, (500, 3), dtype=np.uint8)])[None], space
    )
    assert found.dtype == np.float32 and found.shape == (1, 512, 3)
    assert found.min() >= 0 and found.max() <= 255.001


def test_hue_saturation_and_value_are_those_of_pillow(rng):
    """Pillow rounds each to a whole number, hue upwards or downwards."""
    picture = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
    found = in_space(picture, "hsv")
    apart = np.abs(found - np.asarray(Image.fromarray(picture).convert("HSV")))
    assert np.minimum(apart, 255 - apart).max() <= 1.5


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((5, 5, 5), (1.37, 0, 0)),
    ],
)
def test_lab_of_known_colours(colour, lab):
    L, a, b = of(colour, "lab")
    assert (L / 2.55, a - 128, b - 128) == pytest.approx(lab, abs=0.02)


def test_a_shadow_changes_no_hue_and_only_the_grey_of_shares():
    light, dark = (200, 100, 40), (100, 50, 20)
    np.testing.assert_allclose(of(light, "hue"), of(dark, "hue"), rtol=1e-5)
    np.testing.assert_allclose(of(light, "rgi")[:2], of(dark, "rgi")[:2], rtol=1e-5)
    assert of(light, "rgi")[2] == pytest.approx(2 * of(dark, "rgi")[2])
    np.testing.assert_allclose(of(light, "hsv")[:2], of(dark, "hsv")[:2], rtol=1e-5)


def test_black_has_no_hue_and_no_shares():
    assert of((0, 0, 0), "hsv").tolist() == [0, 0, 0] == of((0, 0, 0), "rgi").tolist()
