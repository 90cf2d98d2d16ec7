"""Keys: streams of neighbours are strangers, numbers do not depend on how code is run, and distributions are right."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats
from sionna.phy import config

from overair.phy import Rayleigh, Size, Span, keys
from overair.phy.sionna_rng import keyed

PLACE = keys.key(0, "place")

UNLIKELY = 1e-5  # chance of a false alarm, were the seeds drawn anew


def neighbours() -> list[tf.Tensor]:
    """Keys of neighbouring seeds, rounds and devices; 1000 and 1001 are the pair that TensorFlow's reset confuses."""
    names = itertools.product((1000, 1001, 1002), (0, 1), (0, 1, 2))
    return [keys.key(seed, "round", number, "device", device) for seed, number, device in names]


def stateless_integers(key: tf.Tensor) -> np.ndarray:
    return tf.random.stateless_uniform([1024], key, minval=None, maxval=None, dtype=tf.int64).numpy()


def sionna_integers(key: tf.Tensor) -> np.ndarray:
    keyed(key)
    return config.tf_rng.uniform_full_int([1024], dtype=tf.uint64).numpy()


def stateless_normals(key: tf.Tensor) -> np.ndarray:
    return keys.normal(key, [4096]).numpy()


def sionna_gains(key: tf.Tensor) -> np.ndarray:
    return (
        Rayleigh().draw(Size(1, 1, 4096), Span(0.0, 1, 1.0), key, PLACE).a.numpy().ravel() * 2**0.5
    )  # variance 1 in each part


@pytest.mark.parametrize("integers", [stateless_integers, sionna_integers])
def test_neighbouring_keys_share_no_draws(integers: Callable[[tf.Tensor], np.ndarray]) -> None:
    draws = np.concatenate([integers(key) for key in neighbours()])
    assert len(np.unique(draws)) == len(draws)  # of 2^64 numbers two of these are equal by chance with 1e-11


@pytest.mark.parametrize("draw", [stateless_normals, sionna_gains])
def test_neighbouring_keys_have_no_lagged_correlation(draw: Callable[[tf.Tensor], np.ndarray]) -> None:
    streams = [draw(key) for key in neighbours()]
    streams = [
        part for stream in streams for part in ([stream.real, stream.imag] if stream.dtype == "c8" else [stream])
    ]
    spectra = np.fft.fft(np.array(streams), axis=1)
    size, pairs = len(streams[0]), list(itertools.combinations(range(len(streams)), 2))
    worst = max(np.abs(np.fft.ifft(spectra[i] * spectra[j].conj()).real).max() for i, j in pairs)
    # Each correlation is a sum of `size` products of variance 1, so N(0, size); there are size * pairs of them.
    assert worst < stats.norm.isf(UNLIKELY / (2 * size * len(pairs))) * size**0.5


def test_a_stream_has_no_correlation_with_itself_at_another_lag() -> None:
    stream = stateless_normals(keys.key(3))
    lags = np.fft.ifft(np.abs(np.fft.fft(stream)) ** 2).real[1:]
    assert np.abs(lags).max() < stats.norm.isf(UNLIKELY / (2 * len(lags))) * len(stream) ** 0.5


def test_keys_are_the_same_eagerly_in_a_graph_and_in_a_loop() -> None:
    eager = [keys.fold(keys.key(5, "round", 2), "device", i).numpy() for i in range(3)]
    graph = tf.function(lambda seed, i: keys.fold(keys.key(seed, "round", 2), "device", i))
    loop = tf.function(
        lambda: tf.map_fn(lambda i: keys.fold(keys.key(5, "round", 2), "device", i), tf.range(3), tf.int64)
    )
    assert np.array_equal(eager, [graph(tf.constant(5), tf.constant(i)) for i in range(3)])
    assert np.array_equal(eager, loop())
    assert eager[0].dtype == np.int64 and eager[0].shape == (2,)


