"""What the folders of pictures and of masks are called, and what the names of their files begin and end with."""

from pathlib import Path

# Folders of pictures, of masks, in small letters; where several are there, the earlier name of masks counts.
PICTURES = (
    *("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "input", "inputs", "jpegimages"),
    *("leftimg8bit", "original", "originals", "original_images", "frames", "rgb", "701_stillsraw_full"),
)
MASKS = (
    *("segmentationclassaug", "segmentationclasspng", "segmentationclass", "gtfine", "labeledapproved_full"),
    *("mask", "masks", "label", "labels", "annotation", "annotations", "annot", "annots"),
    *("gt", "groundtruth", "ground_truth", "target", "targets", "segmentation", "segmentations", "trimaps"),
    *("label_images", "label_images_semantic", "seg", "segs", "truth"),
)
# What is added to the name of a folder of pictures, such as train, for that of its masks.
FOLDER_ENDS = ("annot", "_annot", "_annotations", "_masks", "_mask", "_labels", "_label", "_gt", "_seg", "-masks")
# What is added to the name of a picture for that of its mask, the one that counts first, and of Cityscapes' pictures.
MASK_ENDS = (
    *("_gtfine_labeltrainids", "_gtfine_labelids", "_labeltrainids", "_labelids"),
    *("_mask", "-mask", ".mask", "_masks", "_label", "_labels", "_l", "_gt", "_seg", "_segmentation", "_annot"),
    *("_annotation", "_manual", "_lab"),
)
PICTURE_ENDS = ("_leftimg8bit", "_image", "_img", "_sat", "_rgb")
STARTS = ("mask_", "masks_", "label_", "labels_", "gt_", "seg_", "image_", "images_", "img_")
# Files beside masks that show the same in another way.
NO_MASKS = ("_color", "_colors", "_instanceids", "_instancetrainids", "_polygons", "_overlay", "_vis")


def folder_word(name: str) -> str:
    """A folder's name in small letters, blanks and hyphens as underscores."""
    return name.lower().replace(" ", "_").replace("-", "_")


def stem(path: Path) -> str:
    """A file's name without its ending, in small letters."""
    return path.stem.casefold()


def bare(word: str) -> str:
    """What is left of a stem without the beginnings and ends that tell pictures from masks."""
    for end in (*MASK_ENDS, *PICTURE_ENDS):
        if word.endswith(end) and len(word) > len(end):
            word = word[: -len(end)]
            break
    return next((word[len(start) :] for start in STARTS if word.startswith(start) and len(word) > len(start)), word)
