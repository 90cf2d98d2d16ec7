"""TinyScript is M22 without weights on double Weibull laws; at random its mean is right and its error foretold."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from overair.ota.compressors import Known
from overair.ota.compressors.m22 import M22
from overair.ota.compressors.tiny_script import TinyScript
from overair.phy import keys

LAYERS = ((40, 50), (1200,), (30,))


def drawn(size: int, seed: int) -> tf.Tensor:
    values = scipy.stats.dweibull(0.8).rvs(size, random_state=np.random.default_rng(seed))
    return tf.constant(1e-3 * values, tf.float32)


def test_the_nearest_levels_are_those_of_m22_without_weights() -> None:
    x = drawn(3230, 0)
    one = TinyScript(value_bits=2, kept=0.4).compress(x, tf.constant(1e4), keys.key(0), Known(LAYERS))
    other = M22("weibull", 0.0, 2, 0.4).compress(x, tf.constant(1e4), keys.key(0), Known(LAYERS))
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not TinyScript().unbiased and TinyScript(stochastic=True).unbiased


@pytest.mark.parametrize(("bits", "budget"), [(1, 5000.0), (3, 20_000.0), (2, 4000.0)])
def test_at_random_the_mean_is_right_and_the_error_that_of_two_levels(bits: int, budget: float) -> None:
    """For each entry (d/k) (x^2 + (x - low)(high - x)) - x^2, of the levels between which it was rounded."""
    x, draws, scheme = drawn(3230, 1), 1000, TinyScript(value_bits=bits, stochastic=True)

    def one(i: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return scheme.compress(x, tf.constant(budget), keys.key(1, i), Known(LAYERS))

    signature = tf.TensorSpec([3230]), tf.TensorSpec([])
    run = tf.function(lambda: tf.map_fn(one, tf.range(draws), fn_output_signature=signature), autograph=False)
    values, used = (part.numpy().astype(np.float64) for part in run())
    kept = min(int((budget - 32 * (30 + 6)) // bits), 3200)
    assert np.all(used == 32 * (30 + 6) + bits * kept)
    np.testing.assert_array_equal(values[:, 3200:], np.tile(x[3200:], [draws, 1]))  # the small layer
    x64, scale = x.numpy().astype(np.float64)[:3200], 3200 / kept
    off = values[:, :3200].mean(axis=0) - x64
    variance = np.zeros(3200)
    for part in (slice(0, 2000), slice(2000, 3200)):
        found = np.unique(np.abs(values[:, part])) / scale
        levels = found[found > 0]
        assert len(levels) == 2 ** (bits - 1) and levels[-1] == pytest.approx(np.abs(x64[part]).max(), rel=1e-6)
        both = np.concatenate([-levels[::-1], levels])
        place = np.clip(np.searchsorted(both, x64[part]), 1, len(both) - 1)
        spread = (x64[part] - both[place - 1]) * (both[place] - x64[part])
        variance[part] = scale * (x64[part] ** 2 + spread) - x64[part] ** 2
    expected, common = np.sum(variance), variance > 1e-3 * np.mean(variance)  # others change too rarely to be judged
    assert abs(np.mean(off[common] ** 2 * draws / variance[common]) - 1) < 4.5 * (3 / np.sum(common)) ** 0.5
    errors = np.sum((values[:, :3200] - x64) ** 2, axis=1)
    assert abs(errors.mean() - expected) < 4.5 * errors.std() / draws**0.5 + 1e-6 * expected


def test_edges() -> None:
    scheme = TinyScript(value_bits=3, stochastic=True)
    for x in (tf.zeros([3230]), tf.fill([3230], -2.0)):
        decoded, used = scheme.compress(x, tf.constant(2e4), keys.key(0), Known(LAYERS))
        np.testing.assert_allclose(decoded, x, atol=1e-3)
        assert (used > 0) == bool(np.any(x))
    decoded, used = scheme.compress(tf.ones([3230]), tf.constant(32.0 * 9), keys.key(0), Known(LAYERS))
    assert used == 0 and not np.any(decoded)


def test_no_bits_buy_small_layers_alone() -> None:
    """10 float32, 4 laws and an entry of 3 bits take 707 bits; with less, the small layer is one of five that share."""
    x, scheme, known = tf.ones([4410]), TinyScript(value_bits=3, stochastic=True), Known((*[(1100,)] * 4, (10,)))
    for budget, told, small in ((639.0, 480, 0), (706.0, 480, 0), (707.0, 704, 10), (1000.0, 704, 10)):
        run = tf.function(
            lambda i, budget=budget: scheme.compress(x, tf.constant(budget), keys.key(2, i), known), autograph=False
        )
        decoded, used = (np.stack(part) for part in zip(*(run(tf.constant(i)) for i in range(10)), strict=True))
        kept = int((budget - told) // 3)
        assert np.all(used == told + 3 * kept) and kept > 0
        assert np.all(np.count_nonzero(decoded[:, : 4410 - small], axis=1) == kept)
        assert np.all(decoded[:, 4410 - small :] == 1)


def test_the_largest_numbers_are_rounded_without_overflow() -> None:
    """Of 2 a, which is no float32, a value v is the share (v + a)/2a above -a: v itself on average."""
    a = 3e38
    x = tf.constant(np.tile([a, -a, a / 2, 0.0], 800), tf.float32)
    run = tf.function(
        lambda i: TinyScript(value_bits=1, stochastic=True, small=0).compress(x, tf.constant(1e5), keys.key(3, i))[0],
        autograph=False,
    )
    signs = np.stack([run(tf.constant(i)).numpy() / np.float32(a) for i in range(200)])
    np.testing.assert_allclose(np.abs(signs), 1.0)
    assert np.all(signs[:, ::4] == 1) and np.all(signs[:, 1::4] == -1)
    for first, share in ((2, 0.75), (3, 0.5)):
        mean = (signs[:, first::4] > 0).mean()
        assert abs(mean - share) < 4.5 * (share * (1 - share) / (200 * 800)) ** 0.5
