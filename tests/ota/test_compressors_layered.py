"""A layer at a time: every compressor under every plan, the errors that theory has for it, and what is charged."""

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import tensorflow as tf

from overair.conformance.found import examples
from overair.ota import Dithered, Eden, Layered, RandomK
from overair.ota.compressors import ALONE, Known, _plans
from overair.ota.compressors.layered import PLANS
from overair.ota.past import Past
from overair.phy import keys

LAYERS = ((40, 10), (10,), (30, 20), (1,), (0,), (20, 3))
SIZE = 400 + 10 + 600 + 1 + 0 + 60
DEVIATIONS = (1.0, 0.5, 0.1, 3.0, 1.0, 0.02)
KINDS = {  # one of each kind that promises the same: layers ask nothing else of it
    (type(each), each.unbiased, getattr(each, "contractive", True)): each
    for each in reversed(examples("compressors"))
    if not isinstance(each, Layered)
}
INNER = list(reversed(KINDS.values()))  # those that come as they are, where their fields change no promise


def sizes() -> list[int]:
    return [int(np.prod(shape)) for shape in LAYERS]


def update(seed: int = 0) -> np.ndarray:
    parts = [
        s * keys.normal(keys.key(seed, i), [n]).numpy()
        for i, (s, n) in enumerate(zip(DEVIATIONS, sizes(), strict=True))
    ]
    return np.concatenate(parts)


def apart(value: tf.Tensor) -> list[np.ndarray]:
    return np.split(np.asarray(value), np.cumsum(sizes())[:-1])


def past(of: np.ndarray | None = None) -> Known:
    if of is None:
        return Known(LAYERS, Past.none(LAYERS))
    return Known(LAYERS, Past(tf.constant(1), tf.constant(of, tf.float32)))


@pytest.mark.parametrize("inner", INNER, ids=str)
def test_every_compressor_keeps_its_promises_over_layers(inner: object) -> None:
    scheme, known = Layered(inner), Known(((20, 4), (0,), (10,)))  # type: ignore[arg-type]
    scales = np.repeat([1.0, 0.1], [80, 10])
    values = {
        "normal": scales * keys.normal(keys.key(0), [90]).numpy(), "constant": np.full(90, -3.0),
        "spike": 1e3 * np.eye(90)[85], "zeros": np.zeros(90),
    }  # fmt: skip
    compress = tf.function(scheme.compress, reduce_retracing=True, autograph=False)
    for name, value in values.items():
        x = tf.constant(value, tf.float32)
        for budget in (0.0, 1.0, 40.0, 300.0, 1e4):
            decoded, used = compress(x, tf.constant(budget), keys.key(1), known)
            assert decoded.shape == (90,) and (decoded.dtype, used.dtype, used.shape) == (tf.float32, tf.float32, ())
            assert np.all(np.isfinite(decoded)) and 0 <= used <= budget
            assert name != "zeros" or not np.any(decoded)
            assert used > 0 or not np.any(decoded)
            assert not scheme.contractive or np.sum((decoded - value) ** 2) <= np.sum(value**2) * (1 + 1e-5)


