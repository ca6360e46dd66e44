"""Shapes of a network's maps before it is built, and networks that cannot be."""

import tracemalloc

import pytest
from darknet_files import CFG, GRID, count

from cnnkit.models.detection.darknet.cfg import parsed
from cnnkit.models.detection.darknet.plan import IMAGE, planned
from cnnkit.models.detection.darknet.sections import (
    Connected,
    Convolutional,
    Detection,
    Local,
    MaxPool,
    Net,
    Region,
    Reorg,
    Route,
    Shortcut,
    Yolo,
)

HEAD = Region(anchors=((1, 1),), num=1, classes=1)


def plan(*layers, net=None):
    return planned(net or Net(width=32, height=32), layers)


def refusal(*layers, net=None):
    with pytest.raises(ValueError, match=r"layer|finds|heads") as caught:
        plan(*layers, net=net)
    return str(caught.value)


def test_every_layer_is_told_what_it_reads_and_gives():
    steps = planned(*parsed(CFG))
    assert [step.sources for step in steps] == [
        (IMAGE,), (0,), (1,), (2,), (3, 1), (4,), (5,), (4,), (7,), (8, 0), (9,), (10,)
    ]  # fmt: skip
    assert [step.gives for step in steps] == [
        (16, 32, 8), (8, 16, 8), (8, 16, 8), (8, 16, 8), (8, 16, 8), (8, 16, 14), (8, 16, 14), (8, 16, 8),
        (16, 32, 8), (16, 32, 16), (16, 32, 14), (16, 32, 14),
    ]  # fmt: skip
    assert sum(step.parameters for step in steps) == count(steps)


def test_a_dense_layer_ends_in_a_map_of_one_pixel():
    steps = planned(*parsed(GRID))
    assert [step.gives for step in steps] == [(4, 8, 4), (4, 8, 2), (4, 8, 2), (1, 1, 76), (1, 1, 76)]
    assert sum(step.parameters for step in steps) == count(steps)


@pytest.mark.parametrize(("side", "size", "stride", "padding", "wanted"), [
    (32, 2, 2, -1, 16), (13, 2, 2, -1, 7), (13, 2, 1, -1, 13), (13, 5, 1, -1, 13), (13, 13, 1, -1, 13),
    (12, 3, 2, -1, 6),    (12, 2, 2, 0, 6), (13, 2, 2, 0, 6),
])  # fmt: skip
def test_pools_pad_as_darknet_does(side, size, stride, padding, wanted):
    """Its formula: (side + padding - size) / stride + 1, where padding is size - 1 unless told."""
    first = MaxPool(size=size, stride=stride, padding=padding)
    steps = plan(first, Convolutional(filters=6), HEAD, net=Net(width=side, height=side))
    assert steps[0].gives == (wanted, wanted, 3)


def test_a_route_takes_a_part_of_the_channels():
    layers = Convolutional(filters=8), Route(layers=(-1, 0), groups=2, group_id=1), Convolutional(filters=6), HEAD
    assert plan(*layers)[1].gives == (32, 32, 8)


@pytest.mark.parametrize("layer", [0, 1, 2, -1, -2, 5, 999])
def test_a_route_to_itself_or_to_what_comes_later_or_was_never_there_is_refused(layer):
    if layer == -1:
        with pytest.raises(ValueError, match=r"layer 0, \[route\]: it reads layer -1, expected one before it"):
            plan(Route(layers=(layer,)), HEAD)
    else:
        assert f"layer 0, [route]: it reads layer {layer}, expected one before it" in refusal(Route(layers=(layer,)))


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([Convolutional(filters=5, groups=2)], "3 channels and 5 filters, expected multiples of groups=2"),
        ([Convolutional(filters=6, size=63)], "nothing is left of its map: 32x32x3 becomes -30x-30x6"),
        ([MaxPool(size=2, padding=8)], "padding of 8 around a window of 2, expected less"),
        ([MaxPool(stride=2), Route(layers=(0,), groups=2)], "part 0 of 2 of 16x16x3"),
        ([Convolutional(filters=4), Route(layers=(0,), groups=2, group_id=2)], "part 2 of 2 of 32x32x4"),
        ([Convolutional(), MaxPool(stride=2), Route(layers=(0, 1))], "it joins maps of 32x32x1 and 16x16x1"),
        ([Convolutional(), Convolutional(filters=2), Shortcut(source=0)], "it adds maps of 32x32x2 and 32x32x1"),
        ([Route()], "it names no layers"),
        ([Reorg(stride=5)], "a map of 32x32x3, expected sides of multiples of 5"),
        ([HEAD], "it reads 3 channels, expected 6"),
        ([Region(anchors=((1, 1),), num=2)], "num=2, but 1 anchors"),
        ([Yolo(anchors=((1, 1),), mask=(1,))], "mask=(1,), expected numbers of its 1 anchors"),
        ([Yolo(anchors=((1, 1),))], "mask=(), expected numbers"),
        ([Connected(output=23), Detection(side=2)], "it reads a map of 1x1x23, expected 1x1x24: for each cell its"),
        ([Convolutional(filters=24), Detection(side=2)], "it reads a map of 32x32x24, expected 1x1x24"),
        ([Local(size=63)], "nothing is left of its map: 32x32x3 becomes -30x-30x1"),
        ([Convolutional(filters=6), HEAD, Convolutional()], "layer 2, [convolutional]: it reads layer 1, whose"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit_are_refused(layers, told):
    assert told in refusal(*layers)


def test_a_network_without_heads_or_with_heads_of_several_classes_is_refused():
    assert refusal(Convolutional()) == "it has no [yolo], no [region] and no [detection], so it finds no boxes"
    second = Region(anchors=((1, 1),), num=1, classes=2)
    layers = Convolutional(filters=6), HEAD, Route(layers=(0,)), Convolutional(filters=7), second
    assert refusal(*layers) == "its heads have 1 and 2 classes, expected the same"
    yolo = Yolo(anchors=((1, 1),), num=1, mask=(0,), classes=1)
    layers = Convolutional(filters=6), HEAD, Route(layers=(0,)), Convolutional(filters=6), yolo
    assert refusal(*layers).startswith("its heads are [region] and [yolo], expected one kind")


def test_a_line_is_named_where_there_is_one():
    assert refusal(Convolutional(filters=5, groups=2, line=7)).startswith("line 7: layer 0, [convolutional]: ")


def test_what_would_take_all_memory_is_refused_before_any_is_taken():
    wide = [Convolutional(filters=65536, size=63, pad=True)] * 2
    doubling = [Convolutional(filters=1024)] + [Route(layers=(-1, -1))] * 60
    tracemalloc.start()
    try:
        assert "layer 0" in refusal(*wide, net=Net(width=8192, height=8192))
        assert "up to here there are" in refusal(*wide)
        assert "up to here there are" in refusal(Connected(output=10**6))
        assert "up to here there are" in refusal(Local(filters=65536), net=Net(width=512, height=512))
        assert "numbers for an image" in refusal(*doubling)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
