"""Rotated quantisation: its levels, its error at every number of bits, and that it hardly errs on average."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from overair.ota import Eden
from overair.ota.compressors.eden import lloyd_max
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


def test_on_average_over_keys_a_dense_update_comes_back() -> None:
    x = keys.normal(keys.key(0), [512])
    draws = decoded(x, 32.0 + 512, 800)
    error = draws.std(axis=0) / 800**0.5
    assert np.mean(np.abs(draws.mean(axis=0) - x) < 3 * error) > 0.98


def test_more_bits_than_eight_a_coordinate_are_not_used() -> None:
    used = Eden().compress(keys.normal(keys.key(0), [64]), tf.constant(1e6), keys.key(1))[1]
    assert float(used) == 32 + 8 * 64
