"""`cnnkit warmup`: compile now what would be compiled later."""

from __future__ import annotations

from cnnkit.cli.command import command
from cnnkit.cli.screen import Screen


@command("warmup", example="cnnkit warmup", computes=True)
def warmup(screen: Screen) -> None:
    """Compile all kernels that training and prediction use, once per machine."""
    raise NotImplementedError
