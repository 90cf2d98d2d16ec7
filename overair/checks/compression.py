"""Identities of compressors: the errors of quantisers and sparse updates, votes, and what a digital budget pays for."""

import math
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
import scipy.linalg
import scipy.stats
import tensorflow as tf
from pydantic.dataclasses import dataclass

from ..ota import (
    Analog,
    Compressor,
    Digital,
    Eden,
    PositionCoded,
    Qcs,
    QsgdFixed,
    RandomK,
    Round,
    Sign,
    Terms,
    TernGrad,
    TopK,
    apply,
)
from ..ota.codecs.one_bit import OneBit
from ..ota.compressors import qcs
from ..phy import Air, Awgn, FullInversion, Grid, keys
from .measure import Row, mean_and_error, repeat, row

PLENTY = 1e7  # bits
NORMAL = scipy.stats.norm


def compression() -> Iterator[Row]:
    """14 to 17 and 19 to 21."""
    for part in (_levels, _ternary, _sparse, _projections, _rotated, _votes, _budget):
        yield from part()


def _laplace(size: int) -> np.ndarray:
    return np.random.default_rng(14).laplace(size=size).astype(np.float32)


def _decoded(compressor: Compressor, x: np.ndarray, bits: float, draws: int) -> np.ndarray:
    """What is decoded under so many keys, [draws, d]."""
    update, room = tf.constant(x), tf.constant(bits, tf.float32)
    return repeat(lambda key: compressor.compress(update, room, key)[0], draws)


def _errors(decoded: np.ndarray, x: np.ndarray) -> np.ndarray:
    return ((decoded.astype(np.float64) - x) ** 2).sum(axis=1) / (x.astype(np.float64) ** 2).sum()


# 19. Rotated quantisation: 1/(1 - D) - 1 of the quantiser's error D on a Gaussian; d/k as much energy of a part


def _rotated() -> Iterator[Row]:
    size = 4096
    x = np.random.default_rng(19).normal(size=size).astype(np.float32)
    for bits, distortion in ((1, 1 - 2 / math.pi), (1.5, (1 - 2 / math.pi + 0.117482) / 2), (2, 0.117482)):
        decoded = _decoded(Eden(), x, 32.0 + bits * size, 300)
        yield row(f"19 rotated quantisation, {bits} bits: NMSE", 1 / (1 - distortion) - 1, _errors(decoded, x))
    decoded = _decoded(Eden(), x, 32.0 + size / 8, 300)
    yield row("19 rotated quantisation, a bit for every eighth: NMSE", 8 * math.pi / 2 - 1, _errors(decoded, x))


# 14 and 15. QSGD: sum f (1 - f)/s^2, f fractions of s |x_i|/|x|; TernGrad: max|x| |x|_1/|x|^2 - 1; random-k: d/k - 1


def _levels() -> Iterator[Row]:
    for size, s in ((300, 6), (2000, 1)):
        x = _laplace(size)
        norm, decoded = float(np.linalg.norm(x)), _decoded(QsgdFixed(), x, size * math.log2(2 * s + 1) + 32.5, 1000)
        part = s * np.abs(x) / norm % 1.0
        yield row(f"14 QSGD, d={size}, s={s}: NMSE", (part * (1 - part)).sum() / s**2, _errors(decoded, x))


def _ternary() -> Iterator[Row]:
    x = _laplace(500)
    expected = np.abs(x).max() * np.abs(x).sum() / (x**2).sum() - 1
    yield row("15 TernGrad, d=500: NMSE", expected, _errors(_decoded(TernGrad(), x, PLENTY, 1000), x))
    for kept in (5, 50):
        errors = _errors(_decoded(RandomK(), x, 32.0 * kept, 2000), x)
        yield row(f"15 random-k, {kept} of 500: NMSE", 500 / kept - 1, errors)


# 16. Top-k on a Gaussian leaves E[x^2; |x| < t] with P(|x| > t) = k/d; scaled sign 1 - 2/pi


def _sparse() -> Iterator[Row]:
    size = 20_000
    for share in (0.01, 0.1, 0.25):
        kept, edge = round(share * size), NORMAL.isf(share / 2)
        bits = 32 * kept + (math.lgamma(size + 1) - math.lgamma(kept + 1) - math.lgamma(size - kept + 1)) / math.log(2)
        name = f"16 top-k on a Gaussian, {share:.0%} kept: NMSE"
        yield row(name, 1 - share - 2 * edge * NORMAL.pdf(edge), _on_gaussians(TopK(value_bits=32), size, bits + 20))
    yield row("16 scaled sign on a Gaussian: NMSE", 1 - 2 / np.pi, _on_gaussians(Sign(), size, PLENTY))


