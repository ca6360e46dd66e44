"""Facts and arrays as one text."""

import base64
import json
import struct
import zlib

import numpy as np
import pytest

from cnnkit.pages.explain.packed import Arrays


@pytest.mark.parametrize("name", ["a", "ab", "abc", "고양이"])
def test_arrays_are_found_at_their_places_behind_the_facts(rng, name):
    first, second = rng.normal(size=(2, 3)).astype(np.float32), rng.normal(size=5).astype(np.float32)
    arrays = Arrays()
    places = [arrays.add(first), arrays.add(second)]
    whole = zlib.decompress(base64.b64decode(arrays.pack({"name": name, "places": places})))
    (length,) = struct.unpack("<I", whole[:4])
    assert length % 4 == 0, "floats begin at a multiple of their size"
    facts = json.loads(whole[4 : 4 + length])
    floats = np.frombuffer(whole[4 + length :], "<f4")
    assert facts["name"] == name
    for place, array in zip(facts["places"], (first, second), strict=True):
        assert (floats[place["at"] :][: array.size].reshape(place["shape"]) == array).all()


def test_texts_turn_no_direction_of_writing():
    whole = zlib.decompress(base64.b64decode(Arrays().pack({"labels": ["a\u202eb"], "name": ("\x1b", 1)})))
    assert json.loads(whole[4:]) == {"labels": [r"a\u202eb"], "name": [r"\x1b", 1]}


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        Arrays().pack({"x": float("inf")})
