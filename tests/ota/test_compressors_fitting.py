"""QSGD and TernGrad use the bits they are granted, without a bias, and err as a simulation of their rules does."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import coding
from overair.ota.compressors import Compressor, qsgd
from overair.ota.compressors._fitting import fitting
from overair.ota.compressors.qsgd import Qsgd
from overair.ota.compressors.terngrad import TernGrad
from overair.phy import keys


def vector(law: str, size: int) -> np.ndarray:
    return getattr(np.random.default_rng(0), law)(size=size).astype(np.float32)


def compressed(compressor: Compressor, x: np.ndarray, bits: float, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """What is decoded under so many keys [draws, d], and the bits used [draws]."""
    update = tf.constant(x, tf.float32)

    def one(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return compressor.compress(update, tf.constant(bits, tf.float32), keys.key(2, index))

    decoded, used = tf.function(
        lambda: tf.map_fn(one, tf.range(draws), fn_output_signature=(tf.float32, tf.float32)), autograph=False
    )()
    return decoded.numpy().astype(np.float64), used.numpy()


def errors(decoded: np.ndarray, x: np.ndarray) -> np.ndarray:
    return ((decoded - x) ** 2).sum(axis=1) / (x.astype(np.float64) ** 2).sum()


def code_length(levels: np.ndarray) -> float:
    """Of the levels of one message and their signs, as ``coding`` documents it."""
    counts = np.bincount(levels)
    size, alphabet = len(levels), len(counts)
    rice = int(max(size // alphabet, 1)).bit_length() - 1
    header = (counts[:-1] >> rice).sum() + (alphabet - 1) * (rice + 1)
    present = counts[counts > 0]
    payload = (present * np.log2(size / present)).sum() + size / 2048 if len(present) > 1 else 0.0
    return 8 * (math.ceil(header / 8) + math.ceil(payload / 8)) + np.count_nonzero(levels)


def simulated(unit: np.ndarray, s: float, room: float, draws: int) -> np.ndarray:
    """Errors where the most coordinates of a random order are sent whose levels to ``s`` fit, [draws]."""
    rng, size, found = np.random.default_rng(7), len(unit), np.zeros(draws)
    for draw in range(draws):
        order = rng.permutation(size)
        levels = np.floor(s * unit + rng.random(size)).astype(int)
        low, high = 0, size + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if code_length(levels[order[:middle]]) <= room else (low, middle)
        decoded = np.zeros(size)
        decoded[order[:low]] = size / low * levels[order[:low]] / s
        found[draw] = ((decoded - unit) ** 2).sum() / (unit**2).sum()
    return found


def assert_equal_means(one: np.ndarray, other: np.ndarray, relative: float) -> None:
    """To 4.5 standard errors, and the part that a ladder of 256 rungs may leave unused."""
    noise = math.hypot(one.std() / len(one) ** 0.5, other.std() / len(other) ** 0.5)
    assert abs(one.mean() - other.mean()) < 4.5 * noise + relative * other.mean()


@pytest.mark.parametrize(
    ("compressor", "law", "size", "bits", "most"),
    [
        (Qsgd(), "laplace", 650, 600.0, 2.3),
        (Qsgd(), "laplace", 7850, 3000.0, 8.0),
        (Qsgd(), "normal", 7850, 31_400.0, 0.015),
        (Qsgd(), "laplace", 300, 700.0, 0.25),
        (TernGrad(), "laplace", 777, 486.0, 4.2),
        (TernGrad(), "normal", 7850, 1000.0, 26.0),
    ],
    ids=str,
)
def test_bits_that_are_granted_are_used(compressor: Compressor, law: str, size: int, bits: float, most: float) -> None:
    """At a slack of six deviations, QSGD spent 311 of the first 600 and erred by 7.8, TernGrad 330 of 486 and 6.5."""
    x = vector(law, size)
    decoded, used = compressed(compressor, x, bits, 100)
    assert used.max() <= bits and used.mean() > 0.965 * bits
    assert errors(decoded, x).mean() < most


@pytest.mark.parametrize(
    ("compressor", "size", "bits"),
    [
        (Qsgd(), 5, 110.0),
        (Qsgd(), 20, 150.0),
        (Qsgd(), 300, 700.0),
        (Qsgd(), 300, 900.0),
        (Qsgd(), 650, 600.0),
        (TernGrad(), 60, 100.0),
        (TernGrad(), 777, 486.0),
        (TernGrad(), 777, 200.0),
    ],
    ids=str,
)
def test_a_code_of_random_length_leaves_no_bias(compressor: Compressor, size: int, bits: float) -> None:
    """Along x, |x| and sign(x), where a choice by length would shrink or stretch, and along random signs."""
    x, draws = vector("laplace", size), 2000
    decoded, used = compressed(compressor, x, bits, draws)
    signs = np.random.default_rng(9).choice([-1.0, 1.0], [size, 9])
    along = (decoded - x) @ np.column_stack([x, np.abs(x), np.sign(x), signs])  # [draws, 12]
    assert np.all(used > 0)
    assert np.all(np.abs(along.mean(axis=0)) < 4.5 * along.std(axis=0) / draws**0.5 + 1e-5 * np.abs(x).sum())


@pytest.mark.parametrize(("size", "bits"), [(300, 700.0), (300, 1500.0), (650, 600.0), (2000, 650.0)])
def test_qsgd_errs_as_a_simulation_of_its_rule(size: int, bits: float) -> None:
    x = vector("laplace", size)
    unit = np.abs(x) / np.linalg.norm(x)
    room = bits - qsgd.SIDE_BITS
    s = float(qsgd.plan(tf.constant(unit), tf.constant(room, tf.float64)).s)
    decoded, _ = compressed(Qsgd(), x, bits, 600)
    assert_equal_means(errors(decoded, x), simulated(unit, s, room, 200), 0.01)
    for row in np.abs(decoded[:20]):
        step = row[row > 0].min()
        np.testing.assert_allclose(row / step, np.round(row / step), atol=1e-3)


@pytest.mark.parametrize("bits", [800.0, 3000.0])
def test_terngrad_errs_as_a_simulation_of_its_rule(bits: float) -> None:
    x = vector("laplace", 6000) * (np.arange(6000) % 5 == 0)
    decoded, _ = compressed(TernGrad(), x, bits, 400)
    assert_equal_means(errors(decoded, x), simulated(np.abs(x) / np.abs(x).max(), 1.0, bits - 47, 100), 0.01)


@pytest.mark.parametrize(("law", "size", "bits"), [("laplace", 650, 600.0), ("normal", 2000, 2000.0)])
def test_no_other_scale_of_qsgd_errs_by_less(law: str, size: int, bits: float) -> None:
    x = vector(law, size)
    unit, room = np.abs(x) / np.linalg.norm(x), bits - qsgd.SIDE_BITS
    s = float(qsgd.plan(tf.constant(unit), tf.constant(room, tf.float64)).s)
    best, others = simulated(unit, s, room, 60), [simulated(unit, s * by, room, 60) for by in (0.5, 0.7, 1.4, 2.0)]
    assert best.mean() < 1.02 * min(other.mean() for other in others)


@pytest.mark.parametrize("draw", [lambda rng: rng.poisson(0.1, 2000), lambda rng: rng.integers(0, 300, 700)])
@pytest.mark.parametrize("share", [0.2, 0.9])
def test_what_fits_takes_the_bits_of_a_real_coder(
    draw: Callable[[np.random.Generator], np.ndarray], share: float
) -> None:
    level = draw(np.random.default_rng(0)).astype(np.int32)
    room = share * code_length(level)
    run = tf.function(lambda: fitting(tf.constant(level), share * len(level), room, keys.key(0)), autograph=False)
    sent = run()
    chosen = level[sent.chosen.numpy()]
    real = 8 * len(coding.encode(chosen, chosen.max() + 1)) + np.count_nonzero(chosen)
    assert real <= float(sent.bits) <= room and float(sent.bits) <= 1.01 * real + 64
    assert float(sent.bits) > 0.97 * room - 16 and float(sent.scale) == pytest.approx(len(level) / len(chosen))


def test_where_no_coordinate_fits_nothing_is_sent() -> None:
    sent = fitting(tf.constant([5, 9, 7]), tf.constant(3.0), tf.constant(8.0, tf.float64), keys.key(0))
    assert not np.any(sent.chosen) and float(sent.scale) == 0 and float(sent.bits) == 0
