"""MD-AirComp: nearest codewords, counts from fewer numbers than there are, and what state evolution foretells."""

import itertools
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from overair.ota import Analog, MdAirComp, Round, Terms, apply
from overair.ota.codecs import Past
from overair.ota.codecs._counts import binomial, counts_of
from overair.ota.codecs.md_air_comp import Codebook
from overair.phy import (
    Air,
    Awgn,
    Estimated,
    FullInversion,
    Grid,
    Individual,
    MseOptimal,
    Rayleigh,
    Tdl,
    TruncatedInversion,
    keys,
)

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
SIZE, VECTOR, CODEWORDS = 240, 12, 32  # 20 vectors
LAYERS = ((SIZE,),)
CODEC = MdAirComp(vector=VECTOR, codewords=CODEWORDS)
ELEMENTS = 20 * 12  # 24 real numbers for 32 counts


def code_of(scale: float = 0.8, seed: int = 1) -> Codebook:
    code = CODEC.code(LAYERS, ELEMENTS, keys.key(seed), Past.none(LAYERS))
    return code._replace(scale=tf.constant(scale))


@lru_cache
def compiled(uplink: Analog, air: Air, elements: int) -> Callable[..., Any]:
    """A round of updates [K, d] with weights [K] at an SNR in dB."""
    terms, place, key = Terms(air, SIZE, elements), air.init(keys.key(0, "place")), keys.key(3, 0)

    def round(updates: tf.Tensor, weights: tf.Tensor, snr_db: tf.Tensor) -> Any:
        link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db)
        return apply(uplink, uplink.init(terms, place), Round(terms, key, weights, link), updates)

    return tf.function(round, autograph=False)


def played(
    uplink: Analog, air: Air, updates: tf.Tensor, snr_db: float, weights: Any = None, elements: int = ELEMENTS
) -> tuple[Any, Any, Any]:
    """Estimate, state and report of one round."""
    share = tf.ones([air.devices]) / air.devices if weights is None else tf.constant(weights, tf.float32)
    return compiled(uplink, air, elements)(updates, share, tf.constant(snr_db))


# --- Quantisation


def test_every_vector_becomes_its_nearest_codeword_or_nothing() -> None:
    code, updates = code_of(), 0.3 * keys.normal(keys.key(2), [3, SIZE])
    sent = CODEC.select(updates, LAYERS, code).numpy().reshape(3, -1, VECTOR)
    book = np.vstack([np.zeros(VECTOR), 0.8 * code.directions.numpy()])
    silent = 0
    for device, place in itertools.product(range(3), range(20)):
        vector = updates.numpy()[device, place * VECTOR : (place + 1) * VECTOR]
        nearest = np.argmin(((vector - book) ** 2).sum(axis=1))
        np.testing.assert_allclose(sent[device, place], book[nearest], atol=1e-6)
        silent += nearest == 0
    assert 0 < silent < 60


def test_codewords_have_sequences_of_one_strength_and_are_found_again_in_what_is_sent() -> None:
    code, updates = code_of(), keys.normal(keys.key(2), [3, SIZE])
    sent = CODEC.select(updates, LAYERS, code)
    symbols = CODEC.encode(sent, LAYERS, code).numpy()
    assert symbols.shape == (3, ELEMENTS)
    directions, sequences = code.directions.numpy(), code.sequences.numpy()
    assert sequences.shape == (24, CODEWORDS) and np.allclose(np.abs(sequences), 24**-0.5)
    np.testing.assert_allclose((directions**2).sum(axis=1), 1, rtol=1e-5)
    for device, place in itertools.product(range(3), range(20)):
        vector = sent.numpy()[device, place * VECTOR : (place + 1) * VECTOR]
        index = np.argmax(directions @ vector)
        own = symbols[device, place * 12 : (place + 1) * 12]
        expected = sequences[:, index] if np.any(vector) else np.zeros(24)
        np.testing.assert_allclose(np.stack([own.real, own.imag], 1).ravel(), expected, atol=1e-7)


