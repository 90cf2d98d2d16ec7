"""Floats of 8 and 4 bits: their numbers, the scale that errs least, and what fits in real bytes."""

import heapq
import math
from collections.abc import Callable
from functools import cache

import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, optimize, stats

from overair.ota import Digital, LowPrecision, Round, Terms, apply, coding, subsets
from overair.ota.compressors import ALONE, Known
from overair.ota.compressors._fitted_scale import LEAST, MOST, by_polynomial, deviation, least_error, polynomial
from overair.ota.compressors._laws import Law
from overair.ota.compressors._minifloat import FP4, FP8, Minifloat
from overair.ota.compressors._sparse_code import largest_that_fit
from overair.ota.layers import Layers
from overair.ota.past import Past
from overair.phy import Air, Awgn, Grid, keys

PLENTY = 1e7  # bits
EVERY = LowPrecision(), LowPrecision("fp4"), LowPrecision("fp4", "polynomial")
PAPER = 552_874, 331_724  # parameters, and the bits of 60 % of them


@cache
def compiled(scheme: LowPrecision, layers: Layers) -> Callable:
    return tf.function(
        lambda x, bits, past: scheme.compress(x, bits, keys.key(0), Known(layers, past)), autograph=False
    )


def compressed(scheme: LowPrecision, x: np.ndarray, bits: float = PLENTY, known: Known = ALONE) -> tuple:
    known = known.filled(len(x))
    run = compiled(scheme, known.layers)
    decoded, used = run(tf.constant(x, tf.float32), tf.constant(bits, tf.float32), known.past)
    return decoded.numpy().astype(np.float64), float(used)


