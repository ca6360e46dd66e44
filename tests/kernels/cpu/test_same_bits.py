"""Work is cut by shape, never by thread count: 1, 2, 3 and 4 threads give the same bits."""

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.kernels import cpu
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import HARD_SWISH, RELU, SIGMOID

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 27, 26, 19)).astype(np.float32)
DY = RNG.standard_normal(X.shape).astype(np.float32)
OVERLAP, KERNEL = Window(2, 2, 1, 1, 1, 1), (3, 3)
POOLED, ARG = cpu.max_pool2d(X, KERNEL, OVERLAP)
ROW, WIDE = DY[0, 0, 0], RNG.standard_normal((600, 1100)).astype(np.float32)
LOGITS, LABELS = X.reshape(-1, 26 * 19), np.arange(5 * 27)
P, U = RNG.standard_normal((1, 27, 19, 114)).astype(np.float32), WIDE[:2, :1083].reshape(2, 19, 57)
MAP = (np.arange(5 * 27 * 26) % 19).astype(np.uint8).reshape(5, 27, 26)

BOXES = np.abs(X[:, :20].reshape(5, -1, 4))

ROIS = np.concatenate([np.arange(40)[:, None] % 5, 40 * BOXES[0, :40]], axis=1).astype(np.float32)
CENTRES, WINNERS = cpu.roi_pool(X, ROIS, (3, 3), 0.5)


def sgd():
    w, velocity = X.copy(), DY.copy()
    cpu.sgd([w, ROW.copy()], [DY, ROW], [velocity, ROW.copy()], lr=0.1, momentum=0.9)
    return w, velocity


def adam():
    w, m, v = X.copy(), DY.copy(), np.abs(X)
    cpu.adam([w], [DY], [m], [v], lr=0.1, step=3)
    return w, m, v


def ema():
    average = X.copy()
    cpu.ema([average], [DY], 0.9)
    return (average,)


def running():
    averages = ROW.copy(), ROW**2
    return *cpu.batch_norm(X, ROW, ROW, 1e-5, running=averages), *averages


