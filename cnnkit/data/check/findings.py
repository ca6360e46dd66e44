"""What a look through data may find, and how grave each kind is."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, final

Severity = Literal["error", "warning"]


@final
@dataclass(frozen=True)
class Kind:
    """title: what all findings of this kind have in common, for a heading."""

    name: str
    severity: Severity
    title: str


# In the order of a report. An error would spoil a training, or the trust in its test; a warning may be meant so.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("unusable", "error", "Cannot be opened"),
        Kind("missing", "error", "Listed, but missing"),
        Kind("special", "error", "No regular files: pipes, sockets or devices"),
        Kind("empty", "error", "Empty files"),
        Kind("beyond", "error", "Refused, because beyond a limit for pictures"),
        Kind("truncated", "error", "Truncated"),
        Kind("unreadable", "error", "Cannot be read as pictures"),
        Kind("placeholder", "error", "Placeholders for a missing picture"),
        Kind("unpaired", "error", "Pictures without a mask, masks without a picture"),
        Kind("mask-size", "error", "Masks of another size than their picture"),
        Kind("mask-format", "error", "Masks in a format that changes their pixels"),
        Kind("mask-value", "error", "Masks with values that mean no class"),
        Kind("single-class", "error", "A single class in all masks"),
        Kind("two-masks", "error", "One picture with several masks"),
        Kind("annotation", "error", "Files with boxes that cannot be read"),
        Kind("box-swapped", "error", "Boxes with swapped corners"),
        Kind("box-number", "error", "Boxes whose corners are no numbers, or far outside"),
        Kind("box-label", "error", "Boxes whose label is no class"),
        Kind("box-size", "error", "Pictures of another size than their boxes are made for"),
        Kind("two-boxes", "error", "One picture with different boxes"),
        Kind("two-labels", "error", "One picture under several labels"),
        Kind("duplicate-across", "error", "The same picture in several parts"),
        Kind("near-duplicate-across", "error", "Nearly the same picture in several parts"),
        Kind("untrainable", "error", "A training would refuse this"),
        Kind("duplicate", "warning", "The same picture more than once"),
        Kind("near-duplicate", "warning", "Nearly the same picture more than once"),
        Kind("absent-class", "warning", "Classes without a pixel or a box"),
        Kind("box-outside", "warning", "Boxes that reach beyond their picture"),
        Kind("box-empty", "warning", "Boxes without extent"),
        Kind("box-doubled", "warning", "The same box more than once"),
        Kind("void-mask", "warning", "Masks that are void all over"),
        Kind("one-class-mask", "warning", "Masks of one class all over"),
        Kind("wrong-extension", "warning", "Of another format than the ending says"),
        Kind("odd-size", "warning", "Unusual size"),
        Kind("imbalance", "warning", "Classes of very different size"),
        Kind("small-class", "warning", "Classes with a single picture"),
        Kind("class-difference", "warning", "Classes that differ between the parts"),
        Kind("look-alike", "warning", "Classes whose names look alike"),
        Kind("outside", "warning", "Reached through links that leave the folder"),
    )
}


@final
@dataclass(frozen=True)
class Finding:
    """One thing found.   files: what it is about, as many as there are.   message: what is said of them."""

    kind: str
    message: str
    files: tuple[str, ...] = ()

    def severity(self, allowed: Collection[str] = ()) -> Severity:
        """That of its kind; kinds that the user allows only warn."""
        return "warning" if self.kind in allowed else KINDS[self.kind].severity

    def sentence(self) -> str:
        """The files and what is said of them, in one line."""
        return f"{', '.join(self.files)}: {self.message}" if self.files else self.message

    def to_json(self, allowed: Collection[str] = ()) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "severity": self.severity(allowed),
            "message": self.message,
            "files": list(self.files),
        }


def in_order(findings: list[Finding]) -> list[Finding]:
    """Kind by kind as the table has them, otherwise as they came."""
    rank = {name: place for place, name in enumerate(KINDS)}
    return sorted(findings, key=lambda finding: rank[finding.kind])


def damaged(kind: str, message: str, name: str) -> Finding:
    """Of a file that was refused: the message without its name, which the finding has anyway."""
    return Finding(kind, message.removeprefix(f"{name} ").rstrip("."), (name,))
