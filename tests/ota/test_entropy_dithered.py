"""Entropy-coded dithered quantisation: entropies with and without the dither as context, real bytes, no bias."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from overair.ota import Dithered, EntropyDithered
from overair.ota.coding import LONG, adaptive_length, decode, encode, information
from overair.ota.compressors import entropy_dithered
from overair.phy import keys


def h(p: np.ndarray) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


def entropy_of_indices(law: stats.rv_continuous, step: float) -> float:
    """H(q) of q = round(x/D + u): x/D + u has the law of x smoothed over a step."""
    edges = (np.arange(-60, 61) - 0.5) * step
    mass = [
        integrate.quad(lambda u, e=e: law.cdf(e + step - u * step) - law.cdf(e - u * step), -0.5, 0.5)[0] for e in edges
    ]
    return h(np.array(mass))


def entropy_given_dither(law: stats.rv_continuous, step: float) -> float:
    """H(q | u): of the cells of a grid that is shifted by u, and so h(x + D u) - log2 D."""

    def given(u: float) -> float:
        return h(np.diff(law.cdf((np.arange(-60, 61) - 0.5 - u) * step)))

    return integrate.quad(given, -0.5, 0.5, epsabs=1e-9)[0]


@pytest.mark.parametrize(("step", "alone", "known"), [(1, 2.158287, 2.104833), (2, 1.414596, 1.254427)])
def test_entropies_that_were_published(step: float, alone: float, known: float) -> None:
    normal = stats.norm
    assert (entropy_of_indices(normal, step), entropy_given_dither(normal, step)) == pytest.approx(
        (alone, known), abs=1e-6
    )

    def smoothed(v: float) -> float:
        density = (normal.cdf(v + step / 2) - normal.cdf(v - step / 2)) / step
        return -density * math.log2(density) if density > 1e-300 else 0.0

    differential = integrate.quad(smoothed, -12 - step, 12 + step, limit=200)[0]
    assert differential - math.log2(step) == pytest.approx(known, abs=1e-6)


def indices(size: int, law: str, ratio: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values in steps, their largest so many, and dithers."""
    rng = np.random.default_rng(seed)
    x = getattr(rng, law)(size=size)
    return x / np.abs(x).max() * ratio, rng.uniform(-0.5, 0.5, size)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 3.0, 7.0])
def test_indices_are_distributed_as_those_of_stochastic_rounding_which_errs_more(ratio: float) -> None:
    """Lemma 19: P(q = floor(t) + 1) is the fraction of t in both; errors 1/12 and f (1 - f), on average twice that."""
    t, u = indices(400_000, "uniform", ratio, 0)
    low = np.floor(t)
    dithered, rounded = np.round(t + u), low + (u + 0.5 < t - low)
    values = np.arange(low.min(), low.max() + 2)
    one, other = ((each[:, None] == values).mean(axis=0) for each in (dithered, rounded))
    expected = np.array([np.maximum(1 - np.abs(t - value), 0).mean() for value in values])
    for found in (one, other):
        assert np.all(np.abs(found - expected) < 5 * (expected * (1 - expected) / len(t)) ** 0.5 + 1e-12)
    assert abs(h(one) - h(other)) < 1e-2
    square = (dithered - u - t) ** 2
    assert abs(square.mean() - 1 / 12) < 4 * square.std() / len(t) ** 0.5
    twice = (rounded - t) ** 2
    assert abs(twice.mean() - ((t - low) * (1 - t + low)).mean()) < 4 * twice.std() / len(t) ** 0.5


@pytest.mark.parametrize(
    ("levels", "dither", "rounding"), [(1, 0.25, 0.5), (2, 0.0625, 0.125), (3, 0.027778, 0.055556)]
)
def test_errors_of_both_on_uniform_values(levels: int, dither: float, rounding: float) -> None:
    """1/(4 M^2) and 1/(2 M^2) of |x|^2 = d/3: step 1/M, errors D^2/12 and D^2/6."""
    assert (1 / levels) ** 2 / 12 * 3 == pytest.approx(dither, abs=1e-6)
    assert (1 / levels) ** 2 / 6 * 3 == pytest.approx(rounding, abs=1e-6)
    x, u = np.random.default_rng(0).uniform(-1, 1, [2, 200_000])
    off = (np.round(x * levels + u / 2) - u / 2) / levels - x
    assert abs((off**2).mean() / (x**2).mean() - dither) < 0.01 * dither


