"""Compressors of the literature: the errors that theory gives them, within the bits that there are."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.ota import coding
from overair.ota.compressors import Compressor
from overair.ota.compressors.dithered import Dithered
from overair.ota.compressors.position_coded import PositionCoded
from overair.ota.compressors.qcs import Qcs
from overair.ota.compressors.qsgd import Qsgd
from overair.ota.compressors.random_k import RandomK
from overair.ota.compressors.sign import Sign
from overair.ota.compressors.terngrad import TernGrad
from overair.ota.compressors.top_k import TopK
from overair.phy import keys

EVERY = [Dithered(), PositionCoded(), Qcs(), Qcs("mmse"), Qsgd(), RandomK(), Sign(), TernGrad(), TopK(), TopK(1)]
PLENTY = 1e7  # bits


def compressed(compressor: Compressor, x: np.ndarray, bits: float, draws: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """What is decoded under so many keys [draws, d], and the bits used [draws]."""
    update = tf.constant(x, tf.float32)

    def one(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return compressor.compress(update, tf.constant(bits, tf.float32), keys.key(1, index))

    loop = tf.function(
        lambda: tf.map_fn(one, tf.range(draws), fn_output_signature=(tf.float32, tf.float32)), autograph=False
    )
    decoded, used = loop()
    return decoded.numpy().astype(np.float64), used.numpy()


def errors(decoded: np.ndarray, x: np.ndarray) -> np.ndarray:
    return ((decoded - x) ** 2).sum(axis=1) / (x**2).sum()


def laplace(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).laplace(size=size).astype(np.float32)


def assert_mean(values: np.ndarray, expected: float, also: float = 0.0) -> None:
    """To 4.5 standard errors; ``also``: that of the expected value."""
    assert abs(values.mean() - expected) < 4.5 * math.hypot(values.std() / len(values) ** 0.5, also) + 1e-6


def assert_unbiased(decoded: np.ndarray, x: np.ndarray) -> None:
    """Along x, |x| and sign(x), and along random signs: a coordinate that is hardly ever sent says little alone."""
    signs = np.random.default_rng(9).choice([-1.0, 1.0], [len(x), 9])
    along = (decoded - x) @ np.column_stack([x, np.abs(x), np.sign(x), signs])  # [draws, 12]
    error = 4.5 * along.std(axis=0) / len(decoded) ** 0.5 + 1e-5 * np.abs(x).sum()
    assert np.all(np.abs(along.mean(axis=0)) < error)


# --- Every compressor


@pytest.mark.parametrize("compressor", EVERY, ids=str)
@pytest.mark.parametrize("values", [[0.0], [3.0], [-2.5] * 7, [1e-42] * 5, [1e18] * 5, [0.0] * 9 + [1.0]], ids=str)
def test_odd_inputs_give_finite_numbers(compressor: Compressor, values: list[float]) -> None:
    for bits in (0.0, 33.0, 47.0, 130.0, PLENTY):
        value, used = compressor.compress(tf.constant(values), tf.constant(bits), keys.key(0))
        assert np.all(np.isfinite(value)) and 0 <= used <= bits
        assert used > 0 or not np.any(value)
        assert np.any(values) or not np.any(value)


@pytest.mark.parametrize("compressor", EVERY, ids=str)
def test_the_bits_used_never_exceed_the_budget_and_are_mostly_used(compressor: Compressor) -> None:
    x = tf.constant(laplace(1500))
    run = tf.function(compressor.compress, autograph=False)
    for bits in [*np.linspace(30, 200, 18), *10 ** np.linspace(2.5, 6, 15)]:
        used = float(run(x, tf.constant(bits, tf.float32), keys.key(0))[1])
        assert used <= np.float32(bits)
        assert used > 0 or bits < 200


# --- Sign


@pytest.mark.parametrize(("family", "expected"), [(stats.norm(), 1 - 2 / np.pi), (stats.laplace(), 0.5)])
def test_scaled_sign_errs_by_what_the_mean_magnitude_misses(family: Any, expected: float) -> None:
    size = 40_000
    x = family.rvs(size, random_state=1)
    decoded, used = compressed(Sign(), x, PLENTY)
    # of 1 - m1^2/m2 by the delta method
    m1, m2, m3, m4 = (family.expect(lambda v, p=p: np.abs(v) ** p) for p in (1, 2, 3, 4))
    slope = np.array([-2 * m1 / m2, m1**2 / m2**2])
    covariance = np.array([[m2 - m1**2, m3 - m1 * m2], [m3 - m1 * m2, m4 - m2**2]])
    assert abs(errors(decoded, x)[0] - expected) < 4.5 * (slope @ covariance @ slope / size) ** 0.5
    assert used == size + 32


@pytest.mark.parametrize("kept", [1, 7, 30])
def test_signs_of_a_subset_shrink_and_err_as_foretold(kept: int) -> None:
    x = laplace(30)
    decoded, used = compressed(Sign(), x, 32.5 + kept, 3000)
    energy, squared = (x**2).sum(), np.abs(x).sum() ** 2
    pairs = kept / 30 * energy + kept * (kept - 1) / (30 * 29) * (squared - energy)  # E |x_S|_1^2
    assert_mean(errors(decoded, x), 1 - pairs / kept / energy)
    assert np.all((decoded != 0).sum(axis=1) == kept) and np.all(used == 32 + kept)
    shrunk = kept / 30 * np.sign(x) * (np.abs(x) + (kept - 1) / 29 * (np.abs(x).sum() - np.abs(x))) / kept
    assert_unbiased(decoded - shrunk + x, x)


def test_the_sign_of_zero_is_plus() -> None:
    decoded, _ = compressed(Sign(), np.array([0.0, -1.0, -0.0, 5.0]), PLENTY)
    np.testing.assert_allclose(decoded[0], [1.5, -1.5, 1.5, 1.5])


# --- QSGD and TernGrad


def test_terngrad_errs_by_the_product_of_norms() -> None:
    x = laplace(500)
    decoded, used = compressed(TernGrad(), x, PLENTY, 3000)
    largest = np.abs(x).max()
    assert_mean(errors(decoded, x), float(largest * np.abs(x).sum() / (x**2).sum() - 1))
    assert_unbiased(decoded, x)
    assert set(np.unique(np.abs(decoded))) == {0.0, np.float32(largest)}
    for one, bits in zip(decoded[:20], used[:20], strict=True):
        real = 8 * len(coding.encode((one != 0).astype(int), 2)) + np.count_nonzero(one) + 33 + (500).bit_length()
        assert real <= bits <= 1.01 * real + 64


@pytest.mark.parametrize(
    ("compressor", "bits"), [(TernGrad(), 60.0), (TernGrad(), 120.0), (Qsgd(), 60.0), (Qsgd(), 75.0)], ids=str
)
def test_ternary_subsets_are_unbiased_with_the_error_foretold(compressor: Compressor, bits: float) -> None:
    x, draws = laplace(60), 4000
    kept = int((bits - 33 - isinstance(compressor, Qsgd)) / np.log2(3))
    decoded, used = compressed(compressor, x, bits, draws)
    rng = np.random.default_rng(5)
    subsets = np.stack([rng.permutation(x)[:kept] for _ in range(draws)])
    scale = np.linalg.norm(subsets, axis=1) if isinstance(compressor, Qsgd) else np.abs(subsets).max(axis=1)
    ratio, energy = 60 / kept, (x**2).sum()
    coins = ratio**2 * (scale * np.abs(subsets).sum(axis=1) - (subsets**2).sum(axis=1)) / energy
    assert np.all(used > 0)
    assert_unbiased(decoded, x)
    assert_mean(errors(decoded, x), ratio - 1 + coins.mean(), coins.std() / draws**0.5)


# --- Sparse


@pytest.mark.parametrize("kept", [1, 9, 50])
def test_random_k_errs_by_the_compression_less_one(kept: int) -> None:
    x = laplace(50)
    decoded, used = compressed(RandomK(), x, 32 * kept + 31.0, 3000)
    assert_mean(errors(decoded, x), 50 / kept - 1)
    assert_unbiased(decoded, x)
    assert np.all(used == 32 * kept) and np.all((decoded != 0).sum(axis=1) == kept)


@pytest.mark.parametrize("share", [0.03, 0.25])
def test_top_k_on_a_gaussian_leaves_what_lies_below_its_threshold(share: float) -> None:
    size = 40_000
    x = np.random.default_rng(2).normal(size=size).astype(np.float32)
    kept = int(share * size)
    decoded, used = compressed(TopK(value_bits=32), x, 32 * kept + log2_choose(size, kept) + 20.0)
    edge = stats.norm.isf(share / 2)
    expected = 1 - share - 2 * edge * stats.norm.pdf(edge)
    # the influence of an entry v on the share left: min(v^2, edge^2) - expected v^2
    spread = stats.norm.expect(lambda v: np.minimum(v**2, edge**2) - expected * v**2, lb=-12, ub=12)
    square = stats.norm.expect(lambda v: (np.minimum(v**2, edge**2) - expected * v**2) ** 2, lb=-12, ub=12)
    assert abs(errors(decoded, x)[0] - expected) < 4.5 * ((square - spread**2) / size) ** 0.5
    assert np.count_nonzero(decoded) == kept and used[0] == pytest.approx(32 * kept + log2_choose(size, kept), rel=1e-6)
    np.testing.assert_array_equal(np.sort(np.abs(decoded[0]))[-kept:], np.sort(np.abs(x))[-kept:])


@pytest.mark.parametrize("value_bits", [1, 2, 5, 12])
def test_top_k_rounds_to_the_nearest_of_its_levels(value_bits: int) -> None:
    x = laplace(400)
    decoded = compressed(TopK(value_bits), x, 64 + 100 * value_bits + log2_choose(400, 100) + 0.5)[0][0]
    kept = np.argsort(-np.abs(x))[:100] if value_bits > 1 else np.flatnonzero(decoded)
    size = np.abs(x[kept])
    assert np.array_equal(np.sort(np.flatnonzero(decoded)), np.sort(kept))
    levels = np.linspace(size.min(), size.max(), 2 ** (value_bits - 1)) if value_bits > 1 else [size.mean()]
    nearest = np.min(np.abs(size[:, None] - np.array(levels)), axis=1)
    np.testing.assert_allclose(np.abs(decoded[kept] - x[kept]), nearest, atol=1e-5)


@pytest.mark.parametrize("compressor", [TopK(1), TopK(2), TopK(6), PositionCoded()], ids=str)
def test_what_sparse_compressors_send_is_better_than_silence(compressor: Compressor) -> None:
    for name, x in {"laplace": laplace(200), "spike": np.eye(200)[0], "shifted": laplace(200) + 3}.items():
        for bits in (45.0, 100.0, 300.0, 1000.0):
            decoded, used = compressed(compressor, x, bits)
            assert errors(decoded, x)[0] < 1 or not used[0], name


def log2_choose(size: int, kept: int) -> float:
    return math.log2(math.comb(size, kept))


@pytest.mark.parametrize(
    ("devices", "power", "uses", "size", "noise"),
    [(25, 500, 3925, 7850, 1.0), (25, 200, 3925, 7850, 1.0), (10, 800, 2000, 5000, 0.7), (40, 90, 9000, 61_706, 0.2)],
)
def test_position_coding_keeps_as_many_entries_as_the_rate_pays_for(
    devices: int, power: float, uses: int, size: int, noise: float
) -> None:
    rate = uses / (2 * devices) * np.log2(1 + devices * power / (uses * noise))
    paid = 0
    while log2_choose(size, paid + 1) + 33 <= rate:
        paid += 1
    x = laplace(size)
    decoded, used = compressed(PositionCoded(), x, rate)
    assert np.count_nonzero(decoded) == paid and paid == {500.0: 12, 200.0: 5}.get(power, paid)
    assert used[0] == pytest.approx(33 + log2_choose(size, paid), rel=1e-6)
    high, low = np.sort(x)[-paid:].mean(), np.sort(x)[:paid].mean()
    kept = high if high > -low else low
    np.testing.assert_allclose(decoded[decoded != 0], kept, rtol=1e-5)
    assert errors(decoded, x)[0] == pytest.approx(1 - paid * kept**2 / (x**2).sum(), rel=1e-5)


@pytest.mark.parametrize("sign", [1, -1])
def test_position_coding_knows_largest_from_smallest_when_all_have_one_sign(sign: int) -> None:
    x = sign * (np.arange(20.0) + 1)
    decoded = compressed(PositionCoded(), x, 33 + log2_choose(20, 3) + 0.5)[0][0]
    np.testing.assert_allclose(decoded, np.where(np.arange(20) >= 17, sign * 19.0, 0), rtol=1e-6)
