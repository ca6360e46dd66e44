import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from cnnkit.data.check import duplicates
from cnnkit.data.check.duplicates import _close, exact_groups, near_groups, perceptual_hashes
from cnnkit.data.check.look import THUMB
from cnnkit.data.sets.digits import digits


def thumbs(*pictures):
    small = [picture.convert("L").resize((THUMB, THUMB), Image.Resampling.BOX) for picture in pictures]
    return np.stack([np.asarray(picture) for picture in small])


def saved_anew(picture, quality):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def test_equal_keys_are_grouped_in_the_order_of_their_first():
    assert exact_groups(["b", "a", "b", "c", "a", "b"]) == [[0, 2, 5], [1, 4]]
    assert exact_groups([]) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: saved_anew(picture, 30),
        lambda picture: picture.resize((picture.width // 2, picture.height // 3)),
        lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
        lambda picture: picture.convert("L"),
    ],
    ids=["compressed", "resized", "brighter", "grey"],
)
def test_a_changed_copy_is_found_and_no_other_picture(photo, change):
    pictures = [photo(seed) for seed in range(60)]
    changed = [change(picture) for picture in pictures[:20]]
    groups = near_groups(thumbs(*pictures, *changed))
    assert all(group[1] == group[0] + 60 and len(group) == 2 for group in groups)
    assert len(groups) >= 18  # a hash may fall just beyond its bound


def test_many_digits_of_one_kind_are_not_called_copies():
    data = digits("train")
    ones = data.images[data.labels() == 1]
    assert near_groups(thumbs(*(Image.fromarray(image[:, :, 0]) for image in ones))) == []


def test_blank_sheets_are_not_compared():
    sheets = [Image.new("L", (50, 50), level) for level in (0, 1, 200, 255)]
    assert near_groups(thumbs(*sheets)) == []
    assert near_groups(np.empty((0, THUMB, THUMB), np.uint8)) == []


def test_chains_of_copies_are_one_group(photo):
    pictures = [photo(1), *(ImageEnhance.Brightness(photo(1)).enhance(level) for level in (0.9, 0.95, 1.05)), photo(2)]
    assert near_groups(thumbs(*pictures)) == [[0, 1, 2, 3]]


def test_a_bit_of_the_hash_tells_whether_a_frequency_is_above_the_median(rng):
    image = rng.integers(0, 256, (1, THUMB, THUMB), np.uint8)
    y = np.arange(THUMB)
    cosine = [np.cos(np.pi * (2 * y + 1) * k / (2 * THUMB)) for k in range(8)]
    waves = [(image[0] * cosine[u][:, None] * cosine[v]).sum() for u in range(8) for v in range(8)][1:]
    (found,) = perceptual_hashes(image).tolist()
    assert [found >> bit & 1 for bit in range(63)] == [int(wave > np.median(waves)) for wave in waves]


def test_every_near_pair_of_hashes_is_found_whatever_bits_differ(rng):
    first = rng.integers(0, 2**63, 300, np.uint64)
    flipped = first.copy()
    for i in range(300):
        for bit in rng.choice(63, 8, replace=False):
            flipped[i] ^= np.uint64(1) << np.uint64(bit)
    pairs = np.concatenate(list(_close(np.concatenate([first, flipped]), 8)))
    assert {(a, b) for a, b in pairs.tolist()} >= {(i, i + 300) for i in range(300)}
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_frames_of_one_camera_are_one_group_without_comparing_all(photo, monkeypatch):
    compared = []
    original = duplicates._correlation
    monkeypatch.setattr(duplicates, "BLOCK", 50)
    monkeypatch.setattr(duplicates, "_correlation", lambda *args: compared.append(len(args[1])) or original(*args))
    still = thumbs(photo(1))[0].astype(int)
    frames = np.clip(still + np.random.default_rng(0).integers(-3, 4, (300, THUMB, THUMB)), 0, 255).astype(np.uint8)
    assert near_groups(frames) == [list(range(300))]
    assert sum(compared) < 300 * 299 / 2 / 4
