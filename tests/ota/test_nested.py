"""Nested dithered quantisation: cosets found by side information, how often they are wrong, what is told of them."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from overair.ota import Nested
from overair.ota.coding import decode, encode
from overair.ota.compressors import Known
from overair.ota.compressors._cosets import alone, beyond, place, point, shrunk
from overair.ota.past import Past
from overair.phy import keys

PLENTY = tf.constant(1e9)  # bits


def sent_and_decoded(x: float, y: float, u: float, fine: float, coarse: float) -> tuple[float, float]:
    """(2.6) and (2.7) by hand, with rounding to the nearest: what is sent, and what is decoded."""
    q1, q2 = (lambda v, step=step: step * math.floor(v / step + 0.5) for step in (fine, coarse))
    s = q1(x + u) - q2(x + u)
    r = s - u - y
    return s, y + r - q2(r)


def ours(x: float, y: float, u: float, fine: float, coarse: float) -> tuple[float, float]:
    """The same by the package, whose places count from 0 and whose dither is in steps."""
    steps = (tf.constant(value / fine, tf.float32) for value in (x, y, u, round(coarse / fine) * fine))
    x_steps, y_steps, dither, k = steps
    places = place(x_steps, dither, k)
    return float(places), fine * float(point(places, dither, y_steps, k))


@pytest.mark.parametrize(
    ("x", "y", "u", "fine", "coarse", "s", "decoded"),
    [(-4.2, -3.4, 0.3, 1, 3, -1, -4.3), (0.83, 0.61, -0.11, 0.25, 0.75, 0, 0.86), (2.37, 1.9, 0.08, 0.2, 1, 0.4, 2.32)],
)
def test_the_points_that_were_published(
    x: float, y: float, u: float, fine: float, coarse: float, s: float, decoded: float
) -> None:
    assert sent_and_decoded(x, y, u, fine, coarse) == pytest.approx((s, decoded))
    found = ours(x, y, u, fine, coarse)
    assert found[0] == (s / fine) % round(coarse / fine)
    assert found[1] == pytest.approx(decoded, abs=1e-5)


@pytest.mark.parametrize("k", [2, 3, 4, 5, 8])
def test_what_is_decoded_is_as_published_for_any_coarse_step_and_takes_k_symbols(k: int) -> None:
    rng = np.random.default_rng(k)
    x, y = rng.normal(size=[2, 400])
    fine, u = 0.3, rng.uniform(-0.15, 0.15, 400)
    expected = [sent_and_decoded(*item, fine, k * fine) for item in zip(x, y, u, strict=True)]
    found = [ours(*item, fine, k * fine) for item in zip(x, y, u, strict=True)]
    np.testing.assert_allclose([each[1] for each in found], [each[1] for each in expected], atol=1e-5)
    assert {each[0] for each in found} == set(range(k))
    printed = {round(each[0] / fine) for each in expected}  # (2.6) takes one symbol more where k is even
    assert len(printed) == k + (k % 2 == 0)


def failing(fine: float, coarse: float, s: float) -> float:
    """p = (2 s/D1) [F((D2+D1)/2s) - F((D2-D1)/2s)], F(v) = v Q(v) - phi(v)."""
    normal = stats.norm
    primitive = lambda v: v * normal.sf(v) - normal.pdf(v)  # noqa: E731
    return 2 * s / fine * (primitive((coarse + fine) / 2 / s) - primitive((coarse - fine) / 2 / s))


def error(fine: float, coarse: float, s: float) -> float:
    """E (u' - Q2(z + u'))^2 of a normal z, by integration over u' and the wrong cells."""

    def given(u: float) -> float:
        cells = np.arange(-40, 41)
        mass = np.diff(stats.norm.cdf((np.append(cells, 41) - 0.5) * coarse - u, scale=s))
        return float(np.sum(mass * (u - cells * coarse) ** 2))

    return integrate.quad(given, -fine / 2, fine / 2)[0] / fine


