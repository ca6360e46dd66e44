"""Hard negatives: mined in pieces, the machine is the one of all negatives at once."""

import numpy as np
import pytest

from cnnkit.errors import DataError
from cnnkit.models.detection.rcnn import mining
from cnnkit.models.detection.rcnn.mining import mine
from cnnkit.models.detection.rcnn.svm import fit

OPTIONS = {"cost": 0.1, "tolerance": 1e-9}


@pytest.fixture
def scene(rng):
    """Twenty positives; forty pictures of fifty negatives, most of them far away."""
    positives = rng.normal(2, 1, (20, 3))
    return positives, [rng.normal(-3, 1.5, (50, 3)) for _ in range(40)]


def test_mined_to_the_end_it_is_the_machine_of_all_negatives(scene):
    positives, pictures = scene
    found = mine(positives, pictures, epochs=10, many=60, **OPTIONS)
    everything = np.concatenate([positives, *pictures])
    whole = fit(everything, np.arange(len(everything)) < 20, **OPTIONS)
    np.testing.assert_allclose(found.weights, whole.weights, atol=1e-3 * np.abs(whole.weights).max())
    assert found.bias == pytest.approx(whole.bias, abs=1e-3)


def test_few_negatives_are_solved_for(scene, monkeypatch):
    positives, pictures = scene
    solved = []
    monkeypatch.setattr(mining, "fit", lambda x, *rest, **options: solved.append(len(x)) or fit(x, *rest, **options))
    mine(positives, pictures, epochs=10, many=5, **OPTIONS)
    assert len(solved) > 3 and max(solved) < 400, "of 2,020"


def test_a_picture_of_hard_negatives_at_the_end_is_not_missed(scene):
    """One epoch: what only the last picture shows must still move the plane."""
    positives, pictures = scene
    near = np.full((20, 3), 1.0)
    plain, warned = (mine(positives, [*pictures, extra], **OPTIONS) for extra in (np.empty((0, 3)), near))
    assert warned.scores(near).mean() < plain.scores(near).mean() - 0.2


def test_the_same_data_give_the_same_bits(scene):
    positives, pictures = scene
    one, again = (mine(positives, pictures, many=100, **OPTIONS) for _ in range(2))
    assert one.weights.tobytes() == again.weights.tobytes()


@pytest.mark.parametrize(
    ("positives", "negatives"), [(np.empty((0, 2)), [np.ones((1, 2))]), (np.ones((1, 2)), [np.empty((0, 2))])]
)
def test_both_kinds_are_needed(positives, negatives):
    with pytest.raises(DataError, match="both are needed"):
        mine(positives, negatives)
