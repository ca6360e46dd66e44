"""Caffe's LeNet."""

from cnnkit import models


def test_the_only_activation_is_behind_the_first_dense_layer():
    model = models.create("lenet_caffe")
    activations = [getattr(layer, "activation", None) for layer in model.children()]
    assert activations == ["identity", None, "identity", None, None, "relu", "identity"]


def test_pools_leave_what_the_published_dense_layer_expects():
    assert models.create("lenet_caffe").state_dict()["dense1.weight"].shape == (4 * 4 * 50, 500)
