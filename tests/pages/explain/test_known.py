"""What a page asks the network for."""

import numpy as np

from cnnkit.engine.explain import ask as asking
from cnnkit.engine.explain.walk import walk
from cnnkit.pages.explain.known import Known


def test_all_is_found_by_one_pass_and_nothing_twice(explained, monkeypatch):
    passes = []
    monkeypatch.setattr(asking, "walk", lambda *told, **more: passes.append(1) or walk(*told, **more))
    strided, dense = explained.station("strided").number, explained.station("dense").number
    known = Known()
    known.find(explained, [strided], [(strided, (0, 2))], [(dense, (1,)), (strided, (3, 3, 2))])
    assert len(passes) == 1
    known.find(explained, [strided], [(strided, (0, 2))], [(dense, (1,))])
    assert len(passes) == 1
    np.testing.assert_array_equal(known.maps[strided], explained.maps("strided"))
    np.testing.assert_array_equal(known.kernels[strided, (0, 2)][0], explained.kernel("strided", [0, 2])[0])
    assert known.sums[dense, (1,)]["place"] == [1] and known.sums[strided, (3, 3, 2)]["rule"] == "weighted"
