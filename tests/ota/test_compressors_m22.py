"""M22: what it errs and costs as foretold, what a receiver makes of real bytes, and what happens at the edges."""

import math
import struct
from typing import Any

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from overair.ota.compressors import Known
from overair.ota.compressors._laws import LawName, fit
from overair.ota.compressors._levels import levels_of
from overair.ota.compressors.m22 import M22
from overair.ota.past import Past
from overair.phy import keys

CNN = (  # weights of the network of the paper, then what its normalisations keep
    *((3, 3, 3, 32), (32,), (32,), (32,), (3, 3, 32, 32), (32,), (32,), (32,)),
    *((3, 3, 32, 64), (64,), (64,), (64,), (3, 3, 64, 64), (64,), (64,), (64,)),
    *((3, 3, 64, 128), (128,), (128,), (128,), (3, 3, 128, 128), (128,), (128,), (128,)),
    *((2048, 128), (128,), (128,), (128,), (128, 10), (10,)),
    *((32,), (32,), (32,), (32,), (64,), (64,), (64,), (64,), (128,), (128,), (128,), (128,), (128,), (128,)),
)
SMALL = 3_754  # entries of layers of at most 1,000
KEY = keys.key(0)


def drawn(law: Any, size: int, seed: int = 0, scale: float = 1.0) -> tf.Tensor:
    values = law.rvs(size, random_state=np.random.default_rng(seed))
    return tf.constant(scale * values / law.std(), tf.float32)


def sent(scheme: M22, update: tf.Tensor, bits: float, known: Known | None = None) -> tuple[np.ndarray, float]:
    run = tf.function(scheme.compress, autograph=False)
    decoded, used = run(update, tf.constant(bits, tf.float32), KEY, known or Known())
    return decoded.numpy(), float(used)


def ways(size: int, kept: int) -> float:
    """log2 C(n, k)."""
    return (math.lgamma(size + 1) - math.lgamma(kept + 1) - math.lgamma(size - kept + 1)) / math.log(2)


def weighted(decoded: np.ndarray, update: tf.Tensor, m: float) -> tuple[float, float]:
    """The weighted error, of the weighted energy, and the standard error of it."""
    x = update.numpy().astype(np.float64)
    error, energy = np.abs(x) ** m * (x - decoded) ** 2, np.abs(x) ** (m + 2)
    ratio = error.mean() / energy.mean()
    return ratio, float(np.std(error - ratio * energy) / energy.mean() / len(x) ** 0.5)


@pytest.mark.parametrize(
    ("beta", "kept", "threshold", "level", "printed"),
    [(1.0, 0.6, 0.361208, 1.068315, 0.315222), (2.0, 0.6, 0.524401, 1.158975, 0.194066)],
)
def test_a_bit_for_each_of_the_largest_errs_as_published(
    beta: float, kept: float, threshold: float, level: float, printed: float
) -> None:
    x = drawn(scipy.stats.gennorm(beta), 200_000)
    decoded, used = sent(M22(m=0.0, value_bits=1, kept=kept, small=0), x, 2e6)
    found = np.unique(np.abs(decoded[decoded != 0]))
    assert len(found) == 1 and found[0] == pytest.approx(level, rel=0.01)
    assert np.abs(x)[decoded != 0].min() == pytest.approx(threshold, rel=0.02)
    error, off = weighted(decoded, x, 0.0)
    assert abs(error - printed) < 4.5 * off
    count = round(kept * len(decoded))
    assert np.count_nonzero(decoded) == count
    assert used == pytest.approx(count + ways(len(decoded), count) + 32 * 5, abs=0.1)


@pytest.mark.parametrize(
    ("law", "shape", "m", "bits", "kept"),
    [
        ("gennorm", 0.7, 2.0, 2, 1.0),
        ("gennorm", 0.6, 1.0, 3, 0.3),
        ("gennorm", 1.4, 3.0, 1, 0.5),
        ("weibull", 0.8, 1.0, 2, 1.0),
        ("weibull", 1.3, 0.0, 4, 0.2),
        ("weibull", 1.0, 2.0, 5, 0.7),
    ],
)
def test_the_weighted_error_is_that_of_the_law(law: LawName, shape: float, m: float, bits: int, kept: float) -> None:
    density = {"gennorm": scipy.stats.gennorm, "weibull": scipy.stats.dweibull}[law](shape)
    x = drawn(density, 300_000, 1)
    decoded, _ = sent(M22(law, m, bits, kept, small=0), x, 1e8)
    error, off = weighted(decoded, x, m)
    expected = foretold(density, m, 2 ** (bits - 1), kept)
    assert abs(error - expected) < 4.5 * off + 0.005 * expected  # of laws that are fitted, not known
    assert error < 1.0  # no worse than silence in weighted error


