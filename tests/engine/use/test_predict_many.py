"""Predictor, asked as Python code asks: scores for many pictures, features of a layer, a repr."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from cnnkit import models, nn, ops
from cnnkit.autograd import Tensor
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.records.results import PredictionError
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import DataError, NumericError, UsageError
from cnnkit.nn.blocks import ConvNorm

RGB = Preprocessing(12, 10, 3, (0.5,) * 3, (0.25,) * 3)
GREY = Preprocessing(28, 28, 1, (0.1307,), (0.3081,))


class Small(nn.Module):
    """A network with a block within a block, a layer that is never called, and one that is called twice."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.stem = nn.Sequential({"conv": ConvNorm(3, 4, 3, rng=rng), "pool": nn.MaxPool2d(2)})
        self.again = nn.ReLU()
        self.unused = nn.Flatten()
        self.pool = nn.GlobalAvgPool2d()
        self.head = nn.Linear(4, 2, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.again(self.again(self.stem(x)))))


class Foreign:
    """An array of another library, as torch's tensors are to NumPy."""

    def __init__(self, array: np.ndarray, fault: str = "") -> None:
        self.array, self.fault = array, fault

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if self.fault:
            raise RuntimeError(self.fault)
        return self.array


class Sparse:
    """As SciPy's sparse arrays look."""

    shape = (2, 360)

    def toarray(self) -> np.ndarray:
        return np.zeros(self.shape)


@pytest.fixture
def small() -> Predictor:
    return Predictor(Small(), RGB, ["cat", "dog"], "small")


@pytest.fixture
def images(rng) -> np.ndarray:
    return rng.integers(0, 256, (5, 12, 10, 3), np.uint8)


def test_the_scores_of_many_pictures_are_those_of_each(small, images):
    scores = small.predict_proba(images)
    assert scores.shape == (5, 2) and scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)
    for row, image in zip(scores, images, strict=True):
        assert small.predict(image, top=1).score == row.max()
        assert small.predict(image, top=1).label == small.classes[row.argmax()]


@pytest.mark.parametrize(
    "form",
    [
        lambda images: images.transpose(0, 3, 1, 2),
        lambda images: images / 255,
        lambda images: (images / 255).astype(np.float32).transpose(0, 3, 1, 2),
        lambda images: images.astype(np.int64),
        lambda images: images.tolist(),
        lambda images: list(images),
        lambda images: [image.transpose(2, 0, 1) for image in images],
        lambda images: (image for image in images),
        lambda images: Foreign(images),
        lambda images: [Foreign(image) for image in images],
        lambda images: Tensor(images / np.float32(255)),
    ],
    ids=[
        "first",
        "floats",
        "torch",
        "int64",
        "lists",
        "list",
        "list first",
        "one by one",
        "foreign",
        "foreigns",
        "ours",
    ],
)
def test_every_form_of_the_same_pictures_gives_the_same_scores(small, images, form):
    np.testing.assert_array_equal(small.predict_proba(form(images)), small.predict_proba(images))


def test_files_bytes_and_images_of_pillow_give_the_same_scores(small, images, tmp_path):
    files, data, opened = [], [], [Image.fromarray(image) for image in images]
    for number, picture in enumerate(opened):
        files.append(tmp_path / f"{number}.png")
        picture.save(files[-1])
        data.append(files[-1].read_bytes())
    expected = small.predict_proba(images)
    for form in (files, [str(file) for file in files], data, opened, (file for file in files), [data[0], *files[1:]]):
        np.testing.assert_array_equal(small.predict_proba(form), expected)
    for column in (np.array([str(file) for file in files]), np.array(files, object), Foreign(np.array(files, object))):
        np.testing.assert_array_equal(small.predict_proba(column), expected)
    assert [answer.path for answer in small.predict_many(files)] == [str(file) for file in files]


def test_one_picture_is_one_row(small, images, tmp_path):
    Image.fromarray(images[0]).save(tmp_path / "a.png")
    expected = small.predict_proba(images[:1])
    for picture in (images[0], tmp_path / "a.png", (tmp_path / "a.png").read_bytes(), Image.fromarray(images[0])):
        np.testing.assert_array_equal(small.predict_proba(picture), expected)


def test_grey_pictures_need_no_axis_of_channels(rng):
    lenet = Predictor(models.create("lenet5"), GREY, list("0123456789"), "lenet5")
    images = rng.integers(0, 256, (3, 28, 28), np.uint8)
    expected = lenet.predict_proba(images)
    for form in (images[..., None], images[:, None], list(images), images / 255):
        np.testing.assert_array_equal(lenet.predict_proba(form), expected)
    np.testing.assert_array_equal(lenet.predict_proba(images[0]), expected[:1])
    np.testing.assert_array_equal(lenet.predict_proba(images[:1]), expected[:1])


def test_pictures_with_transparency_lie_on_white_in_an_array_as_in_a_file(small, images):
    clear = np.concatenate([images, np.full((5, 12, 10, 1), 255, np.uint8)], axis=3)
    np.testing.assert_array_equal(small.predict_proba(clear), small.predict_proba(images))
    np.testing.assert_array_equal(small.predict_proba(list(clear)), small.predict_proba(images))


