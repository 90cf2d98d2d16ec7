"""Rotated quantisation: its levels, its error at every number of bits, and that it hardly errs on average."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from overair.ota import Eden
from overair.ota.compressors._lloyd_max import lloyd_max
from overair.phy import keys

SIZE = 4096


def decoded(x: tf.Tensor, bits: float, draws: int) -> np.ndarray:
    def one(index: tf.Tensor) -> tf.Tensor:
        return Eden().compress(x, tf.constant(bits), keys.key(1, index))[0]

    return tf.function(lambda: tf.map_fn(one, tf.range(draws), tf.float32), autograph=False)().numpy()


def distortion(bits: int) -> float:
    """Of the levels on N(0, 1), by numerical integration."""
    levels = lloyd_max(bits)

    def error(x: float) -> float:
        return float(np.min((x - levels) ** 2) * scipy.stats.norm.pdf(x))

    edges = np.concatenate([[-9.0], (levels[1:] + levels[:-1]) / 2, [9.0]])
    return sum(scipy.integrate.quad(error, a, b)[0] for a, b in zip(edges[:-1], edges[1:], strict=True))


@pytest.mark.parametrize(("bits", "printed"), [(1, 0.570796), (2, 0.133121), (3, 0.035784), (4, 0.009592)])
def test_the_error_is_that_of_the_published_bits(bits: int, printed: float) -> None:
    expected = 1 / (1 - distortion(bits)) - 1
    assert expected == pytest.approx(printed, abs=1e-6)
    x = keys.normal(keys.key(0), [SIZE])
    errors = ((decoded(x, 32.0 + bits * SIZE, 100) - x) ** 2).numpy().sum(axis=1) / float(tf.reduce_sum(x**2))
    assert abs(errors.mean() - expected) < 4.5 * errors.std() / 10 + 2 * expected / SIZE**0.5 * 0.1


@pytest.mark.parametrize("kept", [256, 1024])
def test_less_than_a_bit_a_coordinate_errs_as_foretold(kept: int) -> None:
    x = keys.normal(keys.key(0), [SIZE])
    errors = ((decoded(x, 32.0 + kept, 200) - x) ** 2).numpy().sum(axis=1) / float(tf.reduce_sum(x**2))
    assert abs(errors.mean() - (SIZE / kept * np.pi / 2 - 1)) < 4.5 * errors.std() / 200**0.5


@pytest.mark.parametrize(("bits", "printed"), [(1.5, 0.316536), (1.9, None), (2.25, None), (3.5, None), (7.5, None)])
def test_between_two_depths_the_error_is_that_of_their_mean_distortion(bits: float, printed: float | None) -> None:
    """D/(1 - D) at the mean D: both depths have one scale, |x|^2/<v, q>; with a scale each it would be more."""
    low, part = int(bits), bits % 1
    mean = (1 - part) * distortion(low) + part * distortion(low + 1)
    expected = mean / (1 - mean)
    assert printed is None or expected == pytest.approx(printed, abs=1e-6)
    x = keys.normal(keys.key(0), [SIZE])
    draws = decoded(x, 32.0 + bits * SIZE, 100) - x
    errors = (draws**2).numpy().sum(axis=1) / float(tf.reduce_sum(x**2))
    assert abs(errors.mean() - expected) < 4.5 * errors.std() / 10 + 2 * expected / SIZE**0.5 * 0.1


def test_the_error_falls_smoothly_with_the_bits_and_all_of_them_are_used() -> None:
    x = keys.normal(keys.key(0), [SIZE])
    energy = float(tf.reduce_sum(x**2))
    run = tf.function(Eden().compress, autograph=False)
    errors, rates = [], np.arange(0.5, 8.01, 0.25)
    for rate in rates:
        bits = tf.constant(32.0 + rate * SIZE, tf.float32)
        value, used = run(x, bits, keys.key(3))
        assert float(used) == float(bits)
        errors.append(float(tf.reduce_sum((value - x) ** 2)) / energy)
    falls = -np.diff(np.log2(1 - 1 / (1 + np.array(errors))))  # of log2 D, which falls by 2 a bit and less at few
    assert falls.min() > 0.1 and falls.max() < 1.0


def test_bits_a_fraction_of_a_coordinate_are_worth_their_share() -> None:
    """Not one bit in 2.5 a coordinate is left, at sizes that need padding and blocks, and never one too many."""
    for size in (7, 650, 1000):
        x = keys.normal(keys.key(0), [size])
        for bits in np.linspace(33, 32 + 9 * size, 23):
            used = float(Eden().compress(x, tf.constant(bits, tf.float32), keys.key(1))[1])
            assert used <= np.float32(bits) and (used > bits - 1 or bits > 32 + 8 * size)


def test_on_average_over_keys_a_dense_update_comes_back() -> None:
    x = keys.normal(keys.key(0), [512])
    draws = decoded(x, 32.0 + 512, 800)
    error = draws.std(axis=0) / 800**0.5
    assert np.mean(np.abs(draws.mean(axis=0) - x) < 3 * error) > 0.98


def test_more_bits_than_eight_a_coordinate_are_not_used() -> None:
    used = Eden().compress(keys.normal(keys.key(0), [64]), tf.constant(1e6), keys.key(1))[1]
    assert float(used) == 32 + 8 * 64
