"""Boxes drawn over their picture, each in the colour of its class and with a few words."""

import colorsys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from cnnkit.data.picture.overlay import Colour
from cnnkit.data.picture.sheet import fitting
from cnnkit.data.sample import Pixels

# The longer side of a picture for each pixel of a line's width, and for each of the height of its text.
SIDE_A_PIXEL, SIDE_A_TEXT_PIXEL = 250, 36
LEAST_LINE, LEAST_TEXT, MOST_TEXT = 1, 11, 64
# On a lighter colour than this (of 255) text is dark.
LIGHT = 140
INK, PAPER = (16, 16, 16), (255, 255, 255)
# A text that covers less than this share of a box does not hide it.
HIDDEN = 0.25
# Turns of the colour wheel from class to class: so many classes in a row have colours as far apart as can be.
GOLDEN_ANGLE = 0.381966
# left, top, right, bottom
Place = tuple[float, float, float, float]


def bright_colours(count: int) -> tuple[Colour, ...]:
    """`count` colours that can be seen on a photo, neighbours far apart."""
    wheel = (((0.0 + k * GOLDEN_ANGLE) % 1.0, (0.9, 0.65)[k // 8 % 2], (1.0, 0.8)[k // 16 % 2]) for k in range(count))
    return tuple(_bytes(colorsys.hsv_to_rgb(*place)) for place in wheel)


def with_boxes(
    picture: Pixels,
    corners: npt.NDArray[np.float32],
    texts: Sequence[str],
    colours: Sequence[Colour],
    *,
    dashed: Sequence[bool] = (),
) -> Image.Image:
    """The picture with its boxes; the first are drawn last, so that nothing lies over them.

    Args:
        picture: uint8 (H, W, C), C = 1 or 3.
        corners: (n, 4), x_min, y_min, x_max, y_max in its pixels.
        texts: for each a few words, or "".   colours: one for each.   dashed: those of broken lines; none by default.
    """
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).convert("RGB")
    draw, longer = ImageDraw.Draw(image), max(image.size)
    line = max(LEAST_LINE, round(longer / SIDE_A_PIXEL))
    font = ImageFont.load_default(min(MOST_TEXT, max(LEAST_TEXT, round(longer / SIDE_A_TEXT_PIXEL))))
    order = range(len(corners) - 1, -1, -1)
    for k in order:
        _outline(draw, corners[k], colours[k], line, broken=bool(dashed) and dashed[k])
    taken: list[Place] = []
    tags = [(k, _tag(image, corners, k, texts[k], font, line, taken)) for k in range(len(corners)) if texts[k]]
    for k, (place, text) in reversed(tags):
        colour = tuple(colours[k])
        draw.rectangle(place, fill=colour)
        ink = INK if np.dot(colour, (0.299, 0.587, 0.114)) > LIGHT else PAPER
        middle = (place[1] + place[3]) / 2
        draw.text((place[0] + 2 * line + 1, middle), text, ink, font, anchor="lm")
    return image


def _outline(
    draw: ImageDraw.ImageDraw, box: npt.NDArray[np.float32], colour: Colour, line: int, *, broken: bool
) -> None:
    """The box's own pixels, the outermost `line` of them; a thin dark line within sets it off from its ground."""
    left, top, right, bottom = (round(float(side)) for side in box)
    right, bottom = max(left, right - 1), max(top, bottom - 1)
    if not broken:
        draw.rectangle((left, top, right, bottom), outline=colour, width=line)
        return
    dash = 4 * line
    for x in range(left, right + 1, 2 * dash):
        for y in (top, bottom - line + 1):
            draw.rectangle((x, y, min(x + dash, right), y + line - 1), fill=colour)
    for y in range(top, bottom + 1, 2 * dash):
        for x in (left, right - line + 1):
            draw.rectangle((x, y, x + line - 1, min(y + dash, bottom)), fill=colour)


def _tag(
    image: Image.Image,
    corners: npt.NDArray[np.float32],
    k: int,
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    line: int,
    taken: list[Place],
) -> tuple[Place, str]:
    """(place, text) of box k: above it, in its upper or lower edge or below, the first that hides least.

    To hide a part of another text is worse than any box, and what leaves the picture is no place.
    """
    text = fitting(text, font, image.width - 4 * line - 2)
    bounds, box = font.getbbox("Ag"), corners[k]
    width, height = font.getlength(text) + 4 * line + 2, bounds[3] - bounds[1] + 2 * line + 2
    left = max(0.0, min(float(box[0]), image.width - width))
    tops = (float(box[1]) - height, float(box[1]), float(box[3]) - height, float(box[3]))
    places: list[Place] = [(left, float(round(top)), left + width - 1, round(top) + height - 1) for top in tops]
    inside = [place for place in places if place[1] >= 0 and place[3] < image.height]
    inside = inside or [(left, 0.0, left + width - 1, height - 1)]
    others = np.array(taken, np.float32).reshape(-1, 4)
    place = min(inside, key=lambda place: (_covered(place, others).sum(), _hidden(place, corners)))
    taken.append(place)
    return place, text


def _hidden(place: Place, corners: npt.NDArray[np.float32]) -> float:
    """What is covered of boxes, as a sum of shares; a corner of a large one is nothing."""
    covered = _covered(place, corners)
    return float(covered[covered >= HIDDEN].sum())


def _covered(place: Place, others: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n,): the share of each of the others that lies under `place`."""
    shared = np.minimum(place[2:], others[:, 2:]) - np.maximum(place[:2], others[:, :2])
    sides = np.maximum(others[:, 2:] - others[:, :2], 1)
    covered: npt.NDArray[np.float32] = np.clip(shared, 0, None).prod(axis=1) / sides.prod(axis=1)
    return covered


def _bytes(colour: tuple[float, float, float]) -> Colour:
    red, green, blue = (round(255 * part) for part in colour)
    return red, green, blue
