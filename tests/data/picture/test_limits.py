"""Files that ask for far more memory or time than a picture takes: refused before it is spent, with both numbers."""

import functools
import io
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.picture import limits
from cnnkit.data.picture.header import check_ends
from cnnkit.data.picture.jpeg_markers import MOST_MARKERS
from cnnkit.data.picture.limits import MOST_BYTES, room
from cnnkit.data.picture.read import look, opened, read_picture
from cnnkit.errors import DataError, UsageError

SIDE = 1000
MEGAPIXEL = SIDE * SIDE


def saved(picture, stored, **options):
    buffer = io.BytesIO()
    picture.save(buffer, stored, **options)
    return buffer.getvalue()


def blank(mode, side=SIDE):
    if mode == "I;16":
        return Image.fromarray(np.zeros((side, side), np.uint16))
    return Image.new(mode, (side, side))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def needs(content):
    with opened(content) as (picture, file):
        return look(picture, file, "it")[1]


# Bytes that a pixel takes at once: as it is decoded, and once more where it is changed.
@pytest.mark.parametrize(
    ("stored", "mode", "options", "each"),
    [
        ("PNG", "L", {}, 1),
        ("PNG", "1", {}, 2),
        ("PNG", "RGB", {}, 4),
        ("PNG", "I;16", {}, 3),
        ("PNG", "LA", {}, 5),
        ("PNG", "RGBA", {}, 8),
        ("PNG", "P", {}, 5),
        ("PNG", "P", {"transparency": 0}, 5),
        ("PNG", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"}, 8),
        ("JPEG", "RGB", {}, 4),
        ("JPEG", "CMYK", {}, 8),
        ("JPEG", "L", {"progressive": True}, 3),
        ("JPEG", "RGB", {"progressive": True}, 7),
        ("JPEG", "RGB", {"progressive": True, "subsampling": 0}, 10),
        ("GIF", "P", {}, 5),
        ("BMP", "RGB", {}, 4),
        ("PPM", "I;16", {}, 5),
        ("WEBP", "RGB", {}, 16),
    ],
)
def test_what_a_picture_takes_is_told_from_its_header(stored, mode, options, each, monkeypatch):
    content = saved(blank(mode), stored, **options)
    # What is beside the pixels is the file itself, where it is read whole.
    assert each * MEGAPIXEL <= needs(content).bytes <= each * MEGAPIXEL + 2 * len(content)
    monkeypatch.setenv("CNNKIT_MAX_PICTURE_BYTES", str(each * MEGAPIXEL - 1))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("memory was taken"))
    with pytest.raises(DataError, match=rf"takes {each} MB of memory, more than the limit of {each} MB"):
        read_picture(content)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc")
@pytest.mark.parametrize(
    "mode", ["I;16", pytest.param("LA", marks=pytest.mark.slow), pytest.param("RGBA", marks=pytest.mark.slow)]
)
def test_no_more_memory_is_taken_than_was_told(tmp_path, mode):
    side = 4000
    (tmp_path / "a.png").write_bytes(saved(blank(mode, side), "PNG", compress_level=1))
    code = (
        "import sys; from pathlib import Path; from cnnkit.data.picture.read import read_picture\n"
        # Not getrusage: its peak begins with that of the tests' own process, and would hide what is taken here.
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
        "before = peak(); read_picture(Path(sys.argv[1])); print(1024 * (peak() - before))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.png"], capture_output=True, text=True, check=True)
    # Strips of a million pixels, the rows of the decoder, and what is imported for it come on top.
    assert int(done.stdout) < needs((tmp_path / "a.png").read_bytes()).bytes + 40_000_000