@pytest.mark.parametrize(
    ("fine", "coarse", "s", "p", "mse"),
    [
        (1 / 3, 1, 0.2, 0.02365737, 0.02846669),
        (0.2, 1, 0.3, 0.10171324, 0.10054135),
        (0.1, 0.5, 0.08, 0.00317297, 0.00154071),
        (0.25, 0.5, 0.2, None, None),
    ],
)
def test_wrong_cosets_are_as_many_and_err_as_much_as_foretold(
    fine: float, coarse: float, s: float, p: float | None, mse: float | None
) -> None:
    expected = failing(fine, coarse, s), error(fine, coarse, s)
    if p is not None and mse is not None:
        np.testing.assert_allclose(expected[0], p, atol=5e-9)
        np.testing.assert_allclose(expected[1], mse, atol=5e-7)  # a midpoint rule's; Gauss says the same as ``quad``
    assert expected[0] <= fine**2 / (3 * coarse**2) + 4 * s**2 / coarse**2  # (2.8)
    count, rng = 200_000, np.random.default_rng(0)
    y = rng.normal(size=count)
    x = (y + s * rng.normal(size=count)) / fine
    u = tf.constant(rng.uniform(-0.5, 0.5, count), tf.float32)
    k = tf.constant(round(coarse / fine), tf.float32)
    places = place(tf.constant(x, tf.float32), u, k)
    off = fine * (point(places, u, tf.constant(y / fine, tf.float32), k).numpy() - x)
    wrong = np.abs(off) > fine / 2 * 1.001
    assert abs(wrong.mean() - expected[0]) < 4 * (expected[0] / count) ** 0.5
    assert abs((off**2).mean() - expected[1]) < 4 * (off**2).std() / count**0.5


@pytest.mark.parametrize(("fine", "s"), [(0.5, 0.3), (0.2, 0.3), (1.0, 0.25)])
def test_the_factor_before_coding_errs_least_where_cosets_are_right(fine: float, s: float) -> None:
    squares = np.linspace(0, 1, 100_001)
    errors = squares * fine**2 / 12 + (1 - squares) ** 2 * s**2
    a = float(shrunk(tf.constant(fine), tf.constant(s)))
    assert a**2 == pytest.approx(squares[errors.argmin()], abs=2e-5)
    if (fine, s) == (0.5, 0.3):
        assert (a**2, errors.min()) == pytest.approx((0.884259, 0.01962770), abs=1e-6)
    rng, count = np.random.default_rng(1), 100_000
    x, u = rng.normal(size=count), tf.constant(rng.uniform(-0.5, 0.5, count), tf.float32)
    y, k = x - s * rng.normal(size=count), tf.constant(99.0)
    places = place(tf.constant(a * x / fine, tf.float32), u, k)
    found = y + a * (fine * point(places, u, tf.constant(a * y / fine, tf.float32), k).numpy() - a * y)
    square = (found - x) ** 2
    assert abs(square.mean() - errors.min()) < 4 * square.std() / count**0.5 + 1e-6


def test_no_deviation_or_no_step_leave_the_factor_defined() -> None:
    fine, spread = tf.constant([0.0, 1.0, 0.0, 1.0]), tf.constant([0.0, 0.0, 1.0, math.inf])
    np.testing.assert_array_equal(shrunk(fine, spread), [1, 0, 1, 1])


def test_the_tails_of_the_laws() -> None:
    for law, tail in (("normal", (2.57583, 3.29053)), ("laplace", (3.25635, 4.88452))):
        np.testing.assert_allclose(beyond(law, tf.constant(tail)), (1e-2, 1e-3), rtol=2e-5)


def test_a_place_says_all_where_there_are_as_many_as_points() -> None:
    q = tf.range(-3.0, 4.0)
    for k, all_of_them in ((7.0, q), (9.0, tf.range(-4.0, 5.0))):
        places = tf.math.floormod(all_of_them, k)
        np.testing.assert_array_equal(alone(places, tf.zeros_like(places), tf.constant(k)), all_of_them)


# --- The compressor


LAYERS = ((40, 30), (30,), (30, 10), (10,))
SIZE = 1200 + 30 + 300 + 10


