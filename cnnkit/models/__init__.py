"""Networks by name, and what they consist of."""

from cnnkit.models.registry import ModelSpec, create, names, register, spec
from cnnkit.models.summary import LayerRow, ModelSummary, summary
from cnnkit.models.trunk import Trunk, trunk

__all__ = ["LayerRow", "ModelSpec", "ModelSummary", "Trunk", "create", "names", "register", "spec", "summary", "trunk"]
