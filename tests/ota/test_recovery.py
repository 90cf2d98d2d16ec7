"""What all recovery shares: units, edges, oracles; and the linear estimate."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota.projections import gaussian, hadamard
from overair.ota.recovery import Recovery, least_squares_on, recover_complex
from overair.ota.recovery.amp import Amp
from overair.ota.recovery.em_bg_amp import EmBgAmp
from overair.ota.recovery.lmmse import Lmmse
from overair.phy import keys

SIZE, ROWS = 120, 60


def sparse(seed: int, size: int = SIZE, share: float = 0.1) -> tf.Tensor:
    return tf.where(keys.uniform(keys.key(seed), [size]) < share, keys.normal(keys.key(seed, "x"), [size]), 0.0)


@pytest.mark.parametrize("variance", [None, 0.4])
@pytest.mark.parametrize("noise", [0.1, 0.001])
def test_the_linear_estimate_is_the_one_of_the_dense_formula(variance: float | None, noise: float) -> None:
    a = gaussian(keys.key(0), ROWS, SIZE, dtype=tf.float64)
    matrix = a.forward(tf.eye(SIZE, dtype=tf.float64)).numpy().T
    y = keys.normal(keys.key(1), [ROWS], tf.float64)
    v = (np.mean(y**2) - noise) * ROWS / SIZE if variance is None else variance
    expected = v * matrix.T @ np.linalg.solve(v * matrix @ matrix.T + noise * np.eye(ROWS), y)
    found = Lmmse(variance, iterations=200, tolerance=1e-10).recover(y, a, noise)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_the_linear_estimate_errs_by_the_formula_of_semi_orthogonal_rows() -> None:
    size, rows, noise, draws = 512, 128, 0.3, 100

    def one(index: tf.Tensor) -> tf.Tensor:
        x = keys.normal(keys.key(2, index), [size])
        a = hadamard(keys.key(3, index), rows, size)
        y = a.forward(x) + noise**0.5 * keys.normal(keys.key(4, index), [rows])
        return tf.reduce_mean((Lmmse(variance=1.0).recover(y, a, noise) - x) ** 2)

    error = tf.function(lambda: tf.map_fn(one, tf.range(draws), tf.float32), autograph=False)().numpy()
    gain = size / rows  # of A A'
    expected = 1 - rows / size * gain / (gain + noise)
    assert abs(error.mean() - expected) < 4 * error.std() / draws**0.5


def test_without_noise_the_linear_estimate_is_the_shortest_that_explains_all() -> None:
    a = gaussian(keys.key(0), ROWS, SIZE, dtype=tf.float64)
    matrix = a.forward(tf.eye(SIZE, dtype=tf.float64)).numpy().T
    y = keys.normal(keys.key(1), [ROWS], tf.float64)
    found = Lmmse(iterations=300, tolerance=1e-12).recover(y, a)
    np.testing.assert_allclose(found, np.linalg.pinv(matrix) @ y.numpy(), atol=1e-8)


def test_least_squares_on_the_true_support_is_that_of_its_columns() -> None:
    a = gaussian(keys.key(0), ROWS, SIZE, dtype=tf.float64)
    matrix = a.forward(tf.eye(SIZE, dtype=tf.float64)).numpy().T
    y, support = keys.normal(keys.key(1), [ROWS], tf.float64), keys.uniform(keys.key(2), [SIZE]) < 0.2
    expected = np.zeros(SIZE)
    expected[support.numpy()] = np.linalg.lstsq(matrix[:, support.numpy()], y, rcond=None)[0]
    np.testing.assert_allclose(least_squares_on(support, y, a), expected, atol=1e-5)
    assert not np.any(least_squares_on(tf.zeros([SIZE], tf.bool), y, a))


@pytest.mark.parametrize("scheme", [Amp(), EmBgAmp(), EmBgAmp(spatial=True), Lmmse()], ids=str)
@pytest.mark.parametrize("scale", [1e-25, 1e-6, 1e12])
def test_scale_does_not_matter(scheme: Recovery, scale: float) -> None:
    x, a = sparse(5), gaussian(keys.key(0), ROWS, SIZE)
    y = a.forward(x) + 0.05 * keys.normal(keys.key(1), [ROWS])
    ordinary = scheme.recover(y, a)
    np.testing.assert_allclose(scheme.recover(scale * y, a) / scale, ordinary, atol=2e-3)
    assert np.all(np.isfinite(ordinary))


@pytest.mark.parametrize("scheme", [Amp(iterations=300), EmBgAmp(iterations=300)], ids=str)
def test_complex_vectors_are_recovered(scheme: Recovery) -> None:
    a = gaussian(keys.key(0), 300, 500)
    x = tf.complex(sparse(6, 500), sparse(7, 500))
    y = tf.complex(a.forward(tf.math.real(x)), a.forward(tf.math.imag(x)))
    np.testing.assert_allclose(recover_complex(scheme, y, a), x, atol=5e-3)


def test_complex_noise_falls_in_equal_parts_on_the_real_and_the_imaginary_half() -> None:
    a, y = gaussian(keys.key(0), ROWS, SIZE), keys.complex_normal(keys.key(1), [ROWS])
    found = recover_complex(Lmmse(), y, a, 0.2)
    np.testing.assert_allclose(tf.math.imag(found), Lmmse().recover(tf.math.imag(y), a, 0.1), atol=1e-6)


@pytest.mark.parametrize("scheme", [Amp(), EmBgAmp(), EmBgAmp(spatial=True)], ids=str)
@pytest.mark.parametrize("make", [gaussian, hadamard])
def test_a_single_entry_comes_back(scheme: Recovery, make: type) -> None:
    x = 3.0 * tf.one_hot(17, 1000)
    a = make(keys.key(0), 300, 1000)
    np.testing.assert_allclose(scheme.recover(a.forward(x), a), x, atol=1e-3)


def test_float64_stays_float64() -> None:
    x = tf.cast(sparse(8), tf.float64)
    a = gaussian(keys.key(0), 90, SIZE, dtype=tf.float64)
    for scheme in (Amp(iterations=400, tolerance=1e-12), EmBgAmp(iterations=200), Lmmse()):
        assert scheme.recover(a.forward(x), a, 0.0).dtype == tf.float64
    np.testing.assert_allclose(Amp(iterations=400, tolerance=1e-12).recover(a.forward(x), a), x, atol=1e-9)


def test_layers_that_do_not_fit_are_refused() -> None:
    a = gaussian(keys.key(0), ROWS, SIZE)
    with pytest.raises(ValueError, match="layers: expected shapes that hold 120 entries together, received 121"):
        EmBgAmp(spatial=True).recover(tf.ones([ROWS]), a, layers=((11, 11),))
