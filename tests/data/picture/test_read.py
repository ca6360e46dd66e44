import contextlib
import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.picture.limits import LARGEST_PICTURE, default_max_pixels
from cnnkit.data.picture.orientation import UPRIGHT
from cnnkit.data.picture.read import read_picture
from cnnkit.data.sets.digits import PREPROCESSING
from cnnkit.data.view.view import load_image
from cnnkit.errors import DataError, UsageError


def gradient(height=24, width=32):
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 7, y * 9, x + y], axis=2).astype(np.uint8))


def saved(tmp_path, picture, name, **options):
    picture.save(tmp_path / name, **options)
    return tmp_path / name


def near(picture, expected, atol):
    assert picture.mode == "RGB"
    np.testing.assert_allclose(np.asarray(picture, float), np.asarray(expected.convert("RGB"), float), atol=atol)


@pytest.mark.parametrize(
    ("name", "atol"), [("a.png", 0), ("a.bmp", 0), ("a.ppm", 0), ("a.webp", 40), ("a.jpg", 40), ("a.gif", 60)]
)
def test_the_usual_formats_are_read(tmp_path, name, atol):
    # Lossy formats and palettes of 256 colours err by their nature; a wrong channel order errs by 200.
    near(read_picture(saved(tmp_path, gradient(), name)), gradient(), atol)


def test_the_content_decides_not_the_name(tmp_path):
    near(read_picture(saved(tmp_path, gradient(), "a.jpg", format="PNG")), gradient(), 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "I;16", "I"])
def test_every_mode_becomes_rgb_or_grey(tmp_path, mode):
    source = gradient().convert("L") if mode in ("I;16", "I") else gradient()
    if mode in ("I;16", "I"):
        source = Image.fromarray(np.asarray(source).astype(np.uint16) * 256)
    name = {"CMYK": "a.jpg", "YCbCr": "a.jpg", "I": "a.pgm"}.get(mode, "a.png")
    picture = source if mode in ("I;16", "I") else source.convert(mode)
    if mode == "PA":
        picture = picture.convert("RGBA").quantize()
    read = read_picture(saved(tmp_path, picture, name))
    assert read.mode == ("L" if mode in ("1", "L", "LA", "I;16", "I") else "RGB") and read.size == (32, 24)
    expected = gradient().convert("L") if read.mode == "L" else gradient()
    if mode != "1":
        # JPEG and palettes err by up to 60 here; inverted CMYK errs by 200.
        atol = 0.51 if mode in ("L", "LA", "I;16", "I", "RGBA") else 60
        np.testing.assert_allclose(np.asarray(read, float), np.asarray(expected, float), atol=atol)


