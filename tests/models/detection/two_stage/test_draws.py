"""The random numbers of a training step follow from a seed and a counter that is saved."""

import numpy as np

from cnnkit.models.detection.two_stage import Draws


def drawn(draws: Draws) -> list[int]:
    return draws.next().integers(1 << 30, size=4).tolist()


def test_each_step_draws_other_numbers_and_each_seed():
    one, other = Draws(1), Draws(2)
    steps = [drawn(draws) for draws in (one, one, other, other)]
    assert len({tuple(step) for step in steps}) == 4
    assert steps[:2] == [drawn(again) for again in [Draws(1)] for _ in range(2)]


def test_a_loaded_state_goes_on_where_it_was_saved():
    first = Draws(1)
    drawn(first)
    second = Draws(1)
    second.load_state_dict({name: np.array(array) for name, array in first.state_dict().items()})
    assert drawn(second) == drawn(first)


def test_it_is_for_training_alone():
    assert not Draws(1).needed_in_use() and [*Draws(1).state_dict()] == ["counter"]
