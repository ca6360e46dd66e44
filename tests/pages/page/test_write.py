"""A page as a file."""

import os

import pytest

from cnnkit.errors import UsageError
from cnnkit.pages.page.write import check_page, write_page


def test_a_page_replaces_the_one_before_and_leaves_nothing_beside_it(tmp_path):
    place = tmp_path / "page.html"
    write_page(place, "one")
    write_page(place, "둘 \udc80")
    assert place.read_text(encoding="utf-8") == "둘 ?"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_page_is_no_pipe_and_that_is_said_before_any_work(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        check_page(tmp_path / "pipe", exist_ok=True)
    (tmp_path / "page.html").write_text("old")
    with pytest.raises(UsageError, match=r"exists.*--exist-ok"):
        check_page(tmp_path / "page.html", exist_ok=False)
    check_page(tmp_path / "page.html", exist_ok=True)
