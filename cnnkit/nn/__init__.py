"""Modules: parameters plus one op."""

from cnnkit.nn import init
from cnnkit.nn.activation import LeakyReLU, ReLU, ReLU6, Sigmoid, Softmax
from cnnkit.nn.containers import ModuleList, Sequential
from cnnkit.nn.conv import Conv2d
from cnnkit.nn.dropout import Dropout
from cnnkit.nn.linear import Linear
from cnnkit.nn.module import Module, Parameter
from cnnkit.nn.pool import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, MaxPool2d
from cnnkit.nn.shape import Flatten

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2d",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "init",
]
