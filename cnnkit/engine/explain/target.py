"""Targets: which number of the answer is to be explained, and where it stands in what the network gives."""

from typing import Any

import numpy as np

from cnnkit.engine.explain.attribution import Target
from cnnkit.engine.explain.subject import Subject
from cnnkit.errors import UsageError, unknown_name
from cnnkit.kernels.shared.array import Host


def target_of(subject: Subject, outputs: Host, answer: Any, of: str | int | None) -> Target:
    """The target that `of` names: a class by its name or its number, a box of the answer by its number.

    outputs: for the one image, without the axis of the batch.   of: None is the winner.

    Raises:
        UsageError: there is no such class or box; or the answer has no box at all.
    """
    if subject.task.name == "detection":
        return _box(answer, of)
    classes = subject.task.classes
    if outputs.ndim not in (1, 3) or outputs.shape[-1] != len(classes):
        raise UsageError(
            f"What mattered can be told of class scores, of maps of them and of boxes, but this network gives "
            f"{outputs.shape} for {len(classes)} classes."
        )
    if outputs.ndim == 1:
        index = int(np.argmax(outputs)) if of is None else class_number(classes, of)
        return Target("class", index, classes[index], None, float(outputs[index]))
    best = outputs.argmax(axis=-1)
    index = int(np.bincount(best.ravel(), minlength=len(classes)).argmax()) if of is None else class_number(classes, of)
    value = float(outputs[..., index][pixels_of_class(outputs, index)].sum(dtype=np.float64))
    return Target("pixels", index, classes[index], None, value)


def pixels_of_class(outputs: Host, index: int) -> Host:
    """(H, W) bool: where a class has the best of the scores (H, W, K); everywhere, where it has nowhere."""
    mine: Host = outputs.argmax(axis=-1) == index
    return mine if mine.any() else np.ones_like(mine)


def class_number(classes: list[str], of: str | int) -> int:
    """The number of a class that is told by name or by number; a name that is a number is a name first."""
    if isinstance(of, str) and of in classes:
        return classes.index(of)
    try:
        number = int(of)
    except ValueError:
        raise unknown_name("class", str(of), classes) from None
    if not 0 <= number < len(classes):
        raise UsageError(f"Class {number} is asked for, but the classes are 0 to {len(classes) - 1}.")
    return number


def _box(answer: Any, of: str | int | None) -> Target:
    boxes = answer.boxes
    if not boxes:
        raise UsageError(
            f"The network found nothing in this picture with a score of at least {answer.least_score}, so no box can "
            "be explained. Take another picture."
        )
    number = 0
    if isinstance(of, str) and of in answer.classes:
        mine = [k for k, box in enumerate(boxes) if box.label == of]
        if not mine:
            found = ", ".join(dict.fromkeys(box.label for box in boxes))
            raise UsageError(f"The answer has no box of the class {of!r}. It has: {found}.")
        number = mine[0]
    elif of is not None:
        try:
            number = int(of)
        except ValueError:
            raise unknown_name("class", str(of), answer.classes) from None
    if not 0 <= number < len(boxes):
        raise UsageError(f"Box {number} is asked for, but the answer has {len(boxes)}, counted from 0.")
    box = boxes[number]
    return Target("box", box.index, box.label, number, box.score)


def row_of_box(outputs: Host, target: Target) -> int:
    """Which row of a detector's outputs (P, 6) is the box of a target."""
    same = (outputs[:, 5] == target.index) & (np.abs(outputs[:, 4] - target.value) < 1e-6)
    rows = np.flatnonzero(same)
    if not len(rows):
        raise UsageError("The box is no longer in the network's answer. Were its weights changed? Explain it again.")
    return int(rows[0])