CALLS = {
    "max_pool2d": lambda: cpu.max_pool2d(X, KERNEL, OVERLAP),
    "max_pool2d_dx": lambda: (cpu.max_pool2d_dx(POOLED, ARG, X.shape, KERNEL, OVERLAP),),
    "max_pool2d_dx, gated": lambda: (
        cpu.max_pool2d_dx(POOLED, ARG, X.shape, KERNEL, OVERLAP, y=POOLED, activation=RELU),
    ),
    "max_pool2d, alone": lambda: cpu.max_pool2d(X, KERNEL, OVERLAP, needs_arg=False)[:1],
    "halving": lambda: cpu.max_pool2d(X, (2, 2), Window(2, 2)),
    "avg_pool2d": lambda: (cpu.avg_pool2d(X, KERNEL, OVERLAP),),
    "avg_pool2d_dx": lambda: (cpu.avg_pool2d_dx(POOLED, X.shape, KERNEL, OVERLAP),),
    "adaptive_avg_pool2d": lambda: (cpu.adaptive_avg_pool2d(X, (1, 1)),),
    "activate": lambda: (cpu.activate(X, SIGMOID),),
    "activate_dx": lambda: (cpu.activate_dx(DY, X, RELU),),
    "activate_dx_at": lambda: (cpu.activate_dx_at(DY, X, HARD_SWISH),),
    "batch_norm": lambda: cpu.batch_norm(X, ROW, ROW, 1e-5, activation=RELU),
    "batch_norm, running": running,
    "batch_norm, wide": lambda: cpu.batch_norm(WIDE, WIDE[0], WIDE[1], 1e-5, residual=WIDE),
    "batch_norm_dx": lambda: cpu.batch_norm_dx(DY, X, ROW, ROW, ROW, ROW**2, 1e-5, activation=RELU)[:3],
    "batch_norm_dx, residual": lambda: cpu.batch_norm_dx(DY, X, ROW, ROW, ROW, ROW**2, 1e-5, activation=RELU, y=X),
    "batch_norm_frozen": lambda: (cpu.batch_norm_frozen(X, ROW, ROW, ROW, ROW**2, 1e-5, activation=HARD_SWISH),),
    "local_response_norm": lambda: (cpu.local_response_norm(X, 5, 1e-4, 0.75, 1.0),),
    "local_response_norm_dx": lambda: (cpu.local_response_norm_dx(DY, X, 5, 1e-4, 0.75, 1.0),),
    "resize": lambda: (cpu.resize(X, (71, 40)), cpu.resize(X, (13, 9), align_corners=True)),
    "resize, nearest": lambda: (cpu.resize(X, (71, 40), nearest=True),),
    "resize_dx": lambda: (cpu.resize_dx(X, (5, 9, 7, 19)), cpu.resize_dx(X, (5, 61, 70, 19), nearest=True)),
    "scale_channels": lambda: (cpu.scale_channels(X, X[:, 0, 0]),),
    "scale_channels_dx": lambda: cpu.scale_channels_dx(DY, X, X[:, 0, 0]),
    "channel_shuffle": lambda: (cpu.channel_shuffle(X, 19),),
    "pick_channels": lambda: (cpu.pick_channels(X, (5, 18, 0)),),
    "multiply": lambda: (cpu.multiply(X, DY[:1, :1]),),
    "where": lambda: (cpu.where(X[:, :, :1], X, DY[0]),),
    "exp": lambda: (cpu.exp(X),),
    "softplus": lambda: (cpu.softplus(X),),
    "sum_over": lambda: (cpu.sum_over(X, (0, 1, 2)),),
    "mean_over": lambda: (cpu.mean_over(X, (0, 1, 2, 3)),),
    "max_over": lambda: (cpu.max_over(X, (0, 2)),),
    "softmax": lambda: (cpu.softmax(X),),
    "cross_entropy": lambda: cpu.cross_entropy(LOGITS, LABELS, 0.1),
    "cross_entropy of a map": lambda: cpu.cross_entropy(X, MAP, 0.1, weights=ROW**2, ignore=0),
    "cross_entropy_dx of a map": lambda: (cpu.cross_entropy_dx(X, MAP, X[..., 0], 0.1, weights=ROW**2, ignore=0),),
    "crf_messages": lambda: (cpu.crf_messages(X.reshape(-1, 19), DY.reshape(-1, 19)[:, :5]),),
    "gru": lambda: cpu.gru(P, U, P[0, 0, 0], 1, keep=True),
    "gru_dx": lambda: cpu.gru_dx(P[..., :38], P[..., 38:76], WIDE[:513, :152].reshape(1, 27, 19, 152), U, 2),
    "segment": lambda: (cpu.segment(X, 0.5, 9),),
    "region_histograms": lambda: (
        cpu.region_histograms(X[0, :, :, 0].argsort(0).astype(np.int32), MAP[:1].reshape(27, 26, 1), 27, 19),
    ),
    "box_iou": lambda: (cpu.box_iou(BOXES[0], BOXES[1]),),
    "select": lambda: (cpu.select(BOXES, np.tile(BOXES[..., :1], 7), score=0.2, iou=0.3, places=50),),
    "roi_align": lambda: (cpu.roi_align(X, ROIS, (3, 3), 0.5),),
    "roi_align_dx": lambda: (cpu.roi_align_dx(CENTRES, ROIS, X.shape, 0.5, 2),),
    "roi_pool": lambda: cpu.roi_pool(X, ROIS, (3, 3), 0.5),
    "roi_pool_dx": lambda: (cpu.roi_pool_dx(CENTRES, WINNERS, ROIS, X.shape),),
    "permute": lambda: (cpu.permute(X, (3, 1, 2, 0)),),
    "dropout": lambda: (cpu.dropout(X, 0.4, (1, np.array(2))),),
    "uniform": lambda: (cpu.uniform((50_001,), (1, 2)),),
    "square_sum": lambda: (np.array(cpu.square_sum([X, ROW])),),
    "sgd": sgd,
    "adam": adam,
    "ema": ema,
}


@pytest.mark.parametrize("name", CALLS)
def test_the_thread_count_changes_no_bit(name):
    results = []
    for count in (1, 2, 3, 4):
        with kernels.use(threads=count):
            results.append([np.array(y).tobytes() for y in CALLS[name]()])
    assert all(result == results[0] for result in results[1:])
