"""Modules: parameters plus one op."""

from cnnkit.nn import init
from cnnkit.nn.activation import HardSigmoid, HardSwish, LeakyReLU, ReLU, ReLU6, Sigmoid, Softmax, Swish, Tanh
from cnnkit.nn.blocks import ConvNorm, SqueezeExcite, WithAuxiliary
from cnnkit.nn.containers import ModuleList, Sequential
from cnnkit.nn.conv import Conv2d, ConvTranspose2d
from cnnkit.nn.dropout import Dropout
from cnnkit.nn.linear import Linear
from cnnkit.nn.module import Module, Parameter
from cnnkit.nn.norm import BatchNorm2d, LocalResponseNorm
from cnnkit.nn.pool import AdaptiveAvgPool2d, AvgPool2d, GlobalAvgPool2d, MaxPool2d
from cnnkit.nn.recurrent import GRU, ReNet
from cnnkit.nn.shape import ChannelShuffle, Flatten, Identity, Resize

__all__ = [
    "GRU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm2d",
    "ChannelShuffle",
    "Conv2d",
    "ConvNorm",
    "ConvTranspose2d",
    "Dropout",
    "Flatten",
    "GlobalAvgPool2d",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "ReLU6",
    "ReNet",
    "Resize",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "SqueezeExcite",
    "Swish",
    "Tanh",
    "WithAuxiliary",
    "init",
]
