"""Pictures that look like text or digits, told from photos by what they show."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.digits import digits
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.transforms.signs import look_like_signs, measure
from cnnkit.data.view.preprocessing import Preprocessing


def of(images) -> ArrayDataset:
    pixels = np.stack(images)
    H, W, C = pixels.shape[1:]
    labels = np.arange(len(pixels)) % 2
    rule = Preprocessing(H, W, C, (0.5,) * C, (0.5,) * C)
    return ArrayDataset(pixels, labels, name="own", classes=["a", "b"], preprocessing=rule)


def each(change):
    train = digits("train")
    return [change(train[index].image) for index in range(0, 1500, 25)]


def resized(side):
    def change(image):
        return np.asarray(Image.fromarray(image[:, :, 0]).resize((side, side), Image.Resampling.BILINEAR))[:, :, None]

    return change


def noisy(image, rng=np.random.default_rng(0)):  # noqa: B008 - one stream for all
    return np.clip(image + rng.normal(0, 25, image.shape), 0, 255).astype(np.uint8)


def as_jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image[:, :, 0]).convert("RGB").save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file))


def faint(image):
    """Pencil on a sheet with a shadow."""
    return (225 - 0.5 * image - np.linspace(0, 40, 28)[:, None, None]).astype(np.uint8)


def on_yellow_paper(image):
    return (np.array([240, 230, 190]) - image * np.array([0.8, 0.78, 0.65])).astype(np.uint8)


def tiny(side):
    def change(image):
        return resized(side)(image[4:24, 4:24])

    return change


SIGNS = {
    "8 pixels wide, cut to their ink": tiny(8),
    "12 pixels wide, cut to their ink": tiny(12),
    "white on black": lambda image: image,
    "black on white": lambda image: 255 - image,
    "in RGB": lambda image: image.repeat(3, axis=2),
    "cut to their ink": lambda image: image[4:24, 4:24],
    "in bold": lambda image: np.asarray(Image.fromarray(image[:, :, 0]).filter(ImageFilter.MaxFilter(3)))[:, :, None],
    "in two levels": lambda image: np.where(image > 100, 255, 0).astype(np.uint8),
    "of 12 pixels": resized(12),
    "of 64 pixels": resized(64),
    "of 200 pixels": resized(200),
    "noisy": noisy,
    "JPEG": as_jpeg,
    "faint": faint,
    "on yellow paper": on_yellow_paper,
}


@pytest.mark.parametrize("change", SIGNS.values(), ids=SIGNS)
def test_digits_are_signs_however_they_are_written(change):
    images = each(change)
    assert look_like_signs(of(images), seed=0) and look_like_signs(of(images[:6]), seed=1)


def test_scribbled_letters_and_lines_of_text_are_signs():
    rng = np.random.default_rng(3)
    letters, text = [], []
    for _ in range(30):
        picture = Image.new("L", (80, 80), 255)
        points = [tuple(xy) for xy in rng.integers(12, 68, (4, 2)).tolist()]
        ImageDraw.Draw(picture).line(points, fill=20, width=7, joint="curve")
        letters.append(np.asarray(picture)[:, :, None])
        picture = Image.new("L", (96, 64), 250)
        for y in range(2, 60, 14):
            ImageDraw.Draw(picture).text((3, y), "".join(map(chr, rng.integers(97, 123, 14))), fill=30)
        text.append(np.asarray(picture)[:, :, None])
    assert look_like_signs(of(letters), seed=0) and look_like_signs(of(text), seed=0)


def smooth(rng, channels, side=32):
    """What a photo is at this size: light and dark places of all sizes."""
    image = sum(
        np.asarray(
            Image.fromarray(rng.integers(0, 256, (n, n, channels), np.uint8).squeeze()).resize((side, side))
        ).reshape(side, side, channels)
        / n**0.5
        for n in (2, 4, 8, 16)
    )
    return (255 * (image - image.min()) / np.ptp(image)).astype(np.uint8)


def thing(rng, channels, side=32):
    """A ball on paper, light on one side and with a shadow."""
    y, x = np.mgrid[:side, :side] - rng.integers(12, 20, (2, 1, 1))
    ball = np.where(x**2 + y**2 < 121, 120 - 9 * x, 230 - 3 * np.abs(x + 2 * y))
    return np.clip(ball + rng.normal(0, 6, (side, side)), 0, 255).astype(np.uint8)[:, :, None].repeat(channels, axis=2)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [smooth, thing])
def test_photos_and_things_are_no_signs(kind, channels):
    rng = np.random.default_rng(5)
    assert not look_like_signs(of([kind(rng, channels) for _ in range(40)]), seed=0)
    assert not look_like_signs(synthetic(40, 3, 16, channels), seed=0)


def test_coloured_pictures_are_no_signs():
    red_on_green = each(lambda image: np.concatenate([image, 200 - image // 2, image // 4], axis=2).astype(np.uint8))
    assert not look_like_signs(of(red_on_green), seed=0)


def test_blank_pictures_tell_nothing():
    blank = np.full((20, 20, 1), 255, np.uint8)
    assert measure(blank) is None and not look_like_signs(of([blank] * 4), seed=0)
    assert look_like_signs(of([blank] * 20 + each(lambda image: image[4:24, 4:24])), seed=0)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (2, 300, 1), (3, 2, 3)])
def test_any_size_can_be_measured(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = measure(image)
    assert found is None or all(np.isfinite(found))


def test_digits_of_scikit_learn_are_signs():
    datasets = pytest.importorskip("sklearn.datasets")
    images = np.rint(datasets.load_digits().images[:300] * 255 / 16).astype(np.uint8)[..., None]
    assert all(look_like_signs(of(images), seed) for seed in range(5))


def test_tiny_photos_are_none(shared):
    sheet = np.asarray(Image.open(shared / "data" / "cifar10" / "test_00.webp").convert("L"))[:640, :640]
    photos = [sheet[y : y + 32, x : x + 32] for y in range(0, 640, 32) for x in range(0, 640, 32)]
    for side in (8, 12, 16):
        small = [np.asarray(Image.fromarray(photo).resize((side, side)))[:, :, None] for photo in photos]
        assert not any(look_like_signs(of(small), seed) for seed in range(5))
