"""Correlated quantisation: what remains of the mean's error where devices agree, and that nobody alone is biased."""

from itertools import permutations

import numpy as np
import pytest
import scipy.integrate
import tensorflow as tf

from overair.ota import Correlated, Digital, Dithered, Round, Terms, apply
from overair.ota.compressors import Known, Together
from overair.ota.compressors.correlated import offsets
from overair.phy import Air, Awgn, Grid, keys

SIZE = 4000  # entries, each a draw of its own


def mean_error(entries: list[float], subtractive: bool, depth: int, draws: int = 1) -> np.ndarray:
    """Of the mean of devices, each with one entry at all places, in steps; [draws SIZE].

    An entry is a place among the levels, from 0 to 2^b - 1; two more entries keep the range.
    """
    steps = 2**depth - 1
    unit = 2 * np.array(entries) / steps - 1
    updates = np.concatenate([np.tile(unit[:, None], [1, SIZE]), np.tile([[1.0, -1.0]], [len(entries), 1])], axis=1)
    bits = tf.constant(36.0 + depth * (SIZE + 2))
    compressor = Correlated(subtractive=subtractive, most_bits=depth)

    def one(place: tf.Tensor) -> tf.Tensor:
        draw, turn = place // len(entries), place % len(entries)
        beside = Together(keys.key(1, draw), turn, tf.constant(len(entries)))
        update = tf.gather(tf.constant(updates, tf.float32), turn)
        return compressor.compress(update, bits, keys.key(2, draw, turn), Known(together=beside))[0][:SIZE]

    places = tf.range(draws * len(entries))
    run = tf.function(lambda: tf.map_fn(one, places, fn_output_signature=tf.float32), autograph=False)
    mean = run().numpy().astype(float).reshape(draws, len(entries), SIZE).mean(axis=1)
    return ((mean - unit.mean()) * steps / 2).ravel()


def second_moment_is(values: np.ndarray, expected: float) -> None:
    squares = values**2
    assert abs(squares.mean() - expected) < 4.5 * squares.std() / len(squares) ** 0.5 + 1e-5 * expected


@pytest.mark.parametrize(("devices", "x", "printed"), [(10, 0.37, 0.0021), (16, 0.52, 0.00085), (3, 0.9, None)])
def test_the_mean_of_equal_entries_errs_as_printed(devices: int, x: float, printed: float | None) -> None:
    f = devices * x % 1
    expected = f * (1 - f) / devices**2
    assert printed is None or expected == pytest.approx(printed, rel=0.02)
    second_moment_is(mean_error([x] * devices, False, 1, 4), expected)
    fine = (f * (1 - f) * (1 - 1 / devices) + 1 / (12 * devices)) / devices**2
    second_moment_is(mean_error([x] * devices, True, 1, 4), fine)


@pytest.mark.parametrize("depth", [2, 3])
def test_deeper_levels_err_alike_in_steps(depth: int) -> None:
    x = 1.37
    second_moment_is(mean_error([x] * 10, False, depth, 4), 0.21 / 100)


def test_alone_it_rounds_at_random_or_with_a_dither() -> None:
    second_moment_is(mean_error([0.3], False, 1, 4), 0.21)
    second_moment_is(mean_error([0.3], True, 1, 4), 1 / 12)


def test_of_entries_that_differ_pairs_of_nths_are_equally_likely() -> None:
    """The error of the mean by going through all deals of thirds to three devices."""
    entries = [0.2, 0.45, 0.8]

    def above(x: float, part: int) -> float:
        """P(floor(x + w) = 1) of w uniform in a third."""
        return float(np.clip((part + 1) / 3 - (1 - x), 0, 1 / 3) * 3)

    expected = 0.0
    for deal in permutations(range(3)):
        chance = np.array([above(x, part) for x, part in zip(entries, deal, strict=True)])
        expected += ((chance * (1 - chance)).sum() + (chance.sum() - sum(entries)) ** 2) / 9 / 6
    independent = sum(x * (1 - x) for x in entries) / 9
    assert expected < 0.7 * independent
    draws = mean_error(entries, False, 1, 40).reshape(40, SIZE)  # turns are dealt once for all entries of a round
    per_round = np.mean(draws**2, axis=1)
    assert abs(per_round.mean() - expected) < 4.5 * per_round.std() / 40**0.5 + 1e-6


