"""Filters and the forms in which the schedules want them, each made when first asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from cnnkit.kernels.cpu.conv.packing import pack_panels, unpack_panels
from cnnkit.kernels.cpu.conv.schedule import FEW_PIXELS, TileShape, direct_tile, keep_unpacked, one_form, winograd_tile
from cnnkit.kernels.cpu.conv.winograd.filters import transform_filters
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.rehearsal import is_rehearsing
from cnnkit.kernels.shared.array import Host


def taps_in_order(w_shape: tuple[int, ...]) -> Host:
    """All of them."""
    return np.arange(w_shape[0] * w_shape[1])


class Filters:
    """What `pack` returns; accepted wherever filters are.   shape: (KH, KW, C / groups, O)

    lasting: whether they are for many calls, which repay a copy that one call of few pixels would not.
    spare: whether they need not be kept beside panels that hold them all.
    """

    def __init__(self, w: Host, groups: int, *, lasting: bool = False) -> None:
        self._w: Host | None = w
        self.shape, self.groups, self.lasting, self.spare = w.shape, groups, lasting, False
        self._forms: dict[Any, Host] = {}

    @property
    def w(self) -> Host:
        """The filters as they were given; where only panels of them are kept, put together from these."""
        if self._w is None:
            key, _, tile = self._plain()
            self._w = unpack_panels(self._forms[key], self.shape, tile.block)
        return self._w

    def let_go(self) -> None:
        """Keep panels alone, once there are any that hold all filters. Many of which no sum forward wants another form
        have them at once."""
        if self._w is None or is_rehearsing():
            return
        self.spare = self.groups == 1
        if one_form(self.shape, self.groups):
            _, picked, shape = self._plain()
            self._panels(picked, shape)

    def _plain(self) -> tuple[Any, Host, TileShape]:
        """(key, taps, tile) of the form for a sum of all taps in their order, over more pixels than few."""
        picked, shape = taps_in_order(self.shape), direct_tile(self.shape[3], FEW_PIXELS + 1)
        return ("forward", shape, picked.tobytes()), picked, shape

    def forward(self, picked: Host, shape: TileShape, pixels: int) -> tuple[Host, int]:
        """(flat filters, floats from one filter row to the next) for the direct forward sum of so many pixels."""
        key = "forward", shape, picked.tobytes()
        in_order = len(picked) == self.shape[0] * self.shape[1] and bool((np.diff(picked) == 1).all())
        once = key not in self._forms and not self.lasting
        if once and self.groups == 1 and in_order and keep_unpacked(self.shape[3], pixels, shape):
            return self.w.reshape(-1), self.shape[3]
        return self._panels(picked, shape), shape.block

    def _panels(self, picked: Host, shape: TileShape) -> Host:
        key = "forward", shape, picked.tobytes()
        made_now = key not in self._forms
        panels = self._form(key, lambda: pack_panels(self.w, picked, self.groups, shape.block, turned=False))
        if made_now and self.spare and key in self._forms and key == self._plain()[0]:
            self._w = None
        return panels

    def turned(self, picked: Host, shape: TileShape) -> Host:
        """Flat panels for all phases of the direct gradient by the images."""
        return self._form(
            ("turned", shape, picked.tobytes()),
            lambda: pack_panels(self.w, picked, self.groups, shape.block, turned=True),
        )

    def about_centre(self) -> Host:
        """Filters turned about their centre, for the depthwise gradient by the images."""
        return self._form("about centre", lambda: buffers.contiguous(self.w[::-1, ::-1]))

    def winograd(self) -> Host:
        """Transformed filters for the forward sum."""
        block = winograd_tile(self.shape[3]).block
        return self._form("winograd", lambda: transform_filters(self.w, False, block))

    def winograd_turned(self) -> Host:
        """Transformed filters for the gradient by the images: taps backwards, filters and channels exchanged."""
        block = winograd_tile(self.shape[2]).block
        return self._form("winograd turned", lambda: transform_filters(self.w, True, block))

    def _form(self, key: Any, make: Callable[[], Host]) -> Host:
        """The form kept under this key; one made while kernels do not run is not worth keeping."""
        if key not in self._forms:
            if is_rehearsing():
                return make()
            self._forms[key] = make()
        return self._forms[key]
