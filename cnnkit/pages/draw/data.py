"""A picture's bytes, and pictures as data: addresses, so that a page needs no other file."""

import base64
import io

import numpy as np
from PIL import Image

from cnnkit.data.sample import Pixels


def png(pixels: Pixels) -> bytes:
    """A PNG file of uint8 (H, W, C), C = 1 or 3."""
    return _file(pixels, "PNG", optimize=True)


def jpeg(pixels: Pixels, quality: int = 85) -> bytes:
    """A JPEG file of uint8 (H, W, C), C = 1 or 3: for photos."""
    return _file(pixels, "JPEG", quality=quality)


def address(data: bytes) -> str:
    """A data: address of a PNG, JPEG, WebP or SVG file.

    Raises:
        ValueError: it is none of these.
    """
    kinds = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp", b"<": "image/svg+xml"}
    for start, kind in kinds.items():
        if data.startswith(start):
            return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    raise ValueError(f"A PNG, JPEG, WebP or SVG file was expected, but this begins with {data[:8]!r}.")


def _file(pixels: Pixels, kind: str, **options: object) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
