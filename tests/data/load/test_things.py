"""Batches of pictures with boxes that are changed by their things, and of mosaics."""

import pytest

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.engine.records.options import THINGS
from cnnkit.errors import UsageError
from cnnkit.tasks.detection.targets import targets_of


@pytest.fixture(scope="module")
def shapes():
    return open_data("shapes", task="detection", image_size=(64, 64)).train


def seen(shapes, things, *, number=1, start=0, **options):
    loader = Loader(shapes, 40, seed=3, shuffle=True, augment="light", targets=targets_of, things=things, **options)
    return [
        (batch.x.tobytes(), batch.targets.batch.corners.tobytes(), batch.targets.batch.labels.tobytes())
        for batch in loader.epoch(number, start)
    ]


@pytest.mark.parametrize("things", [*(pytest.param((name,), marks=pytest.mark.slow) for name in THINGS), THINGS])
def test_an_epoch_begun_in_its_middle_goes_on_as_the_whole_one_and_threads_change_nothing(shapes, things):
    whole = seen(shapes, things)
    assert seen(shapes, things, start=4, workers=3) == whole[4:]
    assert seen(shapes, things, number=2)[0] != whole[0] != seen(shapes, ())[0]


def test_a_mosaic_has_things_of_several_pictures(shapes):
    loader = Loader(shapes, 8, seed=3, targets=targets_of, things=("mosaic",))
    more = [len(loader.sample(index, 0).target.labels) - len(shapes[index].target.labels) for index in range(20)]
    assert sum(more) > 40


def test_pictures_without_boxes_have_no_things():
    for task, option in (("segmentation", "--iou-crop"), ("classification", "--mosaic")):
        name = "shapes" if task == "segmentation" else "digits"
        part = open_data(name, task=task).train
        with pytest.raises(UsageError, match=f"{option} is for pictures with boxes, but {name}"):
            Loader(part, 8, things=(option.removeprefix("--").replace("-", "_"),))
