"""Low-rank factors over digital links: the power iteration that rounds make, their bits, and what quantising costs."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Digital, LowRankFactors, Round, Terms, apply
from overair.ota.compressors import Known, Together
from overair.ota.compressors._lloyd_max import lloyd_max
from overair.ota.layers import Layers
from overair.ota.past import Past
from overair.ota.power_iteration import numbers, parts
from overair.phy import Air, Awgn, Grid, keys

EXACT = 1e9
FC = ((784, 300), (300, 100), (100, 10))
LENET = ((5, 5, 1, 32), (5, 5, 32, 64), (3136, 512), (512, 10))
PRINTED = [
    (np.array([[3.0, 1, 0], [1, 2, 1], [0, 1, 1], [1, 0, 2]]), [1.0, 0, 0], [0.387352, 0.318108, 0.312023], 0.311455),
    (np.diag([4.0, 2, 1]), [1.0, 1, 1], [0.380952, 0.247056, 0.238653], 0.238095),
]


def turns_of(matrix: np.ndarray, rank: int, start: np.ndarray, rounds: int) -> list[np.ndarray]:
    """What is decoded of the same matrix in so many rounds, from an estimate whose rows span ``start`` [m, r].

    A square one is multiplied from the left first: there it is the columns that must.
    """
    square = len(matrix) == len(start)
    first = (start if square else np.random.default_rng(0).normal(size=(len(matrix), rank))) @ start.T
    past, layers, found = Past(tf.constant(0), tf.constant(first.ravel(), tf.float32)), (matrix.shape,), []
    update = tf.constant(matrix.ravel(), tf.float32)
    for index in range(rounds):
        value, _ = LowRankFactors(rank=rank).compress(update, tf.constant(EXACT), keys.key(index), Known(layers, past))
        found.append(value.numpy().reshape(matrix.shape))
        past = past.after(value)
    return found


def power_steps(matrix: np.ndarray, start: np.ndarray, steps: int) -> list[float]:
    """The error over |M|^2 after P = orth(M Q), Q = M'P, again and again."""
    q, found = start, []
    for _ in range(steps):
        p = np.linalg.qr(matrix @ q)[0]
        q = matrix.T @ p
        found.append(((matrix - p @ q.T) ** 2).sum() / (matrix**2).sum())
    return found


@pytest.mark.parametrize(("matrix", "start", "printed", "best"), PRINTED)
def test_two_turns_are_a_power_step_with_the_printed_errors(
    matrix: np.ndarray, start: list[float], printed: list[float], best: float
) -> None:
    errors = [((matrix - m) ** 2).sum() / (matrix**2).sum() for m in turns_of(matrix, 1, np.array(start)[:, None], 6)]
    np.testing.assert_allclose(errors[1::2], printed, atol=1e-6)
    np.testing.assert_allclose(power_steps(matrix, np.array(start)[:, None], 3), printed, atol=1e-6)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert 1 - values[0] ** 2 / (values**2).sum() == pytest.approx(best, abs=1e-6)
    assert all(best - 1e-6 < later <= sooner + 1e-6 for sooner, later in zip(errors[:-1], errors[1:], strict=True))


@pytest.mark.parametrize(("shape", "rank"), [((9, 7), 2), ((12, 5), 3)])
def test_turns_at_any_rank_are_power_steps(shape: tuple[int, int], rank: int) -> None:
    rng = np.random.default_rng(rank)
    matrix, start = rng.normal(size=shape), rng.normal(size=(shape[1], rank))
    errors = [((matrix - m) ** 2).sum() / (matrix**2).sum() for m in turns_of(matrix, rank, start, 6)]
    np.testing.assert_allclose(errors[1::2], power_steps(matrix, start, 3), rtol=1e-4)


@pytest.mark.parametrize(("layers", "printed"), [(FC, 1594), (LENET, 5091)])
def test_both_factors_of_rank_one_have_the_printed_numbers(layers: Layers, printed: int) -> None:
    sent = [
        sum(numbers(part, layer, 1, odd) for part, layer in zip(parts(layers, 1), layers, strict=True))
        for odd in (False, True)
    ]
    assert sum(sent) == printed
    assert sum(LowRankFactors(rank=1).lengths(layers, odd)[1] for odd in (False, True)) == printed


@pytest.mark.parametrize(("rank", "ratio"), [(1, 243.3), (2, 135.8), (4, 72.1)])
def test_a_residual_network_of_eighteen_layers_gets_shorter_by_the_printed_ratios(rank: int, ratio: float) -> None:
    """Of CIFAR-10, its kernels as they are; both factors beside all numbers, vectors whole in both."""
    kernels: list[tuple[int, ...]] = [(3, 3, 3, 64)]
    last = 64
    for width in (64, 128, 256, 512):
        for block in range(2):
            kernels += [(3, 3, last if block == 0 else width, width), (3, 3, width, width)]
            if block == 0 and last != width:
                kernels.append((1, 1, last, width))
        last = width
    vectors = sum(2 * kernel[-1] for kernel in kernels) + 10
    kernels.append((512, 10))
    every = sum(map(math.prod, kernels)) + vectors
    sent = sum(
        numbers(part, layer, rank, odd)
        for odd in (False, True)
        for part, layer in zip(parts(tuple(kernels), rank), kernels, strict=True)
    )
    assert every == 11_173_962
    assert every / (sent + vectors) == pytest.approx(ratio, abs=0.06)


