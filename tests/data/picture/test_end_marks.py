import io

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.picture import header
from cnnkit.data.picture.end_marks import TAIL, ends, format_of, lacks_end
from cnnkit.data.picture.header import check_ends
from cnnkit.data.picture.read import read_picture
from cnnkit.errors import DataError

WAYS = [
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "RGB", {"exif": b"Exif\0\0" + b"\xff\xd8\xff\xd9" * 8000}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("GIF", "P", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("BMP", "RGB", {}),
    ("BMP", "RGBA", {}),
    ("BMP", "P", {}),
    ("BMP", "1", {}),
    ("PPM", "RGB", {}),
    ("PPM", "L", {}),
    ("PPM", "1", {}),
    ("PPM", "I;16", {}),
]


@pytest.fixture(params=WAYS, ids=lambda way: "-".join(map(str, way[:2])))
def stored(request, rng):
    """(format, bytes) of a noisy picture: nothing of it is cheap to leave out."""
    name, mode, options = request.param
    pixels = rng.integers(0, 256, (61, 75, 3), np.uint8)
    if mode == "I;16":
        picture = Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 200)
    else:
        picture = Image.fromarray(pixels).convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, name, **options)
    return name, buffer.getvalue()


def test_a_whole_file_has_its_end(stored):
    name, content = stored
    file = io.BytesIO(content)
    head, tail, length = ends(file)
    assert (format_of(head), length, lacks_end(file)) == (name, len(content), False)
    assert content.startswith(head) and content.endswith(tail)


def test_a_cut_file_lacks_its_end_wherever_it_is_cut(stored):
    _, content = stored
    for size in range(12, len(content) - 1, max(1, len(content) // 60)):
        assert lacks_end(io.BytesIO(content[:size])), size


@pytest.mark.parametrize("after", [100, TAIL + 10, 2_000_000])
def test_what_a_camera_appends_is_no_damage(stored, after):
    name, content = stored
    if name != "GIF":  # whose end is looked for in the last bytes alone
        assert not lacks_end(io.BytesIO(content + bytes(after)))


def test_a_file_that_is_cut_is_refused_without_decoding_the_others(stored, tmp_path, monkeypatch):
    name, content = stored
    (tmp_path / "whole").write_bytes(content)
    (tmp_path / "cut").write_bytes(content[: len(content) * 15 // 16])
    decoded = []
    monkeypatch.setattr(header, "read_picture", lambda path, **how: decoded.append(path) or read_picture(path, **how))
    check_ends(tmp_path / "whole")
    assert not decoded
    with pytest.raises(DataError, match="truncated or damaged"):
        check_ends(tmp_path / "cut")
    assert decoded == ([] if name == "WEBP" else [tmp_path / "cut"])  # of which Pillow reads no header without the rest


def test_a_file_without_its_end_that_can_be_read_is_not_refused(tmp_path):
    picture = Image.new("RGB", (40, 30), (9, 99, 199))
    for name, without in (("a.gif", 1), ("a.png", 12), ("b.png", 6)):
        picture.save(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content[:-without])
        assert lacks_end(io.BytesIO(content[:-without]))
        assert read_picture(tmp_path / name).size == (40, 30)
        check_ends(tmp_path / name)


def test_a_picture_above_the_limit_is_refused_by_its_header(tmp_path, monkeypatch):
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    monkeypatch.setenv("CNNKIT_MAX_PIXELS", "1000")
    with pytest.raises(DataError, match="claims 40x30, more than the limit of 1000 pixels"):
        check_ends(tmp_path / "a.png")
