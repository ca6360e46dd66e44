"""The kernels that tell how fast a device is at most: their machine code does little else than what is counted."""

import machine_code
import pytest
from machine_code import compiled

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(machine_code.tools() is None, reason="cuobjdump and nvdisasm are missing: the extra sass"),
]


def test_nine_of_ten_instructions_multiply_and_copies_move_four_numbers():
    from numba import types

    from cnnkit.kernels.cuda.machine.measured import CHAINS, ROUNDS, copy_kernel, peak_kernel

    floats = types.float32[::1]
    code = compiled(peak_kernel, (floats, types.int32, types.float32, types.float32), (9, 0))
    assert not code.spilled and code.loop_share("FFMA") >= 0.9
    assert code.main_loop().count("FFMA") % (CHAINS * ROUNDS) == 0
    code = compiled(copy_kernel, (floats, floats, types.int32), (9, 0))
    assert not code.spilled and code.count("LDG.E.128") and code.count("STG.E.128")
    assert code.count("LDG.E.128") == code.count("LDG") and code.count("STG.E.128") == code.count("STG")
