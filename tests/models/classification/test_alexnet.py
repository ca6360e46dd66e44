"""AlexNet at its own size and at others."""

from cnnkit import models


def test_shapes_are_those_of_the_paper():
    found = {row.name: row.output for row in models.summary("alexnet").layers}
    assert found["conv1"] == (55, 55, 64) and found["pool2"] == (13, 13, 192) and found["pool5"] == (6, 6, 256)


def test_the_smallest_image_of_the_great_stem_leaves_a_pixel():
    found = {row.name: row.output for row in models.summary("alexnet", image_size=(64, 64)).layers}
    assert found["pool5"] == (1, 1, 256) and found["avgpool"] == (6, 6, 256)


def test_small_images_begin_gently_and_get_one_dense_layer():
    found = {row.name: row.output for row in models.summary("alexnet", classes=10, image_size=(32, 32)).layers}
    assert found["conv1"] == (32, 32, 64) and found["pool5"] == (3, 3, 256) and found["fc"] == (10,)
