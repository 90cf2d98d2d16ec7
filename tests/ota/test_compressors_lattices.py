"""Dithered lattices: nearest points, cells, errors and rates of D4 and E8, real bytes, and what they save."""

import math
from itertools import product

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import LatticeDither, gaussian_coding
from overair.ota.compressors._lattices import LATTICES, costs, deviations, dither, nearest, steps, symbols
from overair.ota.compressors._normal_rates import dithered_steps, step_of
from overair.ota.compressors.lattice_dither import coded
from overair.phy import keys

NAMES = ["d4", "e8"]


def around(x: np.ndarray, name: str) -> np.ndarray:
    """The nearest point to one x [L] by trying all corners of the cubes around it."""
    best = None
    for half in (0.0, 0.5) if name == "e8" else (0.0,):
        low = np.floor(x - half)
        for corner in product((-1, 0, 1, 2) if len(x) == 4 else (0, 1), repeat=len(x)):
            point = low + corner
            if point.sum() % 2 == 0 and (best is None or ((point + half - x) ** 2).sum() < ((best - x) ** 2).sum()):
                best = point + half
    assert best is not None
    return best


@pytest.mark.parametrize("name", NAMES)
def test_points_are_the_nearest_there_are(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(40, LATTICES[name].dims)) * 2
    found = nearest(LATTICES[name], tf.constant(x, tf.float32)).numpy()
    for one, point in zip(x, found, strict=True):
        wanted = around(one, name)
        assert ((point - one) ** 2).sum() <= ((wanted - one) ** 2).sum() + 1e-5
        assert (point - point[0] % 1).sum() % 2 == 0 and np.all((point - point[0]) % 1 == 0)


@pytest.mark.parametrize(("name", "decibels"), [("d4", 0.37), ("e8", 0.65)])
def test_cells_are_as_round_as_is_known(name: str, decibels: float) -> None:
    lattice = LATTICES[name]
    inside = dither(lattice, keys.key(1), 60_000).numpy().astype(float)
    square = (inside**2).mean(axis=1) / lattice.volume ** (2 / lattice.dims)
    assert abs(square.mean() - lattice.moment) < 4.5 * square.std() / 60_000**0.5
    assert 10 * np.log10(1 / 12 / lattice.moment) == pytest.approx(decibels, abs=0.006)
    assert np.all(nearest(lattice, tf.constant(inside * 0.999, tf.float32)) == 0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("step", [0.3, 1.0, 2.5])
def test_the_error_is_that_of_the_cell_and_independent_of_what_is_rounded(name: str, step: float) -> None:
    lattice, blocks = LATTICES[name], 30_000
    x = np.random.default_rng(2).laplace(size=(blocks, lattice.dims)).astype(np.float32)
    shift = dither(lattice, keys.key(2), blocks)
    error = (step * (nearest(lattice, x / step + shift) - shift)).numpy() - x
    square = (error.astype(float) ** 2).mean(axis=1)
    expected = lattice.moment * lattice.volume ** (2 / lattice.dims) * step**2
    assert abs(square.mean() - expected) < 4.5 * square.std() / blocks**0.5
    assert abs(np.mean(error * x)) < 4.5 * np.std(error * x) / error.size**0.5
    assert np.all(np.abs(error.mean(axis=0)) < 4.5 * error.std(axis=0) / blocks**0.5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("step", "above"), [(0.4, 0.005), (1.0, 0.01), (2.0, 0.02)])
def test_rates_are_those_of_a_normal_of_signal_and_error(name: str, step: float, above: float) -> None:
    """1/2 log2(2 pi e (1 + D)) - log2(s V^(1/L)), and a little more where steps are coarse."""
    lattice, blocks = LATTICES[name], 20_000
    x, shift = keys.normal(keys.key(3), [blocks, lattice.dims]), dither(lattice, keys.key(4), blocks)
    told = symbols(nearest(lattice, x / step + shift), shift)
    cost = costs(lattice, told, tf.constant(step, tf.float64), tf.constant(500)).numpy() / lattice.dims
    distortion = lattice.moment * lattice.volume ** (2 / lattice.dims) * step**2
    law = 0.5 * np.log2(2 * math.pi * math.e * (1 + distortion)) - np.log2(step * lattice.volume ** (1 / lattice.dims))
    spread = 4.5 * cost.std() / blocks**0.5
    assert -spread - 0.01 < cost.mean() - law < spread + above
    known = steps(lattice)
    assert np.interp(np.log(step), np.log(known.steps[::-1]), known.rates[::-1]) == pytest.approx(cost.mean(), rel=0.02)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0])
