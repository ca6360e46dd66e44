import io

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.damage import ends, format_of, kind_of_damage, lacks_end, unwritten_rows


@pytest.fixture(params=["JPEG", "PNG", "GIF", "WEBP", "BMP", "PPM"])
def stored(request, photo):
    buffer = io.BytesIO()
    photo(3).save(buffer, request.param)
    return request.param, buffer.getvalue()


def test_a_format_is_known_by_its_first_bytes_and_a_whole_file_has_its_end(stored, tmp_path):
    name, content = stored
    (tmp_path / "x").write_bytes(content)
    head, tail, length = ends(tmp_path / "x")
    assert (format_of(head), lacks_end(head, tail, length), length) == (name, False, len(content))


def test_a_cut_file_lacks_its_end(stored, tmp_path):
    name, content = stored
    (tmp_path / "x").write_bytes(content[: len(content) // 2])
    if name not in ("BMP", "PPM"):  # which have no mark at their end
        assert lacks_end(*ends(tmp_path / "x"))
        assert kind_of_damage(tmp_path / "x", "whatever") == "truncated"
    assert kind_of_damage(tmp_path / "x", "image file is truncated") == "truncated"


def test_what_a_camera_appends_is_no_damage(photo, tmp_path):
    photo(1).save(tmp_path / "x.jpg")
    with open(tmp_path / "x.jpg", "ab") as file:
        file.write(bytes(1000))
    assert not lacks_end(*ends(tmp_path / "x.jpg"))


def test_empty_and_foreign_files_are_told_apart(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "page").write_text("<html>404</html>")
    assert [kind_of_damage(tmp_path / name, "") for name in ("empty", "page", "gone")] == [
        "empty",
        "unreadable",
        "unreadable",
    ]


def test_a_jpeg_that_lost_its_middle_but_not_its_end_is_found(photo, tmp_path):
    photo(5, (200, 200)).save(tmp_path / "x.jpg")
    content = (tmp_path / "x.jpg").read_bytes()
    (tmp_path / "x.jpg").write_bytes(content[: len(content) // 2] + b"\xff\xd9")
    with Image.open(tmp_path / "x.jpg") as picture:
        assert 60 < unwritten_rows(picture.convert("RGB")) < 140


def test_whole_and_framed_pictures_have_all_their_rows(photo):
    framed = np.full((100, 100, 3), 128, np.uint8)
    framed[20:80] = np.asarray(photo(1, (100, 60)))
    assert unwritten_rows(photo(1)) == unwritten_rows(Image.fromarray(framed)) == 0
    assert unwritten_rows(Image.new("RGB", (50, 50), (128, 128, 128))) == 0
