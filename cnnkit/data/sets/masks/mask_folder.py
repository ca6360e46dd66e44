"""Pictures and masks in files."""

import hashlib
from pathlib import Path
from typing import final

from cnnkit.data.layout.masks.pairs import Pair
from cnnkit.data.picture.mask import read_mask
from cnnkit.data.places.affine_map import moved_plane
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import digest
from cnnkit.data.sets.image_folder import READ_WHOLE, PictureFiles, ends_of
from cnnkit.data.sets.masks.coding import Coding
from cnnkit.data.sets.masks.drawing import draw
from cnnkit.data.sets.picture_cache import Kept
from cnnkit.data.targets import VOID, Mask
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import load_view
from cnnkit.errors import DataError

# Up to this length a mask's mark covers all of it.
MASK_READ_WHOLE = 1 << 20


@final
class PairReader:
    """Read pictures with their masks as a network of this preprocessing sees them, and keep what fits into `room`."""

    def __init__(self, preprocessing: Preprocessing, coding: Coding, room: int) -> None:
        self.preprocessing, self.coding, self.kept = preprocessing, coding, Kept(room)

    def __call__(self, pair: Pair) -> tuple[Pixels, Pixels]:
        """(picture (H, W, C), labels (H, W)), both uint8; DataError where they do not belong together."""
        image, labels = self.kept(pair.name, lambda: self._read(pair))
        return image, labels

    def _read(self, pair: Pair) -> tuple[Pixels, Pixels]:
        image, seen = load_view(pair.name, self.preprocessing)
        assert seen is not None, "only the rule of digits tells no place"
        labels = labels_of(pair, self.coding, seen.size)
        if image.shape[:2] != labels.shape:
            labels = moved_plane(labels, seen.to_image, image.shape[:2], VOID)
        return image, labels


@final
class MaskFolder(PictureFiles[Pair]):
    """Pictures with the class of each of their pixels, decoded when asked for.

    Where pictures keep their size, so do images and masks; else both are brought to the network's.
    """

    task, labelled = "segmentation", False

    def __init__(self, pairs: list[Pair], *, name: str, reader: PairReader) -> None:
        classes, preprocessing = reader.coding.classes, reader.preprocessing
        super().__init__(pairs, reader.kept, name=name, classes=classes, preprocessing=preprocessing)
        self._read, self.colours = reader, reader.coding.colours

    def __getitem__(self, index: int) -> Sample:
        pair = self.files[index]
        image, labels = self._read(pair)
        return Sample(image, Mask(labels), pair.path)

    def mask_path(self, index: int) -> Path:
        """The file of one mask."""
        return Path(self.files[index].mask)

    def meaning(self) -> str:
        coding = self._read.coding
        values = f"{coding.classes}, {sorted(coding.numbers.items())}, {coding.by_colour}"
        return f"({values}, {self.preprocessing.text})"

    def looked_at(self, file: Pair) -> tuple[list[bytes], str]:
        shown: list[bytes] = []
        content: list[bytes] = []
        files = [(file.path, READ_WHOLE)]
        if file.drawn is None:
            files.append((Path(file.mask), MASK_READ_WHOLE))
        else:
            # The file that describes it is of all pictures, and may lie elsewhere.
            content.append(repr((file.drawn.size, file.drawn.things)).encode())
            shown.append(hashlib.sha256(content[0]).digest())
        for path, whole in files:
            ends = ends_of(path, whole)
            shown += [f"{path.name}\0{ends.size}\0".encode("utf-8", "surrogateescape"), ends.head, ends.tail]
            content += [str(ends.size).encode(), *ends.content]
        return shown, digest("", *content)


def labels_of(pair: Pair, coding: Coding, size: tuple[int, int]) -> Pixels:
    """(height, width) uint8: the mask of a picture of `size`; DataError where it does not belong to it."""
    if pair.drawn is not None:
        check_size(pair, pair.drawn.size, size)
        return draw(pair.drawn, pair.path.name).labels
    stored = read_mask(pair.mask)
    check_size(pair, stored.size, size)
    return coding.mask(stored, pair.mask).labels


def check_size(pair: Pair, mask: tuple[int, int], size: tuple[int, int]) -> None:
    """DataError where the mask's (height, width) is not the size of its upright picture."""
    H, W = mask
    if size == (H, W):
        return
    text = f"{pair.name} is {size[0]}x{size[1]} (height x width), but its mask {pair.mask} is {H}x{W}."
    if size == (W, H):
        raise DataError(
            f"{text} One is turned on its side, as where a camera's note on how to turn the picture was left out when "
            "the mask was drawn. Save the picture upright and without such a note, or turn the mask."
        )
    raise DataError(f"{text} Does it belong to another picture? Scale it without blending, or make it anew.")
