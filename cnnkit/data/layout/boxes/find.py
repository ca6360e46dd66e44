"""The layout of a folder, or a file, of pictures with boxes."""

from pathlib import Path

from cnnkit.data.layout.boxes.box_csv import list_box_csv
from cnnkit.data.layout.boxes.coco import list_coco_boxes
from cnnkit.data.layout.boxes.pictures import BoxListing
from cnnkit.data.layout.boxes.voc_folder import list_voc
from cnnkit.data.layout.boxes.yolo_folder import list_yolo


def find_boxes(place: Path) -> BoxListing | None:
    """The pictures and boxes that lie there; None where there are none.

    Raises:
        DataError: they are of a known form, and cannot be read.
    """
    if place.is_dir():
        return list_voc(place) or list_coco_boxes(place) or list_yolo(place)
    match place.suffix.lower() if place.is_file() else "":
        case ".json":
            return list_coco_boxes(place)
        case ".csv" | ".tsv":
            return list_box_csv(place)
        case ".yaml" | ".yml":
            return list_yolo(place)
    return None