def repeated_scans(count, side=256):
    content = saved(blank("L", side), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + count * last + b"\xff\xd9"


def test_a_progressive_jpeg_of_many_scans_is_refused(tmp_path, monkeypatch):
    assert needs(repeated_scans(0)).seconds < needs(repeated_scans(200)).seconds / 10
    monkeypatch.setattr(limits, "MOST_SECONDS", 1)
    for count in (2000, 30_000):
        (tmp_path / "a.jpg").write_bytes(repeated_scans(count, side=1024))
        for read in (read_picture, check_ends):
            with pytest.raises(DataError, match=r"1024x1024, JPEG L, [\d,]+ scans\) takes about \d+ s .* limit of 1 s"):
                read(tmp_path / "a.jpg")


def test_scans_are_counted_behind_what_looks_like_an_end():
    content = repeated_scans(0)
    first = content.index(b"\xff\xda")
    second = content.index(b"\xff\xda", first + 2)
    hidden = content[:second] + b"\xff\xfe\x00\x06\xff\xd9\xff\xd9" + repeated_scans(100)[second:]
    assert needs(hidden).why == needs(repeated_scans(100)).why


def test_a_film_behind_a_photo_is_not_counted(rng):
    content = saved(blank("RGB"), "JPEG", progressive=True)
    assert needs(content + b"\xff\xda" * 10_000) == needs(content)


SMALL = {kind: saved(blank("P" if kind == "GIF" else "L", 2), kind) for kind in ("PNG", "JPEG", "GIF")}


@functools.cache
def too_long():
    """Files of two by two pixels whose headers have no end."""
    png, jpeg, gif = SMALL["PNG"], SMALL["JPEG"], SMALL["GIF"]
    tables = 13 + (6 << (gif[10] & 7))
    return {
        "chunks": png[:33] + 101_000 * chunk(b"abCd", b"") + png[33:],
        "segments": jpeg[:2] + (MOST_MARKERS + 10) * b"\xff\xfe\x00\x02" + jpeg[2:],
        "notes": jpeg[:2] + 520 * (b"\xff\xe1\xff\xff" + bytes(65533)) + jpeg[2:],
        "junk": jpeg[:20] + bytes(33 << 20) + jpeg[20:],
        "filling": jpeg[:2] + b"\xff" * (2 << 20) + jpeg[2:],
        "filling in pieces": jpeg[:2] + 20 * (b"\xff\xfe\x00\x02" + bytes(60_000)) + jpeg[2:],
        "nothing but junk": jpeg[:3] + b"\xe0\x00\x02" + bytes(2 << 20),
        "comment.gif": gif[:tables] + b"!\xfe" + 2_200_000 * b"\x01x" + b"\0" + gif[tables:],
        "comment.ppm": b"P6\n#" + 70_000 * b"x" + b"\n2 2\n255\n" + bytes(12),
        "spaces.ppm": b"P6" + 70_000 * b" " + b"2 2\n255\n" + bytes(12),
    }


@pytest.mark.parametrize("name", too_long())
def test_a_header_without_an_end_is_refused_before_pillow_reads_it(name, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(DataError, match=r"The picture has .*more than the limit of [\d,]+"):
        read_picture(too_long()[name])


@pytest.mark.parametrize(
    "content",
    [
        b"P6\n# by hand\n# and by eye\n2 # wide\n2\n255\n" + bytes(12),
        b"P3 2 2 255 " + b"1 " * 12,
        b"P1\n2 2\n1 0\n0 1\n",
        b"P5\n2 2\n65535\n" + bytes(8),
        SMALL["GIF"][:13] + SMALL["GIF"][13:],
        SMALL["JPEG"][:2] + 1000 * b"\xff" + SMALL["JPEG"][2:],
        SMALL["JPEG"][:2] + 20 * (b"\xff\xe2\xff\xff" + bytes(65533)) + SMALL["JPEG"][2:],
    ],
)
def test_usual_headers_are_read(content):
    assert read_picture(content).size == (2, 2)


def test_numbers_in_text_and_of_odd_sizes_are_counted_as_slow_as_they_are(monkeypatch):
    monkeypatch.setattr(limits, "MOST_SECONDS", 1)
    text = b"P3\n1000 1000\n255\n" + b"1 " * 3_000_000
    odd = b"P6\n1000 1000\n100\n" + bytes(3_000_000)
    hashes = b"P3\n2 2\n255\n" + b"#\n" * 30_000 + b"1 " * 12
    for content, why in ((text, "written as text"), (odd, "of an unusual largest value"), (hashes, "written as text")):
        with pytest.raises(
            DataError, match=rf"PPM RGB, {why}\) takes about [23] s to decode, more than the limit of 1 s"
        ):
            read_picture(content)
    assert needs(b"P6\n1000 1000\n255\n" + bytes(3_000_000)).seconds < 0.01


def test_a_webp_is_judged_before_its_canvas_is_made(monkeypatch):
    for options in ({}, {"lossless": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}):
        content = saved(Image.new("RGB", (300, 200)), "WEBP", **options)
        with monkeypatch.context() as patch:
            patch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
            with pytest.raises(DataError, match="claims 300x200, more than the limit of 1000 pixels"):
                read_picture(content, max_pixels=1000)


@pytest.mark.parametrize(("stored", "each"), [("PNG", 8), ("WEBP", 20), ("GIF", 5)])
def test_a_pillow_image_that_is_not_decoded_yet_is_judged_too(stored, each, monkeypatch):
    monkeypatch.setenv("CNNKIT_MAX_PICTURE_BYTES", "1000000")
    picture = Image.open(io.BytesIO(saved(blank("RGBA").convert("P") if stored == "GIF" else see_through(), stored)))
    with picture, pytest.raises(DataError, match=f"takes {each} MB of memory, more than the limit of 1 MB"):
        read_picture(picture)
    assert read_picture(blank("RGB")).size == (SIDE, SIDE)  # decoded already


def see_through():
    picture = blank("RGBA")
    picture.putpixel((0, 0), (9, 9, 9, 9))
    return picture


def test_the_limits_can_be_raised_and_must_be_numbers(monkeypatch):
    content = saved(blank("L"), "PNG")
    for variable in ("CNNKIT_MAX_PICTURE_BYTES", "CNNKIT_MAX_PICTURE_SECONDS"):
        monkeypatch.setenv(variable, "many")
        with pytest.raises(UsageError, match=f"{variable} is 'many', expected a whole number"):
            read_picture(content)
        monkeypatch.setenv(variable, str(10**15))
    assert read_picture(content).size == (SIDE, SIDE)


def test_pictures_that_are_read_at_once_share_the_memory_of_one():
    order = []

    def other():
        with room(MOST_BYTES // 2):
            order.append("second")

    thread = threading.Thread(target=other)
    with room(2 * MOST_BYTES):  # alone, any picture finds room
        thread.start()
        thread.join(0.05)
        order.append("first")
    thread.join()
    with room(MOST_BYTES // 2), room(MOST_BYTES // 2):
        order.append("both")
    assert order == ["first", "second", "both"]


def test_a_photo_of_many_megapixels_is_cheap_where_a_fraction_of_it_is_asked_for():
    content = saved(blank("RGB", 2000), "JPEG")
    with opened(content) as (picture, file):
        assert look(picture, file, "it", at_least=200)[1].bytes == 4 * 250 * 250