def test_numbers_and_integer_tensors_of_any_width_name_the_same_key() -> None:
    parts = [7, tf.constant(7, tf.int32), tf.constant(7, tf.int64)]
    assert len({tuple(keys.fold(keys.key(0), part).numpy()) for part in parts}) == 1


def test_every_part_and_its_place_matter() -> None:
    root = keys.key(0)
    names = [(1, 2), (2, 1), (1,), (2,), (1, 2, 0), ("1", "2"), ("a", "b"), ("ab",), ("b", "a"), (-1,), (2**62,)]
    assert len({tuple(keys.fold(root, *name).numpy()) for name in names}) == len(names)


def test_a_folded_key_is_not_among_the_numbers_drawn_with_the_key() -> None:
    for key in neighbours():
        drawn = stateless_integers(key)
        assert not np.isin([keys.fold(key, part) for part in (0, 1, "noise")], drawn).any()


def test_sionnas_draws_depend_on_the_key_and_on_nothing_before() -> None:
    first = sionna_integers(keys.key(1))
    config.tf_rng.normal([17])
    config.seed = 3
    again = sionna_integers(keys.key(1))
    assert np.array_equal(first, again)


def test_sionnas_draws_are_the_same_eagerly_in_a_graph_and_in_a_loop() -> None:
    def draw(i: tf.Tensor) -> tf.Tensor:
        return Rayleigh().draw(Size(1, 2, 3), Span(0.0, 1, 1.0), keys.key(0, i), PLACE).a

    eager = np.stack([draw(tf.constant(i)) for i in range(3)])
    graph = tf.function(draw)
    loop = tf.function(lambda: tf.map_fn(draw, tf.range(3), tf.complex64, parallel_iterations=1))
    assert np.array_equal(eager, np.stack([graph(tf.constant(i)) for i in range(3)]))
    assert np.array_equal(eager, loop())


def test_normal_is_standard_normal() -> None:
    draws = keys.normal(keys.key(1), [20_000]).numpy()
    assert stats.kstest(draws, "norm").pvalue > UNLIKELY


def test_uniform_is_uniform_between_its_bounds() -> None:
    draws = keys.uniform(keys.key(1), [20_000], -2.0, 3.0).numpy()
    assert stats.kstest(draws, stats.uniform(-2, 5).cdf).pvalue > UNLIKELY
    assert draws.min() >= -2 and draws.max() < 3


def test_complex_normal_is_circular_with_unit_power() -> None:
    draws = keys.complex_normal(keys.key(1), [100, 200]).numpy().ravel()
    assert stats.kstest(np.abs(draws) ** 2, "expon").pvalue > UNLIKELY
    assert stats.kstest(np.angle(draws), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > UNLIKELY
    assert stats.kstest(draws.imag, stats.norm(scale=0.5**0.5).cdf).pvalue > UNLIKELY
    assert abs(np.mean(draws**2)) < 4 * (2 / len(draws)) ** 0.5  # E|z^2|^2 = 2


def test_signs_are_fair() -> None:
    draws = keys.signs(keys.key(1), [20_000]).numpy()
    assert set(np.unique(draws)) == {-1.0, 1.0}
    assert abs(draws.mean()) < 4 / 20_000**0.5


def test_permutation_is_uniform_over_orders() -> None:
    draw = tf.function(lambda: tf.map_fn(lambda i: keys.permutation(keys.key(1, i), 3), tf.range(1200)))
    orders = draw().numpy()
    assert np.array_equal(np.sort(orders, axis=1), np.tile(np.arange(3), (1200, 1)))
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 6 and stats.chisquare(counts).pvalue > UNLIKELY


@pytest.mark.parametrize("wide", [False, True])
def test_draws_have_the_precision_asked_for(wide: bool) -> None:
    real, field = (tf.float64, tf.complex128) if wide else (tf.float32, tf.complex64)
    key = keys.key(0)
    assert keys.normal(key, [2], dtype=real).dtype == real
    assert keys.uniform(key, [2], dtype=real).dtype == real
    assert keys.signs(key, [2], dtype=real).dtype == real
    assert keys.complex_normal(key, [2], dtype=field).dtype == field
