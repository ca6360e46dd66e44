"""Data to judge a network on may be on another scale than those that it learned from."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnnkit import nn
from cnnkit.data.sets.image_folder import photo_preprocessing
from cnnkit.engine.evaluate import open_for
from cnnkit.engine.use.predictor import Predictor


@pytest.fixture
def folder(tmp_path):
    """A folder of two classes whose pixels go up to `highest`."""

    def made(highest, dtype=np.uint8):
        for number in range(12):
            place = tmp_path / "data" / "ab"[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            levels = np.linspace(0, highest, 64).reshape(8, 8)
            Image.fromarray(np.rint(levels).astype(dtype)).save(place / f"{number}.png")
        return tmp_path / "data"

    return made


@pytest.mark.parametrize(
    ("highest", "dtype", "known", "white"),
    [
        (15, np.uint8, 1, 15),
        (1, np.uint8, 15, 1),
        (1, np.uint8, 4095, 1),
        (4095, np.uint16, 1, 4095),
        (4095, np.uint16, 1023, 4095),
        (1023, np.uint16, 4095, 4095),  # darker
        (12, np.uint8, 15, 15),
        (255, np.uint8, 1, 1),  # beyond a small white, pictures are on the scale of their format
        (15, np.uint8, 255, 15),
    ],
)
def test_other_data_tell_what_is_white_in_them_unless_they_are_only_darker(folder, highest, dtype, known, white):
    preprocessing = replace(photo_preprocessing((8, 8), True), white=known)
    predictor = Predictor(nn.Linear(1, 2), preprocessing, ["a", "b"], "linear")
    opened = open_for(predictor, folder(highest, dtype))
    assert opened.preprocessing.white == white
    assert opened.train[0].image.max() == round(255 * min(highest / white, 1))
