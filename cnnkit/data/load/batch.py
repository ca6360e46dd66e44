"""Batch: images side by side, with what is to be learned of each."""

from dataclasses import dataclass
from typing import Any, final

from cnnkit.data.sample import Labels
from cnnkit.kernels.shared.array import Host


@final
@dataclass(frozen=True)
class Batch:
    """x: (N, H, W, C) float32, normalised, of any home.   indices: (N,) int64, samples of the data set.

    targets: what is to be learned of each image, as the task collates it; by default (N,) int64, a class each.
    second_targets: likewise of the image that is mixed into each; None where none are.
    sizes: (N, 2) int64, height and width of each image where the smaller ones are padded; None where all fill x.
    share: the weight of `targets`, from 0 to 1; that of `second_targets` is 1 - share.
    normal: where x is uint8 yet, scale and shift (C,) float32 with pixel·scale + shift normalised; else None.
    """

    x: Any
    targets: Any
    indices: Labels
    second_targets: Any = None
    share: float = 1.0
    sizes: Labels | None = None
    normal: tuple[Host, Host] | None = None

    def __len__(self) -> int:
        """Images."""
        return len(self.indices)

    @property
    def weightier(self) -> Any:
        """Of two targets of an image the one that weighs more."""
        return self.targets if self.second_targets is None or self.share >= 0.5 else self.second_targets
