"""Levels of least error weighted by |x|^m, for magnitudes above a start: Lloyd's conditions, solved for a whole table.

Each level is the weighted mean of its cell, E[|x|^(m+1); cell]/E[|x|^m; cell], and cells meet half-way. Newton's
method solves that from levels whose density goes with the third root of the weighted density, in double precision and
closed form (``_laws``); every level hangs on its neighbours only, so its matrix has three diagonals. The table is over
the shape s and the share of magnitudes above the start, h = -ln P(|x| > start): s ln(level/a) is smooth in both.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from scipy.special import gammaincc, gammainccinv, gammaln

from ._laws import ORDERS, SHAPES, Law, LawName, beyond

ROWS = np.linspace(np.log(SHAPES[0]), np.log(SHAPES[1]), 33)  # ln s
KNEE, DEEPEST = 0.05, 60.0
COLUMNS = np.linspace(0.0, np.log1p(DEEPEST / KNEE), 36)  # ln(1 + h/KNEE)
STEPS = 12  # of Newton's method; five are enough


class Levels(NamedTuple):
    """Of laws of scale 1."""

    value: np.ndarray  # [..., N], ascending
    error: np.ndarray  # weighted, of E[|x|^(m+2); |x| > start], [...]


def levels_of(name: LawName, m: float, count: int, law: Law, start: tf.Tensor) -> tf.Tensor:
    """So many levels of magnitudes above ``start`` for each layer, [L, N]."""
    table = tf.constant(_table(name, m, count).value)
    logs = _between(table, law.shape, beyond(law, start))  # [L, N]
    found = law.scale[:, None] * tf.exp(logs / law.shape[:, None])
    return tf.maximum(found, start)  # of what a law deems impossible


def errors_of(name: LawName, m: float, counts: tuple[int, ...], law: Law, start: tf.Tensor) -> tf.Tensor:
    """Weighted errors of so many levels each, of E[|x|^(m+2); |x| > start]; law [L, 1], start [T]: [L, T, counts]."""
    table = np.stack([_table(name, m, count).error for count in counts], axis=-1)  # [S, H, counts]
    share = beyond(law, start)  # [L, T]
    return _between(tf.constant(table), tf.broadcast_to(law.shape, tf.shape(share)), share)


def solve(name: LawName, m: float, count: int, shape: np.ndarray, share: np.ndarray) -> Levels:
    """The levels for laws of these shapes, above starts that so large a share of magnitudes exceeds; [..., N]."""
    s, share = (np.asarray(value, np.float64)[..., None] for value in np.broadcast_arrays(shape, share))
    q = ORDERS[name](s)
    y = gammainccinv(q, share)
    start = y ** (1.0 / s)
    cube = (m + q * s + 2.0) / (3.0 * s)  # the order of the law whose density is the third root
    middle = 1.0 - (np.arange(count) + 0.5) / count
    value = (3.0 * gammainccinv(cube, middle * gammaincc(cube, y / 3.0))) ** (1.0 / s)
    for _ in range(STEPS):
        mean, lower, upper = _cells(value, start, s, q + m / s)
        moved = value - _tridiagonal(lower, upper, value - mean)
        sound = np.all(np.diff(np.concatenate([start, moved], axis=-1)) > 0, axis=-1, keepdims=True)
        value, before = np.where(sound, moved, mean), value  # Lloyd's own step where Newton's goes astray
        if np.abs(value / before - 1.0).max() < 1e-9:
            break
    return Levels(value, _error(value, start, s, q + m / s))


def _moments(value: np.ndarray, start: np.ndarray, s: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, ...]:
    """Edges of cells from the start on, and E|x|^r within each for r = 0, 1, 2."""
    edges = np.concatenate([start, (value[..., 1:] + value[..., :-1]) / 2.0], axis=-1)
    above = [np.exp(gammaln(order + r / s) - gammaln(order)) * gammaincc(order + r / s, edges**s) for r in range(3)]
    return edges, *(-np.diff(part, axis=-1, append=0.0) for part in above)


def _cells(value: np.ndarray, start: np.ndarray, s: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means of cells, and how they move with the level before and the level behind."""
    edges, mass, first, _ = _moments(value, start, s, order)
    mean, inner = first / mass, edges[..., 1:]
    density = s * np.exp((order * s - 1.0) * np.log(inner) - inner**s - gammaln(order)) / 2.0
    lower = density * (mean[..., 1:] - inner) / mass[..., 1:]
    upper = density * (inner - mean[..., :-1]) / mass[..., :-1]
    return mean, lower, upper


def _error(value: np.ndarray, start: np.ndarray, s: np.ndarray, order: np.ndarray) -> np.ndarray:
    _, mass, first, second = _moments(value, start, s, order)
    return np.sum(second - 2.0 * value * first + value**2 * mass, axis=-1) / np.sum(second, axis=-1)


def _tridiagonal(lower: np.ndarray, upper: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solves (1 - lower - upper) x - lower x_before - upper x_behind = right along the last axis."""
    lower, upper = (np.moveaxis(part, -1, 0) for part in (lower, upper))
    right, zero = np.moveaxis(right, -1, 0), np.zeros((1, *right.shape[:-1]))
    lower, upper = np.concatenate([zero, lower]), np.concatenate([upper, zero])
    diagonal, x = 1.0 - lower - upper, right.copy()
    for i in range(1, len(x)):
        factor = lower[i] / diagonal[i - 1]
        diagonal[i] -= factor * upper[i - 1]
        x[i] += factor * x[i - 1]
    x[-1] /= diagonal[-1]
    for i in range(len(x) - 2, -1, -1):
        x[i] = (x[i] + upper[i] * x[i + 1]) / diagonal[i]
    return np.moveaxis(x, 0, -1)


@lru_cache(maxsize=64)
def _table(name: LawName, m: float, count: int) -> Levels:
    """s ln(level) [S, H, N] and errors [S, H]."""
    shape, share = np.exp(ROWS)[:, None], np.exp(-KNEE * np.expm1(COLUMNS))
    found = solve(name, m, count, shape, share)
    return Levels(np.log(found.value) * shape[..., None], found.error)


def _between(table: tf.Tensor, shape: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """The table [S, H, N] between its entries, at shapes and shares [...]: [..., N]."""
    h = -tf.math.log(tf.clip_by_value(share, np.exp(-DEEPEST), 1.0))
    row, down = _place(tf.math.log(shape), ROWS)
    column, right = _place(tf.math.log1p(h / KNEE), COLUMNS)

    def at(i: int, j: int) -> tf.Tensor:
        return tf.gather_nd(table, tf.stack([row + i, column + j], axis=-1))

    high = at(0, 0) + right[..., None] * (at(0, 1) - at(0, 0))
    low = at(1, 0) + right[..., None] * (at(1, 1) - at(1, 0))
    return high + down[..., None] * (low - high)


def _place(value: tf.Tensor, grid: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    """Which step of an even grid, and how far into it."""
    steps = tf.clip_by_value((value - grid[0]) / (grid[1] - grid[0]), 0.0, len(grid) - 1.0)
    whole = tf.where(
        steps == steps, tf.minimum(tf.floor(steps), len(grid) - 2.0), 0.0
    )  # NaN has no place, and stays NaN
    return tf.cast(whole, tf.int32), steps - whole
