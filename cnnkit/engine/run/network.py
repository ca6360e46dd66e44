"""The network that options name: one of the registry's, or that of a `.cfg` file, whose text goes with the run."""

from typing import Any

from cnnkit import models
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.records.options import FitOptions
from cnnkit.models.detection.darknet.given import give, is_cfg, text_of


def with_text(options: FitOptions) -> FitOptions:
    """The options with the text of the `.cfg` file that `model` names, read once: a run does not need the file again.

    Raises:
        DataError: the file cannot be read, or is no network that can be built; with the line.
    """
    if options.model is None or options.cfg is not None or not is_cfg(options.model):
        return options
    return options.replace(cfg=text_of(models.spec(options.model).name))


def name_of(options: FitOptions) -> str:
    """The name by which the registry knows the network."""
    name = str(options.model)
    return name if options.cfg is None else give(options.cfg, name)


def wanted_image(options: FitOptions) -> dict[str, Any]:
    """How pictures are read where no option says it otherwise: in the size and the colour that a `.cfg` asks for."""
    if options.cfg is None:
        return {}
    told = models.spec(name_of(options))
    H, W, C = told.input
    return {"like": Preprocessing(H, W, C, (0.0,) * C, (1.0,) * C, "letterbox"), "trained": told.kind}


def said_of_classes(options: FitOptions, outputs: int) -> list[str]:
    """A note where the heads of a `.cfg` are for other classes than the data have."""
    if options.cfg is None or (told := models.spec(name_of(options)).classes) == outputs:
        return []
    return [
        f"The heads of {options.model} are made for {outputs:,} class{'es' if outputs > 1 else ''}, as the data have; "
        f"the file says {told:,}."
    ]
