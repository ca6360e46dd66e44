"""A call of every kernel that returns arrays, some in several variants: small, and with sizes that fill no tile."""

import numpy as np

from cnnkit.kernels import reference
from cnnkit.kernels.shared.geometry import Window
from cnnkit.kernels.shared.scalar import IDENTITY, RELU, SIGMOID

RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


X, DX = floats(2, 5, 6, 3), floats(2, 5, 6, 3)
W, ROW, OTHER_ROW, GATE = floats(3, 3, 3, 4), floats(3), floats(3), floats(2, 3)
SAME, POOL = Window(1, 1, 1, 1, 1, 1), ((3, 2), Window(2, 1, 1, 0, 1, 0))
DY, ROWS, MATRIX, DROWS = floats(2, 5, 6, 4), floats(7, 5), floats(5, 3), floats(7, 3)
POOLED, ARG = reference.max_pool2d(X, *POOL)
POOLED = POOLED.astype(np.float32)
_, PLACES = reference.adaptive_max_pool2d(X, (2, 3))
LABELS, MASK = np.array([0, 4, 1, 2, 2, 3, 0]), RNG.integers(0, 2, (5, 1, 3), dtype=np.uint8)
PIXELS = RNG.choice(np.array([0, 1, 2, 255], np.uint8), (2, 5, 6))
SWEPT, RECURRENT = floats(1, 3, 4, 30), floats(2, 5, 15)
COUNTS = RNG.integers(0, 9, (4, 2, 5), dtype=np.int32)
REGION_BOXES = np.int32([[0, 0, 3, 2], [3, 0, 6, 2], [0, 2, 3, 4], [3, 2, 6, 4]])
BOXES, SCORES = np.abs(floats(2, 7, 4)), np.abs(floats(2, 7, 3))
ROIS = np.float32([[0, 0, 0, 4, 3], [1, 1.5, 1, 5, 4]])
CENTRES, WINNERS = reference.roi_pool(X, ROIS, (2, 2), 1.0)
CENTRES = CENTRES.astype(np.float32)
STREAM = np.array(2)
PIECE = (0, 1, 0, 0), (2, 5, 6, 3), (1, 2, 1, 1)