def test_sixteen_bits_a_colour_keep_their_upper_eight(tmp_path):
    pixels = (np.arange(2 * 3 * 3).reshape(2, 3, 3) * 3000).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    (tmp_path / "a.png").write_bytes(png(3, 2, zlib.compress(rows), depth=16))
    np.testing.assert_array_equal(np.asarray(read_picture(tmp_path / "a.png")), pixels >> 8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(tmp_path, orientation):
    upright = gradient()
    back = {6: UPRIGHT[8], 8: UPRIGHT[6]}.get(orientation, UPRIGHT.get(orientation))
    stored = upright if back is None else upright.transpose(back)
    exif = Image.Exif()
    exif[0x0112] = orientation
    near(read_picture(saved(tmp_path, stored, "a.png", exif=exif)), upright, 0)
    near(read_picture(saved(tmp_path, stored, "a.jpg", exif=exif, quality=95, subsampling=0)), upright, 30)


def test_transparency_shows_white_paper(tmp_path):
    picture = gradient().convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    picture.paste((0, 0, 0, 255), (4, 4, 8, 8))
    read = np.asarray(read_picture(saved(tmp_path, picture, "a.png")))
    assert (read[4:8, 4:8] == 0).all() and (read[12:] == 255).all()


def test_transparency_in_a_palette_shows_white_paper(tmp_path):
    picture = Image.new("P", (8, 8), 0)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((1, 1), 1)
    read = np.asarray(read_picture(saved(tmp_path, picture, "a.png", transparency=0)))
    assert tuple(read[0, 0]) == (255, 255, 255) and tuple(read[1, 1]) == (200, 0, 0)


def test_white_ink_on_nothing_is_laid_over_black(tmp_path):
    picture = Image.new("RGBA", (8, 8), (255, 255, 255, 0))
    picture.paste((255, 255, 255, 255), (2, 2, 5, 5))
    read = np.asarray(read_picture(saved(tmp_path, picture, "a.png")))
    assert (read[2:5, 2:5] == 255).all() and (read[6:] == 0).all()


def bmp(rgba, *, header=108, masks=(0xFF0000, 0xFF00, 0xFF, 0xFF000000)):
    """A BMP of 32 bits a pixel whose header says where red, green, blue and alpha are."""
    height, width, _ = rgba.shape
    pixels = rgba[::-1, :, [2, 1, 0, 3]].tobytes()
    start = 14 + header
    fields = struct.pack("<I2i2H6I", header, width, height, 1, 32, 3, len(pixels), 0, 0, 0, 0) + struct.pack(
        "<4I", *masks
    )
    return struct.pack("<2sI4xI", b"BM", start + len(pixels), start) + fields.ljust(header, b"\0") + pixels


@pytest.mark.parametrize("header", [56, 108, 124])
@pytest.mark.parametrize("masks", [(0xFF0000, 0xFF00, 0xFF, 0xFF000000), (0, 0, 0, 0)])
def test_a_bmp_whose_alpha_is_0_everywhere_is_opaque(tmp_path, header, masks):
    pixels = np.dstack([np.asarray(gradient()), np.zeros((24, 32), np.uint8)])
    (tmp_path / "a.bmp").write_bytes(bmp(pixels, header=header, masks=masks))
    (tmp_path / "a.dib").write_bytes(bmp(pixels, header=header, masks=masks)[14:])
    for path in (tmp_path / "a.bmp", tmp_path / "a.dib"):
        for source in (path, path.read_bytes(), Image.open(path)):
            near(read_picture(source), gradient(), 0)
    pixels[3, 4, 3] = 255
    (tmp_path / "b.bmp").write_bytes(bmp(pixels, header=header, masks=masks))
    read = np.asarray(read_picture(tmp_path / "b.bmp"))
    assert tuple(read[3, 4]) == (28, 27, 7) and (read[5:] == 255).all()


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif"])
def test_in_other_formats_an_alpha_of_0_everywhere_shows_nothing(tmp_path, name):
    picture = gradient().convert("RGBA")
    picture.putalpha(0)
    read = np.asarray(read_picture(saved(tmp_path, picture, name, **({"lossless": True} if name == "a.webp" else {}))))
    assert read.min() == read.max()


def test_missing_empty_and_foreign_files_are_named(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "scan.tif").write_bytes(b"II*\0" + bytes(100))
    for name, message in [
        ("none.png", "does not exist"),
        ("empty.png", "is empty"),
        ("text.png", "is not a picture that cnnkit reads"),
        ("scan.tif", "is not a picture that cnnkit reads"),
        (".", "is a folder"),
    ]:
        with pytest.raises(DataError, match=message) as caught:
            read_picture(tmp_path / name)
        assert str(tmp_path) in str(caught.value)
    with pytest.raises(DataError, match="is not a regular file"):
        read_picture(type(tmp_path)("/dev/null"))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.ppm", "a.gif", "a.webp"])
def test_a_cut_file_is_refused_wherever_it_is_cut(tmp_path, name, rng):
    noise = Image.fromarray(rng.integers(0, 256, (24, 32, 3), np.uint8))
    whole = saved(tmp_path, noise, name).read_bytes()
    path = tmp_path / "cut"
    for size in range(0, len(whole) * 9 // 10, max(1, len(whole) // 40)):
        path.write_bytes(whole[:size])
        with pytest.raises(DataError, match="cut"):
            read_picture(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.ppm", "a.gif", "a.webp"])
def test_damaged_files_give_a_picture_or_a_message_and_never_a_warning(tmp_path, name, rng):
    whole = saved(tmp_path, gradient(), name).read_bytes()
    path = tmp_path / "damaged"
    for _ in range(60):
        damaged = bytearray(whole)
        for position in rng.integers(0, len(whole), 3):
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        # Any other exception, and any warning, fails the test.
        with contextlib.suppress(DataError):
            assert read_picture(path, max_pixels=10**6).mode in ("RGB", "L")


def png(width, height, data, depth=8):
    """A file of RGB pixels, zipped as they are."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", width, height, depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(13_400, 13_400), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_from_its_header(tmp_path, size, monkeypatch):
    (tmp_path / "bomb.png").write_bytes(png(*size, zlib.compress(bytes(1000))))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("memory was taken"))
    with pytest.raises(DataError, match=f"more than the limit of {LARGEST_PICTURE} pixels"):
        read_picture(tmp_path / "bomb.png")


def test_a_lower_limit_comes_from_the_environment_and_a_higher_one_does_not(tmp_path, monkeypatch):
    path = saved(tmp_path, gradient(), "a.png")
    monkeypatch.setenv("CNNKIT_MAX_PIXELS", "767")
    with pytest.raises(DataError, match="claims 32x24, more than the limit of 767 pixels"):
        read_picture(path)
    monkeypatch.setenv("CNNKIT_MAX_PIXELS", "10" * 10)
    assert default_max_pixels() == LARGEST_PICTURE
    monkeypatch.setenv("CNNKIT_MAX_PIXELS", "many")
    with pytest.raises(UsageError, match="CNNKIT_MAX_PIXELS is 'many'"):
        read_picture(path)


def test_a_picture_beyond_pillows_warning_is_read_without_one(tmp_path):
    # 90 million pixels: Pillow warns from 89.5 million on.
    path = saved(tmp_path, Image.new("1", (9000, 10_000)), "a.png")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read_picture(path).size == (9000, 10_000)
    assert not caught


def test_a_fifty_megapixel_photo_of_a_digit_is_read_at_a_fraction_of_its_size(tmp_path):
    picture = Image.new("L", (8200, 6100), 200)
    picture.paste(30, (4000, 2000, 4300, 4000))
    path = saved(tmp_path, picture, "a.jpg")
    assert read_picture(path, at_least=512).size == (1025, 763)
    image = load_image(path, PREPROCESSING)
    assert image.shape == (28, 28, 1) and image[4:24, 12:16].mean() > 150


def test_damaged_exif_data_do_not_lose_the_picture(tmp_path):
    near(read_picture(saved(tmp_path, gradient(), "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")), gradient(), 0)


def test_a_text_chunk_that_inflates_without_end_is_refused(tmp_path):
    whole = io.BytesIO()
    gradient().save(whole, "PNG")
    bomb = b"key\0\0" + zlib.compress(bytes(80_000_000))
    chunk = struct.pack(">I", len(bomb)) + b"zTXt" + bomb + struct.pack(">I", zlib.crc32(b"zTXt" + bomb))
    (tmp_path / "a.png").write_bytes(whole.getvalue()[:33] + chunk + whole.getvalue()[33:])
    with pytest.raises(DataError, match="cannot be read as a picture"):
        read_picture(tmp_path / "a.png")
