"""Mirrors: pure functions (sample, rng, ...) -> sample. What comes back is a view of the sample's pixels."""

import numpy as np

from cnnkit.data.sample import Sample


def horizontal_flip(sample: Sample, rng: np.random.Generator, p: float = 0.5) -> Sample:
    """Mirror left and right with probability p."""
    return sample.replace(image=sample.image[:, ::-1]) if rng.random() < p else sample


def vertical_flip(sample: Sample, rng: np.random.Generator, p: float = 0.5) -> Sample:
    """Turn upside down with probability p: for pictures without an up and down, such as those from a microscope."""
    return sample.replace(image=sample.image[::-1]) if rng.random() < p else sample


def alternating_flip(sample: Sample, rng: np.random.Generator) -> Sample:
    """Mirror left and right at every other turn, so that two epochs show both sides of each image.

    Source: Jordan 2024, arXiv:2404.00498, section 3.6.
    """
    return sample.replace(image=sample.image[:, ::-1]) if sample.turn % 2 else sample
