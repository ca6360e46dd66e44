"""Lists of classes as people and tools write them; each fault is named."""

import pytest

from cnnkit.data.layout.masks.class_table import ClassRow, find_class_table, read_class_table
from cnnkit.errors import DataError

FORMS = {
    "names": ("background\nleft hand\n", [("background", 0, None), ("left hand", 1, None)]),
    "CamVid's": ("64 128 64\tAnimal\n0 0 0\t\tVoid\n", [("Animal", 0, (64, 128, 64)), ("Void", 1, (0, 0, 0))]),
    "Kaggle's": (
        "name,r,g,b\nAnimal, 64, 128, 64\nVoid,0,0,0\n",
        [("Animal", 0, (64, 128, 64)), ("Void", 1, (0, 0, 0))],
    ),
    "CVAT's": (
        "# label:color_rgb:parts:actions\nroad:1,2,3::\nsky:4,5,6:a,b:\n",
        [("road", 0, (1, 2, 3)), ("sky", 1, (4, 5, 6))],
    ),
    "values": ("0,background\n7: road\n", [("background", 0, None), ("road", 7, None)]),
    "Roboflow's": ("Pixel Value, Class\n0, background\n1, cat\n", [("background", 0, None), ("cat", 1, None)]),
    "labelme's": ("__ignore__\n_background_\ncat\n", [("_background_", 0, None), ("cat", 1, None)]),
    "numbers within names": ("route 66\n7up\n", [("route 66", 0, None), ("7up", 1, None)]),
}


@pytest.mark.parametrize("form", FORMS)
def test_lists_of_any_usual_form_are_read(tmp_path, form):
    text, expected = FORMS[form]
    (tmp_path / "classes.txt").write_text(text)
    assert read_class_table(tmp_path / "classes.txt") == [ClassRow(*row) for row in expected]


def test_names_that_mean_no_class_are_told():
    assert ClassRow("Void", 0).void and ClassRow("unlabelled", 0).void and not ClassRow("background", 0).void


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no classes"),
        ("a\nb\na\n", "name a twice"),
        ("a,1,2,3\nb,1,2,3\n", "colour .* twice"),
        ("3,a\n3,b\n", "value '?3'? twice"),
        ("a,1,2,3\nb\n", "gives 1 of 2 classes a colour"),
        ("a,1,2,300\nb,1,2,3\n", "number 300, expected 0 to 255"),
        ("\n".join(f"class{n}" for n in range(300)), "300 lines"),
        ("x" * 5000, "name of .* characters"),
        (" \t" * 300_000, "names no classes"),
    ],
)
def test_a_list_that_contradicts_itself_is_refused(tmp_path, text, said):
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(DataError, match=said):
        read_class_table(tmp_path / "classes.txt")


def test_the_first_folder_with_a_list_counts(tmp_path):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "class_dict.csv").write_text("name,r,g,b\na,1,2,3\n")
    folders = (tmp_path, tmp_path / "masks")
    assert find_class_table(folders)[0].name == "class_dict.csv"
    (tmp_path / "classes.txt").write_text("a\nb\n")
    assert find_class_table(folders)[0].name == "classes.txt"
    assert find_class_table([tmp_path / "none"]) is None
