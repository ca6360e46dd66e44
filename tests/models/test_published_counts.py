"""Every network has the parameters that its publishers count, for their classes and images."""

import pytest

from cnnkit import models

PUBLISHED = {
    "lenet_caffe": 431_080,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
}


@pytest.mark.parametrize(("name", "parameters"), PUBLISHED.items())
def test_parameters_are_the_published_number(name, parameters):
    assert models.summary(name).parameters == parameters
