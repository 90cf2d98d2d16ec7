"""Dithered quantisation: errors of known variance that owe nothing to the input, within the bits that there are."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.ota import Dithered
from overair.phy import keys

PLENTY = 1e9  # bits


def decoded(compressor: Dithered, update: tf.Tensor, bits: float, draws: int) -> np.ndarray:
    """What is decoded under so many keys, [draws, d]."""
    one = tf.function(
        lambda: tf.map_fn(
            lambda i: compressor.compress(update, tf.constant(bits), keys.key(1, i))[0], tf.range(draws), tf.float32
        ),
        autograph=False,
    )
    return one().numpy()


def update(size: int) -> tf.Tensor:
    return keys.normal(keys.key(0), [size]) * tf.linspace(0.0, 2.0, size)


def predicted(x: np.ndarray, bits: float, most_bits: int) -> tuple[float, float, int]:
    """NMSE, bits used and depth of the best choice, searched by hand."""
    size, peak = len(x), len(x) * np.max(np.abs(x)) ** 2 / (x**2).sum()
    choices = []
    for depth in range(1, most_bits + 1):
        kept = min(size, int((bits - 36) // depth))
        if kept > 0:
            error = (size / kept) * (1 + peak / (3 * (2**depth - 1) ** 2)) - 1
            choices.append((error, 36.0 + kept * depth, depth))
    return min(choices)


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_the_error_is_uniform_over_a_step_for_every_input(depth: int) -> None:
    x, draws = update(40).numpy(), 2500
    error = decoded(Dithered(most_bits=depth), tf.constant(x), PLENTY, draws) - x
    step = 2 * np.abs(x).max() / (2**depth - 1)
    # A uniform error has variance D^2/12; its square has deviation D^2/sqrt(180). 40 inputs are looked at.
    assert np.all(np.abs((error**2).mean(axis=0) - step**2 / 12) < 4.5 * step**2 / 180**0.5 / draws**0.5)
    assert np.all(np.abs(error.mean(axis=0)) < 4.5 * step / 12**0.5 / draws**0.5)
    for coordinate in (0, 17, int(np.argmax(np.abs(x)))):
        assert stats.kstest(error[:, coordinate], stats.uniform(-step / 2, step).cdf).pvalue > 1e-5


@pytest.mark.parametrize("depth", [1, 4])
def test_the_error_is_uncorrelated_with_the_input_and_between_coordinates(depth: int) -> None:
    x, draws = update(40).numpy(), 2500
    error = decoded(Dithered(most_bits=depth), tf.constant(x), PLENTY, draws) - x
    inner = error @ x / np.linalg.norm(x)  # its variance is that of one error
    step = 2 * np.abs(x).max() / (2**depth - 1)
    assert abs(inner.mean()) < 4 * step / 12**0.5 / draws**0.5
    assert abs(inner.var() / (step**2 / 12) - 1) < 4 * (2 / draws) ** 0.5
    between = np.corrcoef(error.T)[np.triu_indices(40, 1)]
    assert np.abs(between).max() < 5 / draws**0.5  # 780 pairs


@pytest.mark.parametrize("bits", [40.0, 60.5, 100.0, 150.0, 1000.0])
def test_few_bits_leave_it_unbiased_with_the_error_foretold(bits: float) -> None:
    x, draws = update(50).numpy(), 4000
    estimates = decoded(Dithered(), tf.constant(x), bits, draws)
    nmse = ((estimates - x) ** 2).sum(axis=1) / (x**2).sum()
    expected, used, _ = predicted(x, bits, 8)
    assert abs(nmse.mean() - expected) < 4 * nmse.std() / draws**0.5
    assert np.all(np.abs(estimates.mean(axis=0) - x) < 4.5 * estimates.std(axis=0) / draws**0.5)
    assert float(Dithered().compress(tf.constant(x), tf.constant(bits), keys.key(0))[1]) == used


def test_all_coordinates_are_kept_equally_often() -> None:
    size, draws = 20, 3000
    kept = (decoded(Dithered(most_bits=1), tf.ones([size]), 41.0, draws) != 0).sum(axis=0)  # five of twenty
    assert kept.sum() == 5 * draws
    assert np.all(np.abs(kept / draws - 0.25) < 4.5 * (0.25 * 0.75 / draws) ** 0.5)


@pytest.mark.parametrize("size", [1, 2, 50, 3000])
def test_the_bits_used_never_exceed_the_rate(size: int) -> None:
    x = update(size) + 1.0
    for bits in np.concatenate([np.linspace(0, 80, 33), 10 ** np.linspace(2, 6, 17)]):
        value, used = Dithered(most_bits=16).compress(x, tf.constant(bits, tf.float32), keys.key(0))
        assert 0 <= used <= bits
        assert (used == 0) == (bits < 37) and bool(tf.reduce_any(value != 0)) == (bits >= 37)


@pytest.mark.parametrize("bits", [0.0, 37.0, 45.0, PLENTY])
@pytest.mark.parametrize(
    "values",
    [[0.0] * 10, [0.0], [3.0], [-2.5] * 7, [1e-30] * 5, [1e-42] * 5, [1e18] * 5, [0.0] * 9 + [1.0]],
    ids=["zeros", "one zero", "one", "constant", "tiny", "subnormal", "huge", "one spike"],
)
def test_odd_inputs_give_finite_numbers(values: list[float], bits: float) -> None:
    value, used = Dithered().compress(tf.constant(values), tf.constant(bits), keys.key(0))
    largest, size = float(np.abs(values).max()), len(values)
    assert np.all(np.isfinite(value)) and np.isfinite(used)
    assert np.all(np.abs(value) <= size * 2 * largest)  # half a step beyond, over the share of coordinates kept
    if bits == PLENTY:
        np.testing.assert_allclose(value, np.array(values), rtol=0, atol=max(largest / 255 * 1.001, 1.2e-38))


def test_more_bits_never_err_more_until_the_depth_is_used_up() -> None:
    x = update(50).numpy()
    errors = [predicted(x, bits, 8)[0] for bits in (40, 60, 100, 200, 436, 1e6)]
    assert np.all(np.diff(errors) <= 0) and errors[-1] == errors[-2]
    measured = [((decoded(Dithered(), tf.constant(x), bits, 200) - x) ** 2).mean() for bits in (60.0, 200.0, 436.0)]
    assert measured[0] > measured[1] > measured[2]


def test_in_the_limit_of_many_bits_nothing_is_lost() -> None:
    x = update(1000).numpy()
    assert float(Dithered(most_bits=16).compress(tf.constant(x), tf.constant(PLENTY), keys.key(0))[1]) == 36 + 16_000
    error = decoded(Dithered(most_bits=16), tf.constant(x), PLENTY, 3) - x
    assert np.abs(error).max() <= np.abs(x).max() / (2**16 - 1) * 1.01  # half a step, and rounding


def test_both_sides_need_only_the_key() -> None:
    first, again, other = (Dithered().compress(update(30), tf.constant(99.0), keys.key(i))[0] for i in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("most_bits", [0, 17, 2.5])
def test_impossible_depths_are_refused(most_bits: int) -> None:
    with pytest.raises(ValueError, match="most_bits"):
        Dithered(most_bits=most_bits)
