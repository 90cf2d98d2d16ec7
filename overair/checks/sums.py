"""Identities of the over-the-air literature, each with its formula and its simulation.

Every row is simulated with the package's own air, rules and codecs; the formula is evaluated by NumPy and SciPy.
Standard errors are the spread of independent draws.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import tensorflow as tf
from scipy.special import exp1

from ..ota import Analog, Dithered, Identity, RandomLinear, Round, Terms, apply
from ..phy import (
    Air,
    Awgn,
    Csi,
    ErrorVariance,
    FullInversion,
    Grid,
    Link,
    MseOptimal,
    Paths,
    Rayleigh,
    TruncatedInversion,
    keys,
)
from ..phy.power import PowerRule
from .clocks import offsets, phases
from .compression import compression
from .measure import Row, mean_and_error, repeat, row
from .recovery import recovery
from .sources import analog_sources

NOISE_DB = 6.0  # SNR of the first rows


def rows() -> Iterator[Row]:
    """All comparisons, one after another."""
    over_the_air = _codes, _truncation, _optimal_power, _csi, phases, _participation, offsets
    for part in (*over_the_air, recovery, _dither, compression, analog_sources):
        yield from part()


# 1. Random linear coding, through the air: one device, no fading, so a parameter sees N0 / (2 level^2)


def _codes() -> Iterator[Row]:
    for size, rows, block in ((256, 64, 256), (200, 50, 256)):
        g = np.random.default_rng(1).normal(size=size).astype(np.float32)
        g /= np.linalg.norm(g)
        terms = Terms(Air(Grid(), Awgn(), 1), size, rows // 2)
        uplink = Analog(RandomLinear(compression=size / rows, block=block), FullInversion())

        def error(key: tf.Tensor, terms: Terms = terms, uplink: Analog = uplink, g: np.ndarray = g) -> tf.Tensor:
            place = terms.air.init(key)
            round = Round(terms, key, tf.ones([1]), terms.air.draw(place, key, 0.0, terms.slots, NOISE_DB))
            return tf.reduce_sum((apply(uplink, uplink.init(terms, place), round, tf.constant(g[None]))[0] - g) ** 2)

        # The device spends its budget, m/2 elements of energy 1, on symbols of mean energy |g|^2 = 1: 1/level^2 = 2/m.
        noise = 10 ** (-NOISE_DB / 10) / 2 * 2 / rows
        exact = size / rows - 1 if size == block else (size - 1) * (block - rows) / (rows * (block - 1))
        name = f"1  random linear code, d={size} m={rows} n={block}, {NOISE_DB:g} dB: MSE"
        yield row(name, exact + size * noise, repeat(error, 1000))


# 2. Truncated inversion


def _truncation() -> Iterator[Row]:
    for threshold in (0.1, 0.5):
        silent = repeat(partial(_silent_share, threshold), 500)
        yield row(f"2  truncation at {threshold}: silent share", 1 - np.exp(-threshold), silent)
        level, energy = _average_budget(threshold)
        yield Row(f"2  truncation at {threshold}: level^2, average budget", 1 / exp1(threshold), *level)
        yield Row(f"2  truncation at {threshold}: energy spent under it", 1.0, *energy)


def _silent_share(threshold: float, key: tf.Tensor) -> tf.Tensor:
    air = Air(Grid(), Rayleigh(), 40)
    gain = air.draw(air.init(key), key, 0.0, 1).response()[0, 0, :, 0]  # [K, F]
    silent = TruncatedInversion(threshold=threshold).cost(gain)[:, 0] == 0
    return tf.reduce_mean(tf.cast(silent, tf.float32))


def _average_budget(threshold: float) -> tuple[tuple[float, float], tuple[float, float]]:
    devices, draws, size = 25, 40, 200
    rule = TruncatedInversion(threshold=threshold, unbiased=False)
    terms = Terms(Air(Grid(), Rayleigh(), devices), size, size // 2)
    uplink = Analog(rule=rule, budget="average")
    updates = tf.ones([devices, size]) / 2**0.5  # symbols of energy 1

    @tf.function(autograph=False)
    def one(key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        place = terms.air.init(keys.fold(key, "place"))
        state = uplink.init(terms, place)
        link = terms.air.draw(place, keys.fold(key, "link"), 0.0, terms.slots)
        round = Round(terms, key, tf.ones([devices]), link)
        everybody = tf.range(devices, dtype=tf.int64)
        begun = uplink.begin(state, round, lambda question: question(everybody, updates))
        acc = uplink.announced(uplink.add(begun, round, everybody, updates), round)
        return acc.level.arrival**2, acc.energy

    outcomes = [one(keys.key(7, i)) for i in range(draws)]
    # A level rests on device-rounds of its own, known to 0.2 %; both errors are spreads of independent draws.
    levels, energies = np.array([o[0] for o in outcomes]), np.concatenate([o[1] for o in outcomes])
    return mean_and_error(levels), mean_and_error(energies)


# 3. MSE-optimal power


def _optimal_power() -> Iterator[Row]:
    gains, noise = np.array([0.2, 0.5, 1.0, 1.5]), 0.1
    etas = ((noise + np.cumsum(gains**2)) / np.cumsum(gains)) ** 2
    eta = etas.min()
    power = np.minimum(1.0, eta / gains**2)
    expected = ((np.sqrt(power) * gains / np.sqrt(eta) - 1) ** 2).sum() + noise / eta
    measured_eta, measured = _sum_error(MseOptimal(), gains, noise)
    yield Row("3  MSE-optimal power, h = .2 .5 1 1.5: eta", float(eta), measured_eta, 0.0)
    yield Row("3  MSE-optimal power: sum-MSE", float(expected), measured, 0.0)
    yield row("3  MSE-optimal power: sum-MSE on the air", float(expected), _sum_error_on_air(gains, noise))
    yield Row(
        "3  inversion for the weakest: sum-MSE", noise / 0.2**2, _sum_error(FullInversion(), gains, noise)[1], 0.0
    )


def _sum_error(rule: PowerRule, gains: np.ndarray, noise: float) -> tuple[float, float]:
    one = tf.ones([len(gains)])
    gain = tf.constant(gains[:, None], tf.complex64)
    spent = one * tf.reduce_mean(rule.cost(gain), axis=1)
    level = rule.level(spent, one, tf.abs(gain), tf.constant(noise))
    b = rule.amplitude(level.scale, gain, spent[:, None], one[:, None])
    arrival = tf.reshape(level.arrival, [])
    misfit = tf.reduce_sum(tf.abs(b * gain / tf.cast(arrival, tf.complex64) - 1.0) ** 2)
    return float(arrival**2), float(misfit + noise / arrival**2)


def _sum_error_on_air(gains: np.ndarray, noise: float) -> np.ndarray:
    """Squared error of the sum for each resource element, of devices whose symbols have energy 1."""
    devices, elements = len(gains), 500
    terms = Terms(Air(Grid(), Awgn(), devices), 2 * elements, elements)
    uplink, one = Analog(Identity(), MseOptimal()), tf.ones([1, devices, 1])
    paths = Paths(tf.constant(gains[None, None, :, None, None], tf.complex64), 0 * one, one)
    link = Link(paths, paths, paths, terms.air.grid.frequencies, tf.constant(noise, tf.float32))

    def error(key: tf.Tensor) -> tf.Tensor:
        updates = keys.normal(keys.fold(key, "updates"), [devices, 2 * elements])
        updates *= tf.sqrt(elements / tf.reduce_sum(updates**2, axis=1, keepdims=True))
        state = uplink.init(terms, terms.air.init(key))
        estimate = apply(uplink, state, Round(terms, key, tf.ones([devices]), link), updates)[0]
        return tf.reduce_sum((estimate - tf.reduce_sum(updates, axis=0)) ** 2) / elements

    return repeat(error, 200)


# 4. Imperfect CSI


def _csi() -> Iterator[Row]:
    for e, threshold in ((0.01, 0.1), (0.1, 0.3)):
        for name, take, expected in (
            ("mean gain", tf.math.real, (1 - e) ** 0.5),
            (
                "error",
                lambda q: tf.abs(q - 1.0) ** 2,
                ((1 - e) ** 0.5 - 1) ** 2 + e * np.exp(threshold) * exp1(threshold),
            ),
        ):
            arrivals = _arrivals(ErrorVariance(e=e), threshold)
            yield row(f"4  CSI error e={e}, truncation at {threshold}: {name}", expected, take(arrivals))


def _arrivals(csi: Csi, threshold: float) -> np.ndarray:
    """h b / c of many devices that send."""
    air = Air(Grid(), Rayleigh(), 40_000, csit=csi)
    key = keys.key(4, "knowledge")
    link = air.draw(air.init(key), key, 0.0, 1)
    believed = link.response(of=link.transmitters)[0, 0, :, 0, :1]  # [K, 1]
    rule = TruncatedInversion(threshold=threshold, unbiased=False)
    one = tf.ones([])
    b = rule.amplitude(one, believed, one, one)
    arrives = (link.response()[0, 0, :, 0, :1] * b).numpy()[:, 0]
    return arrives[np.abs(b.numpy()[:, 0]) > 0]


# 6. Random participation


def _participation() -> Iterator[Row]:
    devices, size, chance = 8, 64, 0.3
    rng = np.random.default_rng(6)
    updates = tf.constant(rng.normal(size=(devices, size)), tf.float32)
    shares = rng.dirichlet(np.ones(devices))
    terms = Terms(Air(Grid(), Awgn(), devices), size, size // 2, chance)
    uplink = Analog(Identity(), FullInversion())

    def error(key: tf.Tensor) -> tf.Tensor:
        present = keys.uniform(keys.fold(key, "participation"), [devices]) < chance
        weights = tf.where(present, tf.constant(shares / chance, tf.float32), 0.0)
        place = terms.air.init(key)
        round = Round(terms, key, weights, terms.air.draw(place, key, 0.0, terms.slots, 200.0))
        estimate = apply(uplink, uplink.init(terms, place), round, updates)[0]
        return tf.reduce_sum((estimate - shares.astype(np.float32) @ updates.numpy()) ** 2)

    expected = (1 / chance - 1) * float((shares**2 * (updates.numpy() ** 2).sum(1)).sum())
    yield row(f"6  participation {chance}, scaled by 1/{chance}: variance", expected, repeat(error, 4000))


# 13. Dither


def _dither() -> Iterator[Row]:
    size, bits = 100, 4
    x = np.random.default_rng(13).uniform(-1, 1, size).astype(np.float32)
    x[0] = 1.0
    step = 2 / (2**bits - 1)

    def errors(key: tf.Tensor) -> tf.Tensor:
        decoded, _ = Dithered(most_bits=bits).compress(x, tf.constant(1e4), key)
        return decoded - x

    error = repeat(errors, 2000)
    yield row(f"13 dithered quantiser, step {step:.4f}: error variance", step**2 / 12, (error**2).mean(axis=1))
    yield row("13 dithered quantiser: error times input", 0.0, (error * x).mean(axis=1))