@pytest.mark.parametrize("allocation", PLANS)
@pytest.mark.parametrize("statistics", ["own", "last"])
def test_eager_is_compiled_and_the_key_decides(allocation: str, statistics: str) -> None:
    scheme, layers = Layered(Dithered(), allocation, statistics), ((20, 4), (10,))  # type: ignore[arg-type]
    x, known = tf.constant(update()[:90]), Known(layers, Past(tf.constant(1), tf.constant(update(1)[:90])))
    compiled = tf.function(scheme.compress, autograph=False)
    eager, bits = scheme.compress(x, tf.constant(350.0), keys.key(1), known), tf.constant(350.0)
    for one, other in zip(eager, compiled(x, bits, keys.key(1), known), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
    assert not np.array_equal(*(compiled(x, bits, keys.key(seed), known)[0] for seed in (1, 2)))


@pytest.mark.parametrize("allocation", PLANS)
def test_bits_granted_are_bits_used(allocation: str) -> None:
    """Random-k leaves less than a number takes."""
    compress = tf.function(Layered(RandomK(), allocation, "last").compress, autograph=False)  # type: ignore[arg-type]
    for bits in (700.0, 2500.0, 6000.0):
        for known in (past(), past(update(1))):
            used = float(compress(tf.constant(update()), tf.constant(bits), keys.key(1), known)[1])
            assert bits - 32 < used <= bits


def test_own_statistics_are_charged_and_those_of_the_last_estimate_are_not() -> None:
    x, bits = tf.constant(update()), tf.constant(1e6)
    inner = RandomK()  # sends all in float32 where it can, and nothing else
    for allocation in PLANS:
        own = float(Layered(inner, allocation).compress(x, bits, keys.key(0), past())[1])  # type: ignore[arg-type]
        last = float(Layered(inner, allocation, "last").compress(x, bits, keys.key(0), past())[1])  # type: ignore[arg-type]
        assert last == 32 * SIZE + 5 and own == last + (0 if allocation == "entries" else 5 * 8)
    one = Layered(inner).compress(x, bits, keys.key(0), ALONE)  # one layer: there is nothing to tell
    assert float(one[1]) == 32 * SIZE
    np.testing.assert_array_equal(one[0], x)


def test_only_what_is_taken_from_the_last_estimate_is_remembered() -> None:
    assert not Layered().remembers and not Layered(allocation="entries", statistics="last").remembers
    assert Layered(statistics="last").remembers


def test_own_variances_are_told_to_a_quarter_of_an_octave_whatever_the_scale() -> None:
    for scale in (1.0, 1e-30, 1e25):
        x, grants = tf.constant(scale * update(), tf.float32), {}
        for allocation in ("water_filling", "greedy"):
            parts = [part for part in tf.split(x, sizes()) if part.shape[-1]]
            grants[allocation] = Layered(Eden(), allocation)._grants(parts, parts, tf.constant(2500.0))[0]
            again = Layered(Eden(), allocation)._grants([part / scale for part in parts], parts, tf.constant(2500.0))[0]
            np.testing.assert_allclose(grants[allocation], again)


@pytest.mark.parametrize("bits", [1500.0, 4000.0])
def test_water_filling_has_the_bits_of_another_optimiser(bits: float) -> None:
    """Bits b of layers above their scales: sum_l n_l s_l^2 4^(-b_l) least, over every set of layers that are sent."""
    n, s = np.array([400, 10, 600, 60]), np.array([1.0, 0.25, 0.01, 0.0004])
    grants = _plans.filled(tuple(n), tf.constant(s, tf.float64), tf.constant(bits, tf.float64)).numpy()
    assert grants.sum() == pytest.approx(bits, rel=1e-9)

    def best(sent: np.ndarray) -> float:
        room = bits - 32 * sent.sum()
        if room <= 0:
            return np.inf
        found = scipy.optimize.minimize(
            lambda b: np.sum((n * s)[sent] * 4.0**-b), np.full(sent.sum(), room / n[sent].sum()),
            bounds=[(0, None)] * sent.sum(),
            constraints=[{"type": "eq", "fun": lambda b: (n[sent] @ b - room) / room}],
            method="SLSQP", options={"ftol": 1e-12, "maxiter": 500},
        )  # fmt: skip
        return float(found.fun + (n * s)[~sent].sum())

    every = [best(np.array(sent, bool)) for sent in np.ndindex(2, 2, 2, 2) if any(sent)]
    ours = np.sum(n * s * 4.0 ** -(np.maximum(grants - 32, 0) / n))
    assert ours == pytest.approx(min(every), rel=1e-4)


def test_plans_of_whole_bits_err_as_they_should() -> None:
    """exact <= greedy <= the same bits for all; L-GreCo's fewest bits err no more than the same bits for all."""
    n, s = (400, 10, 600, 60), np.array([1.0, 0.25, 0.01, 0.0004])
    law, total = _plans.gaussian(), 3 * sum(n) + 4 * 32.0

    def error(grants: np.ndarray) -> float:
        b = np.rint(np.maximum(grants - 32, 0) / n).astype(int)
        np.testing.assert_allclose(np.where(b > 0, b * n + 32, 0), grants)
        return float(np.sum(n * s * law[b]))

    each = {}
    for name in ("exact", "greedy", "l_greco"):
        grants = PLANS[name](n, tf.constant(s), tf.constant(total, tf.float64)).numpy()
        assert grants.sum() <= total
        each[name] = error(grants)
    of_all = float(np.sum(n * s) * law[3])
    assert each["exact"] <= each["greedy"] <= of_all and each["l_greco"] <= of_all
    fewest = PLANS["l_greco"](n, tf.constant(s), tf.constant(total, tf.float64)).numpy()
    assert fewest.sum() < 0.8 * total  # three quarters of the bits are on quiet layers


def test_the_law_of_whole_bits_is_that_of_the_best_levels() -> None:
    """Known values of Max, 1960, and Panter and Dite's 3^(1/2) pi/2 4^-b from below as b grows."""
    law = _plans.gaussian()
    np.testing.assert_allclose(law[:5], [1, 0.3634, 0.1175, 0.03454, 0.009497], rtol=5e-4)
    high = 3**0.5 * np.pi / 2 * 4.0 ** -np.arange(9)
    assert np.all(law <= high) and law[8] == pytest.approx(high[8], rel=0.06)


def test_layers_of_one_deviation_err_as_one_and_those_apart_gain_what_theory_says() -> None:
    """EDEN at whole bits errs by 1/(1 - D) - 1 of each layer; layers of 2048 entries, to 4 standard errors and 1 %."""
    shapes, s, law = ((2048,), (2048,)), np.array([1.0, 1 / 16]), _plans.gaussian()
    known = Known(shapes, Past.none(shapes))
    bits = 2 * 2048 * 2 + 64.0 + 2 * (8 + 1)  # scales, variances, and whether layers are silent

    @tf.function(autograph=False)
    def errors(index: tf.Tensor) -> tf.Tensor:
        x = keys.normal(keys.key(5, index), [2, 2048]) * tf.constant(s[:, None] ** 0.5, tf.float32)
        flat, found = tf.reshape(x, [-1]), []
        for allocation in ("entries", "exact"):
            decoded, _ = Layered(Eden(), allocation).compress(flat, tf.constant(bits), keys.key(6, index), known)
            found.append(tf.reduce_sum((tf.reshape(decoded, [2, -1]) - x) ** 2, axis=1))
        return tf.stack(found)

    draws = np.stack([errors(tf.constant(index)) for index in range(40)])
    mean, spread = draws.mean(axis=0), draws.std(axis=0) / 40**0.5
    relative = 1 / (1 - law[:4].clip(max=0.99)) - 1
    expected = 2048 * s * np.stack([relative[[2, 2]], relative[[3, 1]]])
    assert np.all(np.abs(mean - expected) <= 4 * spread + 0.01 * expected)
    assert mean[1].sum() < 0.6 * mean[0].sum()


def test_single_entries_and_small_layers_whose_bits_suffice_are_sent_as_they_are() -> None:
    x = update()

    def sent(allocation: str, bits: float) -> tuple[tf.Tensor, tf.Tensor]:
        scheme = Layered(Dithered(), allocation)  # type: ignore[arg-type]
        return scheme.compress(tf.constant(x), tf.constant(bits), keys.key(0), past())

    decoded, _ = sent("exact", 4000.0)
    (first, *_), original = apart(decoded), apart(tf.constant(x))
    assert not np.array_equal(first, original[0])
    np.testing.assert_array_equal(apart(decoded)[3], original[3])  # a loud single entry
    decoded, _ = sent("entries", 33.0 * SIZE)
    for place in (1, 3, 5):
        np.testing.assert_array_equal(apart(decoded)[place], original[place])
    decoded, _ = sent("entries", 3.0 * SIZE)
    assert not np.array_equal(apart(decoded)[5], original[5])


def test_a_layer_of_which_nothing_is_known_counts_as_an_average_one() -> None:
    seen = update(1)
    seen[400:410] = 0.0
    grants, _ = Layered(Eden(), "water_filling", "last")._grants(
        [part for part in tf.split(tf.constant(update()), sizes()) if part.shape[-1]],
        [part for part in tf.split(tf.constant(seen), sizes()) if part.shape[-1]],
        tf.constant(5000.0),
    )
    assert grants[1] > 0


@pytest.mark.parametrize("statistics", ["own", "last"])
def test_what_is_charged_tells_which_layers_are_silent(statistics: str) -> None:
    """From the update's bits and the silent layers alone a receiver finds what each layer had: all hangs on a bit each.

    Random-k uses what it is offered in whole numbers, so what a layer gets says what those before it used.
    """
    x, scheme = update(), Layered(RandomK(), "entries", statistics)  # type: ignore[arg-type]
    x[410:1010] = 0.0  # the largest layer, whose turn is the last
    order = np.argsort([400, 10, 600, 1, 60], kind="stable")
    for silent in ([], [3], [1, 4]):
        own = [part.copy() for part in np.split(x, [400, 410, 1010, 1011])]
        for layer in silent:
            own[layer][:] = 0.0
        decoded, used = scheme.compress(
            tf.constant(np.concatenate(own)), tf.constant(7000.0), keys.key(2), past(update(1))
        )
        found = [np.count_nonzero(part) for part in np.split(decoded.numpy(), [400, 410, 1010, 1011])]
        left, n = 7000.0 - 5, np.array([400, 10, 600, 1, 60])
        scale = min(left / 10, 32.0)
        plan, spent = scale + n * (left - 5 * scale) / n.sum(), 0
        for turn, layer in enumerate(order):
            offer = left * plan[layer] / plan[order[turn:]].sum()
            whole = 32 * n[layer] if n[layer] <= 200 and offer >= 32 * n[layer] else 32 * min(n[layer], offer // 32)
            whole = 0 if layer in silent and n[layer] <= 200 and offer >= 32 * n[layer] else whole
            assert layer in (*silent, 2) or 32 * found[layer] == whole
            left, spent = left - whole, spent + whole
        assert float(used) == spent + 5
