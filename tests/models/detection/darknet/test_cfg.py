"""A cfg of darknet, and what is no cfg, told with its line."""

import os

import pytest
from darknet_files import CFG, GRID

from cnnkit.errors import DataError
from cnnkit.models.detection.darknet.cfg import MOST_LAYERS, parsed, read_cfg
from cnnkit.models.detection.darknet.sections import (
    Connected,
    Convolutional,
    Detection,
    Local,
    MaxPool,
    Net,
    Route,
    Shortcut,
    Yolo,
)


def refusal(text: str) -> str:
    with pytest.raises(DataError) as caught:
        parsed(text, "net.cfg")
    return str(caught.value)


def test_layers_become_records_with_the_values_that_darknet_has_where_none_are_told():
    net, layers = parsed(CFG)
    assert net == Net(width=64, height=32)
    assert layers[0] == Convolutional(filters=8, size=3, stride=2, pad=True, batch_normalize=True, activation="leaky")
    assert layers[1] == MaxPool(size=2, stride=2)
    assert layers[4] == Shortcut(source=-3)
    assert layers[5] == Convolutional(filters=14, activation="linear")
    assert layers[6] == Yolo(
        anchors=((10, 14), (23, 27), (37, 58), (81, 82)), mask=(2, 3), num=4, classes=2, ignore_thresh=0.7
    )
    assert layers[9] == Route(layers=(-1, 0))
    assert layers[0].line == 10


def test_a_detection_says_what_its_numbers_are_and_how_much_each_part_of_its_loss_counts():
    _, layers = parsed(GRID)
    assert layers[1] == Local(filters=2, size=3, pad=True, activation="leaky")
    assert layers[3] == Connected(output=76, activation="linear")
    assert layers[4] == Detection(classes=9, side=2, num=2, rescore=True, sqrt=True, noobject_scale=0.5, coord_scale=5)


def test_comments_spaces_and_line_ends_of_windows_do_not_matter():
    text = "[network] \r\n width = 9 6 # wide\r\n;[no]\r\n[conv]\r\n filters=1 ; 2\r\n"
    net, layers = parsed(text)
    assert (net.width, layers[0].filters) == (96, 1)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("[net]\n[lstm]\n", r"line 2: there is no section [lstm] here. Known: net, convolutional, connected"),
        ("[net]\n[convolutional]\nbinary=1\n", "line 3: [convolutional] has the key 'binary', which is not known here"),
        ("[net]\n[conv]\nfilters=1000000000\n", "line 3: [conv] has filters=1000000000, expected a whole number"),
        ("[net]\n[conv]\nfilters=" + "9" * 5000, "line 3: [conv] has filters=999"),
        ("[net]\n[conv]\nfilters=-1\n", "line 3: [conv] has filters=-1, expected a whole number from 1 to 65,536"),
        ("[net]\n[conv]\nfilters=1e9\n", "expected a whole number"),
        ("[net]\n[conv]\nfilters=\n", "line 3: [conv] has filters=, expected"),
        ("[net]\n[conv]\nfilters=\u0663\n", "expected a whole number"),
        ("[net]\nwidth=100000\n", "line 2: [net] has width=100000, expected a whole number from 1 to 8,192"),
        ("[net]\n[conv]\nactivation=mish\n", "expected one of linear, leaky, relu"),
        ("[net]\n[conv]\nsize=3\nsize=5\n", "line 4: [conv] says 'size' twice"),
        ("[net]\n[yolo]\nanchors=1,2,3\n", "line 3: [yolo] has anchors=1,2,3, expected pairs of width and height"),
        ("[net]\n[yolo]\nanchors=nan,2\n", "expected a number from 0.001 to 10000"),
        ("[net]\n[route]\nlayers=" + "1," * 9999, "expected at most 200 numbers"),
        ("[net]\n[region]\ncoords=8\n", "line 3: [region] has coords=8, expected a whole number from 4 to 4"),
        ("[net]\n[detection]\nforced=1\n", "line 3: [detection] has the key 'forced', which is not known here"),
        ("[net]\n[connected]\noutput=1000000000\n", "line 3: [connected] has output=1000000000, expected a"),
        ("[net]\n[dropout]\nprobability=1\n", "expected a number from 0 to 0.99"),
        ("[net]\n[conv]\nstrange\n", "line 3 is 'strange', expected [section], or key=value below one"),
        ("width=3\n[net]\n", "line 1 is 'width=3', expected [section]"),
        ("[conv]\n[net]\n", "expected it to begin with the section [net]"),
        ("[net]\n[conv]\n[net]\n", "line 3: [net] is there twice"),
        ("", "expected it to begin with the section [net]"),
        ("[net]\n", "it has 0 layers, expected 1 to 1,000"),
        ("[net]\n" + "[conv]\n" * (MOST_LAYERS + 1), "it has 1,001 layers, expected 1 to 1,000"),
    ],
)  # fmt: skip
def test_what_is_not_known_or_cannot_be_is_refused_with_its_line(lines, told):
    message = refusal(lines)
    assert message.startswith("net.cfg is no network that cnnkit can build: ")
    assert told in message and len(message) < 500


def test_a_file_that_is_no_text_or_not_there_is_told(tmp_path):
    path = tmp_path / "a.cfg"
    with pytest.raises(DataError, match=r"There is no file .*a.cfg. Give a .cfg file of darknet"):
        read_cfg(path)
    path.write_bytes(b"\xff\xfe[net]")
    with pytest.raises(DataError, match=r"is no text, so no .cfg file"):
        read_cfg(path)
    path.write_bytes(b" " * (2**17 + 1))
    with pytest.raises(DataError, match="cannot be read: it is larger than the 131,072 bytes"):
        read_cfg(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="it is a pipe, not a plain file"):
        read_cfg(path)