@pytest.mark.parametrize("law", ["normal", "laplace", "half_zero"])
def test_the_scale_that_a_device_asks_for_errs_least(law: str) -> None:
    """Against a search: of vectors quantised at many scales, no error is smaller."""
    rng = np.random.default_rng(4)
    x = rng.laplace(size=[1, SIZE]) if law == "laplace" else rng.normal(size=[1, SIZE])
    x[:, : SIZE // 2] *= law != "half_zero"
    x = tf.constant(x, tf.float32)
    asked = float(CODEC.ask(x, LAYERS, code_of())[0])

    def error(scale: float) -> float:
        return float(tf.reduce_sum((CODEC.select(x, LAYERS, code_of(float(scale))) - x) ** 2))

    best = min(error(scale) for scale in asked * np.linspace(0.5, 2.0, 61))
    assert error(asked) <= best * (1 + 1e-5)


# --- Counts


def draw(
    devices: int, words: int, rows: int, columns: int, noise: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, tf.Tensor]:
    """True counts [N, S], Binomial(K, 1/N) each, sequences, and what is heard."""
    rng = np.random.default_rng(seed)
    counts = rng.binomial(devices, 1 / words, [words, columns])
    sequences = rng.choice([-1.0, 1.0], [rows, words]) / rows**0.5
    heard = sequences @ counts + noise**0.5 * rng.normal(size=[rows, columns])
    return counts, sequences, tf.constant(heard, tf.float32)


def counted(heard: tf.Tensor, sequences: np.ndarray, noise: float, devices: int) -> np.ndarray:
    law = binomial(tf.constant(devices), devices, tf.constant(1 / sequences.shape[1]))
    run = tf.function(counts_of, autograph=False)
    return run(heard, tf.constant(sequences, tf.float32), tf.constant(noise, tf.float32), law).numpy()


@pytest.mark.parametrize(("devices", "words", "rows"), [(4, 64, 40), (10, 128, 96), (20, 256, 160)])
def test_counts_come_back_exactly_from_fewer_numbers_at_a_high_snr(devices: int, words: int, rows: int) -> None:
    counts, sequences, heard = draw(devices, words, rows, 60, 1e-4)
    assert rows < words and counts.max() > 1
    np.testing.assert_allclose(counted(heard, sequences, 1e-4, devices), counts, atol=1e-3)


@pytest.mark.parametrize(("devices", "most", "chance"), [(8, 8, 0.2), (5, 9, 0.03)])
def test_what_is_known_before_is_a_binomial(devices: int, most: int, chance: float) -> None:
    law = np.exp(binomial(tf.constant(devices), most, tf.constant(chance)))
    np.testing.assert_allclose(law, scipy.stats.binom.pmf(np.arange(most + 1), devices, chance), rtol=1e-4, atol=1e-7)


def mmse(t2: float, law: np.ndarray) -> float:
    """E Var[x | x + t z] of whole numbers of that law, by quadrature."""
    j = np.arange(len(law))
    u = np.linspace(-8 * t2**0.5, j[-1] + 8 * t2**0.5, 4001)
    joint = law[:, None] * np.exp(-((u - j[:, None]) ** 2) / (2 * t2)) / (2 * np.pi * t2) ** 0.5
    density = joint.sum(axis=0)
    mean = (j[:, None] * joint).sum(axis=0) / np.maximum(density, 1e-300)
    return float((j**2 * law).sum() - np.trapezoid(mean**2 * density, u))


def foretold(law: np.ndarray, load: float, noise: float) -> tuple[float, float, float]:
    """The error at the fixed point e = f(e) that state evolution reaches from what is known before, f' and f''."""

    def after(error: float) -> float:
        return mmse(noise + load * error, law)

    error = mmse(1e6, law)
    for _ in range(40):
        error = after(error)
    h = 0.05 * error
    below, above = after(error - h), after(error + h)
    return error, (above - below) / (2 * h), (above - 2 * error + below) / h**2


@pytest.mark.parametrize("noise", [0.05, 0.1])  # at the lower, f' is 0.7: near where counts are lost
@pytest.mark.parametrize(("devices", "words", "rows", "columns"), [(20, 256, 96, 100), (40, 320, 160, 60)])
def test_the_error_of_counts_is_that_of_state_evolution(
    devices: int, words: int, rows: int, columns: int, noise: float
) -> None:
    """Of few codewords a column strays from e by what it has been dealt, and f, which is curved, makes a mean of it.

    The mean over columns is e + f'' var/2/(1 - f') to second order, var that of a column's error and, of chi^2 noise,
    2 s2^2/m (m/N)^2; the next order is taken to be no larger. The law has N S counts to be learnt from: no matter.
    """
    counts, sequences, heard = draw(devices, words, rows, columns, noise)
    errors = ((counted(heard, sequences, noise, devices) - counts) ** 2).mean(axis=0)
    law = scipy.stats.binom.pmf(np.arange(13), devices, 1 / words)  # above 12 less than 1e-12
    expected, slope, curve = foretold(law, words / rows, noise)
    dealt = errors.var() + 2 * noise**2 / rows * (rows / words) ** 2
    bias = curve * dealt / 2 / (1 - slope)
    assert abs(errors.mean() - expected - bias) < 4.5 * errors.std() / columns**0.5 + abs(bias)
    assert 0 < slope < 1 and expected < 0.9 * devices / words


def test_where_devices_agree_the_law_of_counts_is_learnt() -> None:
    """All choose between two codewords a column: a binomial of chance 1/N has next to no such counts.

    What is lost to learning is less than what state evolution foretells where the law is known.
    """
    devices, words, rows, columns, noise = 20, 128, 80, 60, 0.5
    rng = np.random.default_rng(1)
    counts = np.zeros([words, columns])
    for column in range(columns):
        counts[rng.choice(words, 2, replace=False), column] = rng.multinomial(devices, [0.5, 0.5])
    sequences = rng.choice([-1.0, 1.0], [rows, words]) / rows**0.5
    heard = tf.constant(sequences @ counts + noise**0.5 * rng.normal(size=[rows, columns]), tf.float32)
    error = ((counted(heard, sequences, noise, devices) - counts) ** 2).mean()
    law = np.bincount(counts.astype(int).ravel(), minlength=devices + 1) / counts.size
    expected = foretold(law, words / rows, noise)[0]
    assert 0.8 * expected < error < 2 * expected


# --- Over the air


AIRS = {
    "awgn": Air(GRID, Awgn(), 6),
    "antennas": Air(GRID, Rayleigh(), 6, antennas=4),
    "tdl": Air(GRID, Tdl("A", 30e-9), 6, antennas=2),
    "estimated": Air(GRID, Rayleigh(), 6, antennas=2, csit=Estimated(), csir=Estimated()),
}


@pytest.mark.parametrize(
    ("air", "rule"),
    [
        ("awgn", MseOptimal()),
        ("antennas", FullInversion()),
        ("antennas", Individual()),
        ("tdl", TruncatedInversion(floor=1.0)),
        ("estimated", Individual()),
        ("estimated", TruncatedInversion(floor=1.0)),
    ],
    ids=str,
)
def test_nobody_spends_more_than_its_budget(air: str, rule: Any) -> None:
    updates = keys.normal(keys.key(2), [6, SIZE]) * tf.constant([[1.0], [5.0], [0.1], [1.0], [0.0], [1.0]])
    weights = [0.3, 0.1, 0.2, 0.25, 0.05, 0.1]
    estimate, _, report = played(Analog(CODEC, rule), AIRS[air], updates, 10.0, weights, ELEMENTS + 10)
    assert np.all(np.isfinite(estimate)) and np.all(report.energy <= 1 + 1e-4) and np.max(report.energy) > 0.1
    assert float(report.payload) == ELEMENTS + (isinstance(rule, Individual))
    assert float(report.free_bits) >= 6 * 64


@pytest.mark.parametrize("weights", [None, [0.3, 0.1, 0.2, 0.25, 0.05, 0.1]])
def test_at_a_high_snr_what_was_quantised_arrives_whatever_the_weights(weights: Any) -> None:
    updates = keys.normal(keys.key(2), [6, SIZE])
    for name in ("awgn", "antennas"):
        estimate, state, report = played(Analog(CODEC, FullInversion()), AIRS[name], updates, 70.0, weights)
        share = np.full(6, 1 / 6) if weights is None else np.array(weights)
        assert float(report.nmse_sent) < 1e-4 and np.all(report.decoded)
        owed = np.sum(share[:, None] * state.owed.numpy(), axis=0)
        np.testing.assert_allclose(estimate + owed, np.sum(share[:, None] * updates.numpy(), axis=0), atol=2e-2)
        sums = np.sum(share[:, None] * (updates.numpy() - state.owed.numpy()), axis=0)
        np.testing.assert_allclose(estimate, sums, atol=1e-2)


def test_codewords_are_of_the_weighted_updates_at_the_mean_of_the_scales_asked_for() -> None:
    """By hand: scales of w_k/mean(w) u_k, their mean, nearest codewords, and their sum times the mean weight."""
    updates, share = keys.normal(keys.key(2), [6, SIZE]), np.array([0.3, 0.1, 0.2, 0.25, 0.05, 0.1], np.float32)
    estimate, _, _ = played(Analog(CODEC, FullInversion()), AIRS["awgn"], updates, 70.0, share)
    code = CODEC.code(LAYERS, ELEMENTS, keys.fold(keys.key(3, 0), "codec"), Past.none(LAYERS))
    stretched = updates * (share / share.mean())[:, None]
    scale = tf.reduce_mean(CODEC.ask(stretched, LAYERS, code))
    sent = CODEC.select(stretched, LAYERS, code._replace(scale=scale))
    np.testing.assert_allclose(estimate, share.mean() * tf.reduce_sum(sent, axis=0), atol=1e-2)


def test_what_is_not_there_takes_no_part_in_scale_and_counts() -> None:
    updates = keys.normal(keys.key(2), [6, SIZE])
    loud = tf.concat([updates[:3], 1e3 * updates[3:]], axis=0)
    weights = [1 / 3, 1 / 3, 1 / 3, 0.0, 0.0, 0.0]
    uplink = Analog(CODEC, FullInversion())
    one, other = (played(uplink, AIRS["awgn"], some, 40.0, weights)[0] for some in (updates, loud))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_owed_updates_arrive_over_rounds() -> None:
    """Of one update of all devices, sent again and again: what is owed stays bounded, and the mean comes near."""
    air, updates = AIRS["awgn"], tf.tile(keys.normal(keys.key(2), [1, SIZE]), [6, 1])
    terms, place = Terms(air, SIZE, ELEMENTS), air.init(keys.key(0, "place"))
    uplink = Analog(CODEC, FullInversion())

    def one(carry: Any, number: tf.Tensor) -> Any:
        key = keys.key(3, number)
        link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, 30.0)
        estimate, state, _ = apply(uplink, carry[0], Round(terms, key, tf.ones([6]) / 6, link), updates)
        return state, estimate

    start = uplink.init(terms, place), tf.zeros([SIZE])
    states, estimates = tf.function(lambda: tf.scan(one, tf.range(40), start), autograph=False)()
    errors = [float(tf.norm(tf.reduce_mean(estimates[:n], axis=0) - updates[0]) / tf.norm(updates[0])) for n in (1, 40)]
    assert errors[0] > 0.6 and errors[1] < 0.4 * errors[0]
    assert float(tf.norm(states.owed[-1, 0])) < 15 * float(tf.norm(updates[0]))


