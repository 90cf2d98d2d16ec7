"""Numbers in place of devices: random bits, orders of which any entry is had by itself, and draws by number."""

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.phy import keys, numbered
from overair.phy.numbered import Numbered

KEY = keys.key(3, "numbered")
FEW = Numbered(KEY, tf.range(20_000, dtype=tf.int64))
MASK = 2**64 - 1


def mixed(x: int) -> int:
    """Splitmix64 in whole numbers of any length, as published."""
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def signed(x: int) -> int:
    return x - 2**64 if x >= 2**63 else x


def by_hand(key: tuple[int, int], *numbers: int) -> int:
    bits = mixed((mixed(key[0] & MASK) + key[1]) & MASK)
    for number in numbers:
        bits = mixed((bits + number) & MASK)
    return bits


def walked(key: tuple[int, int], place: int, size: int) -> int:
    """A Feistel network on a rectangle that holds so many, walked."""
    rows = math.isqrt(size - 1) + 1
    columns = math.ceil(size / rows)
    own = by_hand(key)
    while True:
        left, right = divmod(place, columns)
        for round in range(0, 10, 2):
            left = (left + (mixed((own + right + round * 2**44) & MASK) >> 1)) % rows
            right = (right + (mixed((own + left + (round + 1) * 2**44) & MASK) >> 1)) % columns
        place = left * columns + right
        if place < size:
            return place


def test_the_mixing_is_that_of_splitmix64() -> None:
    """The first outputs of the generator at seed 1234567, which many libraries print."""
    outputs = 6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431
    seeds = [(1234567 + step * 0x9E3779B97F4A7C15) & MASK for step in range(4)]
    assert [mixed(seed) for seed in seeds] == list(outputs)
    ours = numbered._mixed(tf.constant([signed(seed) for seed in seeds], tf.int64))
    assert ours.numpy().tolist() == [signed(output) for output in outputs]


def test_bits_are_those_by_hand() -> None:
    for key in ((5, -7), (-(2**63), 2**63 - 1)):
        ours = numbered.hashed(tf.constant(key, tf.int64), tf.constant([0, 1, 10**12], tf.int64)[:, None], tf.range(3))
        for row, number in enumerate((0, 1, 10**12)):
            for column in range(3):
                assert int(ours[row, column]) == signed(by_hand(key, number, column))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 17, 100, 1000, 4097])
def test_an_order_holds_everybody_once(size: int) -> None:
    found = numbered.in_order(KEY, tf.range(size), size)
    assert sorted(found.numpy()) == list(range(size))
    assert found.numpy()[:9].tolist() == [walked(tuple(KEY.numpy().tolist()), at, size) for at in range(min(size, 9))]


def test_orders_of_a_million_and_of_a_trillion() -> None:
    for size in (10**6, 10**12, 2**40):
        found = numbered.in_order(KEY, tf.range(3000), size).numpy()
        assert len(set(found)) == 3000 and found.min() >= 0 and found.max() < size
        assert stats.kstest(found / size, "uniform").pvalue > 1e-3
        assert found[:3].tolist() == [walked(tuple(KEY.numpy().tolist()), at, size) for at in range(3)]


def test_sizes_and_keys_may_go_by_row() -> None:
    sizes, several = tf.constant([[1], [7], [300]], tf.int64), tf.stack([keys.key(row) for row in range(3)])[:, None]
    found = numbered.in_order(several, tf.zeros([1, 1], tf.int64), sizes)
    for row, size in enumerate((1, 7, 300)):
        assert int(found[row, 0]) == int(numbered.in_order(keys.key(row), tf.constant(0), size))


