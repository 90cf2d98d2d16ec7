"""Quantised compressive sampling: chapter 4 of the thesis, with matrices written out."""

import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf

from overair.ota.compressors.qcs import Qcs, beta_star, bound, plan
from overair.phy import keys

DRAWS = 3000


def vector(size: int) -> np.ndarray:
    return np.random.default_rng(size).laplace(size=size) * np.linspace(0.1, 2, size)


def measured(decoder: str, x: np.ndarray, bits: float) -> tuple[np.ndarray, np.ndarray]:
    """What is decoded [draws, d] and the relative errors [draws]."""
    update, compressor = tf.constant(x, tf.float32), Qcs(decoder)  # type: ignore[arg-type]

    def one(index: tf.Tensor) -> tf.Tensor:
        return compressor.compress(update, tf.constant(bits, tf.float32), keys.key(3, index))[0]

    decoded = tf.function(
        lambda: tf.map_fn(one, tf.range(DRAWS), fn_output_signature=tf.float32), autograph=False
    )().numpy()
    return decoded, ((decoded - x) ** 2).sum(axis=1) / (x**2).sum()


def projected(x: np.ndarray, blocks: int, kept: int) -> tuple[np.ndarray, np.ndarray]:
    """The exact error of projecting alone and max|v|^2, both over |x|^2, of draws with dense matrices."""
    side, rng, energy = 1 << (len(x) // blocks - 1).bit_length(), np.random.default_rng(4), (x**2).sum()
    padded = np.zeros(blocks * side)
    padded[: len(x)] = x
    hadamard = np.kron(np.eye(blocks), scipy.linalg.hadamard(side))
    lost, peaks = np.zeros(DRAWS), np.zeros(DRAWS)
    for draw in range(DRAWS):
        rows = rng.permutation(blocks * side)[:kept]
        t = hadamard[rows] * rng.choice([-1, 1], blocks * side) * (blocks / kept) ** 0.5
        v = t @ padded
        lost[draw] = (((t.T @ v)[: len(x)] - x) ** 2).sum() / energy
        peaks[draw] = np.max(np.abs(v)) ** 2 / energy
    return lost, peaks


def assert_mean(values: np.ndarray, expected: np.ndarray) -> None:
    spread = np.hypot(values.std(), expected.std()) / DRAWS**0.5
    assert abs(values.mean() - expected.mean()) < 4.5 * spread + 1e-6


@pytest.mark.parametrize("bits", [33.5, 60.0, 100.0, 160.0, 330.0])
def test_the_error_is_that_of_projecting_and_that_of_rounding(bits: float) -> None:
    x = vector(64)
    best = plan(64, tf.constant(bits))
    kept, levels = int(best.kept), float(best.range)
    decoded, errors = measured("unbiased", x, bits)
    lost, peaks = projected(x, 1, kept)
    assert_mean(lost, np.array([64 / kept - 1]))  # theory: exact for n = d
    rounding = 64 * peaks / levels**2 / 12 * (kept > 1)
    assert_mean(errors, 64 / kept - 1 + rounding)
    assert errors.mean() < float(bound(64, kept, levels)) + 4.5 * errors.std() / DRAWS**0.5
    assert abs(float(best.bound) - float(bound(64, kept, levels))) < 1e-9
    assert np.all(np.abs(decoded.mean(axis=0) - x) < 4.5 * decoded.std(axis=0) / DRAWS**0.5)


@pytest.mark.parametrize(("size", "blocks", "bits"), [(100, 7, 90.0), (100, 7, 250.0), (60, 1, 120.0)])
def test_padding_and_blocks_change_only_what_projecting_costs(size: int, blocks: int, bits: float) -> None:
    x = vector(size)
    padded = blocks * (1 << (size // blocks - 1).bit_length())
    best = plan(padded, tf.constant(bits))
    decoded, errors = measured("unbiased", x, bits)
    lost, peaks = projected(x, blocks, int(best.kept))
    # a row of T has the same share of every block, so rounding puts D^2/12 on each of d coordinates on average
    assert_mean(errors, lost + size * peaks / float(best.range) ** 2 / 12)
    assert np.all(np.abs(decoded.mean(axis=0) - x) < 4.5 * decoded.std(axis=0) / DRAWS**0.5)


@pytest.mark.parametrize("bits", [60.0, 130.0, 500.0])
def test_the_shrunk_decoder_errs_by_less_than_its_bound_and_than_silence(bits: float) -> None:
    x = vector(64)
    best = plan(64, tf.constant(bits))
    kept, shrink = int(best.kept), 1 / (1 + float(best.bound))
    _, errors = measured("mmse", x, bits)
    _, peaks = projected(x, 1, kept)
    assert_mean(errors, 1 - 2 * shrink + shrink**2 * (64 / kept + 64 * peaks / float(best.range) ** 2 / 12))
    assert errors.mean() < 1 - shrink + 4.5 * errors.std() / DRAWS**0.5


@pytest.mark.parametrize("size", [2, 64, 4096])
@pytest.mark.parametrize("bits", [34.0, 70.0, 300.0, 5000.0])
def test_the_plan_has_the_smallest_bound_of_all_that_fit(size: int, bits: float) -> None:
    best = plan(size, tf.constant(bits))
    found = []
    for levels in range(2, 64):
        if levels % 2 == 0 and levels > 2:
            continue
        kept, q = min(size, int((bits - 32) / np.log2(levels))), (levels - 1) / 2
        if kept:
            found.append(size / kept - 1 + (size / (4 * q**2) * np.log(kept) / (kept - 1) if kept > 1 else 0.0))
    kept, q = int(best.kept), float(best.range)
    own = size / kept - 1 + (size / (4 * q**2) * np.log(kept) / (kept - 1) if kept > 1 else 0.0)
    assert own == pytest.approx(float(best.bound), rel=1e-9) and own <= min(found) * (1 + 1e-9)
    assert float(best.bits) == pytest.approx(kept * np.log2(2 * q + 1), rel=1e-6)
    assert float(best.bits) <= bits - 32


def test_one_projection_is_sent_without_rounding() -> None:
    x = vector(16)
    decoded, errors = measured("unbiased", x, 33.2)
    assert_mean(errors, np.array([15.0]))
    np.testing.assert_allclose(np.abs(decoded), np.abs(decoded[:, :1]) * np.ones(16), rtol=1e-4)  # one row of H


@pytest.mark.parametrize("gamma", [0.1, 0.9, 4.0])
def test_the_feedback_weight_minimises_the_bound_on_the_residual(gamma: float) -> None:
    weights = np.linspace(1e-4, min(1, 2 / (1 + gamma)) - 1e-4, 20_001)
    residual = gamma / (1 - (1 - weights) ** 2 - weights**2 * gamma)
    best = float(beta_star(gamma, unbiased=True))
    assert abs(weights[residual.argmin()] - best) < weights[1] - weights[0]
    assert residual.min() == pytest.approx(gamma * (gamma + 1), rel=1e-6)
    assert float(beta_star(gamma, unbiased=False)) == 1


def test_weighted_feedback_keeps_the_residual_bounded_where_full_feedback_does_not() -> None:
    bits, steps = 60.0, 300
    gamma = float(plan(64, tf.constant(bits)).bound)
    assert gamma > 1
    x = tf.constant(vector(64) / np.linalg.norm(vector(64)), tf.float32)

    def residuals(weight: float) -> np.ndarray:
        def step(residual: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
            sent = x + weight * residual
            return (1 - weight) * residual + sent - Qcs().compress(sent, tf.constant(bits), keys.key(5, index))[0]

        run = tf.function(lambda: tf.scan(step, tf.range(steps), tf.zeros([64])), autograph=False)
        return (run().numpy().astype(np.float64) ** 2).sum(axis=1)

    assert residuals(float(beta_star(gamma, unbiased=True))).mean() < gamma * (gamma + 1)
    assert residuals(1.0)[:100].max() > 1e3 * gamma * (gamma + 1)