def cells(form: Minifloat, shape: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Chances of each number and its share of E|x - x^|^2, of a generalised normal law at scale 1, by quadrature."""
    levels = np.sort(np.concatenate([-form.magnitudes()[1:], form.magnitudes()])) / scale
    edges = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
    law = stats.gennorm(shape)

    def part(level: float, low: float, high: float) -> float:
        low, high = max(low, -law.isf(1e-18)), min(high, law.isf(1e-18))
        if low >= high:
            return 0.0
        return integrate.quad(lambda v: (v - level) ** 2 * law.pdf(v), low, high, epsabs=1e-13)[0]

    errors = [part(*each) for each in zip(levels, edges[:-1], edges[1:], strict=True)]
    return np.diff(law.cdf(edges)), np.array(errors)


def distortion(form: Minifloat, shape: float, scale: float) -> float:
    return float(cells(form, shape, scale)[1].sum() / stats.gennorm(shape).var())


def entropy(chances: np.ndarray) -> float:
    some = chances[chances > 0]
    return float(-(some * np.log2(some)).sum())


def huffman(chances: np.ndarray) -> float:
    """Mean length of a Huffman code."""
    heap, total = [float(chance) for chance in chances if chance > 0], 0.0
    heapq.heapify(heap)
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


def scale_of(rule: Callable[[Law], tf.Tensor], shape: float, scale: float = 1.0) -> float:
    """s a, as the code has it."""
    one = tf.constant([shape], tf.float64)
    return float(scale / rule(Law(tf.constant([scale], tf.float64), one, 1.0 / one))[0])


# --- The numbers


def test_fp8_has_the_finite_numbers_of_the_upper_half_of_half_precision() -> None:
    halves = (np.arange(256, dtype=np.uint16) << 8).view(np.float16).astype(np.float64)
    finite = np.unique(halves[np.isfinite(halves)])
    mine = np.unique(np.concatenate([-FP8.magnitudes(), FP8.magnitudes()]))
    np.testing.assert_array_equal(mine, finite)
    assert len(finite) == FP8.symbols == 247 and FP8.value_bits == 8
    assert mine.max() == 57_344 and FP8.magnitudes()[1] == 2**-16


def test_fp4_has_eleven_numbers() -> None:
    np.testing.assert_array_equal(FP4.magnitudes(), [0, 0.5, 1, 1.5, 2, 3])
    assert FP4.symbols == 11 and FP4.value_bits == 4
    assert math.log2(FP4.symbols) == pytest.approx(3.459, abs=5e-4)


def test_rounding_is_to_the_nearest_number() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000) * 2.0 ** rng.uniform(-18, 15, 4000)
    inside = x[np.abs(x) < 57_344].astype(np.float32)
    found = FP8.decode(FP8.encode(tf.constant(inside))).numpy()
    np.testing.assert_array_equal(found, inside.astype(ml_dtypes.float8_e5m2).astype(np.float32))
    every = np.concatenate([-FP4.magnitudes()[1:], FP4.magnitudes()])
    small = rng.uniform(-5, 5, 4000).astype(np.float32)
    nearest = every[np.argmin(np.abs(small[:, None] - every), axis=1)]
    np.testing.assert_array_equal(FP4.decode(FP4.encode(tf.constant(small))), nearest)


@pytest.mark.parametrize("form", [FP4, FP8])
def test_symbols_and_numbers_are_one_to_one(form: Minifloat) -> None:
    symbols = tf.range(form.symbols)
    numbers = form.decode(symbols)
    np.testing.assert_array_equal(form.encode(numbers), symbols)
    assert len(np.unique(numbers)) == form.symbols and numbers[0] == 0


@pytest.mark.parametrize(("form", "largest"), [("fp8", 57_344.0), ("fp4", 3.0)])
def test_without_a_scale_small_numbers_are_lost_and_large_ones_cut_off(form: str, largest: float) -> None:
    scheme = LowPrecision(form, scale="none")  # type: ignore[arg-type]
    tiny = stats.norm.rvs(size=500, random_state=1) * 1e-6
    lost, used = compressed(scheme, tiny)
    assert not np.any(lost) and used == 0
    np.testing.assert_array_equal(compressed(scheme, np.array([1e6, -1e9, 0.0]))[0], [largest, -largest, 0.0])
    kept, _ = compressed(LowPrecision(form), tiny)  # type: ignore[arg-type]
    assert ((kept - tiny) ** 2).sum() < 0.03 * (tiny**2).sum()


# --- The scale of fp4


@pytest.mark.parametrize(
    ("shape", "scale", "error", "bits", "coded"),
    [(1.0, 0.6515, 0.036355, 2.7858, 2.8457), (2.0, 1.7510, 0.019940, 3.2427, 3.2786)],
)
def test_fp4_at_its_best_scale(shape: float, scale: float, error: float, bits: float, coded: float) -> None:
    mine = scale_of(least_error, shape)
    assert mine == pytest.approx(scale, rel=1e-3)
    chances, _ = cells(FP4, shape, mine)
    assert distortion(FP4, shape, mine) == pytest.approx(error, abs=2e-6)
    assert entropy(chances) == pytest.approx(bits, abs=2e-3)
    assert huffman(chances) == pytest.approx(coded, abs=2e-3)


@pytest.mark.parametrize("shape", [0.3, 0.55, 0.8, 1.37, 3.0, 6.5])
def test_the_scale_is_that_of_the_least_error_for_other_laws_too(shape: float) -> None:
    mine = scale_of(least_error, shape, 0.02)
    best = optimize.minimize_scalar(
        lambda log: distortion(FP4, shape, math.exp(log)), bracket=[math.log(mine) - 0.2, math.log(mine) + 0.2]
    )
    assert mine == pytest.approx(math.exp(best.x), rel=5e-3)
    assert distortion(FP4, shape, mine) <= best.fun * (1 + 1e-4)


@pytest.mark.parametrize("shape", [0.5, 0.58, 0.75, 1.0, 1.5, 2.0])
def test_the_polynomial_errs_by_at_most_a_third_of_a_percent_more_where_it_holds(shape: float) -> None:
    mine = scale_of(by_polynomial, shape, 3.0)
    assert mine == pytest.approx(0.46 - 2.85 * shape + 5.37 * shape**2 - 2.85 * shape**3 + 0.52 * shape**4, rel=1e-9)
    least = distortion(FP4, shape, scale_of(least_error, shape))
    assert least * (1 - 1e-6) <= distortion(FP4, shape, mine) <= 1.0035 * least


def test_beyond_its_range_the_polynomial_goes_astray_and_its_floor_is_never_reached() -> None:
    shapes = np.linspace(0.01, 4.0, 40_000)
    assert polynomial(shapes).min() == pytest.approx(0.0057, abs=1e-4)
    assert distortion(FP4, 3.0, float(polynomial(np.array(3.0)))) > 9 * distortion(FP4, 3.0, scale_of(least_error, 3.0))
    for shape, held in ((0.3, LEAST), (3.0, MOST)):  # the scale is that of the law at the bound with the same sigma
        sigma = stats.gennorm(shape).std() / stats.gennorm(held).std()
        assert scale_of(by_polynomial, shape) * sigma == pytest.approx(float(polynomial(np.array(held))), rel=1e-6)


@pytest.mark.parametrize("scale", [0.3, 0.5**0.5, 40.0])
def test_fp8_errs_alike_at_any_scale(scale: float) -> None:
    chances, _ = cells(FP8, 1.0, scale)
    assert distortion(FP8, 1.0, scale) == pytest.approx(0.00278, abs=3e-5)
    assert entropy(chances) == pytest.approx(5.7951, abs=1e-3)
    if scale_of(deviation, 1.0) == pytest.approx(scale, rel=1e-6):  # that of the scheme
        assert (entropy(chances), huffman(chances)) == pytest.approx((5.7951, 5.8179), abs=1e-4)


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("form", ["fp4", "fp8"])
def test_samples_of_a_law_err_and_cost_as_it_foretells(form: str, shape: float) -> None:
    size, numbers = 60_000, {"fp4": FP4, "fp8": FP8}[form]
    x = 1e-4 * stats.gennorm.rvs(shape, size=size, random_state=3)
    decoded, used = compressed(LowPrecision(form), x)  # type: ignore[arg-type]
    scale = scale_of({"fp4": least_error, "fp8": deviation}[form], shape)
    chances, _ = cells(numbers, shape, scale)
    errors, energy = (decoded - x) ** 2, x**2
    ratio = errors.sum() / energy.sum()
    deviated = (errors - ratio * energy).std() / energy.mean() / size**0.5  # of a ratio of means
    fitted = 2e-3 * ratio  # the scale follows a fit, which strays a little
    assert abs(ratio - distortion(numbers, shape, scale)) < 4.5 * deviated + fitted
    header = numbers.symbols * (math.log2(size / numbers.symbols) + 3)
    surprise = -np.log2(chances[chances > 0])
    strays = 4.5 * (size * (chances[chances > 0] @ surprise**2 - entropy(chances) ** 2)) ** 0.5
    assert abs(used - size * entropy(chances)) < header + strays + 0.01 * size


# --- What fits


def exactly(count: int, size: int, each: int) -> float:
    """Bits of so many values and their positions."""
    ways = math.comb(size, count)
    shift = max(ways.bit_length() - 900, 0)
    return each * count + math.log2(ways >> shift) + shift


@pytest.mark.parametrize(("form", "each", "bare", "counted"), [("fp8", 8, 41_465, 23_779), ("fp4", 4, 82_931, 35_446)])
def test_packed_the_largest_that_fit_are_sent_with_their_positions(
    form: str, each: int, bare: int, counted: int
) -> None:
    size, bits = PAPER
    assert bits // each == bare
    x = stats.norm.rvs(size=size, random_state=0).astype(np.float32)
    decoded, used = compressed(LowPrecision(form, "none", coder="packed"), x, bits)  # type: ignore[arg-type]
    assert used <= bits and used == pytest.approx(exactly(counted, size, each), rel=1e-6)
    assert exactly(counted + 1, size, each) > bits
    (sent,) = np.nonzero(decoded)
    assert set(sent) == set(np.argsort(-np.abs(x))[:counted])


@pytest.mark.parametrize("budget", [400.0, 1500.0, 4000.0, PLENTY])
@pytest.mark.parametrize("scheme", EVERY, ids=str)
def test_what_is_charged_holds_the_real_bytes(scheme: LowPrecision, budget: float) -> None:
    layers = ((30, 40), (40,), (260,))
    x = np.concatenate([stats.laplace.rvs(size=math.prod(s), random_state=1) * 10.0**-i for i, s in enumerate(layers)])
    decoded, used = compressed(scheme, x, budget, Known(layers))
    form, scales = {"fp4": FP4, "fp8": FP8}[scheme.format], scheme._units(tf.constant(x, tf.float32), Known(layers))[0]
    told = np.unique(scales.numpy(), return_index=True)[0].astype("<f4").tobytes()
    symbols = form.encode(tf.constant(decoded, tf.float32) / scales).numpy()
    data = coding.encode(symbols, form.symbols)
    assert 8 * len(told) == 32 * len(layers)
    assert used == 0 if not decoded.any() else 8 * (len(told) + len(data)) <= used <= budget
    again = form.decode(tf.constant(coding.decode(data, len(x), form.symbols))) * scales
    np.testing.assert_array_equal(again, decoded.astype(np.float32))


@pytest.mark.parametrize("alphabet", [11, 60])
def test_of_the_entropy_coded_no_entry_more_would_fit(alphabet: int) -> None:
    rng, size = np.random.default_rng(4), 700
    x = np.abs(rng.laplace(size=size)).astype(np.float32)
    symbol = np.minimum((x * alphabet / 4).astype(np.int32), alphabet - 1)
    order = np.argsort(-x)

    def length(count: int) -> float:
        sent = np.where(np.isin(np.arange(size), order[:count]), symbol, 0)
        return float(coding.code_length(tf.constant(np.bincount(sent, minlength=alphabet))))

    run = tf.function(
        lambda room: largest_that_fit(subsets.order(tf.constant(x)), tf.constant(symbol), alphabet, room),
        autograph=False,
    )
    for room in np.linspace(50, 1.1 * length(size), 12):
        chosen, bits = run(tf.constant(room, tf.float64))
        count = int(np.count_nonzero(chosen))
        assert set(np.flatnonzero(chosen)) == set(order[:count])
        if count:
            assert float(bits) == length(count) <= room
        assert count == size or length(count + 1) > room


def test_of_equal_magnitudes_the_first_are_sent() -> None:
    x = np.where(np.arange(300) % 2, 1.0, -1.0)
    decoded, used = compressed(LowPrecision("fp4"), x, 250.0)
    (sent,) = np.nonzero(decoded)
    assert 0 < len(sent) < 300 and used <= 250 and np.array_equal(sent, np.arange(len(sent)))
    np.testing.assert_array_equal(decoded[sent], x[sent])


# --- Layers


def test_every_layer_has_a_scale_of_its_own() -> None:
    layers = ((200, 10), (10, 100))
    one, other = stats.laplace.rvs(size=[2, 1000], random_state=5)
    x = np.concatenate([one, one, 1e-5 * other])
    decoded, _ = compressed(LowPrecision("fp4"), x, known=Known(layers))
    alone, _ = compressed(LowPrecision("fp4"), other)
    np.testing.assert_allclose(decoded[2000:], 1e-5 * alone, rtol=1e-5)


@pytest.mark.parametrize("form", ["fp4", "fp8"])
def test_constant_empty_and_silent_layers(form: str) -> None:
    layers = ((0, 3), (5,), (2, 0), (4,), (3,))
    x = np.array([-0.37] * 5 + [0.0] * 4 + [1e-9, -1e-9, 1e-9])
    decoded, used = compressed(LowPrecision(form, coder="packed"), x, known=Known(layers))  # type: ignore[arg-type]
    np.testing.assert_allclose(decoded, x, rtol=1e-6)
    assert used == 3 * 32 + 12 * {"fp4": 4, "fp8": 8}[form]  # what has no entries costs nothing


def test_a_layer_with_nan_decodes_to_nan_and_leaves_the_others() -> None:
    x = stats.norm.rvs(size=90, random_state=2).astype(np.float32)
    known, hurt = Known(((40,), (50,))), x.copy()
    hurt[3] = np.nan
    for form in ("fp4", "fp8"):
        decoded, _ = compressed(LowPrecision(form), hurt, known=known)
        assert np.isnan(decoded[3]) and not np.any(np.isfinite(decoded[:40]))
        np.testing.assert_array_equal(decoded[40:], compressed(LowPrecision(form), x, known=known)[0][40:])


def test_zeros_say_nothing_of_the_scale() -> None:
    x = stats.laplace.rvs(size=400, random_state=6)
    decoded, _ = compressed(LowPrecision("fp4"), x)
    among, _ = compressed(LowPrecision("fp4"), np.concatenate([x, np.zeros(30_000)]))
    np.testing.assert_allclose(among[:400], decoded, rtol=1e-6)


@pytest.mark.parametrize("scheme", EVERY, ids=str)
def test_no_entry_errs_by_more_than_silence(scheme: LowPrecision) -> None:
    for shape in (0.3, 1.0, 8.0):
        x = stats.gennorm.rvs(shape, size=2000, random_state=7)
        for bits in (300.0, 2000.0, PLENTY):
            decoded, _ = compressed(scheme, x, bits)
            assert np.all(np.abs(decoded - x) <= np.abs(x) * (1 + 1e-6))


def test_a_polynomial_for_fp8_is_refused() -> None:
    with pytest.raises(ValueError, match=r"low_precision\.scale: expected best or none for fp8"):
        LowPrecision("fp8", "polynomial")


# --- The last estimate, and correction


def test_scales_of_the_last_estimate_cost_nothing_and_are_its_own() -> None:
    layers = ((600,), (400,))
    x, estimate = stats.laplace.rvs(size=[2, 1000], random_state=8)
    blank = np.concatenate([3.0 * estimate[:600], np.zeros(400)])  # of the second layer nothing is known yet
    past = Past(tf.constant(4), tf.constant(blank, tf.float32))
    scheme = LowPrecision("fp4", fit="past", coder="packed")
    decoded, used = compressed(scheme, x, known=Known(layers, past))
    assert scheme.remembers and not LowPrecision("fp4").remembers and not LowPrecision("fp4", "none", "past").remembers
    assert used == 4 * 1000 + 32
    unit = np.abs(decoded[:600])[decoded[:600] != 0].min() / FP4.magnitudes()[1]
    assert unit == pytest.approx(least_error_unit(3.0 * estimate[:600]), rel=2e-3)
    levels = np.concatenate([-FP4.magnitudes()[1:], FP4.magnitudes()])
    nearest = levels[np.argmin(np.abs(x[:600, None] / unit - levels), axis=1)] * unit
    np.testing.assert_allclose(decoded[:600], nearest, rtol=1e-6, atol=1e-9)
    sent, _ = compressed(LowPrecision("fp4", coder="packed"), x, known=Known(layers))
    np.testing.assert_array_equal(decoded[600:], sent[600:])


def least_error_unit(x: np.ndarray) -> float:
    """1/s of the law with these moments, found by root and minimum."""
    ratio = (x**2).mean() / np.abs(x).mean() ** 2

    def gap(shape: float) -> float:
        law = stats.gennorm(shape)
        return law.var() / law.expect(lambda v: abs(v)) ** 2 - ratio

    shape = optimize.brentq(gap, 0.4, 4.0)
    best = optimize.minimize_scalar(lambda log: distortion(FP4, shape, math.exp(log)), bracket=[-1.2, 0.2]).x
    law = stats.gennorm(shape)
    return float(np.abs(x).mean() / law.expect(lambda v: abs(v)) / math.exp(best))


@pytest.mark.parametrize("gamma", [0.0, 0.7, 1.0])
def test_what_arrives_is_what_was_wanted_less_what_is_forgotten(gamma: float) -> None:
    """z = g + gam e and e' = z - fp(z), so over T rounds sum fp(z) = T g - (1 - gam) sum e - e_T, whatever fp is."""
    update = stats.laplace.rvs(size=300, random_state=9)
    terms = Terms(Air(Grid(subcarriers=32, symbols=4, prefix=8), Awgn(), 1), 300, 600)
    uplink = Digital(LowPrecision("fp4", "polynomial"), feedback=gamma, memory="decayed")
    state, total, left = uplink.init(terms, terms.air.init(keys.key(0))), np.zeros(300), np.zeros(300)
    for index in range(12):
        link = terms.air.draw(terms.air.init(keys.key(0)), keys.key(1, index), 0.0, terms.slots, 20.0)
        round = Round(terms, keys.key(2, index), tf.ones([1]), link)
        estimate, state, _ = apply(uplink, state, round, tf.constant(update[None], tf.float32))
        total += estimate.numpy()
        if gamma:
            left += state.owed.numpy()[0] * (1.0 - gamma)
    if not gamma:
        alone, _ = compressed(LowPrecision("fp4", "polynomial"), update)
        np.testing.assert_allclose(total, 12 * alone, rtol=1e-5, atol=1e-5)
        return
    np.testing.assert_allclose(total, 12 * update - left - gamma * state.owed.numpy()[0], atol=2e-5)