# (kernel, a variant): its arguments.
CALLS = {
    ("activate", ""): ((X, SIGMOID), {}),
    ("activate_dx", ""): ((DX, X, RELU), {}),
    ("activate_dx_at", ""): ((DX, X, SIGMOID), {}),
    ("adaptive_avg_pool2d", ""): ((X, (2, 3)), {}),
    ("adaptive_avg_pool2d_dx", ""): ((floats(2, 2, 3, 3), X.shape), {}),
    ("adaptive_max_pool2d", ""): ((X, (2, 3)), {}),
    ("adaptive_max_pool2d_dx", ""): ((floats(2, 2, 3, 3), PLACES, X.shape), {}),
    ("add", ""): ((X, ROW), {}),
    ("avg_pool2d", ""): ((X, *POOL), {"count_padding": False}),
    ("avg_pool2d_dx", ""): ((POOLED, X.shape, *POOL), {}),
    ("batch_norm", ""): ((X, ROW, OTHER_ROW, 1e-5), {"activation": RELU, "residual": DX}),
    ("batch_norm_dx", "without a residual"): ((DX, X, ROW, ROW, ROW, ROW**2, 1e-5), {"activation": RELU}),
    ("batch_norm_dx", "told from y"): ((DX, X, ROW, ROW, ROW, ROW**2, 1e-5), {"activation": RELU, "y": X}),
    ("batch_norm_dx", "no activation"): ((DX, X, ROW, ROW, ROW, ROW**2, 1e-5), {"activation": IDENTITY, "y": X}),
    ("box_iou", ""): ((BOXES[0], BOXES[1]), {}),
    ("channel_shuffle", ""): ((X, 3), {}),
    ("clip", ""): ((X, -0.5, 1), {}),
    ("concat", ""): (([X, DX, X], 2), {}),
    ("concat", "of integers"): (([LABELS, LABELS], 0), {}),
    ("conv2d", ""): ((X, W, SAME), {"bias": DY[0, 0, 0], "activation": RELU}),
    ("conv2d", "a stride"): ((X, W, Window(2, 2)), {}),
    ("conv2d", "depthwise"): ((X, floats(3, 3, 1, 3), SAME, 3), {}),
    ("conv2d_dw", ""): ((DY, X, W.shape, SAME), {"needs_db": True}),
    ("conv2d_dw", "without db"): ((DY, X, W.shape, SAME), {}),
    ("conv2d_dw", "depthwise"): ((DX, X, (3, 3, 1, 3), SAME, 3), {"needs_db": True}),
    ("conv2d_dw", "no channels"): ((DY, X[..., :0], (3, 3, 0, 4), SAME), {"needs_db": True}),
    ("conv2d_dx", ""): ((DY, W, X.shape, SAME), {"x": X, "activation": RELU, "others": DX}),
    ("conv2d_dx_dw", ""): ((DY, W, X, SAME), {"activation": RELU, "others": DX, "needs_db": True}),
    ("conv2d_dx_dw", "depthwise"): ((DX, floats(3, 3, 1, 3), X, SAME, 3), {"activation": RELU, "others": DX}),
    ("conv2d_dx", "depthwise"): ((DX, floats(3, 3, 1, 3), X.shape, SAME, 3), {"others": DX}),
    ("conv_transpose2d", ""): ((DY, W, X.shape, SAME), {"bias": ROW, "activation": RELU}),
    ("conv_transpose2d", "a stride"): ((DY, W, (2, 9, 12, 3), Window(2, 2, 1, 1, 1, 0)), {"bias": ROW}),
    ("conv_transpose2d", "depthwise"): ((DX, floats(2, 2, 1, 3), (2, 10, 12, 3), Window(2, 2), 3), {"bias": ROW}),
    ("crf_messages", ""): ((ROWS, DROWS), {}),
    ("crf_messages", "added"): ((ROWS, DROWS, 3.0), {"others": ROWS}),
    ("cross_entropy", ""): ((ROWS, LABELS, 0.1), {}),
    ("cross_entropy", "of a map"): ((X, PIXELS, 0.1), {"weights": ROW**2, "ignore": 255}),
    ("cross_entropy_dx", ""): ((ROWS, LABELS, ROWS[:, 0]), {}),
    ("cross_entropy_dx", "of a map"): ((X, PIXELS, X[..., 0], 0.1), {"weights": ROW**2, "ignore": 255}),
    ("dense", ""): ((ROWS, MATRIX), {"bias": ROW}),
    ("dense_dw", ""): ((DROWS, ROWS), {"needs_db": True}),
    ("dense_dx", ""): ((DROWS, MATRIX), {"x": ROWS, "activation": RELU}),
    ("dense_dx", "filters turned in tasks"): ((floats(2, 3), floats(2048, 3)), {}),
    ("divide", ""): ((X, ROW), {}),
    ("count_up", ""): ((np.array(2**40),), {}),
    ("dropout", ""): ((X, 0.4, (1, STREAM)), {}),
    ("equal", ""): ((X, X[0]), {}),
    ("equal", "of integers"): ((LABELS, 2), {}),
    ("exp", ""): ((X,), {}),
    ("softplus", ""): ((X,), {}),
    ("group_regions", ""): (
        (np.full(4, 6), REGION_BOXES, COUNTS, COUNTS[:, :1], np.int32([[0, 1], [0, 2], [1, 3], [2, 3]]), (1, 1, 1, 1)),
        {},
    ),
    ("gru", ""): ((SWEPT, RECURRENT, SWEPT[0, 0, 0], 1), {}),
    ("gru", "gates kept"): ((SWEPT, RECURRENT, SWEPT[0, 0, 0], 2), {"keep": True}),
    ("gru_dx", ""): ((floats(1, 3, 4, 10), floats(1, 3, 4, 10), floats(1, 3, 4, 40), RECURRENT, 2), {}),
    ("local_response_norm", ""): ((X, 3, 0.1, 0.75, 1.0), {}),
    ("local_response_norm_dx", ""): ((DX, X, 3, 0.1, 0.75, 1.0), {}),
    ("log", ""): ((np.abs(X),), {}),
    ("log_softmax", ""): ((ROWS,), {}),
    ("log_softmax_dx", ""): ((ROWS, ROWS), {}),
    ("max_over", ""): ((X, (0, 2)), {}),
    ("max_pool2d", ""): ((X, *POOL), {}),
    ("max_pool2d", "alone"): ((X, *POOL), {"needs_arg": False}),
    ("max_pool2d", "halving"): ((X, (2, 2), Window(2, 2)), {}),
    ("max_pool2d_dx", ""): ((POOLED, ARG, X.shape, *POOL), {"y": POOLED, "activation": RELU}),
    ("maximum", ""): ((X, ROW), {}),
    ("mean_over", ""): ((X, (1,), True), {}),
    ("minimum", ""): ((X, ROW), {}),
    ("multiply", ""): ((X, ROW), {}),
    ("negate", ""): ((X,), {}),
    ("pad", ""): ((X, ((0, 0), (1, 0), (0, 2), (0, 0)), 0.5), {}),
    ("pad", "of integers"): ((MASK, ((1, 1), (0, 0), (0, 2)), 255), {}),
    ("permute", ""): ((X, (3, 0, 2, 1)), {}),
    ("permute", "of integers"): ((MASK, (2, 0, 1)), {}),
    ("pick_channels", ""): ((X, (2, 0, 0, 1)), {}),
    ("region_histograms", ""): ((np.int32([[0, 0, 2], [1, 1, 1]]), MASK[:2, :, :].reshape(2, 3, 1), 3, 2), {}),
    ("resize", ""): ((X, (7, 3)), {}),
    ("resize", "nearest"): ((X, (3, 9)), {"nearest": True, "align_corners": True}),
    ("resize_dx", ""): ((floats(2, 7, 3, 3), X.shape), {"align_corners": True}),
    ("resize_dx", "nearest"): ((floats(2, 3, 9, 3), X.shape), {"nearest": True}),
    ("roi_align", ""): ((X, ROIS, (2, 3), 0.5, 2, False), {}),
    ("roi_align_dx", ""): ((floats(2, 2, 3, 3), ROIS, X.shape, 0.5), {}),
    ("roi_pool", ""): ((X, ROIS, (2, 2), 1.0), {}),
    ("roi_pool_dx", ""): ((CENTRES, WINNERS, ROIS, X.shape), {}),
    ("scale_channels", ""): ((X, GATE), {}),
    ("scale_channels_dx", ""): ((DX, X, GATE), {}),
    ("batch_norm_frozen", ""): ((X, ROW, OTHER_ROW, ROW, OTHER_ROW**2, 1e-5), {"activation": RELU, "residual": DX}),
    ("segment", ""): ((X, 0.5, 2), {}),
    ("select", ""): ((BOXES, SCORES), {"score": 0.3, "iou": 0.4, "places": 5}),
    ("slice", ""): ((X, *PIECE), {}),
    ("slice", "of integers"): ((LABELS, (1,), (6,), (2,)), {}),
    ("slice_dx", ""): ((floats(2, 2, 6, 3), X.shape, *PIECE), {}),
    ("softmax", ""): ((ROWS,), {}),
    ("softmax_dx", ""): ((ROWS, ROWS), {}),
    ("sqrt", ""): ((np.abs(X),), {}),
    ("subtract", ""): ((X, ROW), {}),
    ("sum_over", ""): ((X, (1, 2)), {}),
    ("uniform", ""): (((3, 5), (1, 2)), {}),
    ("where", ""): ((X[0], DX, ROW), {}),
    ("where", "of integers"): ((MASK, MASK, 255), {}),
}

CHANGES_ITS_OPERAND = {"count_up"}


def operands(name, variant):
    """The arguments of a call as they were at first, whatever was called before."""
    args, options = CALLS[name, variant]
    return (tuple(array.copy() for array in args) if name in CHANGES_ITS_OPERAND else args), options


# Those that can write to some channels of an array.
BETWEEN = {
    ("conv2d", ""),
    ("conv2d", "a stride"),
    ("conv2d", "depthwise"),
    ("conv_transpose2d", ""),
    ("conv_transpose2d", "a stride"),
    ("conv_transpose2d", "depthwise"),
    ("concat", ""),
}