def foretold(density: Any, m: float, count: int, kept: float) -> float:
    """Of the law cut into 20,000 pieces: what is left out, and what Lloyd's levels for the rest err by."""
    x = np.geomspace(1e-4, density.isf(1e-25), 20_000)
    weight = x**m * density.pdf(x) * x
    energy, high = np.sum(weight * x**2), x > density.isf(kept / 2)
    silent, x, weight = np.sum((weight * x**2)[~high]) / energy, x[high], weight[high]
    dense = np.cumsum((weight / x) ** (1 / 3) * x)
    levels = x[np.searchsorted(dense, dense[-1] * (np.arange(count) + 0.5) / count)]
    for _ in range(1000):
        cell = np.searchsorted((levels[1:] + levels[:-1]) / 2, x)
        levels = np.bincount(cell, weight * x, count) / np.bincount(cell, weight, count)
    cell = np.searchsorted((levels[1:] + levels[:-1]) / 2, x)
    return float(silent + np.sum(weight * (x - levels[cell]) ** 2) / energy)


def test_of_gaussian_entries_a_bit_at_m_2_errs_by_as_much_as_silence_unless_errors_are_weighted() -> None:
    x = keys.normal(keys.key(3), [400_000])
    decoded, _ = sent(M22(m=2.0, value_bits=1, kept=1.0, small=0), x, 1e6)
    error, off = weighted(decoded, x, 0.0)
    assert abs(error - 1.0) < 4.5 * off + 1e-3
    weighed, off = weighted(decoded, x, 2.0)  # 1 - (E|x|^3)^2/(E x^2 E x^4)
    assert abs(weighed - (1 - (8 / math.pi) / 3)) < 4.5 * off


@pytest.mark.parametrize(("bits", "kept", "printed"), [(1, 0.6, 1.5710), (2, 0.3, 1.4813), (3, 0.2, 1.3219)])
def test_true_bits_are_entries_and_where_they_are(bits: int, kept: float, printed: float) -> None:
    d = 552_874
    x = drawn(scipy.stats.laplace(), d, 2)
    _, used = sent(M22(value_bits=bits, kept=kept, small=0), x, 1e6)
    count = round(kept * d)
    assert used == pytest.approx(bits * count + ways(d, count) + 32 * (3 + 2), abs=1.0)
    assert used / d == pytest.approx(printed, abs=4e-4)


def test_the_papers_count_leaves_out_positions_laws_and_small_layers() -> None:
    d = sum(math.prod(shape) for shape in CNN)
    assert d == 552_874 and sum(n for n in map(math.prod, CNN) if n <= 1000) == SMALL
    x, known = drawn(scipy.stats.gennorm(0.7), d, 3), Known(CNN)
    for bits, kept, budget in ((1, 0.6, 331_724), (2, 0.9, 995_174), (3, 0.6, 995_172)):
        decoded, used = sent(M22(value_bits=bits, kept=kept, count="payload"), x, budget, known)
        assert used == pytest.approx(budget, abs=bits)
        true, cost = sent(M22(value_bits=bits, kept=kept), x, 1e7, known)
        np.testing.assert_allclose(true, decoded, rtol=1e-6)
        count = round(kept * d) - SMALL
        large = sum(n > 1000 for n in map(math.prod, CNN))
        assert cost == pytest.approx(bits * count + ways(d - SMALL, count) + 32 * SMALL + 64 * large + 96, rel=1e-6)
    assert ways(d, 331_724) == pytest.approx(536_804, abs=1)


