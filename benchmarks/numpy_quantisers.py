"""Plain numpy beside which compressors are timed: quantisers as authors' public code has them, and M22's fits.

As there, coins and dithers are doubles of numpy's global kind of generator, numbers become whole ones and are read
back, and whoever reads dithered ones draws the dither again.
"""

import numpy as np
import scipy.optimize
from scipy.special import gammaincc, gammaln

TURNS = 30  # of Lloyd's iteration


def qsgd(x: np.ndarray, s: int, seed: int) -> np.ndarray:
    """Levels 0, 1/s, ..., 1 around |x_i|/max|x|, at random, and what is decoded of them."""
    norm = np.abs(x).max()
    share = np.abs(x) / norm * s
    low = np.floor(share)
    told = (np.sign(x) * (low + (np.random.RandomState(seed).random_sample(x.shape) < share - low))).astype(int)
    return np.asarray(norm / s * told)


def dithered(x: np.ndarray, m: int, seed: int) -> np.ndarray:
    """Levels of 2 m + 1 from -max|x| to max|x| behind a dither that is taken off again."""
    step = np.abs(x).max() / m
    told = np.around(x / step + np.random.RandomState(seed).uniform(-0.5, 0.5, x.shape)).astype(int)
    return np.asarray(step * (told - np.random.RandomState(seed).uniform(-0.5, 0.5, x.shape)))


def fits_and_levels(parts: list[np.ndarray], m: float, count: int) -> np.ndarray:
    """Generalised normal laws of layers by two moments, and their best levels by Lloyd's iteration, [L, N]."""
    return np.stack([_levels(*_fit(part), m, count) for part in parts])


def _fit(x: np.ndarray) -> tuple[float, float]:
    """Scale and shape."""
    size = np.abs(x)
    mean, ratio = float(size.mean()), np.log(np.mean(size**2) / size.mean() ** 2)

    def off(log_b: float) -> float:
        b = np.exp(log_b)
        return float(gammaln(1 / b) + gammaln(3 / b) - 2 * gammaln(2 / b) - ratio)

    b = float(np.exp(scipy.optimize.brentq(off, np.log(0.15), np.log(8.0))))
    return mean * float(np.exp(gammaln(1 / b) - gammaln(2 / b))), b


def _levels(a: float, b: float, m: float, count: int) -> np.ndarray:
    levels = a * (np.arange(count) + 0.5) / count * 4.0
    for _ in range(TURNS):
        edges = np.concatenate([[0.0], (levels[1:] + levels[:-1]) / 2, [np.inf]])
        mass, first = (_partial(edges / a, b, m + r) * a ** (m + r) for r in (0, 1))
        levels = first / mass
    return levels


def _partial(edges: np.ndarray, b: float, r: float) -> np.ndarray:
    """E[|x|^r; cell] at scale 1."""
    order = (r + 1) / b
    return -np.diff(gammaincc(order, edges**b)) * np.exp(gammaln(order) - gammaln(1 / b))