@pytest.mark.parametrize(("size", "count"), [(5, 2), (8, 3), (20, 5)])
def test_every_set_is_as_likely(size: int, count: int) -> None:
    """Chances of one and of two to be in it, counted over orders under other keys; 4 rounds of Feistel fail this."""
    orders = 20_000
    several = tf.random.stateless_uniform([orders, 1, 2], [1, 2], None, None, tf.int64)
    found = numbered.in_order(several, tf.range(count)[None], size).numpy()
    inside = np.zeros([orders, size])
    np.put_along_axis(inside, found, 1, 1)
    one, both = count / size, count * (count - 1) / size / (size - 1)
    once, pairs = inside.mean(0), inside.T @ inside / orders
    assert np.abs(once - one).max() < 4.5 * np.sqrt(one * (1 - one) / orders)
    apart = [pairs[i, j] for i, j in itertools.combinations(range(size), 2)]
    assert np.abs(np.array(apart) - both).max() < 4.5 * np.sqrt(both * (1 - both) / orders)


def test_the_variance_of_a_mean_is_that_of_sampling_without_replacement() -> None:
    """S^2 (1/C - 1/K), of values that follow the bits of numbers, which a weak order would keep together."""
    size, count, orders = 1000, 100, 10_000
    several = tf.random.stateless_uniform([orders, 1, 2], [3, 4], None, None, tf.int64)
    found = numbered.in_order(several, tf.range(count)[None], size).numpy()
    who = np.arange(size)
    for values in (who, who & 1, (who >> 5) & 1, who < 32, np.random.default_rng(0).normal(size=size)):
        predicted = np.var(values, ddof=1) * (1 / count - 1 / size)
        off = (values[found].mean(1) - values.mean()) ** 2
        assert abs(off.mean() - predicted) < 4.5 * off.std() / np.sqrt(orders)
        assert abs(values[found].mean() - values.mean()) < 4.5 * np.sqrt(predicted / orders)


def test_draws_by_number_have_the_law_of_draws() -> None:
    assert stats.kstest(keys.uniform(FEW, [20_000], -2.0, 5.0), stats.uniform(-2, 7).cdf).pvalue > 1e-3
    assert stats.kstest(keys.uniform(FEW, [1, 20_000], dtype=tf.float64)[0], "uniform").pvalue > 1e-3
    assert stats.kstest(keys.normal(FEW, [20_000]), "norm").pvalue > 1e-3
    counts = np.bincount(keys.whole(FEW, [20_000, 1], 3, 10)[:, 0] - 3, minlength=7)
    assert len(counts) == 7 and stats.chisquare(counts).pvalue > 1e-3
    kinds = (keys.uniform(FEW, [20_000]), keys.normal(FEW, [20_000]), keys.whole(FEW, [20_000], 0, 1000))
    apart = (keys.uniform(keys.fold(FEW, word), [20_000]) for word in ("one", "two"))
    related = np.corrcoef([*kinds, *apart, np.roll(kinds[0], 1)])
    assert np.abs(related - np.eye(6)).max() < 4.5 / np.sqrt(20_000)


def test_a_number_is_who_it_is_in_any_company() -> None:
    some = FEW._replace(numbers=tf.constant([77, 5, 19_999], tf.int64))
    for draw in (keys.uniform, keys.normal, lambda key, shape: keys.whole(key, shape, 0, 100)):
        everybody, three = draw(keys.fold(FEW, "x"), [20_000]), draw(keys.fold(some, "x"), [1, 3])
        assert np.array_equal(three[0], tf.gather(everybody, [77, 5, 19_999]))
        assert np.array_equal(draw(keys.fold(some, "x"), [2, 1])[:, 0], three[0, :2])
    rows = FEW.bits(4, 3)
    assert np.array_equal(some.bits(4, 3), tf.gather(rows, [77, 5, 19_999]))
    assert len(np.unique(rows)) == 20_000 * 12


def test_the_ends_are_inside() -> None:
    ends = tf.constant([0, -1, 2**63 - 1, -(2**63)], tf.int64)
    for dtype in (tf.float32, tf.float64):
        unit = numbered.unit(ends, dtype).numpy()
        assert unit.dtype == dtype.as_numpy_dtype and unit.min() == 0 and 0.999 < unit.max() < 1
    assert np.all(np.isfinite(numbered.normal(ends, tf.float64)))
    with pytest.raises(tf.errors.InvalidArgumentError):
        keys.uniform(FEW, [2, 20_000])
