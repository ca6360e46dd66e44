"""From a picture to the image that a network reads, and back: how the one lies in the other is told with it."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.affine_map import AffineMap, moved_plane
from cnnkit.data.sample import Origin, Pixels, Sample
from cnnkit.data.targets import VOID
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

    from cnnkit.data.picture.read import Source

# What "margin" leaves: torchvision scales the short side to 256 and cuts out 224.
WITHIN_MARGIN = 7 / 8


@final
@dataclass(frozen=True)
class View:
    """How a picture lies in the image that a network reads: place in the image = scale · place in the picture + offset.

    scale, offset: down and to the right (y, x), in pixels; pixel i covers i to i + 1.
    size: (height, width) of the picture.
    """

    scale: tuple[float, float]
    offset: tuple[float, float]
    size: tuple[int, int]

    @classmethod
    def of(cls, sample: Sample) -> "View":
        """How the picture of a sample lies in its image."""
        origin = sample.origin
        if origin is None:
            return cls((1.0, 1.0), (0.0, 0.0), sample.image.shape[:2])
        to_image = origin.to_image
        return cls((to_image.yy, to_image.xx), (to_image.y0, to_image.x0), origin.size)

    @property
    def to_image(self) -> AffineMap:
        """From the picture to the image: what moves masks and boxes along."""
        return AffineMap(self.scale[1], 0.0, self.offset[1], 0.0, self.scale[0], self.offset[0])

    def points_back(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(…, 2): where points (x, y) of the image lie in the picture."""
        return self.to_image.inverse().points(points)

    def boxes_back(self, corners: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """(n, 4): boxes (x_min, y_min, x_max, y_max) of the image in the picture, cut to it; none is dropped."""
        H, W = self.size
        back = self.points_back(np.asarray(corners).reshape(-1, 2, 2)).reshape(-1, 4)
        return np.clip(back, 0, [W, H, W, H]).astype(np.float32)

    def mask_back(self, labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """(height, width): a mask of the image in the picture's own pixels, VOID where the network saw nothing."""
        return moved_plane(labels, self.to_image.inverse(), self.size, VOID)

    def of_larger(self, size: tuple[int, int]) -> "View":
        """The same of the picture as it was before it was made smaller."""
        scale = (self.scale[0] * self.size[0] / size[0], self.scale[1] * self.size[1] / size[1])
        return replace(self, scale=scale, size=size)


def view(picture: "Image", preprocessing: Preprocessing) -> tuple[Pixels, View | None]:
    """The image, uint8 (H, W, C), of a picture (mode RGB or L, as `read_picture` gives it), and how it lies in there.

    It is (H, W) of the preprocessing, but where pictures keep their size. Where the rule of digits takes the ink out of
    a picture, no place of it can be told: None.
    """
    if preprocessing.fit == "digit":
        from cnnkit.data.view.digit import as_digit

        grey = as_digit(picture, (preprocessing.height, preprocessing.width))
        return np.repeat(grey[:, :, None], preprocessing.channels, axis=2), None
    mode = "L" if preprocessing.channels == 1 else "RGB"
    picture = picture if picture.mode == mode else picture.convert(mode)
    pixels, to_image = _fitted(picture, preprocessing)
    offset, scale = (to_image.y0, to_image.x0), (to_image.yy, to_image.xx)
    return pixels.reshape(*pixels.shape[:2], preprocessing.channels), View(scale, offset, picture.size[::-1])


def fitted(sample: Sample, preprocessing: Preprocessing) -> Sample:
    """A sample as decoded, brought to the network's size with its mask or boxes."""
    from PIL import Image

    image = sample.image
    pixels, seen = view(Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image), preprocessing)
    if seen is None:
        return sample.replace(image=pixels)
    origin = Origin(seen.size, sample.target, seen.to_image)
    return sample.moved(pixels, seen.to_image).replace(origin=origin)


def load_view(source: "Source", preprocessing: Preprocessing) -> tuple[Pixels, View | None]:
    """Read a picture and `view` it: the one way from a picture to a network, in training and in prediction.

    source: a file, its bytes, a Pillow image or an array (`read_picture`), which all give the same pixels. An array of
    the very size and channels of the network's images is taken for one of the data set's own, and only returned.
    Where pictures are brought to a size, a JPEG of more than WHOLE pixels is decoded at a fraction of its own: a
    50-megapixel photo stays cheap. The view is that of the picture in its file.
    """
    from cnnkit.data.picture.read import WHOLE, name_of, reading

    if isinstance(source, np.ndarray) and source.dtype == np.uint8 and source.size:
        image = source[:, :, None] if source.ndim == 2 else source
        if image.shape == preprocessing.shape:
            return image, View((1.0, 1.0), (0.0, 0.0), preprocessing.shape[:2])
    with reading(source, at_least=_enough(preprocessing), whole=WHOLE, white=preprocessing.white) as (picture, size):
        try:
            image, seen = view(picture, preprocessing)
        except DataError as error:
            if isinstance(source, np.ndarray | bytes):
                raise
            raise DataError(f"{name_of(source)}: {error}") from error
    return image, seen and seen.of_larger(size)


def load_image(source: "Source", preprocessing: Preprocessing) -> Pixels:
    """The image of `load_view` alone."""
    return load_view(source, preprocessing)[0]


def _enough(preprocessing: Preprocessing) -> int | None:
    """Pixels that each side of a picture must keep where it is decoded at a fraction of its size; None: all."""
    from cnnkit.data.view.digit import WORKING_SIDE

    if preprocessing.keeps_size:
        return None
    return WORKING_SIDE if preprocessing.fit == "digit" else 2 * max(preprocessing.height, preprocessing.width)


def _fitted(picture: "Image", preprocessing: Preprocessing) -> tuple[Pixels, AffineMap]:
    """(the pixels, from the picture to them)."""
    from PIL import Image

    H, W, fit = preprocessing.height, preprocessing.width, preprocessing.fit
    width, height = picture.size
    if preprocessing.keeps_size or (width, height) == (W, H):
        return np.array(picture, np.uint8), AffineMap()
    if fit == "letterbox":
        return _letterboxed(picture, preprocessing)
    if fit == "stretch":
        # Without a box: that Pillow computes the same is not promised.
        pixels = np.array(picture.resize((W, H), Image.Resampling.BILINEAR))
        return pixels, AffineMap.of_box((0, 0, width, height), (H, W))
    scale = max(H / height, W / width)
    if fit == "margin":
        scale /= WITHIN_MARGIN
    left, top = (width - W / scale) / 2, (height - H / scale) / 2
    box = (max(left, 0), max(top, 0), min(left + W / scale, width), min(top + H / scale, height))
    pixels = np.array(picture.resize((W, H), Image.Resampling.BILINEAR, box=box), np.uint8)
    return pixels, AffineMap.of_box(box, (H, W))


def _letterboxed(picture: "Image", preprocessing: Preprocessing) -> tuple[Pixels, AffineMap]:
    """Scaled to fit into the size, in the middle; around it lies what the network reads as about 0."""
    from PIL import Image

    H, W = preprocessing.height, preprocessing.width
    width, height = picture.size
    scale = min(H / height, W / width)
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (H - h) // 2, (W - w) // 2
    pixels = np.empty(preprocessing.shape, np.uint8)
    pixels[...] = preprocessing.fill
    scaled = np.array(picture.resize((w, h), Image.Resampling.BILINEAR))
    pixels[top : top + h, left : left + w] = scaled.reshape(h, w, -1)
    return pixels, AffineMap(w / width, 0.0, left, 0.0, h / height, top)
