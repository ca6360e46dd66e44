"""Philox against the known answers that its authors publish with Random123 (kat_vectors, philox4x32 10)."""

import numpy as np
import pytest

from cnnkit.kernels.shared.philox import dropout_scale, dropout_threshold, philox, philox_block

ONES = 0xFFFFFFFF
KNOWN = [
    ((0, 0, 0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES, ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (  # the digits of pi
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter_and_key", "words"), KNOWN)
def test_known_answers(counter_and_key, words):
    assert tuple(int(w) for w in philox(*map(np.uint64, counter_and_key))) == words


def test_a_block_number_and_stream_and_seed_fill_counter_and_key():
    block, stream, seed = 0x85A308D3_243F6A88, 0x03707344_13198A2E, 0x299F31D0_A4093822
    words = philox_block(np.uint64(block), np.uint64(stream), np.uint64(seed))
    assert tuple(int(w) for w in words) == KNOWN[2][1]


def test_rates_at_both_ends():
    assert (dropout_threshold(0.0), dropout_scale(0.0)) == (0, 1.0)
    assert (dropout_threshold(1.0), dropout_scale(1.0)) == (2**32, 0.0)
