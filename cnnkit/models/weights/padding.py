"""Where a foreign file's network adds its zeros: a file of arrays cannot tell, but its names often can."""

from collections.abc import Mapping
from dataclasses import replace

from cnnkit.kernels.shared.array import Host
from cnnkit.models.geometry import depends_on_padding
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import named
from cnnkit.models.weights.layouts import HWIO, by_name
from cnnkit.models.weights.published import row
from cnnkit.models.weights.renames import is_renamed


def padded(network: Network, arrays: Mapping[str, Host], told: str | None) -> tuple[Network, list[str]]:
    """The network with its zeros where the user or the names say; a note where neither does and it matters."""
    if told is not None:
        return replace(network, padding=told), []
    published = row(network.model)
    found = named(arrays, network.model)
    keras = any(by_name(one.published) == HWIO for one in found.values())
    if keras and published is not None and published.keras_padding is not None:
        return replace(network, padding=published.keras_padding), []
    if not keras and any(is_renamed(one.published, ours) for ours, one in found.items()):
        return network, []  # under its publisher's names
    if not depends_on_padding(network.build(), network.input_shape):
        return network, []
    return network, [
        f"Arrays do not tell where zeros are added at stride 2. {network.model} is taken as it is here; for weights "
        "that TensorFlow or Keras trained give --padding same, for those of PyTorch or Caffe --padding symmetric."
    ]
