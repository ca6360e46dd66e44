"""Pictures that are searched when they are first asked for."""

import numpy as np
import pytest

from cnnkit.data.load.loader import Loader
from cnnkit.data.sets.boxes.searched import Searched
from cnnkit.data.sets.boxes.shapes import ShapeBoxes
from cnnkit.data.sets.subset import Subset

FOUND = np.array([[0, 0, 4, 3], [1, 1, 8, 9], [2, 0, 6, 6]], np.float32)


@pytest.fixture
def calls():
    return []


def searched(calls, places, part="val"):
    def search(image):
        calls.append(image)
        return FOUND

    return Searched(ShapeBoxes(part, (16, 16)), search, places)


def test_a_picture_is_searched_once_and_what_is_found_fills_the_first_places(calls):
    data = searched(calls, 5)
    assert data.found(3) is None
    first, again = data[3], data[3]
    assert len(calls) == 1 and calls[0] is first.image
    np.testing.assert_array_equal(first.proposals, np.concatenate([FOUND, np.zeros((2, 4), np.float32)]))
    np.testing.assert_array_equal(again.proposals, first.proposals)
    np.testing.assert_array_equal(data.found(3), FOUND)


def test_of_more_than_there_are_places_for_the_first_are_kept(calls):
    np.testing.assert_array_equal(searched(calls, 2)[0].proposals, FOUND[:2])


def test_where_there_is_no_room_pictures_are_searched_each_time(calls, monkeypatch):
    monkeypatch.setattr("cnnkit.data.sets.boxes.searched.ROOM", 16 * 5 * 2)
    data = searched(calls, 5)
    shown = [data[index] for index in (0, 1, 2, 0, 1, 2)]
    assert len(calls) == 4 and data.found(2) is None and data.decodes
    assert all(sample.proposals.shape == (5, 4) for sample in shown)


def test_all_else_is_as_it_was(calls):
    data = searched(calls, 5)
    assert len(data) == len(data.dataset) and data.classes == data.dataset.classes and data.task == "detection"
    assert data.fingerprint() == data.dataset.fingerprint() and data.mark(2) == data.dataset.mark(2)
    assert data.path(1) is None and data.coco_id(1) == 2 and data.strata().tolist() == data.dataset.strata().tolist()
    np.testing.assert_array_equal(Subset(data, np.array([4]))[0].image, data.dataset[4].image)


def test_proposals_are_mirrored_with_the_picture_on_their_way_through_the_loader(calls):
    data = searched(calls, 4, "train")
    loader = Loader(data, 8, changes={"flip": True}, targets=lambda samples: samples, prefetch=0)
    samples = [sample for batch in loader.epoch(0) for sample in batch.targets]
    left, right = np.float32([[0, 0, 4, 3], [1, 1, 8, 9]]), np.float32([[12, 0, 16, 3], [8, 1, 15, 9]])
    turned = [np.array_equal(sample.image, data[n].image[:, ::-1]) for n, sample in enumerate(samples)]
    assert 0 < sum(turned) < len(samples)
    for sample, mirrored in zip(samples, turned, strict=True):
        np.testing.assert_array_equal(sample.proposals[:2], right if mirrored else left)
