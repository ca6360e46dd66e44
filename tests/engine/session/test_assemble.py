"""What a training is made of: batch norms of some networks rest where it starts from weights."""

import numpy as np
import pytest

from cnnkit.engine.fit import fit, resume
from cnnkit.engine.records.options import FitOptions
from cnnkit.serialize import safe

MODEL = "faster_rcnn_resnet18_fpn_x0_06"


def train(output, epochs, **changes):
    plain = {"data": "shapes", "task": "detection", "image_size": (64, 64), "overfit": 4, "batch_size": 4, "lr": 1e-3}
    list(fit(FitOptions(model=MODEL, output=str(output), epochs=epochs, **plain, **changes)))
    return state(output)


def state(run, which="last"):
    arrays, _ = safe.load(run / "weights" / f"{which}.safetensors")
    return {name: np.array(array) for name, array in arrays.items()}


@pytest.mark.slow
def test_batch_norms_of_a_detector_rest_where_it_starts_from_weights(tmp_path):
    first = train(tmp_path / "first", 2)
    norms = [name for name in first if ".norm." in name]
    running = [name for name in norms if name.endswith("running_mean")]
    assert all(first[name].any() for name in running)  # from first weights they learn
    first = state(tmp_path / "first", "best")  # what others start from
    run = tmp_path / "run"
    begun = train(run, 1, weights=str(tmp_path / "first"), seed=1)
    list(resume(run, {"epochs": 3}))
    longer = state(run)
    for after in (begun, longer):
        assert all(np.array_equal(after[name], first[name]) for name in norms)
    assert not np.array_equal(longer["head.score.weight"], begun["head.score.weight"])
