"""Files and folders that the tests of data read; only the tests of fetch open sockets, to this machine."""

import socket
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket is a failure."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test fetches may land in the home of whoever runs it."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("XDG_DATA_HOME", "CNNKIT_DATA_HOME", "CNNKIT_MAX_PIXELS", "CNNKIT_FETCH_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def picture_folder(tmp_path: Path) -> Callable[..., Path]:
    """Make class folders of small noisy pictures: picture_folder(cats=3, dogs=4, below="train")."""
    rng = np.random.default_rng(7)

    def make(below: str = "", size: tuple[int, int] = (20, 24), mode: str = "RGB", **classes: int) -> Path:
        for name, count in classes.items():
            folder = tmp_path / "photos" / below / name
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(count):
                shape = size if mode == "L" else (*size, 3)
                Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(folder / f"{i:03}.png")
        return tmp_path / "photos"

    return make


@pytest.fixture
def photo() -> Callable[..., Image.Image]:
    """photo(seed) makes a picture with the marks of a photo: large soft shapes in many colours, and fine noise."""

    def make(seed: int, size: tuple[int, int] = (120, 90)) -> Image.Image:
        rng = np.random.default_rng(seed)
        soft = Image.fromarray(rng.integers(0, 256, (7, 7, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
        noise = rng.normal(0, 6, (size[1], size[0], 3))
        return Image.fromarray(np.clip(np.asarray(soft) + noise, 0, 255).astype(np.uint8))

    return make


@pytest.fixture
def photo_folder(tmp_path: Path, photo: Callable[..., Image.Image]) -> Callable[..., Path]:
    """Make class folders of different photos: photo_folder(cats=3, dogs=4, below="train")."""

    def make(below: str = "", **classes: int) -> Path:
        for name, count in classes.items():
            folder = tmp_path / "photos" / below / name
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(count):
                photo(hash_of(below, name, i)).save(folder / f"{i:03}.jpg", quality=90)
        return tmp_path / "photos"

    def hash_of(*words: object) -> int:
        return zlib.crc32(repr(words).encode())

    return make


@pytest.fixture
def pairs_folder(tmp_path: Path) -> Callable[..., Path]:
    """Write pictures with masks: pairs_folder({"images/a.jpg": "masks/a.png", ...}, [[0, 1], [1, 2]]).

    values: of the small mask, whose pixels are blown up to `size`; a list of them, one for each pair, or one for all.
    palette: the colours of a palette file; mode: of others ("L", "RGB", "1", "I;16").
    """
    rng = np.random.default_rng(11)

    def make(
        files: dict[str, str],
        values: object = ((0, 1), (1, 2)),
        *,
        size: tuple[int, int] = (12, 16),
        mode: str = "L",
        palette: list[int] | None = None,
        **options: object,
    ) -> Path:
        root = tmp_path / "pairs"
        for name, mask in files.items():
            for path in (root / name, root / mask):
                path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(root / name)
            small = np.asarray(values)
            H, W = size
            labels = small[np.arange(H)[:, None] * len(small) // H, np.arange(W)[None] * small.shape[1] // W]
            kind = np.int32 if mode == "I" else np.uint16 if mode == "I;16" else np.uint8
            picture = Image.fromarray(labels.astype(kind))
            if mode == "1":
                picture = picture.convert("1")
            if palette is not None:
                picture.putpalette(palette)
            picture.save(root / mask, **options)
        return root

    return make
