"""AMP with a soft threshold: its errors follow state evolution, and it fails where the phase transition says."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import tensorflow as tf

from overair.ota.projections import gaussian, hadamard
from overair.ota.recovery.amp import Amp, minimax
from overair.phy import keys

normal = scipy.stats.norm
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(120)  # means over a standard normal Z
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def risk(ratio: float, alpha: float) -> float:
    """The largest mean squared error of the threshold alpha in unit noise, over priors with that share of nonzeros."""
    nothing = 2 * ((1 + alpha**2) * normal.cdf(-alpha) - alpha * normal.pdf(alpha))
    return (1 - ratio) * nothing + ratio * (1 + alpha**2)


def best(ratio: float) -> tuple[float, float]:
    """The least such error over thresholds, and the threshold."""
    found = scipy.optimize.minimize_scalar(lambda alpha: risk(ratio, alpha), bounds=(0, 8), method="bounded")
    return found.fun, found.x


def transition(delta: float) -> float:
    """rho where the least worst error of rho delta nonzeros equals delta: above it errors no longer shrink."""
    return scipy.optimize.brentq(lambda ratio: best(ratio)[0] - delta, 1e-6, 0.99 * delta) / delta


@pytest.mark.parametrize(("delta", "rho"), [(0.1, 0.18943), (0.25, 0.26738), (0.5, 0.38569), (0.7, None)])
def test_the_threshold_is_the_one_with_the_highest_phase_transition(delta: float, rho: float | None) -> None:
    found = transition(delta)
    assert rho is None or found == pytest.approx(rho, abs=1e-5)
    assert minimax(delta) == pytest.approx(best(found * delta)[1], abs=1e-4)


@pytest.mark.parametrize(("delta", "size"), [(0.1, 4000), (0.25, 2000), (0.5, 1500)])
def test_without_noise_sparser_vectors_come_back_and_denser_ones_do_not(delta: float, size: int) -> None:
    rows = int(delta * size)
    scheme = Amp(iterations=400, tolerance=1e-6)

    def one(index: tf.Tensor, count: int) -> tf.Tensor:
        place = keys.permutation(keys.key(0, "support", index), size) < count
        x = tf.where(place, keys.signs(keys.key(0, "sign", index), [size]), 0.0)
        a = gaussian(keys.key(0, "matrix", index), rows, size)
        return tf.reduce_mean((scheme.recover(a.forward(x), a) - x) ** 2) / tf.reduce_mean(x**2)

    errors = {}
    for side in (0.8, 1.2):
        count = round(side * transition(delta) * rows)
        loop = tf.function(lambda c=count: tf.map_fn(lambda i: one(i, c), tf.range(6), tf.float32), autograph=False)
        errors[side] = loop().numpy()
    assert np.all(errors[0.8] < 1e-4)
    assert np.all(errors[1.2] > 1e-2)


@pytest.mark.parametrize(
    ("delta", "noise", "kind", "alpha"),
    [(0.5, 0.1, "bernoulli", None), (0.3, 0.02, "laplace", None), (0.6, 0.0, "bernoulli", 1.3)],
)
def test_the_residual_follows_state_evolution(delta: float, noise: float, kind: str, alpha: float | None) -> None:
    size, draws, steps = 4000, 16, 8
    rows, rng = int(delta * size), np.random.default_rng(0)
    x = rng.normal(size=size) * (rng.uniform(size=size) < 0.1) if kind == "bernoulli" else rng.laplace(size=size) ** 3
    x = (x / (x**2).mean() ** 0.5).astype(np.float32)
    scheme = Amp(alpha)

    def trajectory(index: tf.Tensor) -> tf.Tensor:
        a = gaussian(keys.key(1, "matrix", index), rows, size)
        y = a.forward(x) + noise**0.5 * keys.normal(keys.key(1, "noise", index), [rows])
        path = tf.scan(lambda p, _: scheme.step(p, y, a), tf.range(steps), scheme.start(y, a), parallel_iterations=1)
        return tf.reduce_mean(path.r**2, axis=1)

    tau2 = tf.function(
        lambda: tf.map_fn(trajectory, tf.range(draws), tf.float32, parallel_iterations=1), autograph=False
    )().numpy()
    ordered = np.sort(x.astype(float))[:, None]
    level, expected = noise + (ordered**2).mean() / delta, []
    for _ in range(steps):
        u = ordered + level**0.5 * NODES
        threshold = (alpha or minimax(delta)) * level**0.5
        error = ((np.sign(u) * np.maximum(np.abs(u) - threshold, 0) - ordered) ** 2) @ WEIGHTS
        level = noise + error.mean() / delta
        expected.append(level)
    ratio = tau2.mean(axis=0) / expected
    assert np.all(np.abs(ratio - 1) < 0.05)
    assert np.all(np.abs(ratio - 1) < 4.5 * tau2.std(axis=0) / expected / draws**0.5 + 5 / size)


@pytest.mark.parametrize("delta", [0.25, 0.5])
def test_on_noise_alone_it_would_err_by_what_the_docstring_says_and_comes_back_with_zeros(delta: float) -> None:
    size, draws, noise = 2000, 16, 0.3
    rows, alpha = int(delta * size), minimax(delta)
    leak = risk(0.0, alpha)  # M

    def one(index: tf.Tensor) -> tf.Tensor:
        a, scheme = gaussian(keys.key(2, "matrix", index), rows, size), Amp(iterations=200)
        y = noise**0.5 * keys.normal(keys.key(2, "noise", index), [rows])
        left = tf.foldl(lambda p, _: scheme.step(p, y, a), tf.range(60), scheme.start(y, a), parallel_iterations=1)
        return tf.stack([tf.reduce_sum(left.x**2), tf.reduce_sum(scheme.recover(y, a) ** 2)])

    energy = tf.function(
        lambda: tf.map_fn(one, tf.range(draws), tf.float32, parallel_iterations=1), autograph=False
    )().numpy()
    expected = size * leak * noise / (1 - leak / delta)
    assert abs(energy[:, 0].mean() - expected) < 4 * energy[:, 0].std() / draws**0.5
    assert np.mean(energy[:, 1] == 0) > 0.8  # |r|^2 is expected to grow by more than it scatters


def test_hadamard_measurements_recover_at_least_as_well_as_gaussian_ones() -> None:
    size, rows, draws = 2048, 900, 12

    def one(index: tf.Tensor) -> tf.Tensor:
        x = tf.where(keys.uniform(keys.key(3, index), [size]) < 0.1, keys.normal(keys.key(4, index), [size]), 0.0)
        noise = 0.03 * keys.normal(keys.key(5, index), [rows])
        matrices = [make(keys.key(6, index), rows, size) for make in (gaussian, hadamard)]
        estimates = [Amp().recover(a.forward(x) + noise, a) for a in matrices]
        return tf.stack([tf.reduce_sum((estimate - x) ** 2) for estimate in estimates])

    errors = tf.function(
        lambda: tf.map_fn(one, tf.range(draws), tf.float32, parallel_iterations=1), autograph=False
    )().numpy()
    gain = errors[:, 0] - errors[:, 1]
    assert gain.mean() > -4 * gain.std() / draws**0.5


@pytest.mark.parametrize("fields", [{"alpha": 0.0}, {"iterations": 0}, {"tolerance": -1.0}])
def test_impossible_settings_are_refused(fields: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Amp(**fields)
