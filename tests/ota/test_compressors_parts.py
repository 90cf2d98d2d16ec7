"""What compressors share: subsets of exactly k, and how many positions some bits pay for."""

import math

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import subsets
from overair.ota.compressors import _positions
from overair.phy import keys


@pytest.mark.parametrize("size", [1, 2, 37, 5000])
def test_the_largest_are_those_that_sorting_finds(size: int) -> None:
    x = np.random.default_rng(size).normal(size=size).astype(np.float32)
    x[size // 2 :] = np.round(x[size // 2 :]) + 0.0  # equal ones, and zeros without a sign
    find = tf.function(lambda count: subsets.largest(subsets.order(tf.constant(x)), count), autograph=False)
    order = np.lexsort((np.arange(size), -x))  # of equal ones the first
    for count in {0, 1, size // 3, size - 1, size}:
        assert set(np.flatnonzero(find(tf.constant(count)))) == set(order[:count])


def test_of_equal_ones_the_first_are_taken() -> None:
    found = subsets.largest(subsets.order(tf.constant([1.0, 2.0, 1.0, 1.0, 1.0])), tf.constant(3))
    assert found.numpy().tolist() == [True, True, True, False, False]


def test_extreme_numbers_stand_in_order() -> None:
    values = np.array([-3e38, -1.0, -1e-30, -1e-42, 0.0, 1e-42, 1e-30, 1.0, 3e38], np.float32)
    order = subsets.order(tf.constant(values)).numpy().view(np.uint32)
    assert np.all(np.diff(order.astype(np.int64)) > 0)


def test_random_subsets_hold_each_place_and_each_pair_equally_often() -> None:
    draws, size, kept = 6000, 12, 5

    def subset(i: tf.Tensor) -> tf.Tensor:
        return subsets.random(keys.key(2, i), size, tf.constant(kept))

    drawn = tf.function(lambda: tf.map_fn(subset, tf.range(draws), tf.bool), autograph=False)()
    chosen = drawn.numpy().astype(float)
    assert np.all(chosen.sum(axis=1) == kept)
    together = chosen.T @ chosen / draws
    for found, chance in (
        (np.diag(together), kept / size),
        (together[np.triu_indices(size, 1)], kept * (kept - 1) / (size * (size - 1))),
    ):
        assert np.all(np.abs(found - chance) < 4.5 * (chance * (1 - chance) / draws) ** 0.5)


@pytest.mark.parametrize(("size", "kept"), [(1, 1), (7, 3), (1000, 77), (61_706, 30_853), (3_000_000, 12)])
def test_positions_take_the_logarithm_of_how_many_choices_there_are(size: int, kept: int) -> None:
    top, exact = math.comb(size, kept), 0.0
    shift = max(top.bit_length() - 900, 0)
    exact = math.log2(top >> shift) + shift
    assert float(_positions.position_bits(size, tf.constant(kept))) == pytest.approx(exact, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize("value_bits", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("size", [1, 2, 9, 300])
def test_the_most_that_fit_are_those_that_trying_all_finds(size: int, value_bits: float) -> None:
    most = size if value_bits else max(size // 2, 1)
    costs = [math.log2(math.comb(size, k)) + value_bits * k for k in range(most + 1)]
    for room in np.concatenate([[-1.0], np.linspace(0, max(costs) + 1, 41) + 1e-6]):
        fits = [k for k in range(1, most + 1) if costs[k] <= room]
        assert int(_positions.most_that_fit(size, tf.constant(room, tf.float64), value_bits, most)) == max(
            fits, default=0
        )


@pytest.mark.parametrize("most", [1, 2, 255, 256, 257, 70_000])
def test_the_last_that_fits_is_found(most: int) -> None:
    for limit in map(tf.constant, {0, 1, 2, 255, 256, 257, 65_535, 65_536, most - 1, most, most + 5}):
        assert int(_positions.last(limit.__ge__, most)) == min(limit, most)
