"""A picture's mask, found by its name: the same, or the same but for what is usually added."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.layout.masks.names import MASK_ENDS, NO_MASKS, bare, stem
from cnnkit.data.layout.masks.pairs import Lacking, Pair

Key = tuple[str, ...]


@final
@dataclass(frozen=True)
class Matched:
    """pairs: in the order of the pictures.   lonely: pictures without a mask.   orphans: masks without a picture."""

    pairs: list[Pair]
    lonely: list[Path]
    orphans: list[Path]

    def lacking(self, masks: str) -> list[Lacking]:
        """What is wrong with those without a partner.   masks: where masks are looked for, in words."""
        found = [
            Lacking(str(path), f"{path} has no mask; expected one named {path.stem}.png in {masks}.")
            for path in self.lonely
        ]
        return found + [Lacking(str(path), f"The mask {path} has no picture of its name.") for path in self.orphans]


def match(pictures: Sequence[Path], masks: Sequence[Path], picture_root: Path, mask_root: Path) -> Matched:
    """Each picture with the mask of its name: in the same folder below the roots, or else anywhere if only one is so
    called."""
    masks = [path for path in masks if not stem(path).endswith(NO_MASKS)]
    tables = [_table(masks, mask_root, near=near, short=short) for near in (True, False) for short in (False, True)]
    pairs: list[Pair] = []
    lonely: list[Path] = []
    taken: set[Path] = set()
    for path in pictures:
        own = _keys(path, picture_root)
        mask = next((table[key] for table, key in zip(tables, own, strict=True) if key in table), None)
        if mask is None:
            lonely.append(path)
        else:
            taken.add(mask)
            pairs.append(Pair(str(path), str(mask)))
    known = {_keys(Path(pair.mask), mask_root)[1] for pair in pairs}
    orphans = [path for path in masks if path not in taken and _keys(path, mask_root)[1] not in known]
    return Matched(pairs, lonely, orphans)


def _keys(path: Path, root: Path) -> tuple[Key, Key, Key, Key]:
    """What a file is looked up by, the surest first."""
    folders = tuple(part.casefold() for part in path.parent.relative_to(root).parts)
    word = stem(path)
    return (*folders, word), (*folders, bare(word)), (word,), (bare(word),)


def _table(masks: Sequence[Path], root: Path, *, near: bool, short: bool) -> dict[Key, Path]:
    """Key -> mask. Of several of one bare name the usual end decides; of several in other folders none is meant."""
    found: defaultdict[Key, list[Path]] = defaultdict(list)
    for path in masks:
        found[_keys(path, root)[(0 if near else 2) + short]].append(path)
    if near:
        return {key: min(paths, key=_rank) for key, paths in found.items()}
    return {key: paths[0] for key, paths in found.items() if len(paths) == 1}


def _rank(path: Path) -> int:
    """How early a mask's end stands in the table."""
    word = stem(path)
    return next((place for place, end in enumerate(MASK_ENDS) if word.endswith(end)), len(MASK_ENDS))
