"""Read any picture file safely: formats from a list, size judged from the header, upright, RGB or grey."""

import os
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from cnnkit.errors import DataError, ResourceError, UsageError

# TIFF is left out: its decoders take their sizes from many tags, which cannot be judged from the header.
FORMATS = ("PNG", "JPEG", "BMP", "PPM", "GIF", "WEBP")
# Pillow itself refuses twice the number at which it warns; a lower limit may be set, never a higher one.
LARGEST_PICTURE = 2 * 89_478_485
ORIENTATION_TAG = 0x0112
# EXIF 2.32, tag Orientation: what turns the stored picture upright.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(path: Path, *, max_pixels: int | None = None, at_least: int | None = None) -> Image.Image:
    """The picture in mode RGB or L, turned upright as its EXIF data say, transparency laid over white.

    max_pixels: a larger picture is refused from its header (default: `CNNKIT_MAX_PIXELS`, else 178 million).
    at_least: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size as long as both sides keep so many pixels.
    """
    limit = default_max_pixels() if max_pixels is None else min(max_pixels, LARGEST_PICTURE)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is not a regular file" if path.exists() else "does not exist"
        raise DataError(f"{path} {what}; expected a picture file ({', '.join(FORMATS)}).")
    _mute_pillow()
    try:
        with _open(path) as picture:
            if picture.width * picture.height > limit:
                raise _too_large(path, f"{picture.width}x{picture.height}", limit)
            if at_least is not None:
                picture.draft(None, (at_least, at_least))
            picture.load()
            return _upright(plain(picture), _orientation(picture))
    except DataError:
        raise
    except MemoryError as error:
        raise ResourceError(f"{path}: not enough memory to decode the picture. Shrink it first.") from error
    except Image.DecompressionBombError as error:
        raise _too_large(path, str(error).split(" (")[-1].split(" pixels")[0] + " pixels", limit) from error
    # A decoder that meets foreign bytes may fail in any way.
    except Exception as error:
        raise DataError(
            f"{path} cannot be read as a picture: {_reason(error)}. Is it cut or damaged? Save it again."
        ) from error


def plain(picture: Image.Image) -> Image.Image:
    """A picture of any mode in RGB or L, transparency laid over white."""
    mode = picture.mode
    if mode.startswith("I") or mode == "F":
        return _from_deep(picture)
    if mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        return _over_paper(picture)
    return picture.convert("L") if mode in ("1", "L") else picture.convert("RGB")


def check_header(path: Path) -> None:
    """Refuse what `read_picture` would refuse after the first bytes; the picture itself is not decoded."""
    if header(path) is None:
        read_picture(path)


def header(path: Path) -> tuple[int, int, bool] | None:
    """(height, width, is grey) as stored, from the header alone; None where it cannot be read."""
    _mute_pillow()
    try:
        with _open(path) as picture:
            return picture.height, picture.width, picture.mode in ("1", "L", "LA", "I;16", "I")
    except Exception:
        return None


def stored_format(path: Path) -> str:
    """One of FORMATS, as the file's first bytes say, whatever its name; "" where none is meant."""
    _mute_pillow()
    try:
        with _open(path) as picture:
            # A JPEG that holds further pictures, as some cameras write, is called MPO.
            return {"MPO": "JPEG"}.get(picture.format or "", picture.format or "")
    except Exception:
        return ""


def default_max_pixels() -> int:
    """`CNNKIT_MAX_PIXELS`, which can only lower the limit of 178 million."""
    text = os.environ.get("CNNKIT_MAX_PIXELS")
    if not text:
        return LARGEST_PICTURE
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UsageError(f"CNNKIT_MAX_PIXELS is {text!r}, expected a whole number of pixels, such as 50000000.")
    return min(int(text), LARGEST_PICTURE)


def _open(path: Path) -> Image.Image:
    if not path.stat().st_size:
        raise DataError(f"{path} is empty (0 bytes); expected a picture. Copy it again.")
    try:
        return Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        raise DataError(f"{path} is not a picture that cnnkit reads; expected one of {', '.join(FORMATS)}.") from None


def _too_large(path: Path, size: str, limit: int) -> DataError:
    return DataError(f"{path} claims {size}, more than the limit of {limit} pixels. Shrink it first.")


def _mute_pillow() -> None:
    """Pillow warns about odd files, whose fate is decided here; a filter set once per call is safe among threads."""
    warnings.filterwarnings("ignore", module=r"PIL\.")


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__


def _from_deep(picture: Image.Image) -> Image.Image:
    """16 bits a pixel: the upper eight are kept."""
    if picture.mode == "F":
        raise DataError("pixels are floating-point numbers; save it with 8 or 16 bits")
    levels = np.asarray(picture).astype(np.int64)
    return Image.fromarray(np.clip(levels >> 8, 0, 255).astype(np.uint8))


def _over_paper(picture: Image.Image) -> Image.Image:
    """Lay a transparent picture over white, or over black where nothing would show on white (white ink)."""
    grey = picture.mode in ("LA", "La", "L", "1")
    rgba = picture.convert("RGBA")
    for paper in ("white", "black"):
        flat = Image.new("RGBA", rgba.size, paper)
        flat.alpha_composite(rgba)
        low, _ = flat.convert("L").getextrema()
        if paper == "black" or not isinstance(low, int | float) or low < 250:
            break
        if rgba.getchannel("A").getextrema() == (255, 255):
            break
    return flat.convert("L" if grey else "RGB")


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(ORIENTATION_TAG, 1))
    # Damaged EXIF data are no reason to lose the picture.
    except Exception:
        return 1


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    return picture.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else picture
