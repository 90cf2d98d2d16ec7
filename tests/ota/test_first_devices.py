"""Side information from the first devices of a round, and weights by precision: what a digital uplink makes of both."""

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Digital, Dithered, Nested, Report, Round, Terms, collect
from overair.ota.compressors import ALONE, Known, Sided
from overair.ota.uplinks import _combining as combining
from overair.ota.uplinks import _sides as sides
from overair.phy import Air, Awgn, Grid, Rayleigh, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
LAYERS = ((20, 10), (10,))
SIZE, DEVICES = 210, 7
COMMON = keys.normal(keys.key(0, "common"), [SIZE])
WEIGHTS = tf.constant([0.1, 0.2, 0.0, 0.2, 0.1, 0.2, 0.2])
PRESENT = [0, 1, 3, 4, 5, 6]  # of which the first half leads
PLENTY = 200.0  # dB


def near(spread: float, devices: int = DEVICES) -> tf.Tensor:
    """Updates that are as far as that from what they have in common."""
    return COMMON + spread * keys.normal(keys.key(0, "own"), [devices, SIZE])


def played(
    uplink: Digital, updates: tf.Tensor, chunk: int = DEVICES, snr_db: float = PLENTY, rounds: int = 1, air: Any = None
) -> tuple[Any, list[list[int]]]:
    """The last outcome, and for which devices updates were asked in that round."""
    air = air or Air(GRID, Awgn(), DEVICES)
    terms, place = Terms(air, SIZE, 400, layers=LAYERS), air.init(keys.key(0, "place"))
    state, asked = uplink.init(terms, place), list[list[int]]()
    for number in range(rounds):
        link = air.draw(place, keys.key(1, number), 0.0, terms.slots, snr_db)
        asked.clear()

        def updates_of(devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            asked.append(devices.numpy().tolist())
            return tf.gather(updates, devices), tf.zeros(tf.shape(devices))

        round = Round(terms, keys.key(2, number), WEIGHTS, link)
        outcome, _ = collect(uplink, state, round, updates_of, tf.where(WEIGHTS > 0)[:, 0], chunk)
        state = outcome.state
    return outcome, asked


def accumulated(uplink: Digital, updates: tf.Tensor, snr_db: float = PLENTY, air: Any = None) -> Any:
    """What a digital uplink holds before its end."""
    kept = []

    class Watched(Digital):
        def end(self, acc: Any, state: Any, round: Round) -> Any:
            kept.append(acc)
            return super().end(acc, state, round)

    played(Watched(**vars(uplink)), updates, snr_db=snr_db, air=air)
    return kept[0]


def by_hand(scheme: Nested, updates: tf.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is decoded of each, [K, d], the mean of the first ones, and the deviation from it by layer."""
    bits, known, key = tf.constant(1e6), Known(LAYERS), keys.fold(keys.key(2, 0), "compressor")
    decoded, w = np.zeros([DEVICES, SIZE]), WEIGHTS.numpy()
    first = PRESENT[: math.ceil(scheme.first * len(PRESENT))]
    for device in first:
        decoded[device] = scheme.compress(updates[device], bits, keys.fold(key, tf.constant(device, tf.int64)), known)[
            0
        ]
    p = w[first] / w[first].sum()
    y = p @ decoded[first]
    square = p @ (decoded[first] - y) ** 2 / (1 - (p**2).sum()) * (1 + (p**2).sum())
    spread = np.array([square[:200].mean(), square[200:].mean()]) ** 0.5
    told = known._replace(spread=tf.constant(spread, tf.float32))
    for device in set(PRESENT) - set(first):
        own = keys.fold(key, tf.constant(device, tf.int64))
        sent, _ = scheme.encode(updates[device], bits, own, told)
        decoded[device] = scheme.decode(sent, own, told, tf.constant(y, tf.float32))
    return decoded, y, spread


def test_nested_is_a_compressor_with_side_information() -> None:
    assert isinstance(Nested(), Sided) and not isinstance(Dithered(), Sided)


@pytest.mark.parametrize("scheme", [Nested(), Nested(coarse=3), Nested(first=0.3, levels=6, scaled=True)], ids=str)
def test_the_mean_of_the_first_is_what_the_others_are_decoded_with(scheme: Nested) -> None:
    updates = near(0.1)
    decoded, y, spread = by_hand(scheme, updates)
    acc = accumulated(Digital(scheme), updates)
    np.testing.assert_allclose(acc.side.estimate, y, atol=1e-5)
    np.testing.assert_allclose(acc.side.spread, spread, rtol=1e-3)
    outcome, _ = played(Digital(scheme), updates)
    np.testing.assert_allclose(outcome.estimate, WEIGHTS.numpy() @ decoded, atol=1e-4)


def test_the_deviation_told_is_that_of_another_update_from_the_mean() -> None:
    """Of many devices: s^2 of their data and D1^2/12 of their own coding, and a share of both for the mean."""
    spread, count = 0.5, 40
    air, weights = Air(GRID, Awgn(), count), tf.ones([count]) / count
    terms = Terms(air, SIZE, 3000)
    round = Round(terms, keys.key(2), weights, air.draw(air.init(keys.key(0)), keys.key(1), 0.0, terms.slots, PLENTY))
    uplink, updates = Digital(Nested(levels=2, coarse=5)), near(spread, count)

    def probe(question: Any, nothing: Any = None) -> Any:
        return question(tf.range(count, dtype=tf.int64), updates)

    acc = uplink.begin(uplink.init(terms, air.init(keys.key(0))), round, probe)
    step = np.abs(updates).max(axis=1)[:20] / 2
    expected = (spread**2 + (step**2).mean() / 12) * (1 + 1 / 20)
    assert float(acc.side.spread[0]) ** 2 == pytest.approx(expected, rel=4 * (2 / 19 / SIZE) ** 0.5)
    realised = np.mean((updates[20:] - acc.side.estimate) ** 2)
    assert realised == pytest.approx(spread**2 + expected / 21, rel=0.1)


@pytest.mark.parametrize("uplink", [Digital(Nested()), Digital(Nested(coarse=3), feedback=1.0)], ids=["guard", "three"])
@pytest.mark.parametrize("chunk", [1, 4])
def test_chunks_give_the_round_of_all_at_once_and_updates_are_computed_twice(uplink: Digital, chunk: int) -> None:
    updates = near(0.3)
    whole, once = played(uplink, updates)
    parts, asked = played(uplink, updates, chunk)
    assert once == [PRESENT]
    chunks = [PRESENT[at : at + chunk] for at in range(0, len(PRESENT), chunk)]
    assert asked == 2 * chunks and uplink.probes(Terms(Air(GRID, Awgn(), DEVICES), SIZE, 400))
    np.testing.assert_allclose(parts.estimate, whole.estimate, atol=1e-5)
    np.testing.assert_allclose(parts.state.owed, whole.state.owed, atol=1e-5)
    for one, other in zip(parts.report, whole.report, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("scheme", [Nested(first=0.0), Nested(first=1.0), Dithered()], ids=str)
def test_nobody_is_asked_first_without_need(scheme: Any) -> None:
    uplink = Digital(scheme)
    assert not uplink.probes(Terms(Air(GRID, Awgn(), DEVICES), SIZE, 400))
    assert played(uplink, near(0.1), 4)[1] == [PRESENT[:4], PRESENT[4:]]


def test_the_last_estimate_saves_bits_where_updates_stay_alike() -> None:
    for spread, saves in ((0.02, True), (3.0, False)):
        bits = [
            float(played(Digital(Nested(first=0.0, coded=False)), near(spread), rounds=n)[0].report.bits)
            for n in (1, 2)
        ]
        assert (bits[1] < 0.7 * bits[0]) == saves
        told = 8 * len(PRESENT)  # which coarse step
        assert bits[1] == pytest.approx(len(PRESENT) * (SIZE * math.log2(3 if saves else 7) + 64) + told, rel=1e-5)


def test_failures_show_and_devices_owe_what_a_right_coset_would_leave() -> None:
    scheme, updates = Nested(coarse=3), near(1.5)
    decoded, _, _ = by_hand(scheme, updates)
    acc = accumulated(Digital(scheme, feedback=1.0), updates)
    first, others = PRESENT[:3], PRESENT[3:]
    assert not np.any(acc.wrong.numpy()[first]) and np.all(acc.wrong.numpy()[others] > 0.02)
    outcome, _ = played(Digital(scheme, feedback=1.0), updates)
    owed, u = outcome.state.owed.numpy(), updates.numpy()
    layers = np.split(np.abs(u), [200], axis=1)
    fine = np.concatenate([np.tile(part.max(axis=1, keepdims=True) / 3, part.shape[1]) for part in layers], axis=1)
    assert np.all(np.abs(owed[PRESENT]) <= fine[PRESENT] * 0.501)  # as if no coset were wrong
    missed = np.abs(u - decoded) > 0.501 * fine
    np.testing.assert_allclose(missed[PRESENT].mean(axis=1), acc.wrong.numpy()[PRESENT], atol=1e-6)
    np.testing.assert_allclose(outcome.estimate, WEIGHTS.numpy() @ decoded, atol=1e-4)
    assert not np.any(owed[2])


def test_packets_of_the_first_that_are_lost_are_no_side_information() -> None:
    """Devices count on 60 dB too much: some of the first are lost, and then none arrives and the others send plain."""
    air, scheme, updates = Air(GRID, Rayleigh(), DEVICES), Nested(coarse=3, coded=False), near(0.1)
    uplink = Digital(scheme, margin_db=-60.0)
    acc = accumulated(uplink, updates, 23.0, air)
    arrived = [device for device in PRESENT[:3] if acc.decoded[device]]
    assert 0 < len(arrived) < 3
    decoded, w = by_hand(scheme, updates)[0], WEIGHTS.numpy()[arrived]
    np.testing.assert_allclose(acc.side.estimate, w @ decoded[arrived] / w.sum(), atol=1e-5)
    acc = accumulated(uplink, updates, -20.0, air)
    assert not np.any(acc.decoded) and np.all(np.isinf(acc.side.spread)) and not np.any(acc.side.estimate)
    assert float(acc.bits) == pytest.approx(len(PRESENT) * (SIZE * math.log2(7) + 64), rel=1e-6)


def test_deviations_told_to_devices_are_counted_and_take_no_elements() -> None:
    sided, _ = played(Digital(Nested(coarse=3, coded=False)), near(0.1))
    others, scales = 3, 2 * 32.0
    expected = 3 * (SIZE * math.log2(7) + scales) + others * (SIZE * math.log2(3) + scales)
    assert float(sided.report.free_bits) == others * 2 * 32
    assert float(sided.report.bits) == pytest.approx(expected + others * 2 * 32, rel=1e-6)


# --- Weights by precision


@pytest.mark.parametrize(
    ("nu", "alpha", "mse", "equal"),
    [
        ((1, 2, 4), (0.571429, 0.285714, 0.142857), 0.571429, 0.777778),
        ((0.5, 0.5, 2, 8), (0.432432, 0.432432, 0.108108, 0.027027), 0.216216, 0.687500),
        ((0.3, 5.0, 0.02, 1.0, 1.0), None, None, None),
    ],
)
def test_weights_are_precisions_whose_sum_is_that_of_the_recursion(nu: Any, alpha: Any, mse: Any, equal: Any) -> None:
    v, rng = np.array(nu), np.random.default_rng(0)
    values = rng.normal(size=[len(v), 50])
    gamma, theta = 1 / v[0], values[0]  # (2.12)
    for nu_next, value in zip(v[1:], values[1:], strict=True):
        theta = (gamma * theta + value / nu_next) / (gamma + 1 / nu_next)
        gamma += 1 / nu_next
    weights = 1 / v / np.sum(1 / v)
    if alpha is not None:
        np.testing.assert_allclose(weights, alpha, atol=1e-6)
        assert (1 / gamma, v.mean() / len(v)) == pytest.approx((mse, equal), abs=1e-6)
    sums, total = combining.start(tf.constant(0.25 * v.min(), tf.float32)), 0.0
    off = np.sqrt(v - 0.25 * v.min())[:, None] * np.ones([1, 50])  # so that nu is both together
    for device in range(len(v)):  # in turn
        x, e = (tf.constant(part[device : device + 1], tf.float32) for part in (values, off))
        shares, sums = combining.add(sums, x, e, tf.constant([True]))
        total = total + tf.linalg.matvec(x, shares, transpose_a=True)
    np.testing.assert_allclose(combining.combined(sums, total), theta, rtol=1e-4, atol=1e-5)
    assert 1 / float(sums.v) == pytest.approx(1 / gamma, rel=1e-5)


def test_two_depths_on_an_interval() -> None:
    """Steps 2/(2^b - 1) of 3 and 2 bits beside noise of .01: .01680272 and .04703704, and the first weighs .736798."""
    steps = 2 / (2.0 ** np.array([3, 2]) - 1)
    eta = steps**2 / 12
    off = tf.constant(np.sqrt(eta)[:, None] * np.ones([1, 4]), tf.float32)
    v, _ = combining.add(combining.start(tf.constant(0.01)), tf.zeros([2, 4]), off, tf.constant([True, True]))
    np.testing.assert_allclose(1 / v.numpy(), (0.01680272, 0.04703704), rtol=1e-5)
    assert float(v[0] / tf.reduce_sum(v)) == pytest.approx(0.736798, abs=1e-5)


def test_the_noise_of_the_data_is_found_from_the_round() -> None:
    """Of devices whose compressors err unlike: its mean over rounds is sigma^2."""
    rng, sigma, found = np.random.default_rng(0), 0.7, []
    eta = np.array([0.0, 0.1, 0.5, 2.0])
    for _ in range(60):
        common = rng.normal(size=300)
        off = rng.normal(size=[4, 300]) * eta[:, None] ** 0.5
        x = common + sigma * rng.normal(size=[4, 300]) + off
        x, off = (tf.constant(part, tf.float32) for part in (x, off))
        v, sums = combining.add(combining.start(tf.constant(0.3)), x, off, tf.fill([4], True))
        estimate = combining.combined(sums, tf.linalg.matvec(x, v, transpose_a=True))
        found.append(float(combining.noise(sums, estimate)))
    assert abs(np.mean(found) - sigma**2) < 4 * np.std(found) / 60**0.5
    alone = combining.add(combining.start(tf.constant(0.3)), x[:1], off[:1], tf.constant([True]))[1]
    assert float(combining.noise(alone, x[0])) == pytest.approx(0.3)


class Coarse:
    """Unbiased, and errs by .1 to 8.1 a coordinate, as the key has it."""

    unbiased = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Any, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return update + 0.1 * 3.0 ** keys.uniform(key, [], 0.0, 4.0) * keys.normal(key, [SIZE]), tf.constant(10.0)


def test_precision_errs_less_about_what_is_common_while_nmse_stays_that_of_the_sum_by_shares() -> None:
    updates, w = near(0.3), WEIGHTS.numpy()
    target, errors = w @ updates.numpy(), {}
    for combine in ("weights", "lmmse"):
        off, uplink = [], Digital(Coarse(), combine=combine)
        for rounds in (2, 3, 4, 5):
            outcome, _ = played(uplink, updates, 3, rounds=rounds)
            estimate, report = outcome.estimate.numpy(), outcome.report
            off.append(np.mean((estimate - COMMON) ** 2))
            assert float(report.nmse) == pytest.approx(((estimate - target) ** 2).sum() / (target**2).sum(), rel=1e-4)
            assert float(report.free_bits) == (6 * 32 if combine == "lmmse" else 0)
        errors[combine] = np.mean(off)
    assert errors["lmmse"] < 0.7 * errors["weights"]


def test_the_first_round_weighs_all_alike() -> None:
    updates = near(0.3)
    estimate = played(Digital(Nested(first=1.0, levels=100), combine="lmmse"), updates)[0].estimate
    mean = updates.numpy()[PRESENT].mean(axis=0)
    assert np.abs(estimate - mean).max() < 0.02
    assert isinstance(played(Digital(combine="lmmse"), updates)[0].report, Report)


@pytest.mark.parametrize(("first", "devices"), [(0.6, 25), (0.3, 50), (0.36, 75), (0.07, 100)])
def test_shares_of_devices_that_are_whole_numbers_are_not_rounded_up(first: float, devices: int) -> None:
    terms = Terms(Air(Grid(subcarriers=32, symbols=4, prefix=8), Awgn(), devices), 4, 400)
    round = Round(terms, keys.key(0), tf.ones([devices]))
    count = tf.reduce_sum(tf.cast(sides.are_first(Nested(first=first), round, tf.range(devices)), tf.int32))
    assert int(count) == np.rint(first * devices)


def test_what_is_not_said_is_not_believed_to_arrive() -> None:
    """In bits for a third of the entries a device that is not first owes the others whole."""
    updates = near(0.1)
    acc = accumulated(Digital(Nested(first=0.5, coarse=3), feedback=1.0), updates, snr_db=0.0)
    owed, update = acc.owed.numpy()[6], updates.numpy()[6]
    assert acc.decoded[6] and 0.5 < np.mean(owed == update) < 1.0


def test_deviations_are_told_to_the_scheduled_that_are_not_first() -> None:
    """Of six that are present the last three are scheduled, of whom two are first: two numbers for the third."""
    air = Air(GRID, Awgn(), DEVICES, power_offsets_db=(0.0, 0.0, 0.0, 0.0, 6.0, 6.0, 6.0))
    outcome, _ = played(Digital(Nested(first=0.5), scheduled=0.5), near(0.1), air=air)
    assert float(outcome.report.free_bits) == 2 * 32 and np.sum(outcome.report.decoded) == 3