def test_offsets_lie_in_different_nths_and_are_uniform() -> None:
    every = []
    for turn in range(7):
        beside = Together(keys.key(3), tf.constant(turn), tf.constant(7))
        every.append(offsets(500, beside, keys.key(4, turn)).numpy())
    nths = np.sort(np.floor(np.array(every) * 7), axis=0)
    np.testing.assert_array_equal(nths, np.tile(np.arange(7)[:, None], [1, 500]))
    edges = np.linspace(0, 1, 11)
    counts = np.histogram(every[0], edges)[0]
    assert np.all(np.abs(counts - 50) < 5 * 45**0.5)


def test_a_subtracted_offset_alone_errs_as_the_dithered_quantiser() -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=300), tf.float32)
    for bits in (100.0, 400.0, 2000.0):
        used, errors = [], []
        for compressor in (Correlated(subtractive=True), Dithered()):
            run = tf.function(compressor.compress, autograph=False)
            found = [run(x, tf.constant(bits), keys.key(5, i)) for i in range(200)]
            used.append(float(found[0][1]))
            errors.append([float(tf.reduce_sum((value - x) ** 2)) for value, _ in found])
        assert used[0] == used[1]
        spread = np.hypot(np.std(errors[0]), np.std(errors[1])) / 200**0.5
        assert abs(np.mean(errors[0]) - np.mean(errors[1])) < 4.5 * spread


def test_devices_that_agree_gain_over_a_digital_uplink() -> None:
    """Six devices with one update: f (1 - f)/n^2 against y (1 - y)/n squared steps, averaged over entries."""
    rng, grid = np.random.default_rng(2), Grid(subcarriers=32, symbols=4, prefix=8)
    update = rng.uniform(-1, 1, 400)
    terms = Terms(Air(grid, Awgn(), 6), 400, 4000)
    place, errors = terms.air.init(keys.key(0)), []
    uplink = Digital(Correlated(most_bits=1))
    for index in range(20):
        link = terms.air.draw(place, keys.key(1, index), 0.0, terms.slots, 10.0)
        round = Round(terms, keys.key(2, index), tf.ones([6]) / 6.0, link)
        estimate, _, _ = apply(
            uplink, uplink.init(terms, place), round, tf.constant(np.tile(update, [6, 1]), tf.float32)
        )
        errors.append(((estimate.numpy() - update) ** 2).mean())
    largest = np.abs(update).max()
    y = (update / largest + 1) / 2
    f = 6 * y % 1
    expected = (2 * largest) ** 2 * (f * (1 - f)).mean() / 36
    assert abs(np.mean(errors) - expected) < 4.5 * np.std(errors) / 20**0.5
    assert expected < 0.25 * (2 * largest) ** 2 * (y * (1 - y)).mean() / 6


def test_the_subtracted_error_follows_from_an_integral() -> None:
    """Of n = 4 devices at x: the mean of floor(x + w) - w over w in the four quarters, by quadrature over one."""
    x, n = 0.33, 4
    f = n * x % 1

    def cell(g: float) -> float:
        return (float(g >= 1 - f) - f - (g - 0.5) / n) ** 2

    edge, _ = scipy.integrate.quad(cell, 0, 1, points=[1 - f])
    expected = (edge + (n - 1) / (12 * n**2)) / n**2
    assert expected == pytest.approx((f * (1 - f) * (1 - 1 / n) + 1 / (12 * n)) / n**2, rel=1e-9)


@pytest.mark.parametrize("compressor", [Correlated(), Correlated(subtractive=True), Dithered()], ids=str)
@pytest.mark.parametrize("bits", [40.0, 1e5])
def test_an_update_of_zeros_takes_no_bits(compressor: Correlated | Dithered, bits: float) -> None:
    decoded, used = compressor.compress(tf.zeros([90]), tf.constant(bits), keys.key(0))
    assert used == 0 and not np.any(decoded)
    decoded, used = compressor.compress(tf.fill([90], 1e-30), tf.constant(bits), keys.key(0))
    assert used > 0 and np.any(decoded)