def test_adaptive_lengths_that_were_published() -> None:
    for counts, laplace, plain in (
        ((900, 60, 40), 576.8316, 566.0907),
        ((5, 30, 900, 30, 5), 496.7333, 474.1499),
    ):
        assert float(adaptive_length(tf.constant(counts))) == pytest.approx(laplace, abs=1e-3)
        assert float(information(tf.constant(counts))) == pytest.approx(plain, abs=1e-3)


@pytest.mark.parametrize("counts", [[0, 0, 0], [7], [1, 0], [3, 2, 0, 9], [50, 1, 1, 4, 900]])
def test_an_adaptive_coder_takes_what_its_guesses_say_in_any_order(counts: list[int]) -> None:
    """The sum of -log2 (c + 1)/(n + A) over a message, c and n what was sent before."""
    message = np.repeat(np.arange(len(counts)), counts)
    for seed in range(3):
        seen, bits = np.ones(len(counts)), 0.0
        for symbol in np.random.default_rng(seed).permutation(message):
            bits -= math.log2(seen[symbol] / seen.sum())
            seen[symbol] += 1
        assert float(adaptive_length(tf.constant(counts))) == pytest.approx(bits, abs=1e-6)


# --- The compressor


def update(size: int, law: str = "normal") -> tf.Tensor:
    return tf.constant(getattr(np.random.default_rng(size), law)(size=size), tf.float32)


def draws(scheme: EntropyDithered, x: tf.Tensor, bits: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    one = tf.function(
        lambda: tf.map_fn(
            lambda i: scheme.compress(x, tf.constant(bits), keys.key(1, i)), tf.range(count), (tf.float32, tf.float32)
        ),
        autograph=False,
    )
    decoded, used = one()
    return decoded.numpy().astype(float), used.numpy()


@pytest.mark.parametrize("contexts", [1, 16])
@pytest.mark.parametrize("law", ["normal", "laplace"])
@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0])
def test_it_is_unbiased_and_errs_by_the_step_and_the_share_that_is_sent(contexts: int, law: str, rate: float) -> None:
    x, size, count = update(3000, law), 3000, 80
    scheme = EntropyDithered(contexts)
    decoded, used = draws(scheme, x, rate * size, count)
    off = decoded - x.numpy()
    assert np.all(used <= rate * size) and used.mean() > 0.94 * rate * size
    best = scheme._plan(x / tf.reduce_max(tf.abs(x)), tf.constant(rate * size - entropy_dithered.SIDE_BITS, tf.float64))
    step, energy = float(tf.reduce_max(tf.abs(x)) / best.ratio), float(tf.reduce_sum(x**2))
    kept = (decoded != 0).sum(axis=1)
    expected = size / kept * (1 + size * step**2 / 12 / energy) - 1
    variance = size / kept.mean() * (x.numpy() ** 2 + step**2 / 12) - x.numpy() ** 2  # of each coordinate
    assert abs((off.mean(axis=0) ** 2 / variance).mean() * count - 1) < 6 * (2 / size) ** 0.5 + 0.02
    along = off @ x.numpy()
    assert abs(along.mean()) < 4 * along.std() / count**0.5
    nmse = (off**2).sum(axis=1) / energy
    assert abs((nmse - expected).mean()) < 4 * (nmse - expected).std() / count**0.5
    assert expected.mean() == pytest.approx(float(best.error), rel=0.03, abs=2e-3)


