"""Networks by name, and what they consist of."""

from cnnkit.models.registry import ModelSpec, create, names, register, spec
from cnnkit.models.summary import LayerRow, ModelSummary, summary

__all__ = ["LayerRow", "ModelSpec", "ModelSummary", "create", "names", "register", "spec", "summary"]
