import os
import sys

import pytest

from cnnkit.data.layout.walk import loose_pictures, visible_folders, walk
from cnnkit.errors import DataError


@pytest.fixture
def tree(tmp_path):
    """Make empty files, tree("a/b.png"), or links, tree(("a/link", "target"))."""

    def make(*paths):
        for path in paths:
            name = path if isinstance(path, str) else path[0]
            (tmp_path / "top" / name).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(path, str):
                (tmp_path / "top" / name).touch()
            else:
                (tmp_path / "top" / name).symlink_to(tmp_path / "top" / path[1])
        return tmp_path / "top"

    return make


def names(top):
    roots = visible_folders(top)
    return {
        root.name: [os.path.relpath(path, root) for path in paths]
        for root, paths in zip(roots, walk(roots), strict=True)
    }


def test_files_come_in_the_order_of_their_names_however_deep(tree):
    top = tree("b/2.png", "b/1.png", "a/x/y/z.png", "a/z.png", "a/a.png")
    assert names(top) == {"a": ["a.png", "x/y/z.png", "z.png"], "b": ["1.png", "2.png"]}


def test_hidden_files_and_what_systems_leave_behind_are_not_seen(tree):
    top = tree("a/.x.png", "a/Thumbs.db", "a/1.png", ".git/x", "__MACOSX/a/._1.png")
    assert names(top) == {"a": ["1.png"]}


def test_links_are_followed_each_real_folder_once(tree, tmp_path):
    (tmp_path / "outside" / "more").mkdir(parents=True)
    (tmp_path / "outside" / "more" / "o.png").touch()
    top = tree("a/1.png", "b/sub/2.png", ("a/one", "../outside"), ("a/two", "../outside/more"), ("b/one", "../outside"))
    assert names(top) == {"a": ["1.png", "one/more/o.png"], "b": ["sub/2.png"]}


def test_a_folder_below_a_class_stays_its_own_when_another_class_links_to_it(tree):
    top = tree("a/1.png", "b/sub/2.png", ("a/stolen", "b/sub"))
    assert names(top) == {"a": ["1.png"], "b": ["sub/2.png"]}


@pytest.mark.parametrize("target", ["a", ".", "..", "../..", "b"])
def test_links_in_a_circle_come_to_an_end(tree, target):
    top = tree("a/1.png", "b/2.png", ("a/circle", target))
    assert names(top) == {"a": ["1.png"], "b": ["2.png"]}


def test_links_to_files_are_files_and_broken_ones_are_left_to_the_reader(tree):
    top = tree("a/1.png", ("a/2.png", "a/1.png"), ("a/3.png", "nowhere"))
    assert names(top) == {"a": ["1.png", "2.png", "3.png"]}


def test_a_class_folder_may_be_a_link(tree, tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "1.png").touch()
    assert names(tree("b/2.png", ("a", "../cats"))) == {"a": ["1.png"], "b": ["2.png"]}


@pytest.mark.slow
def test_trees_deeper_than_python_recurses(tree, monkeypatch):
    place = tree("a/0.png") / "a"
    depth = min(sys.getrecursionlimit() + 100, 1800)
    monkeypatch.chdir(place)
    for _ in range(depth):
        os.mkdir("d")
        os.chdir("d")
    open("deep.png", "w").close()
    assert [len(paths) for paths in walk([place])] == [2]
    # By hand: what tidies up after the tests recurses.
    os.remove("deep.png")
    for _ in range(depth):
        os.chdir("..")
        os.rmdir("d")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other names")
def test_names_of_any_bytes_are_found(tree):
    top = tree("a/sp ace.png", "a/🐜.png", "a/two\nlines.png")
    (top / "a" / os.fsdecode(b"\xff\xfe.png")).touch()
    assert len(names(top)["a"]) == 4


def test_a_folder_that_cannot_be_listed_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be listed: No such file"):
        visible_folders(tmp_path / "gone")


def test_pictures_beside_the_classes_are_counted_by_name(tree):
    assert loose_pictures(tree("1.JPG", "2.png", "read.me", "x.png/1")) == 2


@pytest.mark.parametrize(
    "name",
    ["thumbs.db", "THUMBS.DB", "ehthumbs.db", "Icon\r", "._1.png", ".DS_Store", "Desktop.ini", "ehthumbs_vista.db"],
)
def test_files_of_systems_are_passed_over_in_any_case(tree, name):
    assert names(tree("a/1.png", f"a/{name}")) == {"a": ["1.png"]}


@pytest.mark.parametrize("name", ["@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found", ".Trash"])
def test_folders_of_systems_are_passed_over(tree, name):
    assert names(tree("a/1.png", f"{name}/1.png", f"a/{name}/1.png")) == {"a": ["1.png"]}