def correlated(spread: float, seed: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    """An update and side information that is so far off."""
    x = keys.normal(keys.key(seed, "x"), [SIZE])
    return x, x + spread * keys.normal(keys.key(seed, "z"), [SIZE])


def told(spread: float) -> Known:
    return Known(LAYERS, Past.none(LAYERS), tf.fill([len(LAYERS)], spread))


def round_trip(scheme: Nested, x: tf.Tensor, y: tf.Tensor, known: Known, bits: Any = PLENTY) -> tuple[Any, ...]:
    """What is sent, what is decoded, what is believed, the share of failures, and the bits used."""
    sent, used = scheme.encode(x, tf.constant(bits, tf.float32), keys.key(1), known)
    decoded, believed = (scheme.decode(sent, keys.key(1), known, side).numpy() for side in (y, x))
    return sent, decoded, believed, float(scheme.failures(sent, keys.key(1), known, y, x, decoded)), float(used)


def steps_of(x: np.ndarray, levels: int, layers: Any = LAYERS) -> np.ndarray:
    """The fine step of each entry where a layer has a scale."""
    parts = np.split(x, np.cumsum([math.prod(layer) for layer in layers])[:-1])
    return np.concatenate([np.full(part.size, np.abs(part).max() / levels) for part in parts])


@pytest.mark.parametrize("k", [3, 4])
def test_where_side_information_is_near_the_error_is_that_of_the_dither_alone(k: int) -> None:
    scheme = Nested(coarse=k, coded=False)
    x, y = correlated(0.05)
    _, decoded, believed, failures, used = round_trip(scheme, x, y, told(0.05))
    off, fine = decoded - x.numpy(), steps_of(x.numpy(), 3)
    assert failures == 0 and np.abs(off / fine).max() <= 0.5 + 1e-4
    np.testing.assert_allclose(believed, decoded, atol=1e-4)
    share = (off / fine) ** 2  # of mean 1/12 and variance 1/180
    assert abs(share.mean() - 1 / 12) < 4 / (180 * SIZE) ** 0.5
    assert used == pytest.approx(SIZE * math.log2(k) + 32 * len(LAYERS), rel=1e-6)


def test_failures_are_counted_and_the_device_believes_what_a_right_coset_would_give() -> None:
    scheme, spread = Nested(coarse=3, coded=False), 1.2
    x, y = correlated(spread)
    _, decoded, believed, failures, _ = round_trip(scheme, x, y, told(spread))
    fine = steps_of(x.numpy(), 3)
    away = (decoded - believed) / (3 * fine)  # whole coarse steps
    np.testing.assert_allclose(away, np.round(away), atol=1e-3)
    assert failures == pytest.approx((np.round(away) != 0).mean(), abs=1e-6) and failures > 0.05
    assert np.abs((believed - x.numpy()) / fine).max() <= 0.5 + 1e-4


def test_side_information_beyond_the_scale_is_clipped_to_it() -> None:
    scheme = Nested(coarse=3)
    x = tf.concat([tf.zeros([1200]), correlated(0.0)[0][1200:]], axis=0)
    for far in (2.0, 1e30, -math.inf):
        _, decoded, _, _, _ = round_trip(scheme, x, tf.fill([SIZE], far), told(0.1))
        assert np.all(np.isfinite(decoded)) and not np.any(decoded[:1200])
        fine = steps_of(x.numpy(), 3)
        assert np.all(np.abs(decoded) <= 4.6 * fine)


@pytest.mark.parametrize(("law", "target", "levels"), [("laplace", 0.01, 8), ("normal", 0.001, 20), ("normal", 0.2, 5)])
@pytest.mark.parametrize("spread", [0.02, 0.15, 0.4, 3.0])
def test_the_guard_takes_the_smallest_odd_coarse_step_that_fails_as_seldom_as_wanted(
    law: Any, target: float, levels: int, spread: float
) -> None:
    scheme = Nested(levels=levels, target_failures=target, law=law, coded=False)
    x, y = correlated(spread)
    sent, decoded, _, failures, used = round_trip(scheme, x, y, told(spread))
    fine = steps_of(x.numpy(), levels)
    tail = {"laplace": stats.laplace(scale=spread / 2**0.5).sf, "normal": stats.norm(scale=spread).sf}[law]
    allowed = [k for k in range(3, 2 * levels, 2) if np.mean(2 * tail((k - 1) * fine / 2)) <= target]
    expected = min(allowed, default=2 * levels + 1)
    assert int(sent.coarse) == expected
    assert used == pytest.approx(SIZE * math.log2(expected) + 32 * len(LAYERS) + 8, rel=1e-6)
    assert failures <= target + 4 * (target / SIZE) ** 0.5  # z is normal, and Laplace's tails are heavier
    if expected == 2 * levels + 1:
        assert np.abs((decoded - x.numpy()) / fine).max() <= 0.5 + 1e-4  # plain


def test_one_scale_obeys_the_rule_of_thumb() -> None:
    """D2 >= D1 + 2 t s with P(|z| > t s) as wanted: t = 2.57583 for a hundredth of a normal law."""
    x, s, levels = correlated(0.0)[0], 0.1, 20
    fine = float(np.abs(x).max()) / levels
    known = Known(((SIZE,),), None, tf.fill([1], s))
    sent, _ = Nested(levels=levels, law="normal").encode(x, PLENTY, keys.key(0), known)
    least = (fine + 2 * 2.57583 * s) / fine
    assert int(sent.coarse) == 2 * math.ceil((least - 1) / 2) + 1


def test_without_side_information_updates_are_sent_plain() -> None:
    x, _ = correlated(0.0)
    for scheme in (Nested(), Nested(coarse=3), Nested(first=0.0), Nested(scaled=True)):
        sent, _, _, failures, _ = round_trip(scheme, x, tf.zeros([SIZE]), told(math.inf))
        assert int(sent.coarse) == 7 and failures == 0
        value, _ = scheme.compress(x, PLENTY, keys.key(1), Known(LAYERS))
        assert np.abs((value - x) / steps_of(x.numpy(), 3)).max() <= 0.5 + 1e-4


def test_the_last_estimate_is_side_information_where_nobody_is_first() -> None:
    scheme = Nested(first=0.0, coarse=3, coded=False)
    assert scheme.remembers and not Nested().remembers
    x, y = correlated(0.1)
    later = Known(LAYERS, Past(tf.constant(4), y))
    value, used = scheme.compress(x, PLENTY, keys.key(1), later)
    assert float(used) == pytest.approx(SIZE * math.log2(3) + 32 * len(LAYERS), rel=1e-6)
    _, decoded, _, _, _ = round_trip(scheme, x, y, told(0.1))
    np.testing.assert_array_equal(value, decoded)
    unlike = scheme.compress(x, PLENTY, keys.key(1), Known(LAYERS, Past(tf.constant(4), -y)))[0]
    assert np.mean((unlike - x) ** 2) > 4 * np.mean((value - x) ** 2)
    alike = Nested(first=0.0).compress(x, PLENTY, keys.key(1), Known(LAYERS, Past(tf.constant(4), -y)))[0]
    assert np.abs((alike - x) / steps_of(x.numpy(), 3)).max() <= 0.5 + 1e-4  # the guard sends it plain


def test_entries_shrink_where_the_last_estimate_is_near_and_err_less() -> None:
    x, y = correlated(0.3)
    known = Known(LAYERS, Past(tf.constant(1), y))
    errors = []
    for scaled in (False, True):
        scheme = Nested(first=0.0, levels=2, coarse=5, scaled=scaled, coded=False)
        values = [scheme.compress(x, PLENTY, keys.key(2, i), known)[0] for i in range(3)]
        errors.append(np.mean([(value - x) ** 2 for value in values]))
    assert errors[1] <= errors[0]


def test_few_bits_send_some_and_side_information_stands_for_the_rest() -> None:
    x, y = correlated(0.1)
    scheme = Nested(coarse=3, coded=False)
    bits = float(np.float32(32.0 * len(LAYERS) + 500.1 * math.log2(3)))
    sent, decoded, _, _, used = round_trip(scheme, x, y, told(0.1), bits)
    chosen = sent.chosen.numpy()
    assert chosen.sum() == 500 and used <= bits
    fine = steps_of(x.numpy(), 3)
    np.testing.assert_allclose(decoded[~chosen], np.clip(y, -3 * fine, 3 * fine)[~chosen], atol=1e-6)
    nothing, used = scheme.encode(x, tf.constant(32.0 * len(LAYERS) + 1.5), keys.key(1), told(0.1))
    assert float(used) == 0 and not np.any(scheme.decode(nothing, keys.key(1), told(0.1), y))


@pytest.mark.parametrize("spread", [0.1, math.inf])
def test_bits_charged_are_no_fewer_than_the_bytes_that_decode_to_what_is_decoded(spread: float) -> None:
    """Scales as float32, k, a flag, and the places of each layer by the coder; all of it undone by hand."""
    scheme = Nested(levels=4, coarse=5, buckets=(60, 30))
    x = np.array(correlated(0.0)[0]) * np.repeat([1, 1e-3, 2.0, 1], [1200, 30, 300, 10])
    x[:60] = 0.0  # a bucket of zeros, whose places are not sent
    y = x + 0.1 * keys.normal(keys.key(3), [SIZE]).numpy()
    sent, decoded, _, _, used = round_trip(scheme, tf.constant(x, tf.float32), tf.constant(y, tf.float32), told(spread))
    k, layers = int(sent.coarse), np.cumsum([1200, 30, 300, 10])[:-1]
    assert k == (5 if spread < 1 else 9)
    scales = np.concatenate([np.abs(part).reshape(-1, width).max(1) for part, width in
                             zip(np.split(x, layers), (60, 30, 60, 10), strict=True)])  # fmt: skip
    scale = np.repeat(scales, [60] * 20 + [30] + [60] * 5 + [10]).astype(np.float32)
    np.testing.assert_array_equal(sent.scale, scale)
    bits, read = 32 * scales.size + 1, []
    for places, live in zip(np.split(sent.places.numpy(), layers), np.split(scale > 0, layers), strict=True):
        data = encode(places[live], k)
        bits += 8 * len(data)
        read.append(np.zeros(live.size))
        read[-1][live] = decode(data, int(live.sum()), k)
    assert bits <= used <= bits + 64 * len(LAYERS)
    assert used < SIZE * math.log2(k) + 32 * scales.size
    places, u = np.concatenate(read), keys.uniform(keys.fold(keys.key(1), "dither"), [SIZE], -0.5, 0.5).numpy()
    fine = np.where(scale > 0, scale / 4, 1)
    if k == 9:
        again = fine * (np.where(places > 4, places - 9, places) - u)
    else:
        near = np.clip(y, -scale, scale) / fine
        away = places - u - near
        again = fine * (near + away - 5 * np.round(away / 5))
    np.testing.assert_allclose(decoded, np.where(scale > 0, again, 0), atol=2e-5)


@pytest.mark.parametrize("values", [[0.0] * 20, [0.0] * 19 + [1.0], [1e-42] * 20, [1e30] * 20, [-3.0] * 20], ids=str)
def test_odd_updates_give_finite_numbers(values: list[float]) -> None:
    x, known = tf.constant(values), Known(((20,),), None, tf.fill([1], 1.0))
    for scheme in (Nested(), Nested(coarse=3), Nested(coarse=2, scaled=True)):
        sent, used = scheme.encode(x, tf.constant(1e4), keys.key(0), known)
        for side in (tf.zeros([20]), tf.ones([20]), x, tf.fill([20], 3e38)):
            value = scheme.decode(sent, keys.key(0), known, side)
            assert np.all(np.isfinite(value)) and np.isfinite(used)
            assert np.all(np.abs(value) <= 2 * np.abs(x).max() + 1e-30)  # y is no larger, and a coset 1.5 steps off


def test_empty_layers_cost_nothing() -> None:
    known = Known(((0, 3), (20,)), None, tf.constant([0.0, 0.1]))
    x = keys.normal(keys.key(0), [20])
    sent, used = Nested(coarse=3, coded=False).encode(x, PLENTY, keys.key(0), known)
    assert float(used) == pytest.approx(32 + 20 * math.log2(3)) and sent.scale.shape == (20,)


@pytest.mark.parametrize(
    "wrong", [{"levels": 0}, {"coarse": 1}, {"target_failures": 0.0}, {"buckets": (0,)}, {"first": 2}]
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Nested(**wrong)
