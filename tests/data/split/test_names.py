from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.split.names import destinations


def named(*paths, part="train"):
    files = [PictureFile(path, "cats") for path in paths]
    places, renamed = destinations({part: files})
    return [places[file].as_posix() for file in files], renamed


def test_a_free_name_is_kept():
    assert named("a/1.png", "b/2.png") == (["train/cats/1.png", "train/cats/2.png"], 0)


def test_a_taken_name_gets_the_next_number_before_its_ending():
    names, renamed = named("a/1.png", "b/1.png", "c/1.png", "d/1-2.png", part="val")
    assert names == ["val/cats/1.png", "val/cats/1-2.png", "val/cats/1-3.png", "val/cats/1-2-2.png"]
    assert renamed == 3


def test_names_that_some_file_systems_take_for_equal_are_told_apart():
    assert named("a/x.png", "b/X.PNG")[0] == ["train/cats/x.png", "train/cats/X-2.PNG"]
    composed, apart = "\u00e9.png", "e\u0301.png"
    assert named(f"a/{composed}", f"b/{apart}")[1] == 1


def test_parts_and_classes_do_not_meet():
    files = [PictureFile(f"{k}/1.png", name) for k, name in enumerate(("cats", "dogs", "cats"))]
    assert destinations({"train": files[:2], "val": files[2:]})[1] == 0


def test_a_hidden_name_becomes_visible():
    assert named(".1.png", "...", "Thumbs.db")[0] == [
        "train/cats/1.png",
        "train/cats/picture",
        "train/cats/Thumbs.db-1",
    ]


def test_many_equal_names_take_no_time_each():
    names, renamed = named(*(f"{k}/image.png" for k in range(20_000)))
    assert (len(set(names)), renamed) == (20_000, 19_999)
