"""A gated recurrent unit along rows or columns: a block of threads for each sequence and direction.

The state lies in shared memory; a thread has some units, of which it sums all three products with the state before.
Neighbouring threads read neighbouring weights.
"""

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.elementwise.scalar import sigmoid
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import tanh
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single
from cnnkit.kernels.cuda.machine.ptx import div

MOST = 1024  # units: what fits in shared memory, with what the way back keeps there


@device
def pixel_of(sequence, t, H, W, axis):
    """Step t of a sequence: they are the columns of all images, or (axis 2) their rows."""
    if axis == 1:
        n = div(sequence, W)
        return int32((n * H + t) * W + int32(sequence - n * W))
    return int32(sequence * W + t)


@kernel(threads=THREADS)
def gru_kernel(p, u, b, y, gates, H, W, axis, units, directions, keeps):
    state = cuda.shared.array(1024, float32)
    thread, sequence, d = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x), int32(cuda.blockIdx.y)
    steps = H if axis == 1 else W
    weights, shifts = int32(d * units * 3 * units), int32(d * 3 * units)
    for j in range(thread, units, THREADS):
        state[j] = float32(0)
    cuda.syncthreads()
    for turn in range(steps):
        t = int32(turn if d == 0 else steps - 1 - turn)
        pixel = pixel_of(sequence, t, H, W, axis)
        given, to = int32(pixel * directions * 3 * units + shifts), int32((pixel * directions + d) * units)
        for j in range(thread, units, THREADS):
            r, z, q = b[shifts + j], b[shifts + units + j], b[shifts + 2 * units + j]
            for k in range(units):
                h, row = state[k], int32(weights + k * 3 * units + j)
                r += h * u[row]
                z += h * u[row + units]
                q += h * u[row + 2 * units]
            r = sigmoid(p[given + j] + r)
            z = sigmoid(p[given + units + j] + z)
            n = tanh(p[given + 2 * units + j] + r * q)
            y[to + j] = (float32(1) - z) * n + z * state[j]
            if keeps:
                at = int32(4 * to + j)
                gates[at] = r
                gates[at + units] = z
                gates[at + 2 * units] = n
                gates[at + 3 * units] = q
        cuda.syncthreads()
        for j in range(thread, units, THREADS):
            state[j] = y[to + j]  # this thread's own
        cuda.syncthreads()


def gru(
    p: DeviceArray, u: DeviceArray, b: DeviceArray, axis: int, *, keep: bool = False, out: Outs | None = None
) -> tuple[DeviceArray, DeviceArray | None]:
    """States of D directions of U units along an axis, and the gates."""
    D, U, _ = u.shape
    into, into_gates = outs(out, 2)
    y = result((*p.shape[:3], D * U), into)
    gates = result((*p.shape[:3], D * 4 * U), into_gates) if keep else None
    if y.size:
        arrays = single(p), single(u), single(b), y, y if gates is None else gates
        gru_kernel(grid_for(p, axis, D, U), THREADS, *arrays, *p.shape[1:3], axis, U, D, int(keep))
    return y, gates


def grid_for(p: DeviceArray, axis: int, directions: int, units: int) -> tuple[int, int]:
    """Sequences and directions; ShapeError for more units than shared memory holds."""
    if units > MOST:
        raise ShapeError(f"A recurrent unit of {units:,} units is too wide for the CUDA kernel: {MOST:,} are the most.")
    N, H, W = p.shape[:3]
    return N * (W if axis == 1 else H), directions
