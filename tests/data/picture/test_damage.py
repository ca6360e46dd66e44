import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.check.look import Place, Unreadable, look_at_file
from cnnkit.data.picture.damage import kind_of_damage, unwritten_rows


@pytest.mark.parametrize("stored", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "PPM"])
def test_a_cut_file_is_called_so(stored, photo, tmp_path):
    photo(3).save(tmp_path / "x", stored)
    content = (tmp_path / "x").read_bytes()
    (tmp_path / "x").write_bytes(content[: len(content) // 2])
    assert kind_of_damage(tmp_path / "x", "whatever") == "truncated"
    assert kind_of_damage(tmp_path / "x", "image file is truncated") == "truncated"


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


def test_what_is_no_file_is_not_called_empty(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "null.png").symlink_to("/dev/null")
    assert {kind_of_damage(tmp_path / name, "") for name in ("pipe.png", "zero.png", "null.png")} == {"special"}


def test_a_picture_beyond_a_limit_is_not_called_truncated(tmp_path):
    def chunk(kind, content):
        crc = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))
    (tmp_path / "bomb.png").write_bytes(start)
    seen = look_at_file(Place("train", "a", "bomb.png", tmp_path / "bomb.png"))
    assert isinstance(seen, Unreadable) and seen.kind == "beyond" and "more than the limit" in seen.message
