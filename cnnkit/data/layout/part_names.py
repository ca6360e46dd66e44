"""What the parts of a data set are called: train, val and test, and the other usual names of each."""

import re
from collections.abc import Iterable

PART_NAMES = {
    "train": ("train", "training", "trn", "tr"),
    "val": ("val", "valid", "validation", "validate", "dev", "devel", "development", "eval", "evaluation", "va", "cv"),
    "test": ("test", "tests", "testing", "tst", "te", "holdout"),
}
EXPECTED = "train (also training, tr), val (also valid, validation, dev, eval) or test (also testing, tst)"
_PART = {name: part for part, names in PART_NAMES.items() for name in names}
# What is measured at the end where something else is there to choose by.
_EITHER = ("eval", "evaluation")
# Words that say nothing of the part: "training_set", "test images", "x_train".
_FILLERS = (
    *("set", "sets", "data", "dataset", "datasets", "part", "split", "folder", "dir", "sample", "samples"),
    *("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos"),
)


def parts_called(names: Iterable[str]) -> dict[str, str]:
    """Name -> train | val | test, for the names that mean a part.

    Case, digits and words such as "set" or "images" do not matter. "eval" is val, but test beside another val and no
    test, as in train, dev, eval.
    """
    words = {name: _word(name) for name in names}
    found = {name: _PART[word] for name, word in words.items() if word in _PART}
    others = {part for name, part in found.items() if words[name] not in _EITHER}
    if "val" in others and "test" not in others:
        found |= {name: "test" for name in found if words[name] in _EITHER}
    return found


def part_within(name: str) -> str | None:
    """The part that one of several words names, as in "seg_train"; None where none does, or several do."""
    parts = {_PART[word] for word in _words(name) if word in _PART}
    return parts.pop() if len(parts) == 1 else None


def _word(name: str) -> str:
    """What is left of a name, in small letters: "Training-Set" is "training", "hold_out2" is "holdout"."""
    left = "".join(word for word in _words(name) if word not in _FILLERS)
    return next((left.removesuffix(end) for end in _FILLERS if left.removesuffix(end) in _PART), left)


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.findall(r"[^\W\d_]+", apart)]
