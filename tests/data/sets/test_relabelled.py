"""Labels that count classes in another order."""

import numpy as np

from cnnkit.data.open.source import open_data
from cnnkit.data.open.splits import split_parts
from cnnkit.data.picture.boxes import bright_colours
from cnnkit.data.sets.relabelled import Relabelled
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.split.parts import class_of, everything
from cnnkit.tasks.detection import Box, Detected


def test_the_labels_are_made_once_and_each_sample_has_its_own():
    dataset = synthetic(12, 3, 8, seed=0)
    turned = Relabelled(dataset, dataset.classes[::-1])
    np.testing.assert_array_equal(turned.labels(), 2 - dataset.labels())
    assert [turned[i].target for i in range(12)] == turned.labels().tolist()
    # Asked for once for each sample, by `class_of`: not to be computed anew from all of them each time.
    assert turned.labels() is turned.labels()


def test_a_sample_keeps_its_class_in_another_order():
    splits = split_parts(synthetic(30, 3, 8, seed=0), None, None, found="s", notes=[], seed=1, val_fraction=0.2)
    turned = splits.with_classes(splits.classes[::-1])
    before = {place.dataset[place.index].image.tobytes(): class_of(place) for place in everything(splits)}
    after = {place.dataset[place.index].image.tobytes(): class_of(place) for place in everything(turned)}
    assert before == after


def test_a_class_has_the_colour_of_its_number_in_data_and_in_answers():
    part = open_data("shapes", task="detection", image_size=(32, 32)).val
    classes = ["another", *part.classes[::-1]]
    colours = bright_colours(4)
    assert part.colours == colours[:3] and Relabelled(part, classes).colours == colours
    picture, corners = np.zeros((40, 60, 3), np.uint8), (10.0, 10.0, 50.0, 30.0)
    for label, colour in enumerate(colours):
        answer = Detected((Box(classes[label], label, 0.9, corners),), tuple(classes), (40, 60), 0.25)
        assert np.array(answer.over(picture))[30 - 1, 30].tolist() == list(colour)