def _on_gaussians(compressor: Compressor, size: int, bits: float) -> np.ndarray:
    def error(key: tf.Tensor) -> tf.Tensor:
        x = keys.normal(keys.fold(key, "x"), [size])
        decoded, _ = compressor.compress(x, tf.constant(bits, tf.float32), key)
        return tf.reduce_sum((decoded - x) ** 2) / tf.reduce_sum(x**2)

    return repeat(error, 30)


# 17. QCS: (d/k - 1) + d D^2/(12 |x|^2) with D = max|v|/Q, which depends on the projection; bound (4.10) of the thesis


def _projections() -> Iterator[Row]:
    size, draws = 64, 2000
    x = _laplace(size)
    for bits in (60.0, 160.0, 330.0):
        plan = qcs.plan(size, tf.constant(bits))
        kept, levels = int(plan.kept), float(plan.range)
        expected, spread = mean_and_error(size / kept - 1 + size * _peaks(x, kept, draws) / levels**2 / 12)
        measured, error = mean_and_error(_errors(_decoded(Qcs(), x, bits, draws), x))
        name = f"17 QCS, {kept} of {size} kept, Q={levels:g}"
        yield Row(f"{name}: NMSE", expected, measured, math.hypot(error, spread))
        bound = size / kept - 1 + size / (4 * levels**2) * math.log(kept) / (kept - 1)
        yield Row(f"{name}: bound", bound, float(plan.bound), 0.0)


def _peaks(x: np.ndarray, kept: int, draws: int) -> np.ndarray:
    """max|v|^2/|x|^2 of v = H R x/sqrt(k), with matrices written out."""
    rng, hadamard = np.random.default_rng(17), scipy.linalg.hadamard(len(x)) / kept**0.5
    mixed = (rng.choice([-1.0, 1.0], [draws, len(x)]) * x) @ hadamard.T  # [draws, d]
    rows = np.argsort(rng.uniform(size=mixed.shape), axis=1)[:, :kept]
    return (np.take_along_axis(mixed, rows, axis=1) ** 2).max(axis=1) / (x**2).sum()


# 20. Majority vote over the air: of an odd number of voters each is wrong with probability Phi(-mean/deviation)


def _votes() -> Iterator[Row]:
    for voters, ratio in ((25, 0.25), (9, 0.5)):
        expected = scipy.stats.binom.sf(voters // 2, voters, NORMAL.cdf(-ratio))
        yield row(f"20 vote of {voters}, mean/deviation {ratio}: error", expected, _wrong_votes(voters, ratio))


def _wrong_votes(voters: int, ratio: float) -> np.ndarray:
    """Shares of coordinates whose sign the majority gets wrong, without noise."""
    size = 2000
    terms, uplink = Terms(Air(Grid(), Awgn(), voters), size, size // 2), Analog(OneBit(), FullInversion())

    def share(key: tf.Tensor) -> tf.Tensor:
        updates = ratio + keys.normal(keys.fold(key, "updates"), [voters, size])
        place = terms.air.init(key)
        round = Round(terms, key, tf.ones([voters]), terms.air.draw(place, key, 0.0, terms.slots, 200.0))
        estimate = apply(uplink, uplink.init(terms, place), round, updates)[0]
        return tf.reduce_mean(tf.cast(estimate < 0, tf.float32))

    return repeat(share, 40)


# 21. D-DSGD: R = s/(2M) log2(1 + M P/(s sigma^2)) bits a device; q largest with log2 C(d, q) + 33 <= R


@dataclass(frozen=True)
class Offered:
    """Decodes an update as itself times the bits it was offered."""

    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: tf.Tensor, known: object = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return update * bits, bits


def _budget() -> Iterator[Row]:
    devices, size = 25, 7850
    for power, uses in ((500.0, 3925), (200.0, 3925), (500.0, 4000), (90.0, 10_000)):
        rate, kept = uses / (2 * devices) * math.log2(1 + devices * power / uses), 0
        while math.log2(math.comb(size, kept + 1)) + 33 <= rate:
            kept += 1
        name = f"21 D-DSGD, P={power:g} s={uses}"
        decoded = _decoded(PositionCoded(), _laplace(size), rate, 2)
        yield Row(f"{name}: entries that {rate:.2f} bits pay for", kept, float(np.count_nonzero(decoded[0])), 0.0)
        if uses % (2 * devices) == 0:  # everybody has as many elements
            yield Row(f"{name}: bits a device on the air", rate, _rate(devices, power, uses), 0.0)


def _rate(devices: int, power: float, uses: int) -> float:
    """Bits that a device is offered, by the digital uplink, of s/2 complex elements."""
    terms = Terms(Air(Grid(), Awgn(), devices), devices, uses // 2)
    uplink, key = Digital(Offered()), keys.key(21)
    place = terms.air.init(key)
    link = terms.air.draw(place, key, 0.0, terms.slots, 10 * math.log10(power / uses))
    round = Round(terms, key, tf.ones([devices]), link)
    return float(tf.reduce_mean(apply(uplink, uplink.init(terms, place), round, tf.eye(devices))[0]))
