"""What the names of picture files end in: one list for all commands."""

from pathlib import Path

# Format -> the endings of its files, in small letters.
ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo"),
    "PNG": (".png", ".apng"),
    "BMP": (".bmp", ".dib"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "GIF": (".gif",),
    "WEBP": (".webp",),
}
SUFFIXES = tuple(suffix for suffixes in ENDINGS.values() for suffix in suffixes)


def is_picture_name(name: str) -> bool:
    """Whether a file is by its name a picture that cnnkit reads."""
    return Path(name).suffix.lower() in SUFFIXES
