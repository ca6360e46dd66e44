"""The gated recurrent unit."""

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference

# (images, directions, units): fewer sequences than a task has, more, units that fill vectors and that do not
CASES = [
    ((1, 1, 1), 1, 1),
    ((2, 3, 5), 2, 3),
    ((1, 9, 4), 1, 16),
    ((3, 2, 7), 2, 17),
    ((1, 11, 3), 2, 50),
    ((2, 5, 1), 2, 100),
]


def operands(rng, shape, D, U):
    return normal(rng, (*shape, D * 3 * U)), normal(rng, (D, U, 3 * U)) / np.float32(np.sqrt(U)), normal(rng, D * 3 * U)


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize(("shape", "D", "U"), CASES, ids=str)
def test_states_and_gradients_agree_with_the_definition(rng, shape, D, U, axis):
    """Errors of a state go into the next: the bound grows with the steps too."""
    p, u, b = operands(rng, shape, D, U)
    y, gates = cpu.gru(p, u, b, axis, keep=True)
    expected, expected_gates = reference.gru(p, u, b, axis, keep=True)
    terms = U * shape[axis]
    assert_matches(y, expected, terms)
    assert_matches(gates, expected_gates, terms)
    without, nothing = cpu.gru(p, u, b, axis)
    assert nothing is None and without.tobytes() == y.tobytes()
    dy = normal(rng, y.shape)
    for found, wanted in zip(cpu.gru_dx(dy, y, gates, u, axis), reference.gru_dx(dy, y, gates, u, axis), strict=True):
        assert_matches(found, wanted, 3 * terms)


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestEveryBackend:
    def test_a_sweep_back_is_a_sweep_over_the_mirrored_image(self, backend, rng):
        p, u, b = operands(rng, (2, 4, 3), 2, 5)
        both, _ = backend.gru(p, u, b, 1)
        mirrored = np.ascontiguousarray(p[:, ::-1, :, 15:])
        back, _ = backend.gru(mirrored, u[1:], b[15:], 1)
        np.testing.assert_array_equal(both[..., 5:], back[:, ::-1])

    def test_axes_are_alike(self, backend, rng):
        p, u, b = operands(rng, (2, 4, 3), 2, 5)
        down, _ = backend.gru(p, u, b, 1)
        across, _ = backend.gru(np.ascontiguousarray(p.transpose(0, 2, 1, 3)), u, b, 2)
        np.testing.assert_array_equal(down, across.transpose(0, 2, 1, 3))

    def test_an_open_update_gate_keeps_the_state(self, backend):
        """z = 1 from the second step on: what the first step made stays."""
        p = np.zeros((1, 1, 4, 3), np.float32)
        p[0, 0, 0] = [0, -50, 0.5]
        p[0, 0, 1:, 1], p[0, 0, 1:, 2] = 200, -3
        y, _ = backend.gru(p, np.zeros((1, 1, 3), np.float32), np.zeros(3, np.float32), 2)
        np.testing.assert_allclose(y.reshape(-1), np.tanh(0.5), rtol=1e-6)

    def test_a_closed_reset_gate_forgets_the_product_not_the_input(self, backend):
        p = np.zeros((1, 1, 2, 3), np.float32)
        p[..., 0], p[..., 1], p[..., 2] = -200, -200, 0.25
        y, _ = backend.gru(p, np.ones((1, 1, 3), np.float32), np.full(3, 7, np.float32) * [0, 0, 1], 2)
        np.testing.assert_allclose(y.reshape(-1), np.tanh(0.25), rtol=1e-6)

    def test_images_without_pixels_have_no_states(self, backend):
        u, b = np.ones((1, 2, 6), np.float32), np.ones(6, np.float32)
        for shape in ((0, 3, 2), (1, 0, 2), (1, 3, 0)):
            for axis in (1, 2):
                y, gates = backend.gru(np.zeros((*shape, 6), np.float32), u, b, axis, keep=True)
                dp, dq = backend.gru_dx(y, y, gates, u, axis)
                assert y.shape == (*shape, 2) and dp.shape == dq.shape == (*shape, 6)


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)
