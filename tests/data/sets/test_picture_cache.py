import threading

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.load.collate import collate
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.data.sets import picture_cache
from cnnkit.data.sets.image_folder import ImageFolder
from cnnkit.data.sets.picture_cache import PictureCache
from cnnkit.data.view.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(20, 24, 3, (0.0,) * 3, (1.0,) * 3)
EACH = 20 * 24 * 3


@pytest.fixture
def decoded(monkeypatch):
    """The files that were decoded."""
    seen = []
    load = picture_cache.load_image
    monkeypatch.setattr(picture_cache, "load_image", lambda path, how: (seen.append(path), load(path, how))[1])
    return seen


@pytest.fixture
def paths(picture_folder):
    return sorted(picture_folder(cats=6).glob("*/*.png"))


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (EACH - 1, 0), (3 * EACH, 3), (100 * EACH, 6), (-1, 0)])
def test_what_fits_is_decoded_once_and_the_rest_each_time(paths, decoded, room, kept):
    cache = PictureCache(PREPROCESSING, room)
    first = [cache(path).copy() for path in paths]
    for path, image in zip(paths, first, strict=True):
        np.testing.assert_array_equal(cache(path), image)
    assert len(decoded) == 6 + 6 - kept and sum(cache.holds(path) for path in paths) == kept


def test_what_is_kept_cannot_be_changed(paths):
    with pytest.raises(ValueError, match="read-only"):
        PictureCache(PREPROCESSING)(paths[0])[:] = 0


def test_many_threads_never_keep_more_than_the_room(paths):
    cache = PictureCache(PREPROCESSING, 2 * EACH)
    threads = [threading.Thread(target=lambda: [cache(path) for path in paths]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(cache.holds(path) for path in paths) == 2 and cache.growth == 0


def test_the_share_that_is_kept_is_told_and_so_is_what_may_yet_come(picture_folder):
    folder = picture_folder(cats=10, dogs=10)
    splits = open_data(folder, cache_bytes=5 * EACH)
    assert any(note.startswith("5 of 20 pictures are kept decoded") for note in splits.notes)
    assert splits.train.decodes and splits.train.growth == 0
    roomy, none = open_data(folder, cache_bytes=10**9), open_data(folder, cache_bytes=0)
    assert not roomy.notes[1:] and not roomy.train.decodes and roomy.train.growth == 0
    assert not none.notes[1:] and none.train.decodes


def test_pictures_are_kept_as_decoded_where_changes_are_to_see_them_whole(picture_folder, decoded):
    paths = sorted(picture_folder(cats=3, size=(20, 24)).glob("*/*.png"))
    small, twice = Preprocessing(5, 6, 3, (0.0,) * 3, (1.0,) * 3), 2 * EACH
    for room, kept in ((0, 0), (EACH - 1, 0), (twice, 2), (twice + EACH - 1, 2), (100 * EACH, 3)):
        cache = PictureCache(small, room, decoded=True)
        for path in (*paths, *paths):
            np.testing.assert_array_equal(cache(path), np.asarray(Image.open(path)))
        assert sum(cache.holds(path) for path in paths) == kept and cache.growth == room - kept * EACH
    folder = ImageFolder([PictureFile(str(paths[0]), "a")], name="x", classes=["a"], cache=cache)
    assert folder.as_decoded and folder[0].image.shape == (20, 24, 3) and folder.preprocessing == small
    (batch,) = Loader(folder, 1).epoch(0)
    resized = PictureCache(small)(paths[0])
    np.testing.assert_array_equal(batch.x, collate([resized], small))
