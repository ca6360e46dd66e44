"""A training of masks that starts from weights: of the same network with other classes, or of a classifier's trunk."""

import numpy as np
import pytest
from tasks.segmentation.toy import Squares, squares

import cnnkit
from cnnkit import models
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.targets import Mask
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.nn.parts.freeze import cut, freeze_trunk


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A run of lenet5 on a few digits' worth of noise."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8), np.arange(40) % 4
    folder = tmp_path_factory.mktemp("classifier") / "run"
    return cnnkit.fit((x, y), model="lenet5", epochs=1, augment="none", output=str(folder))


class Coarser(Squares):
    """The same squares, all of them of one class."""

    classes, colours = ["ground", "square"], Squares.colours[:2]

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        labels = sample.target.labels
        return sample.replace(target=Mask(np.where(labels == 2, 1, labels).astype(np.uint8)))


def coarser():
    return DataSplits(Coarser(24, 0), Coarser(6, 1), Coarser(6, 2), "coarser squares")


def weights(result):
    return cnnkit.load(result).module.state_dict()


def test_other_classes_give_the_score_layer_new_weights_and_all_others_stay(smooth, options, tmp_path):
    asked = {**options, "epochs": 1, "lr": 1e-12}
    result = cnnkit.fit(coarser(), **asked, weights=smooth.run, output=str(tmp_path / "run"))
    note = next(note for note in result.notes if "re-initialised" in note)
    assert "score.weight is (1, 1, 8, 2) for these classes, and (1, 1, 8, 3) in the weights" in note
    before, after = weights(smooth), weights(result)
    for name in ("conv1.weight", "conv2.weight"):
        # A rate of 1e-12 moves nothing that float32 could hold.
        assert np.allclose(after[name], before[name], atol=1e-7), name
    assert np.abs(after["score.weight"]).max() < 1e-6


def test_the_same_classes_keep_it(smooth, options, tmp_path):
    result = cnnkit.fit(squares(), **{**options, "epochs": 1}, weights=smooth.run, output=str(tmp_path / "run"))
    assert result.history[0].val_miou > 0.8 and not any("re-initialised" in note for note in result.notes)


def test_a_classifier_lends_its_trunk_and_what_stands_on_it_learns_faster(classifier, options, tmp_path):
    asked = {**options, "model": "toy_on_lenet", "epochs": 1, "lr": None}
    result = cnnkit.fit(squares(), **asked, weights=classifier.run, output=str(tmp_path / "run"))
    assert any(
        "The trunk has the weights of lenet5 in" in note and "156 of 623 parameters" in note for note in result.notes
    )
    before, after = weights(classifier), weights(result)
    moved = np.abs(after["backbone.conv1.weight"] - before["conv1.weight"]).max()
    assert 0 < moved < 0.01
    again = cnnkit.fit(squares(), resume_from=result, epochs=2)
    assert again.epochs == 2 and again.miou > 0


def test_a_frozen_trunk_stays_as_it_was_lent(classifier, options, tmp_path):
    asked = {**options, "model": "toy_on_lenet", "epochs": 2, "freeze": "trunk"}
    result = cnnkit.fit(squares(), **asked, weights=classifier.run, output=str(tmp_path / "run"))
    before, after = weights(classifier), weights(result)
    assert after["backbone.conv1.weight"].tobytes() == before["conv1.weight"].tobytes()
    assert result.history[1].train_loss < result.history[0].train_loss


def test_weights_of_another_classifier_or_without_a_network_for_masks_are_refused(classifier, options, tmp_path):
    asked = {**options, "output": str(tmp_path / "run"), "weights": classifier.run}
    with pytest.raises(CheckpointError, match="holds weights of lenet5, but toy_fcn stands on no classifier"):
        cnnkit.fit(squares(), **asked)
    with pytest.raises(UsageError, match="a network for classification, but these data are for segmentation"):
        cnnkit.fit(squares(), **{**asked, "model": None})


def test_what_stands_on_a_marked_trunk_is_the_head_and_the_last_layer_gives_the_scores():
    network = models.create("toy_on_lenet", classes=3, in_channels=1, image_size=(24, 24))
    at = cut(network, (1, 24, 24, 1))
    assert at.score is network.score and at.start is network.conv and at.shape == (12, 12, 6)
    assert {id(p) for p in at.head.parameters()} == {
        id(p) for m in (network.conv, network.score) for p in m.parameters()
    }
    freeze_trunk(network, at)
    assert not any(p.requires_grad for p in network.backbone.parameters())
    assert all(p.requires_grad for p in at.head.parameters())
