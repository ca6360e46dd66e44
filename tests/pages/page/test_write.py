"""A page as a file."""

from cnnkit.pages.page.write import write_page


def test_a_page_replaces_the_one_before_and_leaves_nothing_beside_it(tmp_path):
    place = tmp_path / "page.html"
    write_page(place, "one")
    write_page(place, "둘 \udc80")
    assert place.read_text(encoding="utf-8") == "둘 ?"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
