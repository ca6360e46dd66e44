"""Pictures in files with boxes around what is in them."""

import hashlib
from collections.abc import Mapping
from typing import final

import numpy as np

from cnnkit.data.layout.boxes.pictures import BoxedPicture
from cnnkit.data.picture.boxes import bright_colours
from cnnkit.data.places.affine_map import moved
from cnnkit.data.sample import Origin, Pixels, Sample
from cnnkit.data.sets.base import digest
from cnnkit.data.sets.image_folder import PictureFiles, ends_of
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
class BoxFolder(PictureFiles[BoxedPicture]):
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
        super().__init__(pictures, reader.kept, name=name, classes=classes, preprocessing=reader.preprocessing)
        self._read, self.coco_classes, self.colours = reader, coco_classes or {}, bright_colours(len(classes))

    def __getitem__(self, index: int) -> Sample:
        picture = self.files[index]
        image, boxes, origin = self._read(picture)
        return Sample(image, boxes, picture.path, origin=origin)

    def coco_id(self, index: int) -> int:
        number = self.files[index].number
        return super().coco_id(index) if number is None else number

    def meaning(self) -> str:
        return f"(boxes, {self.classes}, {self.preprocessing.text})"

    def looked_at(self, file: BoxedPicture) -> tuple[list[bytes], str]:
        ends = ends_of(file.path)
        names = ", ".join(self.classes[label] for label in file.labels.tolist())
        boxes = (
            f"{file.shares}, {names}".encode("utf-8", "surrogateescape"),
            np.ascontiguousarray(file.corners, "<f8").tobytes(),
            file.crowd.tobytes(),
            *(() if file.areas is None else (np.ascontiguousarray(file.areas, "<f8").tobytes(),)),
        )
        shown = f"{file.path.name}\0{ends.size}\0".encode("utf-8", "surrogateescape")
        told = hashlib.sha256(b"\0".join(boxes)).digest()
        return [shown, ends.head, ends.tail, told], digest("", str(ends.size).encode(), *ends.content, told)
