"""Identities of recovery by approximate message passing: state evolution, fixed points, the phase transition.

Expectations over the noise of state evolution are integrals, done by NumPy; sizes are finite, and what that costs lies
below the standard errors of the draws.
"""

from collections.abc import Callable, Iterator

import numpy as np
import scipy.optimize
import scipy.stats
import tensorflow as tf

from ..ota.projections import gaussian
from ..ota.recovery.amp import Amp, minimax, transition
from ..ota.recovery.em_bg_amp import EmBgAmp
from ..phy import keys
from .measure import Row, row

NORMAL = scipy.stats.norm


def recovery() -> Iterator[Row]:
    """10, 11 and 12."""
    for part in (_state_evolution, _fixed_points, _transition):
        yield from part()


# 10. State evolution of the soft threshold: tau^2 <- s2 + E[(eta(X + tau Z; alpha tau) - X)^2] / delta


def _state_evolution() -> Iterator[Row]:
    size, noise, alpha, steps = 2000, 0.1, 1.3, (1, 3, 8)
    for delta, prior in ((0.5, "Bernoulli-Gaussian"), (0.3, "Laplace")):
        rng = np.random.default_rng(10)
        x = rng.normal(size=size) * (rng.uniform(size=size) < 0.1) if prior[0] == "B" else rng.laplace(size=size)
        x /= (x**2).mean() ** 0.5
        measured = _residuals(x, round(delta * size), noise, alpha, max(steps))
        expected = _evolution(x, delta, noise, alpha, max(steps))
        for step in steps:
            name = f"10 AMP, {prior}, delta={delta}: residual after step {step}"
            yield row(name, expected[step - 1], measured[:, step - 1])


def _residuals(x: np.ndarray, rows: int, noise: float, alpha: float, steps: int, draws: int = 16) -> np.ndarray:
    """|r|^2/m of the steps of so many draws, [draws, steps]."""
    scheme = Amp(alpha)

    def path(key: tf.Tensor) -> tf.Tensor:
        a = gaussian(keys.fold(key, "matrix"), rows, len(x))
        y = a.forward(tf.constant(x, tf.float32)) + noise**0.5 * keys.normal(keys.fold(key, "noise"), [rows])
        through = tf.scan(lambda p, _: scheme.step(p, y, a), tf.range(steps), scheme.start(y, a), parallel_iterations=1)
        return tf.reduce_mean(through.r**2, axis=1)

    return _draws(path, draws)


