"""How large the networks are: what is kept is what is counted."""

import pytest

from cnnkit import models
from cnnkit.models.summary.figures import KEPT, Figures, figures


def test_each_network_of_the_registry_has_its_figures_in_the_same_order():
    assert list(KEPT) == models.names()


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_what_a_walk_counts(name):
    counted = models.summary(name)
    assert figures(name) == Figures(counted.parameters, counted.multiply_adds)


def test_a_network_of_a_family_is_counted():
    assert figures("mobilenet_v1_x1_4").parameters > KEPT["mobilenet_v1"].parameters