def test_pictures_of_another_size_are_brought_to_the_networks(small, rng):
    large = rng.integers(0, 256, (2, 40, 60, 3), np.uint8)
    mixed = [large[0], rng.integers(0, 256, (30, 30), np.uint8)]
    assert small.predict_proba(large).shape == small.predict_proba(mixed).shape == (2, 2)
    np.testing.assert_array_equal(small.predict_proba(large)[0], small.predict_proba(mixed)[0])


def test_no_picture_is_no_row(small):
    assert small.predict_proba([]).shape == small.predict_proba(np.zeros((0, 12, 10, 3), np.uint8)).shape == (0, 2)
    assert small.features([]).shape == (0, 4) and list(small.predict_many([])) == []


def test_more_than_one_batch_is_answered_in_order(small, rng):
    images = rng.integers(0, 256, (600, 12, 10, 3), np.uint8)
    scores = small.predict_proba(images)
    np.testing.assert_array_equal(scores[590], small.predict_proba(images[590])[0])
    assert len(small.features(images, "pool")) == 600


def test_a_picture_that_cannot_be_read_is_named_by_its_number(small, images, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"Picture 1 \(counted from 0\): .*no\.png"):
        small.predict_proba([images[0], tmp_path / "no.png"])
    answers = list(small.predict_many([images[0], tmp_path / "no.png", images[1]]))
    assert [isinstance(answer, PredictionError) for answer in answers] == [False, True, False]
    mixed = [images[0], np.zeros(3), tmp_path / "no.png", images[1]]
    answers = list(small.predict_many(mixed))
    assert [isinstance(answer, PredictionError) for answer in answers] == [False, True, True, False]
    with pytest.raises(DataError, match=r"Picture 1 .*float64 \(3,\)"):
        small.predict_proba(iter(mixed))
    with pytest.raises(DataError, match="Picture 0"):
        small.predict_proba([b"no picture"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((3, 12, 10), np.uint8), r"\(3, 12, 10\): one picture with its channels first, or 3 grey ones"),
        (np.zeros((2, 3, 9, 3), np.uint8), "cannot be told which axis holds the channels"),
        (np.zeros((2, 12, 10, 5), np.uint8), r"\(2, 12, 10, 5\)"),
        (np.zeros(7, np.uint8), r"uint8 \(7,\)"),
        (np.zeros((2, 360), np.uint8), r"\(2, 360\): it seems to hold pixels in rows.*reshape\(-1, 12, 10, 3\)"),
        (np.zeros((1, 360), np.uint8).tolist(), r"pixels in rows"),
        (np.full((2, 12, 10, 3), -1.0), "before they are normalised"),
        (np.full((2, 12, 10, 3), np.nan), "nan"),
        (np.full((2, 12, 10, 3), "a"), "<U1"),
        ([[1, 2], [3]], "different sizes"),
        ({"a": 1}, "not a dict"),
        (7, "this is a int"),
        (None, "this is a NoneType"),
        (np.ma.masked_less(np.ones((2, 12, 10, 3), np.uint8), 2), "masked"),
        (Sparse(), r"This array is sparse, a Sparse.*toarray\(\)"),
        (Foreign(np.zeros(1), "on a GPU."), "Foreign that NumPy cannot read: on a GPU"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_word_on_what_came(small, wrong, said):
    with pytest.raises((DataError, UsageError), match=said):
        small.predict_proba(wrong)


def test_the_networks_shape_decides_between_two_orders_of_axes():
    narrow = Predictor(Small(), Preprocessing(12, 3, 3, (0.5,) * 3, (0.25,) * 3), ["a", "b"], "narrow")
    images = np.random.default_rng(0).integers(0, 256, (2, 12, 3, 3), np.uint8)
    np.testing.assert_array_equal(
        narrow.predict_proba(images.transpose(0, 3, 1, 2)[..., :]), narrow.predict_proba(images)
    )


def test_features_are_what_the_head_is_given(small, images):
    features = small.features(images)
    assert features.shape == (5, 4) and features.dtype == np.float32
    logits = small.module.head(Tensor(features)).numpy()
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(shifted / shifted.sum(axis=1, keepdims=True), small.predict_proba(images), rtol=1e-4)
    np.testing.assert_array_equal(small.features(images[0]), features[:1])


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("stem", (6, 5, 4)),
        ("stem.conv", (12, 10, 4)),
        ("stem.conv.conv", (12, 10, 4)),
        ("stem.pool", (6, 5, 4)),
        ("again", (6, 5, 4)),
        ("pool", (4,)),
        ("head", (2,)),
    ],
)
def test_features_of_a_layer_are_its_result(small, images, layer, shape):
    assert small.features(images, layer).shape == (5, *shape)
    # Asking leaves nothing behind.
    assert not any("forward" in vars(module) for module in small.module.modules())


