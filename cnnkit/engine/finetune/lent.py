"""A classifier lends its trunk to a network of another task that stands on the same layers."""

from cnnkit import models
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.network import name_of
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.models.trunk import Trunk
from cnnkit.nn import Module


def lends_trunk(start: Predictor, options: FitOptions) -> bool:
    """Whether the weights are of a network of another task than the one that is to be trained."""
    return options.model is not None and models.spec(name_of(options)).kind != start.task.networks


def check_task(start: Predictor, task: str) -> None:
    """UsageError where weights of a network for another task are to be trained on, and no other network is named."""
    if start.task.name != task:
        raise UsageError(
            f"{start.source} holds weights of {start.name}, a network for {start.task.name}, but these data are for "
            f"{task}. Name a network that stands on it with --model; they are listed by: cnnkit models --task {task}"
        )


def lend(module: Module, model: str, start: Predictor) -> list[str]:
    """Give the trunk of `module` the weights of the start, and tell what was taken.

    Raises:
        CheckpointError: the network stands on another classifier, or on none, or a layer does not fit.
    """
    trunks = [part for part in module.modules() if isinstance(part, Trunk)]
    fitting = [part for part in trunks if part.classifier == start.name]
    if not fitting:
        stands = f"stands on {trunks[0].classifier}" if trunks else "stands on no classifier"
        raise CheckpointError(
            f"{start.source} holds weights of {start.name}, but {model} {stands}. Use others, or another --model."
        )
    given = start.module.state_dict()
    taken = 0
    for trunk in fitting:
        own = trunk.state_dict()
        for name, array in own.items():
            if name not in given or given[name].shape != array.shape:
                there = given[name].shape if name in given else "nothing"
                raise CheckpointError(
                    f"{start.source} has {name} {there}, but the trunk of {model} needs {array.shape}. Were the "
                    "weights made by another version of the network?"
                )
        trunk.load_state_dict({name: given[name] for name in own})
        taken += sum(parameter.size for parameter in trunk.parameters())
    whole = sum(parameter.size for parameter in module.parameters())
    return [
        f"The trunk has the weights of {start.name} in {start.source}: {taken:,} of {whole:,} parameters. What stands "
        "on it begins anew."
    ]
