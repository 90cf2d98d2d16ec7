"""A number seen in K noisy copies, told in bits: each sensor quantises at the rate that its own elements carry.

Sensor k has m/2 elements of its own for m numbers, K times the power there, and so R = log2(1 + K P/N0) / 2 bits a
number. Few bits for each number are spent badly, so A of the K sensors describe each number, in turn, with R K/A bits:

    q = round(y / step + u),  u uniform on [-1/2, 1/2] and known to both sides,  y' = step (q - u)

The error of a described number is independent of it, of variance step^2/12 (Schuchman, IEEE Trans. Communication
Technology, 1964), so the mean of A of them is x with noise of variance e = (s2 + step^2/12) / A, and the best linear
estimate of x, whose variance is 1, errs by e / (1 + e) (LMMSE). The numbers q take their entropy, which is in closed
form, as q is y / step + u cut to cells of length 1. A is the number of the least error. What is simulated is coded by
``ota/coding.py``: a sensor takes the finest step whose real code word fits its elements' capacity and tells it, and the
server weighs what it reads by one over s2 + step^2/12.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from ....ota import coding

FINER = 2 ** (1 / 256)  # from one step to the next; a sensor tells its own in 16 bits
TOLD = 16
WIDE = 12.0  # standard deviations that cells cover
FINEST, LONGEST = 2.0**-8, 2.0**20  # steps, in deviations: finer ones tell what views do not know


class Description(NamedTuple):
    """How numbers are described: by how many sensors each, and with which step."""

    active: int
    step: float

    def noise(self, view_noise: float) -> float:
        """e: the variance of what is added to x in the mean of all that is told of it."""
        return (view_noise + self.step**2 / 12) / self.active


def rate(sensors: int, snr_db: float) -> float:
    """Bits a number that a sensor's own elements carry."""
    return float(np.log1p(sensors * 10 ** (snr_db / 10)) / np.log(4))


def entropy(step: float) -> float:
    """Bits of q for a Gaussian number of variance 1."""
    half = int(np.ceil(WIDE / step)) + 1
    edges = (np.arange(-half, half + 2) - 0.5) * step
    below = (_integral(edges + step / 2) - _integral(edges - step / 2)) / step  # P(y + step u < edge)
    share = np.diff(below)
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


@lru_cache(maxsize=1024)
def best(sensors: int, view_noise: float, snr_db: float) -> Description:
    """The description of the least error."""
    deviation = (1 + view_noise) ** 0.5
    carried = rate(sensors, snr_db)
    tried = [Description(each, deviation * _step(carried * sensors / each)) for each in range(1, sensors + 1)]
    return min(tried, key=lambda one: one.noise(view_noise))


def estimates(views: np.ndarray, snr_db: float, view_noise: float, dither: np.ndarray) -> np.ndarray:
    """What the server makes of views [B, K, m], numbers [B, m]; ``dither`` [B, K, m] is known to both sides."""
    sensors, numbers = views.shape[1:]
    plan, room = best(sensors, view_noise, snr_db), numbers * rate(sensors, snr_db)
    total, weight = np.zeros([len(views), numbers]), np.ones([len(views), numbers])  # 1: of what is known before
    for sensor in range(sensors):
        own = (np.arange(numbers) + sensor) % sensors < plan.active  # which it describes
        for at in range(len(views)):
            told, step = described(views[at, sensor, own], plan.step, room, dither[at, sensor, own])
            trust = 1 / (view_noise + step**2 / 12)
            total[at, own], weight[at, own] = total[at, own] + trust * told, weight[at, own] + trust
    return total / weight


def described(y: np.ndarray, step: float, room: float, dither: np.ndarray) -> tuple[np.ndarray, float]:
    """Numbers with the finest step, from one on, whose code word of real bits has room, and that step.

    One that tells nothing has room always.
    """
    q = np.rint(y / step + dither)
    while q.any() and _bits(q) > room:
        step *= FINER
        q = np.rint(y / step + dither)
    return step * (q - dither), step


def _bits(q: np.ndarray) -> int:
    """Of a code word and the step; the server knows how many symbols there may be, 2 max |q| + 1, from 8 bits more."""
    largest = int(np.abs(q).max(initial=0))
    return TOLD + 8 + 8 * len(coding.encode((q + largest).astype(np.int64), 2 * largest + 1))


def _step(bits: float) -> float:
    """The step, in deviations, at which q takes so many bits; the finest or the longest where it takes none between."""
    bits = min(max(bits, entropy(LONGEST)), entropy(FINEST))
    return float(np.exp(brentq(lambda log: entropy(np.exp(log)) - bits, np.log(FINEST), np.log(LONGEST), xtol=1e-10)))


def _integral(z: np.ndarray) -> np.ndarray:
    """Of the normal distribution function up to z."""
    return np.asarray(z * norm.cdf(z) + norm.pdf(z))
