"""Pictures in files with boxes around what is in them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.layout.boxes.pictures import BoxedPicture
from cnnkit.data.picture.boxes import bright_colours
from cnnkit.data.places.affine_map import moved
from cnnkit.data.sample import Origin, Pixels, Sample
from cnnkit.data.sets.base import Dataset, digest
from cnnkit.data.sets.image_folder import READ_WHOLE, ends_of
from cnnkit.data.sets.picture_cache import Kept
from cnnkit.data.targets import Boxes
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View, load_view


@final
class BoxReader:
    """Read pictures as a network of this preprocessing sees them, with their boxes, and keep what fits into `room`."""

    def __init__(self, preprocessing: Preprocessing, room: int) -> None:
        self.preprocessing, self.kept = preprocessing, Kept(room)
        self._views: dict[str, View] = {}

    def __call__(self, picture: BoxedPicture) -> tuple[Pixels, Boxes, Origin]:
        """(image (H, W, C), its boxes in pixels of it, the picture); DataError where they do not belong together.

        A thing that is small in its picture stays, however small it is in the image: it is to be found all the same.
        """
        (image,) = self.kept(picture.name, lambda: (self._read(picture.name),))
        seen = self._views[picture.name]
        origin = Origin(seen.size, picture.boxes(seen.size), seen.to_image)
        boxes = moved(origin.target, seen.to_image, image.shape[:2], least_side=0)
        assert isinstance(boxes, Boxes)
        return image, boxes, origin

    def _read(self, name: str) -> Pixels:
        image, seen = load_view(name, self.preprocessing)
        assert seen is not None, "only the rule of digits tells no place"
        self._views[name] = seen
        return image


@final
class BoxFolder(Dataset):
    """Pictures with boxes, decoded when asked for."""

    task, labelled = "detection", False

    def __init__(
        self,
        pictures: list[BoxedPicture],
        *,
        name: str,
        classes: list[str],
        reader: BoxReader,
        coco_classes: Mapping[str, int] | None = None,
    ) -> None:
        self.pictures, self._read, self.coco_classes = pictures, reader, coco_classes or {}
        self.name, self.preprocessing, self.mirror = name, reader.preprocessing, True
        self.classes, self.colours = classes, bright_colours(len(classes))
        self._fingerprint = ""
        self._marks: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Sample:
        picture = self.pictures[index]
        image, boxes, origin = self._read(picture)
        return Sample(image, boxes, picture.path, origin=origin)

    def path(self, index: int) -> Path | None:
        return self.pictures[index].path

    @property
    def decodes(self) -> bool:
        return not all(self._read.kept.holds(picture.name) for picture in self.pictures)

    @property
    def growth(self) -> int:
        return self._read.kept.growth

    def coco_id(self, index: int) -> int:
        number = self.pictures[index].number
        return super().coco_id(index) if number is None else number

    def mark(self, index: int) -> str:
        if index not in self._marks:
            self._marks[index] = self._looked_at(index)[1]
        return self._marks[index]

    def fingerprint(self) -> str:
        """Over names, sizes and both ends of all files, and over all boxes."""
        if not self._fingerprint:
            meant = f"(boxes, {self.classes}, {self.preprocessing.text})"
            hashed = hashlib.sha256(meant.encode("utf-8", "surrogateescape"))
            for index in range(len(self)):
                parts, self._marks[index] = self._looked_at(index)
                for part in parts:
                    hashed.update(part)
            self._fingerprint = hashed.hexdigest()
        return self._fingerprint

    def _looked_at(self, index: int) -> tuple[list[bytes], str]:
        """What a picture gives to the fingerprint, and its mark: changed boxes are a changed sample."""
        picture = self.pictures[index]
        ends = ends_of(picture.path, READ_WHOLE)
        names = ", ".join(self.classes[label] for label in picture.labels.tolist())
        boxes = (
            f"{picture.shares}, {names}".encode("utf-8", "surrogateescape"),
            np.ascontiguousarray(picture.corners, "<f8").tobytes(),
            picture.crowd.tobytes(),
        )
        shown = f"{picture.path.name}\0{ends.size}\0".encode("utf-8", "surrogateescape")
        told = hashlib.sha256(b"\0".join(boxes)).digest()
        return [shown, ends.head, ends.tail, told], digest("", str(ends.size).encode(), *ends.content, told)
