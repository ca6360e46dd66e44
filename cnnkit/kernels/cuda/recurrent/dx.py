"""The gradients of a gated recurrent unit, from the last step to the first."""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import THREADS, cuda, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import Outs, outs, result, single
from cnnkit.kernels.cuda.recurrent.gru import grid_for, pixel_of


@kernel(threads=THREADS)
def gru_dx_kernel(dy, y, gates, u, dp, dq, H, W, axis, units, directions):
    """carry: what goes back to the step before.   through: of it, what passes by the update gate."""
    carry = cuda.shared.array(1024, float32)
    through = cuda.shared.array(1024, float32)
    thread, sequence, d = int32(cuda.threadIdx.x), int32(cuda.blockIdx.x), int32(cuda.blockIdx.y)
    steps = H if axis == 1 else W
    weights = int32(d * units * 3 * units)
    for j in range(thread, units, THREADS):
        carry[j] = float32(0)
    cuda.syncthreads()
    for turn in range(steps - 1, -1, -1):
        t = int32(turn if d == 0 else steps - 1 - turn)
        at = int32((pixel_of(sequence, t, H, W, axis) * directions + d) * units)
        before = int32(t - 1 if d == 0 else t + 1)
        from_state = int32(0)
        if turn > 0:
            from_state = int32((pixel_of(sequence, before, H, W, axis) * directions + d) * units)
        for j in range(thread, units, THREADS):
            h = y[from_state + j] if turn > 0 else float32(0)
            r, z = gates[4 * at + j], gates[4 * at + units + j]
            n, q = gates[4 * at + 2 * units + j], gates[4 * at + 3 * units + j]
            one = float32(1)
            dh = dy[at + j] + carry[j]
            dn = dh * (one - z) * (one - n * n)
            dz = dh * (h - n) * z * (one - z)
            dr = dn * q * r * (one - r)
            dp[3 * at + j] = dr
            dp[3 * at + units + j] = dz
            dp[3 * at + 2 * units + j] = dn
            dq[3 * at + j] = dr
            dq[3 * at + units + j] = dz
            dq[3 * at + 2 * units + j] = dn * r
            through[j] = dh * z
        cuda.syncthreads()
        for k in range(thread, units, THREADS):
            total, row = through[k], int32(weights + k * 3 * units)
            for m in range(3 * units):
                total += dq[3 * at + m] * u[row + m]
            carry[k] = total
        cuda.syncthreads()


def gru_dx(
    dy: DeviceArray, y: DeviceArray, gates: DeviceArray, u: DeviceArray, axis: int, *, out: Outs | None = None
) -> tuple[DeviceArray, DeviceArray]:
    """(dp, dq): the gradients by p, and by the products h·u + b of all three gates."""
    D, U, _ = u.shape
    into, into_dq = outs(out, 2)
    shape = *y.shape[:3], D * 3 * U
    dp, dq = result(shape, into), result(shape, into_dq)
    if dp.size:
        arrays = single(dy), single(y), single(gates), single(u), dp, dq
        gru_dx_kernel(grid_for(y, axis, D, U), THREADS, *arrays, *y.shape[1:3], axis, U, D)
    return dp, dq
