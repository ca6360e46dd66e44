import numpy as np
import pytest
from PIL import Image

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.data.picture.boxes import with_boxes
from cnnkit.data.picture.overlay import overlay
from cnnkit.engine.ahead.preview import EPOCHS, draw, preview
from cnnkit.errors import UsageError


@pytest.fixture
def photos(tmp_path, rng):
    for name in ("ants", "bees", "cows"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i in range(12):
            Image.fromarray(rng.integers(0, 256, (24, 24, 3), np.uint8)).save(folder / f"{i}.png")
    return str(tmp_path / "photos")


def test_the_variants_are_what_the_epochs_of_a_training_show(photos):
    shown = preview(photos, augment="strong", seed=5)
    train = open_data(photos, seed=5).train
    loader = Loader(train, 4, seed=5, shuffle=True, augment="strong")
    for epoch in range(2):
        batches = list(loader.epoch(epoch))
        mean, std = np.array(train.preprocessing.mean), np.array(train.preprocessing.std)
        pixels = np.concatenate([np.rint((batch.x * std + mean) * 255) for batch in batches])
        place = {index: k for k, index in enumerate(np.concatenate([batch.indices for batch in batches]).tolist())}
        for sample in shown.samples:
            np.testing.assert_array_equal(sample.variants[epoch], pixels[place[sample.index]])
            np.testing.assert_array_equal(sample.image, train[sample.index].image)


def test_classes_come_in_turn_and_no_image_twice(photos):
    shown = preview(photos, count=7)
    assert [sample.class_name for sample in shown.samples] == ["ants", "bees", "cows"] * 2 + ["ants"]
    assert len({sample.index for sample in shown.samples}) == 7
    assert shown.samples[0].path.parent.name == "ants"


def test_more_than_there_are_is_all_there_are(photos):
    assert len(preview(photos, count=90, split="val").samples) == len(open_data(photos).val)


def test_of_many_classes_the_seed_draws(photos):
    drawn = {tuple(sample.class_name for sample in preview(photos, count=2, seed=seed).samples) for seed in range(6)}
    assert len(drawn) > 1
    assert all(len(set(names)) == 2 for names in drawn)


def test_the_level_is_the_one_that_a_training_would_choose(photos):
    shown = preview(photos)
    assert (shown.augment, shown.chosen) == ("strong", True)
    assert len(shown.samples[0].variants) == EPOCHS
    assert preview("digits", count=1).augment == "light"


def test_only_training_images_are_changed_unless_asked(photos):
    assert preview(photos, split="test").samples[0].variants == ()
    assert len(preview(photos, split="test", augment="light").samples[0].variants) == EPOCHS


def test_a_row_holds_the_original_and_its_variants(photos):
    rows, plain = draw(preview(photos, count=3)), draw(preview(photos, count=3, augment="none"))
    assert rows.width > 3 * plain.width / 2
    assert draw(preview("digits", count=1)).mode == "RGB"


def test_large_images_are_kept_small(photos):
    shown = preview(photos, image_size=(300, 600), count=1)
    assert (shown.image_size, shown.samples[0].image.shape) == ((300, 600), (72, 144, 3))


def test_unreadable_pictures_are_left_out_and_told(photos, tmp_path):
    (tmp_path / "photos" / "ants" / "broken.png").write_bytes(b"no picture")
    shown = preview(photos)
    assert any(note.startswith("Skipped: ") and "broken.png" in note for note in shown.notes)


def test_an_unknown_level_or_part_is_refused(photos):
    with pytest.raises(UsageError, match="wild"):
        preview(photos, augment="wild")
    with pytest.raises(UsageError, match="no split"):
        preview(photos, split="dev")


def test_masks_are_drawn_over_their_pictures_with_a_legend():
    shown = preview("shapes", augment="strong", count=3, seed=2)
    train = open_data("shapes", seed=2).train
    loader = Loader(train, 4, seed=2, shuffle=True, augment="strong", windows=True)
    for sample in shown.samples:
        one, later = train[sample.index], loader.sample(sample.index, 1)
        np.testing.assert_array_equal(sample.image, overlay(one.image, one.target.labels, train.colours))
        np.testing.assert_array_equal(sample.variants[1], overlay(later.image, later.target.labels, train.colours))
        assert sample.class_name == ""
    assert shown.legend == dict(zip(train.classes, train.colours, strict=True))
    sheet = np.asarray(draw(shown)).reshape(-1, 3)
    assert all((sheet == colour).all(axis=1).any() for colour in train.colours)


def test_boxes_are_drawn_over_their_pictures_with_a_legend():
    shown = preview("shapes", task="detection", augment="standard", count=3, seed=2)
    train = open_data("shapes", task="detection", seed=2).train
    loader = Loader(train, 4, seed=2, shuffle=True, augment="standard")
    for sample in shown.samples:
        for seen, one in (
            (sample.image, train[sample.index]),
            (sample.variants[1], loader.sample(sample.index, 1)),
        ):
            boxes = one.target
            own = [train.colours[label] for label in boxes.labels]
            expected = with_boxes(one.image, boxes.corners, [""] * len(own), own)
            np.testing.assert_array_equal(seen, np.asarray(expected))
    assert list(shown.legend) == train.classes == ["circle", "square", "triangle"]


def test_pictures_under_masks_are_shown_once_where_nothing_changes():
    assert preview("shapes", augment="none", count=2).samples[0].variants == ()
    assert preview("shapes", split="val", count=2).changes == ()


def test_windows_of_large_pictures_are_shown_and_told(tmp_path, rng):
    for folder in ("images", "masks"):
        (tmp_path / "cells" / folder).mkdir(parents=True)
    for i in range(8):
        Image.fromarray(rng.integers(0, 256, (600, 40, 3), np.uint8)).save(tmp_path / f"cells/images/{i}.png")
        Image.fromarray(rng.integers(0, 3, (600, 40), np.uint8)).save(tmp_path / f"cells/masks/{i}.png")
    shown = preview(str(tmp_path / "cells"), augment="none", image_size=(32, 32), count=2)
    assert shown.changes == ("window",) and shown.image_size == (32, 32)
    sample = shown.samples[0]
    assert sample.image.shape == (240, 16, 3)
    assert len(sample.variants) == EPOCHS and sample.variants[0].shape == (32, 32, 3)
    whole = preview(str(tmp_path / "cells"), split="val", image_size=(32, 32), count=1).samples[0]
    assert whole.image.shape == (240, 16, 3) and whole.variants == ()
