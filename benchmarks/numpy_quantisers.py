"""Plain numpy beside which compressors are timed: quantisers as they are usually written down, and M22's fits."""

import numpy as np
import scipy.optimize
from scipy.special import gammaincc, gammaln

TURNS = 30  # of Lloyd's iteration


def qsgd(x: np.ndarray, s: float, rng: np.random.Generator) -> np.ndarray:
    """|x| sign(x) times one of the levels 0, 1/s, ..., 1 around |x_i|/|x|, at random; what is decoded."""
    norm = np.linalg.norm(x)
    level = np.floor(s * np.abs(x) / norm + rng.random(x.shape, np.float32))
    return np.sign(x) * level * (norm / s)


def dithered(x: np.ndarray, levels: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform levels from -max|x| to max|x| behind a dither that is taken off again."""
    step = 2 * np.abs(x).max() / (levels - 1)
    dither = step * (rng.random(x.shape, np.float32) - np.float32(0.5))
    return step * np.round((x + dither) / step) - dither


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
