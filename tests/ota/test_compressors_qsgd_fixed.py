"""QSGD of fixed length errs by the fractions of its levels, within its bound, and takes the finest levels that fit."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Qcs, QsgdFixed, RandomK
from overair.ota.errors import compressing
from overair.phy import keys

SIZE = 300


def length(bits: float, bucket: int) -> float:
    """Of entries of so many bits with a norm for each bucket."""
    return SIZE * bits + 32 * -(-SIZE // bucket)


@pytest.mark.parametrize(("bits", "s"), [(2.0, 1), (3.0, 3), (6.1, 33)])
@pytest.mark.parametrize("bucket", [60, 70, 300])
def test_it_errs_by_the_fractions_of_its_levels(bits: float, s: int, bucket: int) -> None:
    x = np.random.default_rng(0).laplace(size=SIZE)
    errors, used = compressing(QsgdFixed(bucket=bucket), SIZE, 400)(x, [length(bits, bucket)], keys.key(0))
    parts = np.pad(x, [0, -SIZE % bucket]).reshape(-1, bucket)
    norms = np.linalg.norm(parts, axis=1, keepdims=True)
    up = s * np.abs(parts) / norms % 1  # the chance of the next level: errs by 1 - up, and by up otherwise
    energy = s**2 * (x**2).sum()
    expected = (norms**2 * up * (1 - up)).sum() / energy
    spread = (norms**4 * up * (1 - up) * (1 - 2 * up) ** 2).sum() ** 0.5 / energy
    assert abs(errors.mean() - expected) < 4.5 * spread / 20
    np.testing.assert_allclose(used, length(np.log2(2 * s + 1), bucket), rtol=1e-5)
    assert expected < QsgdFixed(bucket=bucket).error_bound(SIZE, length(bits, bucket))


@pytest.mark.parametrize("s", [1, 2, 3, 127, 32767])
def test_levels_are_the_finest_that_fit(s: int) -> None:
    x, exact = tf.constant(np.random.default_rng(1).normal(size=SIZE), tf.float32), length(np.log2(2 * s + 1), SIZE)
    enough, short = (np.float32(exact * (1 + off)) for off in (1e-6, -1e-6))
    fine, used = QsgdFixed().compress(x, tf.constant(enough), keys.key(0))
    _, fewer = QsgdFixed().compress(x, tf.constant(short), keys.key(0))
    assert used <= enough and abs(float(used) - exact) < 1e-6 * exact
    assert fewer <= short and abs(float(fewer) - (length(np.log2(2 * s - 1), SIZE) if s > 1 else 0)) < 1e-6 * exact
    levels = np.abs(fine) / np.linalg.norm(x) * s
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-5 * s)


def test_where_three_levels_do_not_fit_it_is_silent() -> None:
    x = tf.constant(np.random.default_rng(1).normal(size=SIZE), tf.float32)
    value, used = QsgdFixed(bucket=60).compress(x, tf.constant(length(1.58, 60), tf.float32), keys.key(0))
    assert not np.any(value) and used == 0
    assert QsgdFixed(bucket=60).error_bound(SIZE, length(1.58, 60)) == np.inf


def test_its_bound_is_the_smaller_of_two() -> None:
    """At 3 bits an entry there are levels up to s = 3: min(b/s^2, sqrt(b)/s), of which either may be the smaller."""
    assert QsgdFixed().error_bound(10_000, 3.0 * 10_000 + 32) == pytest.approx(100 / 3)
    assert QsgdFixed(bucket=4).error_bound(25, 3.0 * 25 + 7 * 32) == pytest.approx(4 / 9)
    assert QsgdFixed().error_bound(4, 3.0 * 4 + 32) == pytest.approx(4 / 9)


def test_bounds_of_others_are_those_of_their_papers() -> None:
    """d/k - 1 for random-k; (4.10) for QCS at 256 of 1,024 with a bit each, of which the mmse decoder has g/(1 + g)."""
    assert RandomK().error_bound(1000, 32 * 125.0) == 7.0 and RandomK().error_bound(1000, 31.0) == np.inf
    g = 1024 / 256 - 1 + 1024 / (4 * 0.25) * np.log(256) / 255
    coarse = Qcs().error_bound(1024, 32.0 + 256)
    assert coarse <= g * (1 + 1e-9)  # or better with fewer coordinates and finer steps
    assert Qcs(decoder="mmse").error_bound(1024, 32.0 + 256) == pytest.approx(coarse / (1 + coarse))
    assert Qcs().error_bound(1024, 10.0) == np.inf and Qcs(decoder="mmse").error_bound(1024, 10.0) == 1.0
