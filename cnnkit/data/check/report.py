"""What a look through data saw: what lies there, and what is wrong with it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from cnnkit.data.check.boxes.class_boxes import ClassBoxes
from cnnkit.data.check.findings import Finding
from cnnkit.data.check.masks.class_pixels import ClassPixels

Row = tuple[str, *tuple[int, ...]]


@final
@dataclass(frozen=True)
class DataReport:
    """What `check` saw.

    found: the format, in a sentence.   parts: the columns after the class name.
    rows: (class, images in each part); of masks and boxes, pictures that hold a pixel or a box of the class.
    findings: all that is odd, the gravest kinds first.   notes: what a training would be told.
    allowed: kinds of findings that the user knows of; they only warn.
    pixels: of masks, what those of each part hold.   boxes: of boxes, those of each part.
    """

    found: str
    parts: list[str]
    rows: list[Row]
    findings: list[Finding]
    notes: list[str] = field(default_factory=list)
    allowed: Collection[str] = ()
    pixels: Mapping[str, ClassPixels] = field(default_factory=dict)
    boxes: Mapping[str, ClassBoxes] = field(default_factory=dict)

    @property
    def problems(self) -> list[str]:
        """A sentence for each finding that is an error."""
        return [finding.sentence() for finding in self.findings if finding.severity(self.allowed) == "error"]

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        names = [name for name, *_ in self.rows]
        pixels = {part: counted.to_json(names) for part, counted in self.pixels.items()}
        boxes = {part: counted.to_json(names) for part, counted in self.boxes.items()}
        return (
            ({"pixels": pixels} if pixels else {})
            | ({"boxes": boxes} if boxes else {})
            | {
                "ok": self.ok,
                "found": self.found,
                "parts": self.parts,
                "rows": self.rows,
                "findings": [finding.to_json(self.allowed) for finding in self.findings],
                "problems": self.problems,
                "notes": self.notes,
            }
        )
