"""Identities of analog transmission of a source: uncoded, and linear over its principal axes.

Sources are Gaussian. What is uncoded passes the package's air; formulas are evaluated by NumPy and SciPy.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from scipy.special import exp1

from ..learning.images import uncoded
from ..learning.images.klt import Klt
from ..learning.images.linear import Linear
from ..phy import Air, Awgn, Channel, Grid, Rayleigh, keys
from .measure import Row, repeat, row

ONE = Grid(subcarriers=1, symbols=1, prefix=0)  # a slot of one element


def analog_sources() -> Iterator[Row]:
    """23 and 24."""
    for part in (_uncoded, _linear):
        yield from part()


# 23. Uncoded: a real number on a real use. AWGN: D = 1/(1 + SNR). Rayleigh: D = (1/g) e^(1/g) E1(1/g)


def _uncoded() -> Iterator[Row]:
    for snr_db in (0.0, 10.0, 20.0):
        expected = 1 / (1 + 10 ** (snr_db / 10))
        name = f"23 uncoded, AWGN, {snr_db:g} dB: MSE ({-10 * np.log10(expected):.4f} dB)"
        yield row(name, expected, _uncoded_errors(Awgn(), snr_db))
    z = 0.1
    expected = z * np.exp(z) * exp1(z)
    name = f"23 uncoded, Rayleigh, 10 dB: MSE ({-10 * np.log10(expected):.4f} dB)"
    yield row(name, expected, _uncoded_errors(Rayleigh(), 10.0))


def _uncoded_errors(channel: Channel, snr_db: float) -> np.ndarray:
    """Of many elements, each with a channel of its own; means over a thousand."""
    air = Air(ONE, channel, 1)

    def error(key: tf.Tensor) -> tf.Tensor:
        values = keys.normal(keys.fold(key, "values"), [1000, 2])
        return tf.reduce_mean((uncoded.transmit(values, air, snr_db, key) - values) ** 2)

    return repeat(error, 200)


# 24. Linear: D = mean over components of sqrt(lambda nu) where sent, of lambda elsewhere


def _linear() -> Iterator[Row]:
    rng = np.random.default_rng(15)
    variances = np.arange(1, 49) ** -1.5
    axes = np.linalg.qr(rng.normal(size=(48, 48)))[0]
    klt = Klt(4, np.full(48, 0.5, np.float32), axes.astype(np.float32), variances)
    power, noise = 8.0, 0.05  # 16 real uses a block at 10 dB
    roots = np.sqrt(variances[:16])
    nus = [(roots[:m].sum() / (power / noise + m)) ** 2 for m in range(1, 17)]
    m = max(m for m in range(1, 17) if roots[m - 1] ** 2 > nus[m - 1])
    expected = (np.sqrt(nus[m - 1]) * roots[:m].sum() + variances[m:].sum()) / 48

    def images(key: tf.Tensor) -> tf.Tensor:
        coefficients = keys.normal(keys.fold(key, "images"), [100, 4, 48]) * np.sqrt(variances).astype(np.float32)
        return klt.backward(coefficients, 8, 8)  # [100, 8, 8, 3]

    scheme = Linear(klt, 1 / 6, "average")

    def error(key: tf.Tensor) -> tf.Tensor:
        sent = images(key)
        return tf.reduce_mean((scheme.send(sent, 10.0, key, clip=False) - sent) ** 2)

    yield row("24 linear, 16 of 48 components, 10 dB, average power: MSE", expected, repeat(error, 200))
