"""Optimisers, learning-rate schedules, gradient clipping and averages of weights."""

from cnnkit.optim import schedule
from cnnkit.optim.adam import Adam, AdamW
from cnnkit.optim.clip import clip_grad_norm, limit_grad_norm
from cnnkit.optim.ema import EMA
from cnnkit.optim.lookahead import Lookahead
from cnnkit.optim.optimiser import Optimiser
from cnnkit.optim.registry import create, names
from cnnkit.optim.schedule import Constant, Cosine, OneCycle, Schedule, Step, Triangle
from cnnkit.optim.sgd import SGD

__all__ = [
    "EMA",
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Lookahead",
    "OneCycle",
    "Optimiser",
    "Schedule",
    "Step",
    "Triangle",
    "clip_grad_norm",
    "limit_grad_norm",
    "create",
    "names",
    "schedule",
]