def test_the_features_of_a_layer_are_equal_to_its_own_result(small, images):
    x = Tensor(((images / 255 - 0.5) / 0.25).astype(np.float32))
    np.testing.assert_allclose(small.features(images, "stem"), small.module.stem(x).numpy(), rtol=1e-5, atol=1e-5)


def test_every_layer_of_a_summary_has_features(rng):
    lenet = Predictor(models.create("lenet5"), GREY, list("0123456789"), "lenet5")
    image = rng.integers(0, 256, (28, 28), np.uint8)
    for row in models.summary("lenet5").layers:
        assert lenet.features(image, row.name).shape == (1, *row.output), row.name


def test_a_layer_with_several_results_gives_them_as_it_does(images):
    class Maps(nn.Module):
        def __init__(self) -> None:
            self.early, self.late = nn.Conv2d(3, 2, 1), nn.Conv2d(2, 4, 3)

        def forward(self, x):
            early = self.early(x)
            return {"early": early, "late": self.late(early)}

    class Net(nn.Module):
        def __init__(self) -> None:
            self.maps, self.head = Maps(), nn.Linear(4, 3)

        def forward(self, x):
            return self.head(ops.global_avg_pool2d(self.maps(x)["late"]))

    predictor = Predictor(Net(), Preprocessing(12, 10, 3, (0.5,) * 3, (0.25,) * 3), ["a", "b", "c"], "net")
    found = predictor.features(images, "maps")
    assert {name: array.shape for name, array in found.items()} == {"early": (5, 12, 10, 2), "late": (5, 10, 8, 4)}
    np.testing.assert_array_equal(found["late"], predictor.features(images, "maps.late"))
    assert predictor.features([], "maps")["early"].shape == (0, 12, 10, 2)


def test_layers_that_are_given_a_residual_have_features_too(rng):
    network = models.create("resnet20", classes=3, in_channels=3, image_size=(32, 32))
    resnet = Predictor(network, Preprocessing(32, 32, 3, (0.5,) * 3, (0.25,) * 3), list("abc"), "resnet20")
    image = rng.integers(0, 256, (32, 32, 3), np.uint8)
    names = [name for name, _ in network.named_modules() if name][::7]
    assert all(resnet.features(image, name).shape[0] == 1 for name in names) and len(names) > 8
    assert resnet.features(image).shape == (1, 64)


def test_a_layer_that_is_not_there_or_not_called_is_told(small, images):
    with pytest.raises(UsageError, match=r"There is no layer 'stem.cnov'. Did you mean 'stem.conv'\? Known: stem, "):
        small.features(images, "stem.cnov")
    with pytest.raises(UsageError, match=r"by its name, such as 'stem', not as -1"):
        small.features(images, -1)
    with pytest.raises(UsageError, match="There is no layer ''"):
        small.features(images, "")
    with pytest.raises(UsageError, match="Small does not call its layer 'unused' by itself"):
        small.features(images, "unused")


def test_a_predictor_says_what_it_is(small):
    assert repr(small) == "Predictor(small, 2 classes, 12x10 RGB)"
    assert repr(Predictor(models.create("lenet5"), GREY, list("0123456789"), "lenet5", source="x")).endswith(
        "28x28 grey, from x)"
    )


def test_arrays_are_read_on_the_scale_of_the_training():
    binary = Predictor(Small(), dataclasses.replace(RGB, white=1), ["a", "b"], "binary")
    plain = Predictor(Small(), RGB, ["a", "b"], "plain")
    ink = np.random.default_rng(5).integers(0, 2, (3, 12, 10, 3), np.uint8)
    wanted = plain.predict_proba(255 * ink)
    for given in (ink, ink > 0, ink.astype(np.int64), ink.astype(np.float32), 255 * ink, list(ink), iter(ink)):
        np.testing.assert_array_equal(binary.predict_proba(given), wanted)
    with pytest.raises(DataError, match="holds only 0 and 1"):
        plain.predict_proba(ink)


def test_what_was_scaled_once_is_not_scaled_again():
    few = Predictor(Small(), dataclasses.replace(RGB, white=127), ["a", "b"], "few")
    dark = np.full((2, 12, 10, 3), 20, np.uint8)
    wanted = Predictor(Small(), RGB, ["a", "b"], "plain").predict_proba(np.full((2, 12, 10, 3), 40, np.uint8))
    for given in (dark, list(dark), iter(dark), dark.astype(np.float64)):
        np.testing.assert_array_equal(few.predict_proba(given), wanted)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_answers_that_are_no_numbers_are_refused(value):
    broken = models.create("lenet5")
    for parameter in list(broken.parameters())[-1:]:
        parameter.take(np.full(parameter.shape, value, np.float32))
    network = Predictor(broken, GREY, list("0123456789"), "lenet5", source="w.safetensors")
    picture = np.zeros((28, 28), np.uint8)
    for ask in (network.predict, network.predict_proba, lambda one: list(network.predict_many([one]))):
        with pytest.raises(NumericError, match=r"answers of w\.safetensors are not finite numbers"):
            ask(picture)
