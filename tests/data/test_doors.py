"""A picture by its path, as bytes, as a Pillow image, as an array: the same pixels, however it stands in its file."""

import io
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from cnnkit.data.picture.header import header
from cnnkit.data.picture.orientation import UPRIGHT
from cnnkit.data.picture.read import pixels, read_picture
from cnnkit.data.sets.digits import PREPROCESSING
from cnnkit.data.sets.image_folder import photo_preprocessing
from cnnkit.data.view.view import load_image
from cnnkit.errors import DataError

ORIENTATIONS = range(1, 9)
PHOTO = photo_preprocessing((32, 32), False)


def drawn(height=60, width=84):
    """No two corners and no two sides of it are alike; it may be a digit on paper."""
    y, x = np.mgrid[:height, :width]
    picture = Image.fromarray(np.stack([180 + x // 6, 255 - y // 4, 200 + (x + y) // 20], axis=2).astype(np.uint8))
    for left, top, right, bottom in ((0.3, 0.2, 0.4, 0.8), (0.3, 0.2, 0.6, 0.3)):
        picture.paste((90, 20, 20), (int(left * width), int(top * height), int(right * width), int(bottom * height)))
    return picture


def stored(path, upright, orientation, **options):
    """Save what a camera held so would have stored."""
    back = {6: UPRIGHT[8], 8: UPRIGHT[6]}.get(orientation, UPRIGHT.get(orientation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    (upright if back is None else upright.transpose(back)).save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize(
    "preprocessing",
    [PHOTO, *(pytest.param(p, marks=pytest.mark.slow) for p in (replace(PHOTO, fit="margin"), PREPROCESSING))],
    ids=lambda p: p.fit,
)
def test_every_door_gives_the_same_pixels(tmp_path, orientation, name, preprocessing):
    path = stored(tmp_path / name, drawn(240, 330), orientation)
    expected = load_image(path, preprocessing)
    turned = ImageOps.exif_transpose(Image.open(path))
    loaded = Image.open(path)
    loaded.load()
    doors = {
        "text": str(path),
        "bytes": path.read_bytes(),
        "opened": Image.open(path),
        "from bytes": Image.open(io.BytesIO(path.read_bytes())),
        "decoded": loaded,
        "copied": loaded.copy(),
        "converted": loaded.convert("RGB"),
        "turned": turned,
        "array": np.asarray(turned),
        "read before": read_picture(path),
    }
    for door, source in doors.items():
        np.testing.assert_array_equal(load_image(source, preprocessing), expected, err_msg=door)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_the_header_tells_the_size_of_the_upright_picture(tmp_path, orientation, name):
    head = header(stored(tmp_path / name, drawn(), orientation))
    assert (head.height, head.width) == (60, 84) == read_picture(tmp_path / name).size[::-1]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_pillow_image_of_a_format_that_pillow_turns_itself_is_turned_once(tmp_path, orientation):
    with Image.open(stored(tmp_path / "a.tif", drawn(), orientation)) as opened:
        np.testing.assert_array_equal(pixels(opened), np.asarray(drawn()))
        np.testing.assert_array_equal(pixels(opened), np.asarray(drawn()))


def late(path, *chunks):
    """Put chunks behind the pixels of a PNG, where some tools write them."""
    whole = path.read_bytes()
    added = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    path.write_bytes(whole[:-12] + b"".join(added) + whole[-12:])
    return path


XMP = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


@pytest.mark.parametrize("kind", ["exif", "xmp"])
def test_a_png_tells_its_orientation_behind_its_pixels_too(tmp_path, kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    chunk = {"exif": (b"eXIf", exif.tobytes()[6:]), "xmp": (b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + XMP)}[kind]
    drawn().transpose(UPRIGHT[8]).save(tmp_path / "a.png")
    path = late(tmp_path / "a.png", (b"tEXt", b"Comment\0hello"), chunk)
    head = header(path)
    assert (head.height, head.width) == (60, 84)
    for source in (path, Image.open(path)):
        np.testing.assert_array_equal(pixels(source), np.asarray(drawn()))


def test_the_header_of_a_png_is_read_without_its_pixels(tmp_path, monkeypatch):
    path = stored(tmp_path / "a.png", drawn(), 6)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    assert header(path).width == 84


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path, value):
    exif = Image.Exif()
    exif[0x0112] = value
    drawn().save(tmp_path / "a.png", exif=exif)
    assert (header(tmp_path / "a.png").width, read_picture(tmp_path / "a.png").size) == (84, (84, 60))
    np.testing.assert_array_equal(pixels(Image.open(tmp_path / "a.png")), np.asarray(drawn()))


def test_a_picture_whose_exif_was_removed_is_not_turned(tmp_path):
    picture = Image.open(stored(tmp_path / "a.jpg", drawn(), 6))
    del picture.getexif()[0x0112]
    assert read_picture(picture).size == picture.size == (60, 84)


def test_a_pillow_image_stays_as_it_is(tmp_path):
    picture = Image.open(stored(tmp_path / "a.jpg", drawn(), 6))
    load_image(picture, PHOTO)
    assert picture.size == (60, 84) and picture.getexif()[0x0112] == 6


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_beyond_the_size_that_is_decoded_whole_is_the_same_opened_or_not(tmp_path, orientation):
    path = stored(tmp_path / "a.jpg", drawn(480, 640), orientation)
    expected = read_picture(path, at_least=100, whole=0)
    assert expected.size == (160, 120)
    with Image.open(path) as opened:
        for source in (opened, Image.open(io.BytesIO(path.read_bytes())), path.read_bytes()):
            np.testing.assert_array_equal(np.asarray(read_picture(source, at_least=100, whole=0)), np.asarray(expected))
        assert sorted(opened.size) == [480, 640]
    assert read_picture(path, at_least=100, whole=480 * 640).size == (640, 480)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "RGB", "RGBA", "RGBa", "CMYK", "I;16", "I"])
def test_a_pillow_image_of_every_mode_becomes_pixels(mode):
    grey = mode in ("1", "L", "LA", "La", "I;16", "I")
    source = drawn().convert("L") if grey else drawn()
    if mode in ("I;16", "I"):
        picture = Image.fromarray(np.asarray(source).astype(np.uint16) * 256).convert(mode)
    elif mode in ("La", "RGBa"):
        picture = source.convert(mode[:-1] + "A").convert(mode)
    else:
        picture = source.convert(mode)
    image = pixels(picture)
    assert image.shape == (60, 84, 1 if grey else 3) and image.dtype == np.uint8
    if mode not in ("1", "P"):
        np.testing.assert_array_equal(image[:, :, 0 if grey else slice(3)], np.asarray(source))


def test_transparency_in_an_array_is_laid_over_paper_as_in_its_file(tmp_path):
    picture = drawn().convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 100))
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(pixels(np.asarray(picture)), pixels(tmp_path / "a.png"))


def test_a_strip_at_a_time_gives_the_same_as_all_at_once(monkeypatch):
    white_ink = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
    white_ink.paste((255, 255, 255, 255), (5, 20, 9, 25))
    deep = Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50)
    see_through = drawn(30, 40).convert("RGBA")
    see_through.putalpha(Image.linear_gradient("L").resize((40, 30)))
    whole = [pixels(picture) for picture in (white_ink, deep, see_through)]
    assert whole[0].min() == 0 and whole[0].max() == 255
    monkeypatch.setattr("cnnkit.data.picture.modes.STRIP", 90)
    for picture, expected in zip((white_ink, deep, see_through), whole, strict=True):
        np.testing.assert_array_equal(pixels(picture), expected)


def test_a_pillow_image_that_cannot_be_decoded_is_named(tmp_path):
    path = stored(tmp_path / "a.jpg", drawn(), 1)
    path.write_bytes(path.read_bytes()[:700])
    with Image.open(path) as opened, pytest.raises(DataError, match=r"a\.jpg cannot be read as a picture"):
        pixels(opened)
    with pytest.raises(DataError, match=r"The picture cannot be read as a picture"):
        pixels(path.read_bytes())
    with pytest.raises(DataError, match="The picture is empty"):
        pixels(b"")
