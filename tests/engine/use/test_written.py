"""Names of files that show answers, and what is refused before any work."""

from pathlib import Path

import pytest

from cnnkit.engine.use.written import stems, without_answers, written
from cnnkit.errors import UsageError

ENDINGS = {"mask": "-mask.png", "overlay": "-overlay.jpg"}


@pytest.mark.parametrize(
    ("pictures", "wanted"),
    [
        (["a/one.jpg", "b/two.jpg"], ["one", "two"]),
        (["a/x.jpg", "a/x.png", "y.jpg"], ["x-jpg", "x-png", "y"]),
        (["a/x.jpg", "b/x.jpg"], ["a-x", "b-x"]),
        (["a/x.jpg", "b/x.jpg", "b/x.png"], ["a-x", "b-x", "x-png"]),
        (["p/a/x.jpg", "q/a/x.jpg"], ["p-a-x", "q-a-x"]),
        (["Photo.jpg", "photo.png"], ["Photo-jpg", "photo-png"]),  # where large letters are not told from small ones
        (["x.jpg", "x.jpg", "x-1.jpg"], ["x-2", "x-3", "x-1"]),
        (["a-x.jpg", "a/x.jpg", "b/x.jpg"], ["a-x", "a-x-jpg", "b-x"]),
        (["noending", ".hidden"], ["noending", ".hidden"]),
        ([], []),
    ],
)
def test_each_picture_has_the_shortest_name_that_no_other_has(pictures, wanted):
    assert stems([Path(picture) for picture in pictures]) == wanted


def test_former_answers_that_a_folder_holds_are_no_pictures(tmp_path):
    names = ["x.jpg", "x-mask.png", "x-overlay.jpg", "y-mask.png"]
    listed = [tmp_path / name for name in names]
    kept, out = without_answers(listed, listed, ENDINGS, tmp_path)
    # y-mask.png is no answer: there is no y.
    assert kept == [listed[0], listed[3]] and out == listed[1:3]
    # Who names a file means it, and where answers go elsewhere none is here.
    assert without_answers(listed, [], ENDINGS, tmp_path) == (listed, [])
    assert without_answers(listed, listed, ENDINGS, tmp_path / "out") == (listed, [])


def test_what_is_there_is_refused_before_any_work(tmp_path):
    picture = tmp_path / "x.png"
    for name in ("x-mask.png", "x-overlay.jpg"):
        (tmp_path / name).write_bytes(b"old")
    places = written([picture], ENDINGS, tmp_path)
    with pytest.raises(UsageError, match=r"x-mask.png exists \(and 1 more\). Overwrite with --exist-ok"):
        places.check([picture])
    places.check([picture], exist_ok=True)
    with pytest.raises(UsageError, match="is one of the pictures, and would be written over"):
        places.check([picture, tmp_path / "x-mask.png"], exist_ok=True)
    with pytest.raises(UsageError, match="is a file, not a folder"):
        written([picture], ENDINGS, tmp_path / "x-mask.png").check([picture])
    (tmp_path / "z-mask.png").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        written([tmp_path / "z.jpg"], ENDINGS, tmp_path).check([picture], exist_ok=True)
