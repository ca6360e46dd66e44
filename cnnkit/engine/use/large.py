"""What a network gives for images that may be large."""

from cnnkit.autograd import Tensor, no_grad
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.outputs import Nest, arrays


def outputs_of(module: Module, x: Host) -> Nest:
    """The outputs for a batch (N, H, W, C), without a tape."""
    with no_grad():
        return arrays(module(Tensor(x)))