def test_real_bytes_decode_back_and_are_no_more_than_was_charged(name: str, rate: float) -> None:
    lattice, blocks = LATTICES[name], 700
    size = blocks * lattice.dims
    x, shift = keys.normal(keys.key(5), [blocks, lattice.dims]), dither(lattice, keys.key(6), blocks)
    all = coded(lattice, x, shift, tf.constant(rate * size, tf.float64), keys.key(7))
    chosen, step, most = all.sent.chosen.numpy(), float(all.step), int(all.most)
    told, points = all.told.numpy()[:, chosen], all.points.numpy()[chosen]
    spread = np.tile(deviations(lattice, tf.constant(step, tf.float64)), chosen.sum())
    halves = np.packbits(points[:, 0] % 1 > 0).tobytes() if name == "e8" else b""
    data = gaussian_coding.encode(np.round(told[0]).ravel(), told[1].ravel(), spread, most)
    assert 8 * (len(data) + len(halves)) <= float(all.sent.bits) + 8 <= rate * size + 8
    # the receiver: halves, then coordinates in turn, as means of the last ones hang on the others' parity
    back = gaussian_coding.decode(data, told[1].ravel(), spread, most).reshape(-1, lattice.dims).astype(float)
    half = np.unpackbits(np.frombuffer(halves, np.uint8))[: len(back)] / 2 if halves else np.zeros(len(back))
    parity = back[:, :-1].sum(axis=1) % 2
    back[:, -1] = 2 * back[:, -1] + parity
    np.testing.assert_array_equal(back + half[:, None], points)
    mean = (shift.numpy()[chosen][:, -1] - half - parity) / 2
    np.testing.assert_allclose(told[1][:, -1], mean, atol=1e-6)


@pytest.mark.parametrize(("name", "decibels"), [("d4", 0.37), ("e8", 0.65)])
@pytest.mark.parametrize("rate", [2.0, 3.0])
def test_at_one_rate_rounder_cells_err_less(name: str, decibels: float, rate: float) -> None:
    """Rates are measured on 65,536 entries or more: to .72/256 bits, .017 dB."""
    bits = tf.constant(rate, tf.float64)
    scalar = float(step_of(dithered_steps(), bits)) ** 2 / 12
    error = float(LATTICES[name].error(step_of(steps(LATTICES[name]), bits)))
    assert 10 * np.log10(scalar / error) == pytest.approx(decibels, abs=4.5 * 0.017 + 0.02)


@pytest.mark.parametrize("name", NAMES)
def test_in_bits_that_were_granted_the_error_is_that_of_the_step(name: str) -> None:
    size, bits = 8192, 1.8
    x = keys.normal(keys.key(8), [size])
    run = tf.function(LatticeDither(name).compress, autograph=False)  # type: ignore[arg-type]
    found = []
    for draw in range(20):
        value, used = run(x, tf.constant(bits * size + 48), keys.key(9, draw))
        assert bits * size - 6 * size**0.5 < used <= bits * size + 48
        found.append(float(tf.reduce_sum((value - x) ** 2) / tf.reduce_sum(x**2)))
    rate = tf.constant(bits - 2 / size**0.5 - 40 / size, tf.float64)
    expected = float(LATTICES[name].error(step_of(steps(LATTICES[name]), rate)))
    lost = (1 / (1 - 1 / 256) - 1) * (1 + expected)  # a rung of the ladder, where a length is two deviations above
    spread = 4.5 * expected * (2 / size / 20) ** 0.5
    assert -spread < np.mean(found) - expected < spread + 0.2 * lost


@pytest.mark.parametrize("name", NAMES)
def test_constants_zeros_and_a_single_entry_are_no_exception(name: str) -> None:
    for x in (np.full(70, 2.5), np.zeros(70), np.ones(1), np.full(5, 1e-30)):
        for bits in (0.0, 60.0, 300.0, 5000.0):
            value, used = LatticeDither(name).compress(tf.constant(x, tf.float32), tf.constant(bits), keys.key(0))  # type: ignore[arg-type]
            assert np.all(np.isfinite(value)) and 0 <= used <= bits
            assert np.any(x) or (used == 0 and not np.any(value))


@pytest.mark.parametrize(("name", "least"), [("d4", 48 + 104), ("e8", 48 + 200)])
def test_where_the_dearest_block_does_not_fit_nothing_is_sent_whatever_the_dither(name: str, least: int) -> None:
    x = keys.normal(keys.key(0), [400])
    run = tf.function(LatticeDither(name).compress, autograph=False)  # type: ignore[arg-type]
    for draw in range(20):
        assert run(x, tf.constant(least - 1.0), keys.key(1, draw))[1] == 0
        assert run(x, tf.constant(float(least)), keys.key(1, draw))[1] > 48
