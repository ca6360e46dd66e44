from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from cnnkit.data.check.look import Look, Place, colours, look_at, look_at_files
from cnnkit.data.check.placeholders import placeholders


def drawn(size, paper, *, ink, text, scale=20):
    picture = Image.new("RGB", size, paper)
    font = ImageFont.load_default(scale)
    ImageDraw.Draw(picture).multiline_text((size[0] // 8, size[1] // 3), text, ink, font)
    return picture


def camera():
    picture = Image.new("RGB", (300, 300), "white")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((80, 110, 220, 210), 12, (190, 190, 190))
    draw.ellipse((118, 128, 182, 192), "white")
    draw.ellipse((130, 140, 170, 180), (190, 190, 190))
    return picture


def shaded():
    shades = np.linspace(200, 240, 300).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(np.broadcast_to(shades[:, None, None], (300, 400, 3))))
    ImageDraw.Draw(picture).text((110, 130), "No image", (120, 120, 120), ImageFont.load_default(44))
    return picture


HOSTS = {
    "size in a grey box": drawn((400, 300), (204, 204, 204), ink=(150, 150, 150), text="400 x 300", scale=40),
    "camera on white": camera(),
    "one flat colour": Image.new("RGB", (161, 81), (242, 242, 242)),
    "single pixel": Image.new("RGB", (1, 1)),
    "removed": drawn((161, 81), (34, 34, 34), ink=(220, 220, 220), text="The image you want\ndoes not exist", scale=12),
    "white on black": drawn((640, 360), (0, 0, 0), ink=(255, 255, 255), text="IMAGE REMOVED", scale=44),
    "shaded paper": shaded(),
}


def seen(pictures, classes="x"):
    """Looks at pictures of one class, or each of its own letter's."""
    names = classes if len(classes) > 1 else classes * len(pictures)
    return [
        look_at(Place("train", n, str(i), None), p, p.size[::-1], "")
        for i, (p, n) in enumerate(zip(pictures, names, strict=True))
    ]


@pytest.mark.parametrize("name", HOSTS)
def test_a_placeholder_among_photos_is_found_by_what_it_shows(photo, name):
    looks = seen([*(photo(seed) for seed in range(12)), HOSTS[name]])
    assert [index for index, _ in placeholders(looks)] == [12]


def test_a_thing_on_white_paper_is_a_photo(photo):
    white = Image.new("RGB", (400, 300), "white")
    white.paste(photo(99, (90, 80)), (150, 100))
    assert placeholders(seen([*(photo(seed) for seed in range(12)), white])) == []


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_shades_of_grey_on_white_paper_are_a_photo_and_lettering_is_none(photo, mode):
    shades = Image.fromarray(np.add.outer(np.arange(60), 2 * np.arange(60)).astype(np.uint8))
    thing = Image.new("L", (300, 200), 255)
    thing.paste(shades, (120, 70))
    words = drawn((300, 200), "white", ink="grey", text="not here", scale=40)
    looks = seen([*(photo(seed) for seed in range(12)), thing.convert(mode), words.convert(mode)])
    assert [index for index, _ in placeholders(looks)] == [13]


def test_drawings_among_drawings_are_what_the_set_is_about(photo):
    drawings = [drawn((200, 200), "white", ink="black", text=f"{i}{i}\n{i * 7}", scale=50) for i in range(12)]
    assert placeholders(seen(drawings)) == []
    # a class of drawings beside a class of photos
    assert placeholders(seen([*drawings, *(photo(seed) for seed in range(30))], "d" * 12 + "p" * 30)) == []


def test_flat_colours_are_blank_only_where_others_are_not(photo):
    flats = [Image.new("RGB", (40, 40), (level, 90, 9)) for level in range(0, 250, 20)]
    assert placeholders(seen(flats)) == []
    found = placeholders(seen([*(photo(seed) for seed in range(30)), *flats]))
    assert [why for _, why in found] == ["blank: one flat colour"] * len(flats)


def test_the_same_plain_picture_many_times_is_a_placeholder(photo):
    once = drawn((40, 40), (250, 250, 250), ink=(90, 90, 90), text="no\nimage", scale=12)
    photos = [photo(seed) for seed in range(12)]
    assert placeholders(seen([*photos, once])) == []  # small: a photo may be as plain
    assert [index for index, _ in placeholders(seen([*photos, *[once] * 4]))] == [12, 13, 14, 15]


def test_too_few_pictures_say_nothing_of_what_is_usual(photo):
    assert placeholders(seen([photo(1), photo(2), HOSTS["camera on white"]])) == []
    assert placeholders([]) == []


def test_colours_are_counted():
    half = Image.new("RGB", (64, 64), (0, 0, 0))
    half.paste((255, 255, 255), (0, 0, 16, 64))
    found = colours(half)
    assert (found.paper, found.common, found.ink_entropy) == (0.75, 2, 0.0)
    assert found.entropy == pytest.approx(-(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25)))


def found_among(files):
    looks = list(look_at_files([Place("train", path.parent.name, str(path), path) for path in files]))
    assert all(isinstance(look, Look) for look in looks)
    return [Path(looks[index].place.name).name for index, _ in placeholders(looks)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("ants-bees", ["imageNotFound.jpg"]),
        ("bccd/JPEGImages", []),
        ("camvid-small/train", []),
        ("membrane/train", []),
        ("photos", []),
    ],
)
def test_of_real_sets_only_the_placeholder_is_found(shared, place, expected):
    files = sorted(path for path in (shared / "data" / place).rglob("*.*") if path.suffix in (".jpg", ".png"))
    assert found_among(files) == expected