def test_small_layers_arrive_exactly_unless_they_would_take_more_than_half() -> None:
    layers, x = ((40, 50), (100,), (30,)), drawn(scipy.stats.laplace(), 2130, 4)
    exact, used = sent(M22(), x, 2 * 32 * 130, Known(layers))
    np.testing.assert_array_equal(exact[2000:], x[2000:])
    assert used <= 2 * 32 * 130 and np.count_nonzero(exact[:2000]) > 200
    rounded, used = sent(M22(), x, 2 * 32 * 130 - 1, Known(layers))
    assert np.all(rounded[2000:] != x[2000:]) and used <= 2 * 32 * 130 - 1
    alone, used = sent(M22(), x[:100], 32 * 200, Known(((100,),)))
    np.testing.assert_array_equal(alone, x[:100])
    assert used == 3200


@pytest.mark.parametrize(("m", "rate"), [(0.0, 0.2), (2.0, 1.0), (1.0, 2.5)])
def test_depth_and_number_are_near_the_best_of_all_pairs_that_fit(m: float, rate: float) -> None:
    wide, narrow = drawn(scipy.stats.gennorm(0.6), 60_000, 5), drawn(scipy.stats.gennorm(1.2), 40_000, 6, 0.2)
    x, known, room = tf.concat([wide, narrow], 0), Known(((60_000,), (80, 500))), rate * 100_000
    decoded, used = sent(M22(m=m), x, room, known)
    best = np.inf
    for bits in range(1, 7):
        most = max(k for k in range(1, 100_001, 100) if bits * k + ways(100_000, k) + 32 * 7 <= room)
        for share in (0.5, 0.7, 0.8, 0.9, 1.0):
            scheme = M22(m=m, value_bits=bits, kept=share * most / 1e5)
            best = min(best, weighted(scheme.compress(x, tf.constant(room), KEY, known)[0].numpy(), x, m)[0])
    assert weighted(decoded, x, m)[0] < best * 1.03 and used <= room


def test_a_receiver_reads_it_from_real_bytes() -> None:
    layers, x = ((40, 30), (9, 100), (20,)), drawn(scipy.stats.gennorm(0.8), 2120, 7)
    scheme = M22(m=1.0, value_bits=3, kept=0.3, small=100)
    decoded, used = sent(scheme, x, 1e5, Known(layers))
    data = written(x.numpy(), decoded, [1200, 900], 3)
    assert 8 * len(data) <= used
    np.testing.assert_array_equal(read(data, [1200, 900], 20), decoded)


