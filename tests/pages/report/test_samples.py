"""Training images on the page of a run."""

from dataclasses import replace

import numpy as np
import pytest

from cnnkit.engine.ahead.preview import Preview, Shown
from cnnkit.pages.page.blocks import Figure, Pictures
from cnnkit.pages.report import samples, training

from .runs import seen


@pytest.mark.parametrize("epochs", [1, 3])
def test_no_epoch_is_shown_that_the_training_has_not_had(tmp_path, epochs):
    image = np.zeros((8, 8, 1), np.uint8)
    rows = [Shown(1410, "one", None, image, (image,) * 6), Shown(7, "two", None, image, (image,) * 6)]
    shown = seen(tmp_path, epochs, 3)
    preview = Preview("", [], "train", "light", True, ("crop",), (8, 8), 1, 0, rows)
    _, pictures = samples.blocks(replace(shown, review=replace(shown.review, samples=preview)))
    assert isinstance(pictures, Pictures) and [len(row) for row in pictures.rows] == [1 + epochs] * 2
    assert pictures.rows[0][0].lines == ("one", "image 1,410")


def test_one_epoch_is_no_curve_of_speed_and_has_no_dotted_line(tmp_path):
    for epochs, dotted in ((1, False), (2, True)):
        shown = seen(tmp_path / str(epochs), epochs, 3)
        figures = {figure.name: figure for figure in training.figures_of(shown) if isinstance(figure, Figure)}
        assert ("dotted line" in figures["metrics"].caption) == dotted and ("speed" in figures) == dotted
