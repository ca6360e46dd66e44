"""What a network consists of, layer by layer.

counting.py  outputs, parameters and multiply-adds of a network     figures.py  those of the registry's, kept
"""

from cnnkit.models.summary.counting import LayerRow, ModelSummary, summary

__all__ = ["LayerRow", "ModelSummary", "summary"]
