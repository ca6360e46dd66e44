"""How wide a vector is, by the processor or by what the environment says."""

import pytest

from cnnkit.errors import UsageError
from cnnkit.kernels.cpu.machine.lanes import asked_lanes, choose_lanes


def test_the_widest_registers_are_taken():
    assert choose_lanes(frozenset({"avx512f", "avx512vl", "avx2", "fma"})) == 16
    assert choose_lanes(frozenset({"avx512f", "avx2", "fma"})) == 8
    assert choose_lanes(frozenset({"avx2"})) == choose_lanes(frozenset({"neon"})) == 4


def test_a_width_that_is_none_is_refused():
    assert [asked_lanes(text) for text in (None, "", "4", "16")] == [None, None, 4, 16]
    for text in "3", "x", "16 ":
        with pytest.raises(UsageError, match=r"CNNKIT_LANES is .* expected 4, 8 or 16"):
            asked_lanes(text)
