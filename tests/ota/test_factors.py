"""Factors of dense layers' gradients: algorithm 1, naive and dithered quantisers, errors, bounds, and real bytes."""

import itertools
import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from overair.ota import DitheredFactors, FactorCodec, MseFactors, NaiveFactors, coding, lloyd
from overair.ota.factors import Message, fixed_bits, gradient
from overair.ota.factors._alternating import alternated
from overair.phy import keys

X = np.array([[1, 0, 2], [0, 3, 1]], np.float32)
DELTA = np.array([[0.5, -1, 0], [2, 0, 1], [-0.5, 0.5, 1.5]], np.float32)
NORMAL = scipy.stats.norm
CODECS = [
    NaiveFactors(), NaiveFactors(zero=False), NaiveFactors(levels_x=4, levels_delta=3), MseFactors(),
    MseFactors(levels_x=3, rounds=2, penalty=0.01), DitheredFactors(), DitheredFactors(levels_x=2, levels_delta=3),
    DitheredFactors(zero=False),
]  # fmt: skip


def relu_factors(seed: int, n: int = 40, m: int = 30, samples: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Factors as of a network: half of the entries are zeros, and both depend on each other."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=samples)
    x = np.maximum(rng.normal(size=(n, samples)) + common, 0)
    delta = (rng.normal(size=(m, samples)) + 0.5 * common) * (rng.random((m, samples)) < 0.5)
    return x.astype(np.float32), delta.astype(np.float32)


def exact(x: np.ndarray, delta: np.ndarray) -> np.ndarray:
    return delta.astype(float) @ x.T.astype(float) / x.shape[1]  # G [m, n]


def nmse(x: Any, delta: Any, of: tuple[np.ndarray, np.ndarray]) -> float:
    """Of decoded factors, against the gradient of the true ones."""
    wanted, found = exact(*of), np.asarray(delta, float) @ np.asarray(x, float).T / of[0].shape[1]
    return float(((found - wanted) ** 2).sum() / (wanted**2).sum())


def through(codec: Any, x: np.ndarray, delta: np.ndarray, seed: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    key = keys.key(seed)
    found: tuple[tf.Tensor, tf.Tensor] = codec.decode(codec.encode(tf.constant(x), tf.constant(delta), key), key)
    return found


def errors(codec: Any, x: np.ndarray, delta: np.ndarray, draws: int) -> np.ndarray:
    """|G~ - G|^2 under so many keys."""
    wanted = tf.constant(exact(x, delta).T, tf.float64)

    def one(index: tf.Tensor) -> tf.Tensor:
        key = keys.key(5, index)
        decoded = codec.decode(codec.encode(tf.constant(x), tf.constant(delta), key), key)
        return tf.reduce_sum((tf.cast(gradient(*decoded), tf.float64) - wanted) ** 2)

    looped = tf.function(lambda: tf.map_fn(one, tf.range(draws), fn_output_signature=tf.float64), autograph=False)
    return np.asarray(looped())


# --- Dithered factors


def d4(x: np.ndarray, delta: np.ndarray, kx: int, kd: int) -> float:
    """(D.4), in numpy."""
    (n, samples), m = x.shape, len(delta)
    sx, sd = np.abs(x).max() / kx, np.abs(delta).max() / kd
    terms = m * n * samples * (sx * sd) ** 2 / 144 + n * sx**2 * (delta**2).sum() / 12 + m * sd**2 * (x**2).sum() / 12
    return float(terms / samples**2)


def d4_of_samples(x: np.ndarray, delta: np.ndarray, kx: int, kd: int) -> float:
    """Where zeros have no error: a sum over samples, entries and both factors, one by one."""
    sx, sd = np.abs(x).max() / kx, np.abs(delta).max() / kd
    total = 0.0
    for xs, ds in zip(x.T.astype(float), delta.T.astype(float), strict=True):
        for a, b in itertools.product(xs, ds):
            va, vb = (a != 0) * sx**2 / 12, (b != 0) * sd**2 / 12
            total += va * vb + va * b**2 + vb * a**2
    return total / x.shape[1] ** 2


@pytest.mark.parametrize(
    ("levels", "error", "relative"), [((1, 1), 3.66666667, 0.795181), ((2, 3), 0.57407407, 0.124498)]
)
def test_the_error_of_dithered_factors_is_as_computed_elsewhere(
    levels: tuple[int, int], error: float, relative: float
) -> None:
    codec = DitheredFactors(*levels, zero=False)
    assert float(codec.error(X, DELTA)) == pytest.approx(error, rel=1e-6)
    assert error / (exact(X, DELTA) ** 2).sum() == pytest.approx(relative, rel=1e-5)
    assert d4(X, DELTA, *levels) == pytest.approx(error, rel=1e-7)


def test_a_sign_with_dither_errs_as_steps_of_twice_the_largest_do() -> None:
    """One bit: step 2 max, so that K = 1/2 in (D.4)."""
    assert d4(X, DELTA, 0.5, 0.5) == pytest.approx(20.666667, rel=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("levels", [(1, 1), (2, 3), (1, 7)])
def test_dithered_factors_err_as_foretold(levels: tuple[int, int], zero: bool) -> None:
    codec = DitheredFactors(*levels, zero=zero)
    for x, delta in ((X, DELTA), relu_factors(1)):
        foretold = float(codec.error(x, delta))
        assert foretold == pytest.approx((d4_of_samples if zero else d4)(x, delta, *levels), rel=1e-5)
        found = errors(codec, x, delta, 1000)
        assert abs(found.mean() - foretold) < 3.5 * found.std() / 1000**0.5
        assert foretold <= float(codec.error_bound(x, delta)) * (1 + 1e-6)


def test_dithered_factors_have_no_bias() -> None:
    codec, (x, delta) = DitheredFactors(zero=True), relu_factors(2, 6, 5, 4)

    def one(index: tf.Tensor) -> tf.Tensor:
        key = keys.key(4, index)
        return gradient(*codec.decode(codec.encode(tf.constant(x), tf.constant(delta), key), key))

    looped = tf.function(lambda: tf.map_fn(one, tf.range(1500), fn_output_signature=tf.float32), autograph=False)
    draws = looped().numpy()
    spread = draws.std(axis=0) / 1500**0.5
    assert (np.abs(draws.mean(axis=0) - exact(x, delta).T) < 4.5 * spread + 1e-6).all()


@pytest.mark.parametrize("levels, gamma", [((1, 1), 0.17361111), ((2, 2), 0.04210069)])
def test_theorem_4(levels: tuple[int, int], gamma: float) -> None:
    bound = float(DitheredFactors(*levels).error_bound(X, DELTA))
    assert bound == pytest.approx(gamma * 3 * 2 / 3 * (3.0 * 2.0) ** 2, rel=1e-6)
    full = np.full([4, 5], 2.0, np.float32)  # where all entries are the largest the bound is met
    assert float(DitheredFactors(*levels).error(full, full)) == pytest.approx(gamma * 16 / 5 * 2.0**4, rel=1e-6)


def peak(count: int) -> float:
    """E max^2 of so many normal numbers."""
    return float(scipy.integrate.quad(lambda v: 2 * v * (1 - (2 * NORMAL.cdf(v) - 1) ** count), 0, 12, limit=500)[0])


@pytest.mark.parametrize("sizes, levels", [((20, 10, 8), (1, 1)), ((7, 30, 12), (2, 1))])
def test_the_bound_for_normal_factors(sizes: tuple[int, int, int], levels: tuple[int, int]) -> None:
    n, m, samples = sizes
    bound = DitheredFactors(*levels).normal_bound(*sizes) / (m * n / samples)
    byhand = [math.log(2**0.5 * size * samples) / (3 * k**2) + 1 for size, k in zip((n, m), levels, strict=True)]
    assert bound == pytest.approx(math.prod(byhand), rel=1e-9)
    rng, found = np.random.default_rng(3), []
    for _ in range(2000):  # E|G~|^2 = E|G|^2 + (D.4)
        x, delta = rng.normal(size=(n, samples)), rng.normal(size=(m, samples))
        found.append(((exact(x, delta) ** 2).sum() + d4(x, delta, *levels)) / (m * n / samples))
    truth, error = np.mean(found), np.std(found) / 2000**0.5
    assert truth < bound
    peaks = [peak(size * samples) / 12 / k**2 + 1 for size, k in zip((n, m), levels, strict=True)]
    assert abs(truth - math.prod(peaks)) < 3.5 * error
    if sizes == (20, 10, 8):
        assert bound == pytest.approx(7.232035, rel=1e-6)
        assert truth == pytest.approx(2.70, rel=0.03)  # simulated elsewhere; it is 2.7555


def test_the_dither_is_uniform_and_independent_of_what_is_sent() -> None:
    x = np.linspace(-1, 1, 4000, dtype=np.float32).reshape(4, 1000)
    decoded, _ = through(DitheredFactors(3, 1), x, DELTA)
    off = (np.asarray(decoded) - x) * 3
    assert np.abs(off).max() <= 0.5 + 1e-5
    assert scipy.stats.kstest(off.ravel(), scipy.stats.uniform(-0.5, 1).cdf).pvalue > 0.01
    assert abs(np.corrcoef(off.ravel(), x.ravel())[0, 1]) < 3.5 / 4000**0.5


# --- Lloyd-Max and naive factors


@cache
def folded_normal_one_bit() -> tuple[float, float, float, float]:
    """Levels, border and error of |N(0, 1)|, whose energy is 1, by integrals."""

    def moment(power: int, low: float, high: float) -> float:
        return scipy.integrate.quad(lambda v: v**power * math.exp(-v * v / 2), low, high)[0] * (2 / math.pi) ** 0.5

    border = 1.0
    for _ in range(60):
        low = moment(1, 0, border) / moment(0, 0, border)
        high = moment(1, border, 40) / moment(0, border, 40)
        border = (low + high) / 2
    return low, high, border, 1 - low**2 * moment(0, 0, border) - high**2 * moment(0, border, 40)


def test_lloyd_max_of_many_normal_numbers() -> None:
    low, high, border, error = folded_normal_one_bit()
    assert (low, high, border) == pytest.approx((0.452780, 1.510418, 0.981599), abs=2e-6)
    assert error == pytest.approx(0.117482, abs=1e-6)
    v = NORMAL.ppf((np.arange(200_000) + 0.5) / 200_000).astype(np.float32)
    bin = np.ptp(v) / lloyd.BINS  # turns end where no border moves by one
    assert np.allclose(lloyd.levels_of(np.abs(v), 2), [low, high], atol=bin)
    assert np.allclose(lloyd.levels_of(v, 2), [-((2 / np.pi) ** 0.5), (2 / np.pi) ** 0.5], atol=bin)
    assert np.allclose(lloyd.levels_of(v, 4), [-1.510418, -0.452780, 0.452780, 1.510418], atol=4 * bin)  # Max's table


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("count", [2, 3, 8])
def test_lloyd_max_errs_as_turns_without_bins_do(count: int, zero: bool) -> None:
    x, _ = relu_factors(4, 400, 3, 50)
    own = x[x != 0] if zero else x.ravel()

    def squared(levels: np.ndarray) -> float:
        return float(np.mean(np.abs(own[:, None] - levels).min(axis=1) ** 2))

    def settled(levels: np.ndarray) -> np.ndarray:
        for _ in range(300):
            nearest = np.abs(own[:, None] - levels).argmin(axis=1)
            held = [own[nearest == cell] for cell in range(count)]
            levels = np.array([part.mean() if part.size else old for part, old in zip(held, levels, strict=True)])
        return levels

    levels = lloyd.levels_of(x, count, zero)
    assert squared(levels.numpy()) < 1.001 * squared(settled(levels.numpy()))
    elsewhere = settled(np.quantile(own[own != 0], (np.arange(count) + 0.5) / count))
    assert squared(levels.numpy()) < 1.001 * squared(elsewhere)
    assert (lloyd.cells_of(tf.constant(own), levels).numpy() == np.abs(own[:, None] - levels).argmin(axis=1)).all()


@pytest.mark.parametrize("values", [np.zeros([3, 4]), np.full([3, 4], -2.0), np.eye(4) * 1e-30, np.ones([1, 1])])
def test_lloyd_max_of_constants(values: np.ndarray) -> None:
    v = values.astype(np.float32)
    for zero in (False, True):
        levels = lloyd.levels_of(v, 4, zero)
        decoded = tf.gather(levels, lloyd.cells_of(v, levels))
        assert np.isfinite(levels).all() and (np.diff(levels) >= 0).all()
        assert np.array_equal(np.where(v == 0, 0, decoded) if zero else decoded, v)


def test_naive_factors_of_independent_normal_ones() -> None:
    """1 - 4/pi^2 for normal ones; (1 - .117482) 2/pi = .561829 of the energy stays for a folded normal X."""
    rng, (n, m, samples) = np.random.default_rng(6), (400, 400, 200)
    x, delta = (rng.normal(size=(size, samples)).astype(np.float32) for size in (n, m))
    kept = {"normal": 4 / np.pi**2, "folded": (1 - folded_normal_one_bit()[3]) * 2 / np.pi}
    assert 1 - kept["normal"] == pytest.approx(0.594715, abs=1e-6)
    assert 1 - kept["folded"] == pytest.approx(0.438171, abs=1e-6)
    codec = NaiveFactors(zero=False)
    # of m n = 160,000 products with mean square 1/L each, so 1 % is four of their standard errors
    assert nmse(*through(codec, x, delta), (x, delta)) == pytest.approx(1 - kept["normal"], rel=0.01)
    folded = np.abs(x)
    x_, delta_ = through(codec, folded, delta)
    assert float(tf.reduce_mean(tf.square(x_))) == pytest.approx(1 - folded_normal_one_bit()[3], rel=0.01)
    products = np.asarray(delta_) * np.asarray(through(codec, folded, delta)[0])[:m]
    wanted = delta * folded[:m]
    assert ((products - wanted) ** 2).mean() == pytest.approx(1 - kept["folded"], rel=0.02)


@pytest.mark.parametrize("rho, bias", [(0.2, -0.118393), (0.5, -0.287793), (0.8, None)])
def test_naive_factors_of_dependent_normal_ones_are_biased(rho: float, bias: float | None) -> None:
    foretold = 4 / np.pi**2 * math.asin(rho) - rho
    assert bias is None or foretold == pytest.approx(bias, abs=1e-6)
    rng, size = np.random.default_rng(7), 400_000
    x = rng.normal(size=(1, size)).astype(np.float32)
    delta = (rho * x + (1 - rho**2) ** 0.5 * rng.normal(size=(1, size))).astype(np.float32)
    x_, delta_ = through(NaiveFactors(zero=False), x, delta)
    off = np.asarray(x_) * np.asarray(delta_) - x * delta
    assert abs(off.mean() - foretold) < 4 * off.std() / size**0.5


# --- Algorithm 1


def cells(x: np.ndarray, border: float) -> np.ndarray:
    return np.stack([x <= border, x > border]).astype(np.float32)


def by_hand(
    x: np.ndarray, delta: np.ndarray, a: np.ndarray, b: np.ndarray, alpha: np.ndarray, rounds: int, lam: float
) -> tuple[np.ndarray, np.ndarray]:
    """Algorithm 1 with every C_kl formed and least squares over all entries of G and one row for the bias."""
    samples, g = x.shape[1], exact(x, delta)
    c = np.einsum("lip,kjp->klij", b, a) / samples
    wanted = np.append(g.ravel(), lam**0.5 * g.sum())

    def solve(columns: np.ndarray) -> np.ndarray:  # [K, m, n]
        rows = np.array([np.append(column.ravel(), lam**0.5 * column.sum()) for column in columns])
        return np.linalg.lstsq(rows.T, wanted, rcond=None)[0]

    for _ in range(rounds):
        beta = solve(np.einsum("klij,k->lij", c, alpha))
        alpha = solve(np.einsum("klij,l->kij", c, beta))
    return alpha, beta


def test_algorithm_1_is_as_computed_elsewhere() -> None:
    x = np.array([[1, 0.2, 2], [0.1, 3, 1]], np.float32)
    delta = np.array([[0.5, -1, -0.2], [2, -0.1, 1], [-0.5, 0.5, 1.5]], np.float32)
    a, b = cells(x, 1), cells(delta, 0)
    start = [np.array([v[c > 0].mean() for c in p], np.float32) for v, p in ((x, a), (delta, b))]
    assert nmse(np.tensordot(start[0], a, 1), np.tensordot(start[1], b, 1), (x, delta)) == pytest.approx(
        0.185357, abs=2e-6
    )
    for rounds, error in ((1, 0.158381), (2, 0.142351), (3, 0.136725)):
        alpha, beta = alternated(x, delta, a, b, start[0], rounds, 0.0)
        found = nmse(np.tensordot(alpha, a, 1), np.tensordot(beta, b, 1), (x, delta))
        assert found == pytest.approx(error, abs=2e-6)
    assert np.allclose(alpha, [1.139427, 2.342301], atol=1e-5)
    assert np.allclose(beta, [-0.810767, 1.193689], atol=1e-5)


@pytest.mark.parametrize("lam", [0.0, 0.003, 1.0])
@pytest.mark.parametrize("seed", [8, 9])
def test_algorithm_1_is_least_squares_over_all_entries(seed: int, lam: float) -> None:
    x, delta = relu_factors(seed, 9, 7, 5)
    a, b = (np.stack([(v > 0) & (v <= t), v > t, v < 0]).astype(np.float32) for v, t in ((x, 0.8), (delta, 0.4)))
    a = a[:2]
    start = np.array([0.4, 1.5], np.float32)
    alpha, beta = alternated(x, delta, a, b, start, 2, lam)
    wanted = by_hand(x, delta, a, b, start, 2, lam)
    assert np.allclose(alpha, wanted[0], rtol=2e-4, atol=1e-5) and np.allclose(beta, wanted[1], rtol=2e-4, atol=1e-5)


def test_the_penalty_removes_the_sum_of_errors() -> None:
    x, delta = relu_factors(10)

    def off(penalty: float) -> float:
        decoded = through(MseFactors(rounds=2, penalty=penalty), x, delta)
        return abs(float(tf.reduce_sum(gradient(*decoded))) - exact(x, delta).sum())

    assert off(1.0) < 0.01 * off(0.0)


def test_more_rounds_err_less_and_the_first_less_than_naive_factors() -> None:
    for seed in range(5):
        x, delta = relu_factors(seed)
        found = [nmse(*through(codec, x, delta), (x, delta)) for codec in (
            NaiveFactors(), MseFactors(), MseFactors(rounds=2), MseFactors(rounds=6),
        )]  # fmt: skip
        assert found == sorted(found, reverse=True)


# --- All codecs


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_the_bits_charged_are_enough_for_real_bytes_that_decode_exactly(codec: Any) -> None:
    for x, delta in ((X, DELTA), relu_factors(11), relu_factors(12, 784, 100, 64)):
        message = codec.encode(tf.constant(x), tf.constant(delta), keys.key(3))
        sent, bits = [], 0
        for symbols, alphabet in zip(message[:2], codec.alphabets, strict=True):
            data = coding.encode(symbols.numpy().ravel(), alphabet)
            sent.append(coding.decode(data, symbols.numpy().size, alphabet).reshape(symbols.shape).astype(np.int32))
            bits += 8 * len(data)
        numbers = message.numbers.numpy().astype("<f4").tobytes()
        charged = float(message.bits(codec.alphabets))
        assert bits + 8 * len(numbers) <= charged <= bits + 8 * len(numbers) + 2 * 64
        read = Message(tf.constant(sent[0]), tf.constant(sent[1]), tf.constant(np.frombuffer(numbers, "<f4")))
        for one, other in zip(codec.decode(read, keys.key(3)), codec.decode(message, keys.key(3)), strict=True):
            assert np.array_equal(one, other)


def test_symbols_of_fixed_length_take_what_the_thesis_counts() -> None:
    """L (n log2(2 Kx + 1) + m log2(2 Kd + 1))."""
    codec = DitheredFactors(2, 3, zero=False)
    assert fixed_bits(784, 100, 64, codec.alphabets) == pytest.approx(64 * (784 * math.log2(5) + 100 * math.log2(7)))
    x, delta = relu_factors(13, 784, 100, 64)  # which an entropy coder undercuts
    message = codec.encode(tf.constant(x), tf.constant(delta), keys.key(0))
    assert float(message.bits(codec.alphabets)) < 0.9 * fixed_bits(784, 100, 64, codec.alphabets)


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_factors_of_any_kind_come_back_finite_and_alike(codec: Any) -> None:
    assert isinstance(codec, FactorCodec)
    ones, spike = np.full([3, 4], -3.0, np.float32), np.eye(3, 4, dtype=np.float32) * 1e30
    for x in (X, ones, spike, 1e-30 * ones, 0 * ones, ones[:1, :1]):
        delta = x[:1] if codec.unbiased else -x[:1]
        key = keys.key(1)

        def both(x: tf.Tensor, delta: tf.Tensor, key: tf.Tensor = key) -> tuple[tf.Tensor, ...]:
            message = codec.encode(x, delta, key)
            return (*message, *codec.decode(message, key))

        eager = both(x, delta)
        assert all(np.isfinite(one).all() for one in eager)
        if x is X:
            compiled = tf.function(both, autograph=False)(tf.constant(x), tf.constant(delta))
            assert all(np.allclose(one, other, rtol=1e-5) for one, other in zip(eager, compiled, strict=True))
        for symbols, alphabet in zip(eager[:2], codec.alphabets, strict=True):
            assert (symbols.numpy() >= 0).all() and (symbols.numpy() < alphabet).all()
        if not x.any():
            assert not np.any(eager[3])


def test_what_is_not_finite_stays_so() -> None:
    broken = X.copy()
    broken[0, 0] = np.nan
    for codec in CODECS:
        assert not np.isfinite(gradient(*through(codec, broken, DELTA))).all()
