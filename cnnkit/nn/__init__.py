"""Modules: parameters plus one op."""

from cnnkit.nn.module import Module, Parameter

__all__ = ["Module", "Parameter"]