def _evolution(x: np.ndarray, delta: float, noise: float, alpha: float, steps: int) -> list[float]:
    """tau^2 after each step, for the prior that the entries of x are."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    level, levels = noise + (x**2).mean() / delta, []
    for _ in range(steps):
        u = x[:, None] + level**0.5 * nodes
        estimate = np.sign(u) * np.maximum(np.abs(u) - alpha * level**0.5, 0.0)
        level = noise + (((estimate - x[:, None]) ** 2) @ weights / weights.sum()).mean() / delta
        levels.append(float(level))
    return levels


# 11. Fixed points of the Bernoulli-Gaussian posterior mean, and what learning its prior costs


def _fixed_points() -> Iterator[Row]:
    for delta, ratio, mean, snr_db in ((0.5, 0.1, 0.0, 20.0), (0.3, 0.1, 0.0, 20.0), (0.4, 0.05, 3.0, 25.0)):
        expected, errors = _fixed_point(delta, ratio, mean, snr_db), _errors(delta, ratio, mean, snr_db)
        name = f"11 BG-AMP, delta={delta} lambda={ratio} mean={mean:g} {snr_db:g} dB: NMSE"
        yield row(name, expected, errors[:, 0])
        yield row(f"{name}, prior learnt", expected, errors[:, 1])


def _errors(delta: float, ratio: float, mean: float, snr_db: float, size: int = 3000, draws: int = 12) -> np.ndarray:
    """|x_hat - x|^2/d for entries of unit power, the prior told and learnt, [draws, 2]."""
    rows, noise, variance = round(delta * size), 10 ** (-snr_db / 10) / delta, 1 / ratio - mean**2
    told = EmBgAmp(learn=False, ratio=ratio, mean=mean, variance=variance)

    def one(key: tf.Tensor) -> tf.Tensor:
        values = mean + variance**0.5 * keys.normal(keys.fold(key, "x"), [size])
        place = keys.permutation(keys.fold(key, "support"), size) < round(ratio * size)
        x = tf.where(place, values, 0.0)
        x /= tf.sqrt(tf.reduce_mean(x**2))
        a = gaussian(keys.fold(key, "matrix"), rows, size)
        y = a.forward(x) + noise**0.5 * keys.normal(keys.fold(key, "noise"), [rows])
        estimates = told.recover(y, a, noise), EmBgAmp().recover(y, a)
        return tf.stack([tf.reduce_mean((estimate - x) ** 2) for estimate in estimates])

    return _draws(one, draws)


def _fixed_point(delta: float, ratio: float, mean: float, snr_db: float) -> float:
    """Where E|x - E[x|x + tau Z]|^2 and tau^2 = s2 + that / delta agree."""
    noise, error = 10 ** (-snr_db / 10) / delta, 1.0
    for _ in range(60):
        error = _posterior_error(ratio, mean, 1 / ratio - mean**2, noise + error / delta)
    return error


def _posterior_error(ratio: float, mean: float, variance: float, tau2: float) -> float:
    """E x^2 - E (E[x|u])^2, by integration over u."""
    wide, reach = (variance + tau2) ** 0.5, np.linspace(-12, 12, 8001)
    u = np.unique(np.concatenate([reach * wide + mean, reach * tau2**0.5]))
    active, zero = ratio * NORMAL.pdf(u, mean, wide), (1 - ratio) * NORMAL.pdf(u, 0, tau2**0.5)
    estimate = active / (active + zero) * (variance * u + tau2 * mean) / (variance + tau2)
    return float(ratio * (variance + mean**2) - np.trapezoid((active + zero) * estimate**2, u))


# 12. Phase transition of the soft threshold: rho delta nonzeros make the least worst risk equal delta


def _transition() -> Iterator[Row]:
    for delta in (0.1, 0.25, 0.5, 0.7):
        found = float(
            scipy.optimize.brentq(lambda ratio, d=delta: _least(ratio) - d, 1e-6, 0.99 * delta, xtol=1e-12) / delta
        )
        yield Row(f"12 soft threshold, delta={delta}: phase transition rho", found, transition(delta), 0.0)
    for side, outcome in ((0.75, 1.0), (1.3, 0.0)):
        name = f"12 soft threshold, delta=0.5: share recovered at {side:g} rho"
        yield row(name, outcome, _come_back(0.5, side))


def _least(ratio: float) -> float:
    """Over thresholds, the least of the largest error in unit noise that priors of this share of nonzeros reach."""

    def worst(alpha: float) -> float:
        nothing = 2 * ((1 + alpha**2) * NORMAL.cdf(-alpha) - alpha * NORMAL.pdf(alpha))
        return float((1 - ratio) * nothing + ratio * (1 + alpha**2))

    return float(scipy.optimize.minimize_scalar(worst, bounds=(0, 8), method="bounded").fun)


def _come_back(delta: float, side: float, size: int = 1000, draws: int = 6) -> np.ndarray:
    """1 where signs at random places are recovered without noise, else 0."""
    rows = round(delta * size)
    scheme, count = Amp(minimax(delta), iterations=400, tolerance=1e-6), round(side * transition(delta) * rows)

    def one(key: tf.Tensor) -> tf.Tensor:
        place = keys.permutation(keys.fold(key, "support"), size) < count
        x = tf.where(place, keys.signs(keys.fold(key, "sign"), [size]), 0.0)
        a = gaussian(keys.fold(key, "matrix"), rows, size)
        error = tf.reduce_sum((scheme.recover(a.forward(x), a) - x) ** 2) / count
        return tf.cast(error < 1e-3, tf.float32)

    return _draws(one, draws)


def _draws(one: Callable[[tf.Tensor], tf.Tensor], count: int) -> np.ndarray:
    """From different keys, one after the other, as each holds a matrix."""

    @tf.function(autograph=False)
    def every() -> tf.Tensor:
        indices = tf.range(count)
        return tf.map_fn(lambda i: one(keys.key(2026, i)), indices, 1, fn_output_signature=tf.float32)

    return every().numpy()