# --- Bad input


def test_a_codebook_larger_than_memory_is_refused_in_a_line() -> None:
    air = Air(GRID, Awgn(), 6)
    uplink = Analog(MdAirComp(vector=1, codewords=2**24), FullInversion())
    with pytest.raises(ValueError, match=r"uplink.codec.codewords: expected at most \d+ for 240 vectors") as raised:
        uplink.check(Terms(air, SIZE, 1000))
    assert "\n" not in str(raised.value)


def test_a_grant_in_which_codewords_share_sequences_is_refused_with_the_number_it_needs() -> None:
    """32 codewords want 5 symbols of 2 bits: of 1,024 sequences, the 496 pairs of codewords share half a one."""
    terms = [Terms(Air(GRID, Awgn(), 6), SIZE, elements) for elements in (20 * 5 - 1, 20 * 5)]
    with pytest.raises(ValueError, match="grant.elements: expected at least 100"):
        Analog(CODEC, FullInversion()).check(terms[0])
    Analog(CODEC, FullInversion()).check(terms[1])


@pytest.mark.parametrize(("codewords", "symbols"), [(2, 1), (3, 2), (4, 2), (5, 3), (64, 6), (65, 7)])
def test_sequences_are_as_long_as_codewords_need_to_differ(codewords: int, symbols: int) -> None:
    codec = MdAirComp(vector=VECTOR, codewords=codewords)
    assert codec.elements(LAYERS, 1) == 20 * symbols and symbols == np.ceil(np.log2(codewords))


@pytest.mark.parametrize(("vector", "codewords"), [(0, 64), (20, 1), (20.5, 64)])
def test_codebooks_that_are_none_are_refused(vector: Any, codewords: int) -> None:
    with pytest.raises(ValueError, match="vector|codewords"):
        MdAirComp(vector=vector, codewords=codewords)


def test_constants_and_zeros_are_no_exception() -> None:
    for value in (0.0, 3.0, 1e-30, 1e15):
        estimate, _, report = played(Analog(CODEC, FullInversion()), AIRS["awgn"], tf.fill([6, SIZE], value), 20.0)
        assert np.all(np.isfinite(estimate)) and np.all(report.energy <= 1 + 1e-4)
        assert value or not np.any(estimate)
