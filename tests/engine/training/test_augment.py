"""What a training does to its images: mirrored ones only where a mirror keeps their meaning, and what the user asks."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.digits import digits
from cnnkit.data.transforms.signs import look_like_signs
from cnnkit.engine.ahead.lr_find import lr_find
from cnnkit.engine.ahead.preview import preview
from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.events import RunStarted
from cnnkit.engine.records.options import AUGMENT, CHANGES, FitOptions
from cnnkit.engine.run import checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.engine.session.assemble import begin, go_on
from cnnkit.engine.training import augment
from cnnkit.engine.training.loading import training_loader
from cnnkit.errors import UsageError
from cnnkit.tasks.segmentation.places import masks_of

NOT_FLIPPED = "Pictures are not flipped"


@pytest.fixture(scope="module")
def scribbles(tmp_path_factory):
    """Own digits: dark on white, as files, as a list and as arrays."""
    root = tmp_path_factory.mktemp("scribbles")
    train = digits("train")
    lines, images, labels = ["path,label"], [], []
    for index in range(0, 1200, 8):
        sample = train[index]
        if sample.target in (2, 3, 5):
            pixels = 255 - np.pad(sample.image[:, :, 0], 3)
            path = root / "own" / str(sample.target) / f"{index}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
            lines.append(f"{path},{sample.target}")
            images.append(pixels)
            labels.append(sample.target)
    (root / "own.csv").write_text("\n".join(lines))
    np.savez(root / "own.npz", images=np.stack(images), labels=np.array(labels).astype(str))
    return root


@pytest.mark.parametrize("name", ["own", "own.csv", "own.npz"])
def test_own_digits_are_not_mirrored_and_it_is_told(scribbles, name):
    ready = begin(FitOptions(data=str(scribbles / name)), None, None)
    options = ready.training.options
    assert options.flip is False and options.augment != "none"
    assert "flip" not in augment.changes_of(options, ready.splits)
    assert [note for note in ready.notes if note.startswith(NOT_FLIPPED) and "--flip" in note]
    shown = preview(str(scribbles / name), count=2)
    assert "flip" not in shown.changes and any(note.startswith(NOT_FLIPPED) for note in shown.notes)


@pytest.mark.parametrize("asked", [True, False])
def test_what_the_user_says_of_flips_is_done_without_a_word(scribbles, asked):
    data = str(scribbles / "own")
    ready = begin(FitOptions(data=data, flip=asked), None, None)
    assert ready.training.options.flip is asked and not any(NOT_FLIPPED in note for note in ready.notes)
    assert ("flip" in augment.changes_of(ready.training.options, ready.splits)) is asked
    assert ("flip" in preview(data, changes={"flip": asked}, count=1).changes) is asked


def test_what_is_never_flipped_is_not_told_of(scribbles):
    for options in (FitOptions(), FitOptions(data=str(scribbles / "own"), augment="none")):
        ready = begin(options, None, None)
        assert ready.training.options.flip is None and not any(NOT_FLIPPED in note for note in ready.notes)
    ready = begin(FitOptions(flip=True), None, None)
    assert "flip" in augment.changes_of(ready.training.options, ready.splits)


def test_photos_are_flipped_as_ever(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        for i in range(8):
            coarse = Image.fromarray(rng.integers(0, 256, (5, 5), np.uint8))
            coarse.resize((40, 40), Image.Resampling.BICUBIC).save(tmp_path / kind / f"{i}.png")
    ready = begin(FitOptions(data=str(tmp_path)), None, None)
    assert ready.splits.preprocessing.channels == 1 and ready.training.options.flip is None
    assert "flip" in augment.changes_of(ready.training.options, ready.splits)


def test_the_choice_is_part_of_the_run_and_an_older_run_keeps_its_own(scribbles, tmp_path, monkeypatch):
    options = FitOptions(
        data=str(scribbles / "own"), model="lenet_caffe", epochs=1, image_size=(16, 16), output=str(tmp_path / "run")
    )
    monkeypatch.setattr(augment, "look_like_signs", lambda *_: False)
    list(fit(options))
    found, _ = checkpoint.newest(Run(tmp_path / "run"))
    monkeypatch.undo()
    # Its record has no word on flips, as those of older versions: it goes on with mirrored images.
    assert found.options.flip is None
    ready = go_on(found.options.replace(epochs=2), found, None, None)
    assert ready.training.options.flip is None and "flip" in augment.changes_of(ready.training.options, ready.splits)
    list(fit(options.replace(output=str(tmp_path / "new"))))
    found, _ = checkpoint.newest(Run(tmp_path / "new"))
    assert found.options.flip is False and FitOptions.read(Run(tmp_path / "new").config).flip is False
    assert "--no-flip" in found.about["command"]
    started = next(e for e in resume(tmp_path / "new", {"epochs": 2}) if isinstance(e, RunStarted))
    assert not any(NOT_FLIPPED in note for note in started.notes)


def test_each_change_reaches_the_images(tmp_path):
    images = np.random.default_rng(1).integers(0, 256, (40, 16, 16, 3)).astype(np.uint8)
    labels = np.arange(40) % 2
    template = open_data("digits").preprocessing
    rule = type(template)(16, 16, 3, (0.5,) * 3, (0.5,) * 3)
    data = ArrayDataset(images, labels, name="own", classes=["a", "b"], preprocessing=rule, mirror=True)
    splits = DataSplits(data, data, data, "own")
    plain = Loader(data, 40).sample
    for name in CHANGES:
        ready = begin(FitOptions(augment="none", model="lenet_caffe").replace(**{name: True}), None, splits)
        loader = Loader(data, 40, augment=str(ready.training.options.augment), changes=ready.training.options.changes())
        assert any(not np.array_equal(loader.sample(i, e).image, plain(i, e).image) for i in range(40) for e in (0, 1))
    strong = FitOptions(augment="strong", model="lenet_caffe", **dict.fromkeys(CHANGES, False))
    loader = Loader(data, 40, augment="strong", changes=strong.changes())
    assert all(np.array_equal(loader.sample(i, 1).image, images[i]) for i in range(40))


def test_a_test_of_learning_by_heart_changes_nothing(tiny):
    ready = begin(FitOptions(overfit=4, model="lenet_caffe").replace(flip=True, erase=True), None, None)
    assert not augment.changes_of(ready.training.options, ready.splits)


def test_the_range_test_and_python_take_the_options(tiny, tmp_path):
    options = tiny.options(tmp_path / "run", crop=False, rotate=True)
    result = list(lr_find(options, steps=20, module=tiny.Tiny(), data=tiny.data()))[-1].result
    assert "--no-crop" in result.command and "--rotate" in result.command


@pytest.fixture(scope="module")
def scribbled_masks(tmp_path_factory):
    """Digits on paper twice as large, and where their ink is: they look like signs."""
    root = tmp_path_factory.mktemp("masks")
    train = digits("train")
    for kind in ("images", "masks"):
        (root / kind).mkdir()
    for index in range(12):
        ink = np.pad(train[index * 50].image[:, :, 0], 14)
        Image.fromarray(255 - ink).save(root / "images" / f"{index}.png")
        Image.fromarray((ink > 127).astype(np.uint8)).save(root / "masks" / f"{index}.png")
    return open_data(root, image_size=32)


def test_pictures_with_masks_are_mirrored_whatever_they_look_like(scribbled_masks):
    assert look_like_signs(scribbled_masks.train, 0)
    options, notes = augment.choose_flip(FitOptions(augment="light"), scribbled_masks)
    assert options.flip is None and not notes
    assert list(augment.changes_of(options, scribbled_masks)) == ["crop", "flip"]


@pytest.mark.parametrize("level", AUGMENT)
def test_a_training_is_shown_windows_of_pictures_with_masks(scribbled_masks, level):
    training = SimpleNamespace(options=FitOptions(augment=level, batch_size=4), least_batch=1, module=None)
    task = SimpleNamespace(lessons=masks_of, seen_by=lambda module, part: part)
    for batch in training_loader(training, task, scribbled_masks).epoch(0):
        assert batch.x.shape == (len(batch), 32, 32, 1) and batch.targets.shape == (len(batch), 32, 32)
    assert scribbled_masks.train[0].image.shape == (56, 56, 1)


def test_to_erase_what_a_mask_asks_for_is_refused_before_a_training(scribbled_masks):
    with pytest.raises(UsageError, match="--erase is for images with a class each"):
        augment.choose_flip(FitOptions(augment="light", erase=True), scribbled_masks)
