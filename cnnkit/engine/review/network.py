"""The network of a run with the weights that were kept, or why there is none to look at."""

from cnnkit.engine.review.lack import IN_PYTHON, NO_WEIGHTS, Lack
from cnnkit.engine.run.folder import Run
from cnnkit.engine.use.load import OwnModuleError, load
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import CnnkitError
from cnnkit.nn import Module


def network_of(run: Run, module: Module | None = None) -> Predictor | Lack:
    """The network.   module: of a run whose network was given in Python; without it that is what is lacking."""
    if not run.best.exists():
        return NO_WEIGHTS
    try:
        return load(run.path, module=module)
    except OwnModuleError:
        return IN_PYTHON
    except (CnnkitError, OSError) as error:
        return Lack("refused", str(error))