def written(x: np.ndarray, decoded: np.ndarray, sizes: list[int], bits: int) -> bytes:
    """k, smallest magnitude kept, depth, laws, small layers, which of the C(n, k) choices, and signs and levels."""
    n = sum(sizes)
    places = np.flatnonzero(decoded[:n])
    start, k, law = np.abs(x[places]).min(), len(places), laws(x, sizes)
    levels = levels_of("gennorm", 1.0, 2 ** (bits - 1), law, tf.constant(start, tf.float64)).numpy().astype(np.float32)
    number = 0
    for place in places.tolist():
        number = (
            number << bits | int(x[place] < 0) << bits - 1 | level_of(levels[int(place >= sizes[0])], abs(x[place]))
        )
    number = number * math.comb(n, k) + sum(math.comb(place, i + 1) for i, place in enumerate(places.tolist()))
    length = -(-(k * bits + math.comb(n, k).bit_length()) // 8)
    told = [value for pair in zip(law.scale.numpy(), law.shape.numpy(), strict=True) for value in pair]
    head = struct.pack(f"<IfB{len(told)}f", k, start, bits, *told) + x[n:].tobytes()
    return head + number.to_bytes(length, "big")


def read(data: bytes, sizes: list[int], small: int) -> np.ndarray:
    n, laws_at = sum(sizes), 9 + 8 * len(sizes)
    k, start, bits = struct.unpack("<IfB", data[:9])
    told = np.frombuffer(data[9:laws_at], np.float32).astype(np.float64).reshape(-1, 2)
    law = fit("gennorm", tf.ones([len(sizes)], tf.float64), tf.ones([len(sizes)], tf.float64))
    law = law._replace(scale=tf.constant(told[:, 0]), shape=tf.constant(told[:, 1]), order=tf.constant(1 / told[:, 1]))
    levels = levels_of("gennorm", 1.0, 2 ** (bits - 1), law, tf.constant(np.float64(start))).numpy().astype(np.float32)
    number, which = divmod(int.from_bytes(data[laws_at + 4 * small :], "big"), math.comb(n, k))
    places: list[int] = []
    for i in range(k, 0, -1):
        place = max(places[-1] - 1 if places else n - 1, 0)
        while math.comb(place, i) > which:
            place -= 1
        which -= math.comb(place, i)
        places.append(place)
    decoded = np.zeros(n, np.float32)
    for place in places:  # the last first, as they were pushed
        number, word = number >> bits, number & (1 << bits) - 1
        value = levels[int(place >= sizes[0])][word & (1 << bits - 1) - 1]
        decoded[place] = -value if word >> bits - 1 else value
    return np.concatenate([decoded, np.frombuffer(data[laws_at : laws_at + 4 * small], np.float32)])


def laws(x: np.ndarray, sizes: list[int]) -> Any:
    parts = np.split(np.abs(x[: sum(sizes)]), np.cumsum(sizes)[:-1])
    peaks = [part.max() for part in parts]
    units = [tf.constant(part / peak) for part, peak in zip(parts, peaks, strict=True)]
    mean = [float(peak) * float(tf.reduce_mean(unit)) for unit, peak in zip(units, peaks, strict=True)]
    square = [float(peak) ** 2 * float(tf.reduce_mean(unit**2)) for unit, peak in zip(units, peaks, strict=True)]
    return fit("gennorm", tf.constant(mean, tf.float64), tf.constant(square, tf.float64))


def level_of(levels: np.ndarray, magnitude: float) -> int:
    return int(np.argmin(np.abs(levels - magnitude)))


def test_laws_of_the_last_estimate_cost_nothing_and_without_one_they_are_sent() -> None:
    layers, x = ((1500,), (2000,)), drawn(scipy.stats.laplace(), 3500, 8)
    scheme, past = M22(value_bits=2, kept=0.4, fit="past"), Past(tf.constant(1), x)
    assert scheme.remembers and not M22().remembers
    fresh, cost = sent(M22(value_bits=2, kept=0.4), x, 1e5, Known(layers))
    first, used = sent(scheme, x, 1e5, Known(layers))
    np.testing.assert_array_equal(first, fresh)
    assert used == cost
    again, used = sent(scheme, x, 1e5, Known(layers, past))
    np.testing.assert_array_equal(again, fresh)
    assert used == pytest.approx(cost - 128)
    half = Past(tf.constant(1), tf.where(tf.range(3500) < 1500, 3.0 * x, 0.0))  # nothing arrived of the second layer
    other, used = sent(scheme, x, 1e5, Known(layers, half))
    assert used == pytest.approx(cost - 64)
    np.testing.assert_array_equal(other[1500:], fresh[1500:])
    assert np.any(other[:1500] != fresh[:1500])


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_the_scale_of_an_update_changes_nothing_else(scale: float) -> None:
    x = drawn(scipy.stats.gennorm(0.7), 5000, 9)
    one, used = sent(M22(), x, 8000)
    other, cost = sent(M22(), scale * x, 8000)
    assert used == cost
    np.testing.assert_allclose(other / scale, one, rtol=1e-4)


def test_edges() -> None:
    layers = Known(((2000,), (0,), (1500,)))  # one of no entries
    zeros = np.zeros(3500, np.float32)
    assert sent(M22(), tf.constant(zeros), 1e4, layers)[1] == 0
    half = zeros.copy()
    half[:2000] = drawn(scipy.stats.laplace(), 2000)
    decoded, used = sent(M22(), tf.constant(half), 1e4, layers)
    assert not np.any(decoded[2000:]) and np.any(decoded[:2000]) and used <= 1e4
    decoded, used = sent(M22(value_bits=1, kept=1.0), tf.constant(half), 1e4, layers)
    assert np.count_nonzero(decoded) == 2000  # zeros are not kept
    constant, used = sent(M22(m=0.0), tf.fill([3500], -2e-3), 1e4, layers)
    assert np.all(np.isfinite(constant)) and weighted(constant, tf.fill([3500], -2e-3), 0.0)[0] < 0.5
    trouble, _ = sent(M22(), tf.constant(np.where(np.arange(3500) == 7, np.nan, 1.0), tf.float32), 1e4, layers)
    assert not np.all(np.isfinite(trouble))  # it is not hidden
    for budget in (0.0, 100.0, 32 * 7 + 1.0):
        decoded, used = sent(M22(), tf.constant(half), budget, layers)
        assert used == 0 and not np.any(decoded)