def test_bits_are_those_of_whole_layers_scales_and_factors_at_one_depth() -> None:
    layers = ((30, 20), (20,), (20, 2), (2,))  # the third gets no shorter at rank 2
    size, fixed = 662, 32 * (20 + 40 + 2) + 32 * 2
    x = tf.constant(np.random.default_rng(0).normal(size=size), tf.float32)
    for rounds, each in ((0, 2 * 30), (1, 2 * 20)):
        past = Past(tf.constant(rounds), x)
        for depth, charged in ((1, 1), (3, 3), (8, 8), (20, 8), (32, 32), (100, 32)):
            for bits in (fixed + each * depth, fixed + each * (depth + 1) - 1):
                room = tf.constant(float(bits))
                value, used = LowRankFactors().compress(x, room, keys.key(0), Known(layers, past))
                assert used == fixed + each * charged
                np.testing.assert_allclose(value[600:], x[600:], rtol=1e-6)
        value, used = LowRankFactors().compress(x, tf.constant(fixed + each - 1.0), keys.key(0), Known(layers, past))
        assert not np.any(value) and used == 0


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_quantising_leaves_its_share_of_what_the_directions_hold(depth: int) -> None:
    """1 - D of the energy of a factor with Gaussian columns arrives, D the error of Lloyd-Max on N(0, 1)."""
    rows, columns, rank = 4000, 30, 2
    rng = np.random.default_rng(depth)
    matrix = rng.normal(size=(rows, columns))
    start = np.linalg.qr(rng.normal(size=(columns, rank)))[0]
    past = Past(tf.constant(0), tf.constant((rng.normal(size=(rows, rank)) @ start.T).ravel(), tf.float32))
    bits = tf.constant(32.0 * rank + depth * rows * rank)
    update, layers = tf.constant(matrix.ravel(), tf.float32), ((rows, columns),)
    value, used = LowRankFactors(rank=rank).compress(update, bits, keys.key(0), Known(layers, past))
    assert used == bits
    factor = matrix @ start
    grid = np.linspace(-8, 8, 400_001)
    levels = lloyd_max(depth)
    error = (grid - levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, grid)]) ** 2
    distortion = np.sum(error * np.exp(-(grid**2) / 2)) / np.sum(np.exp(-(grid**2) / 2))
    left = ((matrix @ start @ start.T - value.numpy().reshape(matrix.shape)) ** 2).sum() / (factor**2).sum()
    assert abs(left - distortion) < 4.5 * 1.5 * distortion / (rows * rank) ** 0.5


def test_all_devices_take_the_same_directions() -> None:
    """Their estimates then have the rank of one, whatever their own keys are."""
    rng = np.random.default_rng(0)
    total = np.zeros((12, 9))
    for device in range(3):
        beside = Together(keys.key(5), tf.constant(device), tf.constant(3))
        x = tf.constant(rng.normal(size=108), tf.float32)
        known = Known(((12, 9),), None, together=beside)
        value, _ = LowRankFactors(rank=1).compress(x, tf.constant(EXACT), keys.key(device), known)
        total += value.numpy().reshape(12, 9)
    assert np.linalg.matrix_rank(total, tol=1e-4) == 1


def test_with_feedback_rounds_deliver_the_whole_of_a_constant_update() -> None:
    """What a round leaves out is owed, so that the mean of the estimates is the update."""
    grid, rng = Grid(subcarriers=32, symbols=4, prefix=8), np.random.default_rng(1)
    layers, updates = ((8, 6), (6,)), rng.normal(size=(3, 54))
    terms = Terms(Air(grid, Awgn(), 3), 54, 4000, layers=layers)
    uplink, place = Digital(LowRankFactors(rank=2), feedback=1.0), terms.air.init(keys.key(0))
    state, estimates = uplink.init(terms, place), []

    @tf.function(autograph=False)
    def play(state: Any, index: tf.Tensor) -> tuple[tf.Tensor, Any, Any]:
        link = terms.air.draw(place, keys.key(1, index), 0.0, terms.slots, 20.0)
        round = Round(terms, keys.key(2, index), tf.ones([3]) / 3.0, link)
        return apply(uplink, state, round, tf.constant(updates, tf.float32))

    for index in tf.range(60):
        estimate, state, report = play(state, index)
        estimates.append(estimate.numpy())
        assert np.all(report.decoded)
    target = updates.mean(axis=0)
    mean = np.mean(estimates, axis=0)
    owed = state.owed.numpy().mean(axis=0)
    np.testing.assert_allclose(mean, target - owed / 60, atol=1e-5)
    assert ((mean - target) ** 2).sum() < 0.02 * (target**2).sum()
