"""Start from weights: what they decide about the data, and what the new network takes of them."""

from collections.abc import Mapping

import numpy as np

from cnnkit.data.layout.look_alikes import as_known
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.finetune.lent import lends_trunk
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.network import name_of
from cnnkit.engine.training.defaults import FEW_IMAGES
from cnnkit.engine.use.load import load
from cnnkit.engine.use.predictor import Predictor
from cnnkit.engine.use.weights import is_nameless
from cnnkit.errors import CheckpointError, DataError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Conv2d, Linear, Module
from cnnkit.nn.module import computes_as, has_memory

# Far above what scores differ by when a head has learned a few hundred images.
HIGH_SCORE = 10.0


def starting_point(options: FitOptions, module: Module | None = None) -> Predictor | None:
    """The network of `options.weights`; None where there are none. It may be of another task, and lend its trunk.

    module: of one's own, which takes the weights as they are: its file tells no builder to fit it to other classes.
    """
    if options.weights is None:
        if options.freeze in ("trunk", "norms") and module is None:
            raise UsageError(
                f"freeze is {options.freeze}, but there are no weights to keep. "
                "Give weights to start from, such as --weights runs/mine, or leave --freeze out."
            )
        return None
    named = None if options.model is None else name_of(options)
    if module is None and named is not None and is_nameless(options.weights):
        return load(named, weights=options.weights)
    start = load(options.weights, module=module)
    if module is None and named not in (None, start.name) and not lends_trunk(start, options):
        raise UsageError(
            f"--model is {options.model}, but {start.source} holds weights of {start.name}. "
            "Leave --model out, or use other weights."
        )
    return start


def what_to_freeze(start: Predictor, splits: DataSplits) -> str:
    """ "trunk" or "none", where nobody said: few images of other classes teach no more than a head.

    A mask teaches a whole network, for each pixel has a class.
    """
    if not splits.train.labelled:
        return "none"
    return "trunk" if len(splits.train) < FEW_IMAGES and start.classes != splits.classes else "none"


def normalised_for(splits: DataSplits, preprocessing: Preprocessing, source: str) -> DataSplits:
    """The data as the weights know their images: in their normalisation."""
    wanted, found = preprocessing.channels, splits.preprocessing.channels
    if wanted != found:
        raise DataError(
            f"{source} reads {_colour(wanted)} images, but {splits.name} has {_colour(found)} ones. "
            "Use other weights or data; --grey and --no-grey decide how pictures in files are read."
        )
    return splits.normalised(preprocessing.mean, preprocessing.std)


def adopt(
    module: Module, head: Module, start: Predictor, splits: DataSplits, scored: frozenset[str] = frozenset()
) -> tuple[list[str], bool]:
    """Give `module` the weights of the start, but for a head (and auxiliary ones) of another shape or other classes.

    scored: further parameters whose shapes follow from the classes, where not the head alone gives scores.

    Returns:
        Notes on that, and whether the head begins anew.

    Raises:
        CheckpointError: another part does not fit, because the images have another size, say.
    """
    if start.module is module:
        return [f"The weights are those of {start.source}."], False
    own = module.state_dict()
    # What only training needs may be missing in a file: such parts have no memory yet.
    given = {name: array for name, array in start.module.state_dict().items() if has_memory(array)}
    last = {name for name, parameter in module.named_parameters() if any(parameter is w for w in head.parameters())}
    in_use = module.needed_in_use()
    last |= scored & frozenset(in_use)
    fresh = {name for name in own if (name in last or name not in in_use) and _differs(name, own, given)}
    mixed = not fresh & last and _means_others(start.classes, splits.classes)
    if fresh & last or mixed:
        fresh |= last
    for name in own.keys() | given.keys():
        if name not in fresh and _differs(name, own, given):
            raise _misfit(name, own, given, start, splits.preprocessing.shape[:2])
    module.load_state_dict({name: array for name, array in given.items() if name not in fresh}, strict=False)
    if fresh & last and _gives(head) == len(splits.classes):
        begin_level(head)
    notes = [f"The weights are those of {start.source}.{_said_of_head(fresh & last, own, given)}"]
    if mixed:
        notes.append("Its last layer is re-initialised, because only some of its classes are those of the data.")
    if not fresh and start.classes != splits.classes:
        notes.append("Its last layer is kept, although its classes have other names.")
    return notes, bool(fresh & last)


def _means_others(known: list[str], wanted: list[str]) -> bool:
    """Whether some classes are shared, but not all: kept scores would then stand at the places of other classes."""
    return known != wanted and bool(as_known(wanted, known))


def _gives(head: Module) -> int | None:
    """How many numbers a layer gives for an image or a place; None where that is not told by its weight.

    A detector's last layer tells places too, and nothing is level in zeros.
    """
    weight = dict(head.named_parameters()).get("weight")
    return None if weight is None else weight.shape[-1]


def begin_level(head: Module) -> None:
    """Let a new head give every class the same score.

    The first steps then follow what the trunk says, not what the dice said. Where the head ends in an activation that
    stops what is below zero, its scores begin so high that nothing is stopped: only their differences matter.
    """
    if not (computes_as(head, Linear) or computes_as(head, Conv2d)):
        return  # zeros might stop another kind of layer for good
    for name, parameter in head.named_parameters():
        below = name == "bias" and head.activation != "identity"
        parameter.take(np.full(parameter.shape, HIGH_SCORE if below else 0.0, parameter.data.dtype))


def _differs(name: str, own: Mapping[str, Array], given: Mapping[str, Array]) -> bool:
    return name not in own or name not in given or own[name].shape != given[name].shape


def _said_of_head(fresh: set[str], own: Mapping[str, Array], given: Mapping[str, Array]) -> str:
    different = [name for name in sorted(fresh, reverse=True) if _differs(name, own, given)]
    if not different:
        return ""
    name = different[0]
    layers = len({one.rpartition(".")[0] for one in different})
    which = "Its last layer is" if layers == 1 else f"Its heads, {layers} layers, are"
    return (
        f" {which} re-initialised, because the classes differ: {name} is {own[name].shape} for "
        f"these classes, and {_shape(given, name)} in the weights."
    )


def _misfit(
    name: str, own: Mapping[str, Array], given: Mapping[str, Array], start: Predictor, image_size: tuple[int, int]
) -> CheckpointError:
    height, width = start.preprocessing.height, start.preprocessing.width
    text = f"{start.source} has {name} {_shape(given, name)}, but {start.name} needs {_shape(own, name)}"
    if image_size == (height, width):
        return CheckpointError(f"{text}. Were the weights made by another version of the network?")
    return CheckpointError(
        f"{text} for images of {image_size[0]}x{image_size[1]}. The weights were made for {height}x{width}: take "
        f"images of that size (pictures in files: --image-size {height}x{width}), or another network."
    )


def _shape(arrays: Mapping[str, Array], name: str) -> str:
    return str(arrays[name].shape) if name in arrays else "nothing"


def _colour(channels: int) -> str:
    return "grey" if channels == 1 else "RGB"
