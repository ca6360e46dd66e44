"""PASCAL VOC's annotations: one XML file a picture (Everingham et al. 2010, The Pascal VOC challenge).

A file is read by expat, event by event, and only the few elements named here are looked at. A document type is refused,
and with it every entity that a file could define: so nothing is fetched, and nothing grows.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import final
from xml.parsers import expat

from cnnkit.data.layout.boxes.pictures import Said
from cnnkit.errors import DataError
from cnnkit.serialize.files import read_whole

# Bytes of a file, some ten thousand boxes; and how deep its elements may lie within one another.
LARGEST, DEEPEST = 4 << 20, 32
CORNERS = ("xmin", "ymin", "xmax", "ymax")
# What is read, as the path from the root.
_FIELDS = {
    *("annotation/size/width", "annotation/size/height", "annotation/object/name", "annotation/object/difficult"),
    *(f"annotation/object/bndbox/{corner}" for corner in CORNERS),
}
_OBJECT = "annotation/object"


@final
@dataclass(frozen=True)
class VocFile:
    """size: (height, width) of the picture; None where the file has none.   said: its boxes."""

    size: tuple[int, int] | None
    said: list[Said]


def read_voc(path: Path) -> VocFile:
    """What a file says of its picture.

    VOC counts pixels from 1, and the last one belongs to the box: it covers xmin - 1 to xmax. What is difficult is
    marked as a crowd. A box of one pixel is what tools write for a click without a box, and has no extent here.

    Raises:
        DataError: the file cannot be read, is no annotation of VOC's form, or has a document type.
    """
    try:
        data = read_whole(path, LARGEST)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}. Expected an annotation of VOC's form.") from error
    reading = _Reading(path)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reading.doctype
    parser.StartElementHandler = lambda name, _: reading.start(name, parser.CurrentLineNumber)
    parser.EndElementHandler = lambda _: reading.end()
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DataError(f"{path} is not valid XML: {error!s:.100}. Export it anew.") from error
    except (LookupError, ValueError) as error:
        # An encoding that Python does not know.
        raise DataError(f"{path} is not valid XML: {error!s:.100}. Save it as UTF-8.") from error
    width, height = reading.side("width"), reading.side("height")
    # Tools that do not know the size write 0.
    return VocFile((height, width) if height > 0 and width > 0 else None, reading.said)


@final
@dataclass
class _Reading:
    """What was read so far.   open: the elements around this place, each as its path from the root.

    fields: of the file and of the object at hand, by their paths.   words: of the element at hand.
    line: where the object begins.
    """

    path: Path
    said: list[Said] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    line: int = 0

    def doctype(self, *_: object) -> None:
        raise DataError(
            f"{self.path} has a document type, which may define entities that grow without end: annotations need none. "
            "Remove the line <!DOCTYPE …>."
        )

    def start(self, name: str, line: int) -> None:
        self.open.append(f"{self.open[-1]}/{name}" if self.open else name)
        if len(self.open) > DEEPEST:
            raise DataError(f"{self.path}, line {line}: elements lie more than {DEEPEST} deep. Export it anew.")
        if len(self.open) == 1 and name != "annotation":
            raise DataError(
                f"{self.path} begins with <{name[:40]}>, expected <annotation>. Is it an annotation of VOC's form?"
            )
        if self.open[-1] == _OBJECT:
            self.line = line
            self.fields = {place: text for place, text in self.fields.items() if not place.startswith(_OBJECT)}
        self.words = []

    def text(self, words: str) -> None:
        self.words.append(words)

    def end(self) -> None:
        place = self.open.pop()
        if place in _FIELDS:
            if place in self.fields:
                raise DataError(
                    f"{self.path}, line {self.line}: <{place.rpartition('/')[2]}> is there twice. Remove one."
                )
            self.fields[place] = "".join(self.words).strip()
        elif place == _OBJECT:
            self.said.append(self._box())
        self.words = []

    def _box(self) -> Said:
        name = self.fields.get(f"{_OBJECT}/name", "")
        if not name:
            raise DataError(f"{self.path}, line {self.line}: the object has no <name>. Name its class.")
        left, top, right, bottom = (self._number(f"{_OBJECT}/bndbox/{corner}") for corner in CORNERS)
        difficult = self.fields.get(f"{_OBJECT}/difficult", "0") not in ("", "0", "0.0", "false", "False")
        corners = left - 1, top - 1, right, bottom
        if (left, top) == (right, bottom):
            corners = left, top, right, bottom
        return Said(name, corners, f"line {self.line}", difficult)

    def _number(self, place: str) -> float:
        text, name = self.fields.get(place, ""), place.rpartition("/")[2]
        try:
            return float(text)
        except ValueError:
            raise DataError(
                f"{self.path}, line {self.line}: <{name}> is {text[:40]!r}, expected a number. Correct it."
            ) from None

    def side(self, name: str) -> int:
        """The width or the height of the picture; 0 where it is not told."""
        text = self.fields.get(f"annotation/size/{name}", "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise DataError(f"{self.path}: the {name} is {text[:40]!r}, expected a whole number. Correct it.")
        return int(text or 0)
