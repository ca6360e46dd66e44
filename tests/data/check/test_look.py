import threading

import pytest
from PIL import Image

from cnnkit.data.check.look import Look, Place, Unreadable, look_at_file, look_at_files, look_at_pixels


def place(path):
    return Place("train", "x", str(path), path)


def test_looks_come_in_the_order_of_the_files_at_any_number_of_threads(photo, tmp_path):
    for i in range(20):
        photo(i, (20 + 40 * (i % 3), 30)).save(tmp_path / f"{i:02}.png")
    (tmp_path / "07.png").write_bytes(b"")
    places = [place(path) for path in sorted(tmp_path.iterdir())]
    one, many = (list(look_at_files(places, threads)) for threads in (1, 5))
    assert [seen.place for seen in many] == places
    assert [type(seen) for seen in many] == [Unreadable if i == 7 else Look for i in range(20)]
    assert [getattr(seen, "digest", None) for seen in one] == [getattr(seen, "digest", None) for seen in many]


def test_an_abandoned_look_ends_its_threads(photo, tmp_path):
    photo(1).save(tmp_path / "a.png")
    looking = look_at_files([place(tmp_path / "a.png")] * 50, 2)
    next(looking)
    looking.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cnnkit-look")]


def test_the_same_pixels_in_another_lossless_file_have_the_same_digest(photo, tmp_path):
    picture = photo(1)
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "b.bmp")
    photo(2).save(tmp_path / "c.png")
    a, b, c = (look_at_file(place(tmp_path / name)) for name in ("a.png", "b.bmp", "c.png"))
    assert a.digest == b.digest != c.digest
    assert (a.format, b.format) == ("PNG", "BMP")


def test_a_size_is_that_of_the_whole_picture_upright(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    photo(1, (1600, 900)).save(tmp_path / "turned.jpg", exif=exif)
    photo(1, (1600, 900)).save(tmp_path / "plain.jpg")
    turned, plain = (look_at_file(place(tmp_path / name)) for name in ("turned.jpg", "plain.jpg"))
    assert (turned.size, plain.size) == ((1600, 900), (900, 1600))
    assert turned.thumb.shape == (32, 32)


@pytest.mark.parametrize(
    ("content", "kind", "says"),
    [(b"", "empty", "is empty"), (b"<html>", "unreadable", "is not a picture"), (None, "truncated", "cannot be read")],
)
def test_a_file_without_a_picture_says_what_it_is(photo, tmp_path, content, kind, says):
    photo(1).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2] if content is None else content)
    seen = look_at_file(place(tmp_path / "a.png"))
    assert seen.kind == kind and says in seen.message


def test_an_image_of_an_array_is_kept_likewise(rng):
    image = rng.integers(0, 256, (32, 32, 1), "uint8")
    seen = look_at_pixels(Place("train", "x", "train image 0"), image)
    assert (seen.thumb == image[:, :, 0]).all()
    assert seen.digest != look_at_pixels(seen.place, image[::-1]).digest