@pytest.mark.parametrize(("size", "contexts"), [(400, 1), (3000, 16), (LONG + 5000, 16)])
@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_bits_charged_are_no_fewer_than_the_bytes_that_decode_to_what_is_decoded(
    size: int, contexts: int, rate: float
) -> None:
    x, key = update(size, "laplace"), keys.key(5)
    scheme = EntropyDithered(contexts)
    value, used = (each.numpy() for each in scheme.compress(x, tf.constant(rate * size), key))
    room = tf.constant(rate * size - entropy_dithered.SIDE_BITS, tf.float64)
    peak = tf.reduce_max(tf.abs(x))
    plan = scheme._plan(x / peak, room)
    ratio, contexts = plan.ratio, int(plan.contexts)
    u = keys.uniform(keys.fold(key, "dither"), [size], -0.5, 0.5).numpy()
    chosen, step = value != 0, float(peak / ratio)
    index = np.round(x.numpy() * float(ratio / peak) + u).astype(int)
    top = int(np.abs(index).max())
    context = np.clip(np.floor((u + 0.5) * contexts), 0, contexts - 1).astype(int)
    parts = [encode(index[chosen & (context == c)] + top, 2 * top + 1) for c in range(contexts)]
    real = 8 * sum(map(len, parts))
    assert real + entropy_dithered.SIDE_BITS <= used <= real + entropy_dithered.SIDE_BITS + 64 * contexts + 0.01 * real
    read = np.zeros(size)
    for c, data in enumerate(parts):
        mine = chosen & (context == c)
        read[mine] = decode(data, int(mine.sum()), 2 * top + 1) - top
    share = size / chosen.sum()
    np.testing.assert_allclose(value, np.where(chosen, share * step * (read - u), 0), rtol=2e-5, atol=2e-6)


def test_what_is_charged_nears_the_entropies() -> None:
    """N(0, 1) at D = 2: 1.4146 bits a coordinate, and 1.2544 with the dither, less than a hundredth more."""
    size = 200_000
    x = update(size)
    for contexts, expected in ((1, 1.414596), (16, 1.254427)):
        u = keys.uniform(keys.key(3), [size], -0.5, 0.5)
        index = tf.cast(tf.round(x / 2.0 + u), tf.int32)
        symbols, letters = entropy_dithered.symbols(index, u, tf.constant(contexts))
        counts = tf.math.bincount(symbols, minlength=contexts * int(letters))[None]
        bits = float(entropy_dithered.code_length(counts, tf.constant(contexts), letters)[0]) / size
        assert expected - 0.01 < bits < 1.01 * expected


@pytest.mark.parametrize("law", ["normal", "laplace"])
def test_the_context_lowers_the_error_at_equal_bits(law: str) -> None:
    x = update(30_000, law)
    errors = [
        [((draws(scheme, x, rate * 30_000, 3)[0] - x.numpy()) ** 2).sum() for rate in (0.5, 1.0)]
        for scheme in (EntropyDithered(16), EntropyDithered(1))
    ]
    assert np.all(np.array(errors[0]) < 0.99 * np.array(errors[1]))


@pytest.mark.parametrize("bits", [0.0, 30.0, 38.0, 60.0, 200.0, 1e6])
@pytest.mark.parametrize("values", [[0.0] * 10, [3.0], [-2.5] * 7, [1e-30] * 5, [1e-42] * 5, [1e18] * 5], ids=str)
def test_odd_inputs_give_finite_numbers_within_the_bits(values: list[float], bits: float) -> None:
    value, used = EntropyDithered().compress(tf.constant(values), tf.constant(bits), keys.key(0))
    assert np.all(np.isfinite(value)) and 0 <= used <= bits
    assert used > 0 or not np.any(value)


def test_where_a_code_is_not_worth_its_histogram_fixed_lengths_are_sent() -> None:
    x = update(20)
    value, used = EntropyDithered().compress(x, tf.constant(80.0), keys.key(0))
    expected, fixed = Dithered().compress(x, tf.constant(79.0), keys.key(0))
    np.testing.assert_array_equal(value, expected)
    assert float(used) == float(fixed) + 1


@pytest.mark.parametrize("contexts", [0, 33])
def test_impossible_contexts_are_refused(contexts: int) -> None:
    with pytest.raises(ValueError, match="contexts"):
        EntropyDithered(contexts=contexts)
