"""Attribution: what in a picture mattered for one number of the answer, as an array over the picture."""

from dataclasses import asdict, dataclass, field
from typing import Any, final

from cnnkit.kernels.shared.array import Host

METHODS = ("grad_cam", "gradient", "occlusion")


@final
@dataclass(frozen=True)
class Target:
    """The number of the answer whose reasons are sought.

    kind: "class", the logit of a class; "pixels", the sum of a class's logits over the pixels that are answered as it,
    over all where there are none; "box", the score of a box of the answer.
    index, label: of the class.   box: which box of the answer, by falling score from 0; None of the other kinds.
    value: the number.
    """

    kind: str
    index: int
    label: str
    box: int | None
    value: float


@final
@dataclass(frozen=True, eq=False)
class Attribution:
    """What mattered.

    method: one of METHODS.   target: for what.
    values: (H, W) float32 over the image as the network reads it.
        grad_cam: 0 and more, enlarged bilinearly from `small`
        gradient: 0 and more, the greatest over the channels of |d target / d number of the image|
        occlusion: target - target with the place covered, the mean of the squares that cover it: above 0 where what was
        covered spoke for the target
    small: grad_cam: (h, w) float32 in the places of the layer's map; occlusion: a number for each square, (rows,
    columns); gradient: (H, W, C), the signed derivatives themselves.
    layer: whose maps Grad-CAM looked at; None of the others.
    how: settings: of occlusion square (height, width), step (down, across), fill: the normalised number that covers.
    """

    method: str
    target: Target
    values: Host = field(repr=False)
    small: Host = field(repr=False)
    layer: str | None
    how: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """With `small` in full where it is a map; of a gradient its values."""
        rows = self.values if self.method == "gradient" else self.small
        told = {"method": self.method, "target": asdict(self.target), "layer": self.layer, "how": self.how}
        return {**told, "values": rows.astype(float).tolist()}
