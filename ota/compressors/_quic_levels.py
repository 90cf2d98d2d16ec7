"""Levels of QUIC-FL: the unbiased quantiser of a normal's middle with the least squared error, given shared numbers.

H 2^b levels r_0 < r_1 < ... stand in a row. H of them side by side are a window, with a mean m_j and a mean square C_j;
the first window's mean is -T, the last one's T. A number z between m_j and m_j+1 takes window j + 1 with the
probability that makes the mean z, else window j. A shared number h, uniform below H, says which level of the window
is decoded: the one whose place in the row has h left when divided by H. The device tells the quotient, b bits. Over
windows and h that is unbiased, and errs by the line from C_j to C_j+1 at z, less z^2. For any levels no other choice of
quotients errs less without a bias. The levels are those with the least mean of that over a normal within T.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
import tensorflow as tf

OUTSIDE = 2.0**-9  # share of a normal beyond T
BORDER = float(scipy.stats.norm.isf(OUTSIDE / 2))  # T
SHARED_BITS = (6, 5, 4, 4, 3, 3, 2, 2)  # log2 H of 1 to 8 bits: more buy little
LEAST, MOST = 2, 8  # bits of a coordinate that are in use
PRECISION = 1e-9  # of the error at which the search for levels ends


class Row(NamedTuple):
    """The levels of a depth."""

    shared: int  # H
    levels: np.ndarray  # r, [N]
    means: np.ndarray  # m, [N - H + 1]
    error: float  # mean square on a normal, whose outer parts are exact


@cache
def row(bits: int) -> Row:
    """The levels of so many bits, from 1 to 8."""
    shared = 2 ** SHARED_BITS[bits - 1]
    half = shared * 2 ** (bits - 1)

    def price(free: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _error(_whole(free, shared), shared)
        upper = slope[half:] - slope[:half][::-1]
        upper[-shared:-1] -= upper[-1]  # the last level keeps the mean of its window
        return value, upper[:-1]

    found = scipy.optimize.minimize(
        price, _start(half, shared)[:-1], jac=True, method="L-BFGS-B", options={"ftol": PRECISION, "maxiter": 1000}
    )
    levels = _whole(found.x, shared)
    return Row(shared, levels, _windows(levels, shared), float(found.fun))


def _whole(free: np.ndarray, shared: int) -> np.ndarray:
    """All levels, of the positive ones but the last."""
    last = shared * BORDER - free[len(free) + 1 - shared :].sum()
    upper = np.append(free, last)
    return np.concatenate([-upper[::-1], upper])


def _start(half: int, shared: int) -> np.ndarray:
    """Positive levels as dense as the cube root of the density, which suits many, out to T."""
    places = (np.arange(half) + 0.5) / (2 * half)

    def spread(share: float) -> np.ndarray:
        return 3**0.5 * scipy.special.ndtri(0.5 + share * places)

    def beyond(share: float) -> float:
        return float(spread(share)[-shared:].mean()) - BORDER

    most = 1.0 - 1e-9
    return spread(scipy.optimize.brentq(beyond, 0.1, most) if beyond(most) > 0 else most)


def _windows(values: np.ndarray, width: int) -> np.ndarray:
    """Means of so many side by side."""
    total = np.append(0.0, np.cumsum(values))
    return (total[width:] - total[:-width]) / width


def _error(levels: np.ndarray, shared: int) -> tuple[float, np.ndarray]:
    """The mean squared error on a normal within T, and its slope by each level, [N]."""
    means, squares = _windows(levels, shared), _windows(levels**2, shared)
    ends = np.clip(means, -BORDER, BORDER)
    mass, first = np.diff(scipy.special.ndtr(ends)), -np.diff(scipy.stats.norm.pdf(ends))
    gap = np.diff(means)
    below, above = (means[1:] * mass - first) / gap, (first - means[:-1] * mass) / gap  # chances of the two windows
    chance = np.append(below, 0.0) + np.append(0.0, above)
    steep = np.diff(squares) / gap
    by_mean = -np.append(steep * below, 0.0) - np.append(0.0, steep * above)
    within = 1.0 - OUTSIDE - 2.0 * BORDER * scipy.stats.norm.pdf(BORDER)  # of z^2
    ones = np.ones(shared) / shared
    return float(chance @ squares - within), 2.0 * levels * np.convolve(chance, ones) + np.convolve(by_mean, ones)


def place_at(values: tf.Tensor, bits: tf.Tensor, coin: tf.Tensor, shared: tf.Tensor) -> tf.Tensor:
    """The quotients told of values [n] within T, int32, by coins and shared numbers [n], uniform on [0, 1)."""
    width, means = tf.gather(_shared(), bits - LEAST), tf.gather(tf.constant(_stack("means")), bits - LEAST)
    windows = width * (tf.bitwise.left_shift(1, bits) - 1) + 1
    window = tf.clip_by_value(tf.searchsorted(means, values, side="right") - 1, 0, windows - 2)
    low, high = tf.gather(means, window), tf.gather(means, window + 1)
    window += tf.cast(coin * (high - low) < values - low, tf.int32)
    h = tf.cast(shared * tf.cast(width, shared.dtype), tf.int32)
    return (window + tf.math.floormod(h - window, width)) // width


def level_at(index: tf.Tensor, bits: tf.Tensor, shared: tf.Tensor) -> tf.Tensor:
    """The levels of quotients [n]."""
    width = tf.gather(_shared(), bits - LEAST)
    h = tf.cast(shared * tf.cast(width, shared.dtype), tf.int32)
    return tf.gather(tf.gather(tf.constant(_stack("levels")), bits - LEAST), index * width + h)


def _shared() -> tf.Tensor:
    """H of each depth in use."""
    return tf.constant([2**bits for bits in SHARED_BITS[LEAST - 1 :]])


@cache
def _stack(name: str) -> np.ndarray:
    """Levels or means of each depth in use, the last one as often as makes as many for all."""
    rows = [getattr(row(bits), name).astype(np.float32) for bits in range(LEAST, MOST + 1)]
    longest = max(map(len, rows))
    return np.stack([np.pad(values, (0, longest - len(values)), mode="edge") for values in rows])
