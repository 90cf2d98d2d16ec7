"""Orthogonal scheduling of the best: who sends, on which elements, with which energy, and what becomes of the rest."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import binom

from overair.ota import Digital, Dithered, Round, Terms, apply
from overair.ota.uplinks._schedule import chance_if_alike, chosen
from overair.phy import Air, Awgn, ErrorVariance, Grid, PathLoss, Rayleigh, Tdl, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


def drawn(air: Air, elements: int = 96, weights: Any = None, snr_db: float = 10.0, number: int = 0) -> Round:
    terms, place = Terms(air, 20, elements), air.init(keys.key(0))
    link = air.draw(place, keys.key(1, number), 0.0, terms.slots, snr_db)
    share = tf.ones([air.devices]) / air.devices if weights is None else tf.constant(weights)
    return Round(terms, keys.key(2, number), share, link)


@pytest.mark.parametrize("air", [Air(GRID, Rayleigh(), 9, 2), Air(GRID, Tdl("A", 1e-6, speed=60.0), 9, 2)], ids=str)
@pytest.mark.parametrize(("share", "count"), [(0.5, 4), (0.3, 3), (1.0, 7), (0.01, 1)])
def test_the_best_of_those_that_take_part_are_scheduled(air: Air, share: float, count: int) -> None:
    weights = np.array([1, 0, 2, 3, 1, 1, 0, 2, 1], np.float32) / 11
    round = drawn(air, 100, weights)
    kept = chosen(round, share).weights.numpy()
    h = np.abs(np.broadcast_to(round.air_link.response()[0].numpy(), [2, 9, 4, 32])) ** 2
    power = h.sum(axis=0).reshape(9, -1)[:, :100].mean(axis=1) * (weights > 0)
    best = np.sort(np.argsort(-power)[:count])
    np.testing.assert_array_equal(np.flatnonzero(kept), best)
    np.testing.assert_array_equal(kept[best], weights[best])


def test_it_is_the_receiver_that_chooses() -> None:
    """By its own estimate, in which the budgets of devices show."""
    air = Air(GRID, Rayleigh(), 40, csir=ErrorVariance(0.5), power_offsets_db=(0.0, 6.0))
    round = drawn(air)
    believed = (1 - 0.5) * np.abs(round.air_link.response(of=round.air_link.receiver)[0, 0, :, 0, 0].numpy()) ** 2
    best = np.argsort(-believed * np.tile([1, 10**0.6], 20))[:10]
    np.testing.assert_array_equal(np.flatnonzero(chosen(round, 0.25).weights), np.sort(best))


def test_among_equals_lots_decide() -> None:
    air, rounds = Air(GRID, Awgn(), 6), 100
    sent = np.mean([chosen(drawn(air, number=i), 0.5).weights.numpy() > 0 for i in range(rounds)], axis=0)
    assert np.all(np.abs(sent - 0.5) < 4.5 * (0.25 / rounds) ** 0.5)


def test_those_that_send_share_the_elements_with_their_whole_budgets() -> None:
    air = Air(GRID, Rayleigh(), 8, power_offsets_db=(0.0, 3.0))
    round = drawn(air, 100)
    for uplink in (Digital(scheduled=0.5), Digital(scheduled=0.5, allocation="water_filling")):
        acc = uplink.begin(uplink.init(round.terms, air.init(keys.key(0))), round)
        share, energy = uplink._shared(acc, round, tf.range(8))
        sends = acc.scheduled.numpy() > 0
        assert sends.sum() == 4
        np.testing.assert_array_equal(share.mask.numpy().sum(axis=1), 25.0 * sends)
        np.testing.assert_allclose(energy.numpy()[sends], np.tile([1, 10**0.3], 4)[sends], rtol=1e-5)
        h = np.abs(round.air_link.response()[0, 0, :, 0, 0].numpy()) ** 2
        expected = 25 * np.log2(1 + 4 * np.tile([1, 10**0.3], 4) * h * 10) * sends
        np.testing.assert_allclose(share.information, expected, rtol=1e-4)


def test_who_is_not_scheduled_is_silent_and_unheard_and_not_made_up_for(play: Any) -> None:
    """E estimate = half of the mean of alike devices: weights stay as they are."""
    updates, rounds = keys.normal(keys.key(3), [6, 30]), 300
    estimate, report = play(
        Digital(Dithered(most_bits=8), scheduled=0.5),
        Air(GRID, Rayleigh(), 6),
        updates,
        2000,
        count=rounds,
        snr_db=25.0,
    )
    assert np.all(np.isclose(report.silent, 0.5)) and np.all(np.isclose(report.unheard, 0.5))
    assert np.all((report.energy.numpy() > 0).sum(axis=1) == 3) and np.all(report.energy.numpy() <= 1 + 1e-5)
    found, target = estimate.numpy(), updates.numpy().mean(axis=0) / 2
    assert np.all(np.abs(found.mean(axis=0) - target) < 4.5 * found.std(axis=0) / rounds**0.5 + 1e-4)


def test_what_is_not_sent_is_owed_and_sent_later() -> None:
    """With feedback, all that was ever said is heard or owed; and after each has been scheduled, little is owed."""
    air, updates = Air(GRID, Rayleigh(), 5), keys.normal(keys.key(3), [5, 20])
    uplink, place = Digital(Dithered(most_bits=12), scheduled=0.4, feedback=1.0), air.init(keys.key(0))
    terms = Terms(air, 20, 2000)
    state, heard, owed = uplink.init(terms, place), np.zeros(20), np.zeros([5, 20])
    for number in range(6):
        estimate, state, _ = apply(uplink, state, drawn(air, 2000, number=number, snr_db=30.0), updates)
        heard, owed = heard + estimate.numpy(), state.owed.numpy()
    np.testing.assert_allclose(heard + owed.mean(axis=0), 6 * updates.numpy().mean(axis=0), rtol=1e-3, atol=1e-3)
    silent = int(np.argmax(np.abs(owed).max(axis=1)))
    times = np.abs(owed[silent]).max() / np.abs(updates[silent].numpy()).max()
    assert times == pytest.approx(round(times), abs=0.05) and times >= 1  # whole updates, of rounds of silence


@pytest.mark.parametrize(
    ("devices", "share", "participation"), [(7, 0.5, 1.0), (7, 0.3, 0.4), (10, 0.7, 0.9), (4, 1.0, 0.3)]
)
def test_the_chance_of_sending(devices: int, share: float, participation: float) -> None:
    """By counting sets of those that take part, one number after another."""
    expected = sum(
        binom.pmf(count, devices, participation) * np.ceil(round(share * count, 9)) / devices
        for count in range(devices + 1)
    )
    terms = Terms(Air(GRID, Rayleigh(), devices), 5, 20, participation)
    assert chance_if_alike(terms, share) == pytest.approx(expected, rel=1e-9)


def test_the_best_half_of_few_flat_links_carries_more_than_all_with_the_same_mean_energy() -> None:
    """The mean gain of the best 3 of 6 is 1 + 1/4 + 1/5 + 1/6; a third of the elements, with six times the energy."""
    air, elements, snr, found = Air(GRID, Rayleigh(), 6), 96, 10**-1.4, {}
    terms, place = Terms(air, 20, elements), air.init(keys.key(0))
    for share in (0.5, 1.0):
        uplink = Digital(scheduled=share, budget="average")
        state = uplink.init(terms, place)

        @tf.function(autograph=False)
        def carried(number: tf.Tensor, uplink: Digital = uplink, state: Any = state) -> tf.Tensor:
            link = air.draw(place, keys.key(1, number), 0.0, terms.slots, 10 * np.log10(snr))
            round = Round(terms, keys.key(2, number), tf.ones([6]) / 6, link)
            return tf.reduce_sum(uplink._shared(uplink.begin(state, round), round, tf.range(6))[0].information)

        found[share] = np.array([float(carried(tf.constant(number))) for number in range(400)])
    gains = np.sort(np.random.default_rng(0).exponential(size=[200_000, 6]))[:, ::-1]
    for share, count, power in ((0.5, 3, 6 * snr), (1.0, 6, 6 * snr)):
        expected = (elements / count * np.log2(1 + power * gains[:, :count]).sum(axis=1)).mean()
        assert abs(found[share].mean() - expected) < 4.5 * found[share].std() / 20
    assert found[0.5].mean() > 1.3 * found[1.0].mean()
    assert gains[:, :3].mean() == pytest.approx(1 + 1 / 4 + 1 / 5 + 1 / 6, rel=0.01)


def test_devices_that_share_elements_are_the_scheduled_ones() -> None:
    air = Air(GRID, Rayleigh(), 6, 2)
    round, uplink = drawn(air, 96), Digital(sdma=2, scheduled=0.67)
    acc = uplink.begin(uplink.init(round.terms, air.init(keys.key(0))), round)
    share, _ = uplink._shared(acc, round, tf.range(6))
    sends = np.flatnonzero(acc.scheduled)
    h = round.air_link.response()[0, :, :, 0, 0].numpy()
    assert len(sends) == 5 and not share.mask.numpy()[acc.scheduled.numpy() == 0].any()
    for place, device in enumerate(sends):
        mates = h[:, sends[place // 2 * 2 : place // 2 * 2 + 2]]
        left = 1 / np.linalg.inv(mates.conj().T @ mates)[place % 2, place % 2].real
        expected = 32 * np.log2(1 + 3 * 10 * left)
        assert float(share.information[int(device)]) == pytest.approx(expected, rel=1e-3)


def test_near_devices_that_always_send_keep_to_their_average_budget(play: Any) -> None:
    """Where places last, each device has a chance of its own of being scheduled, which its energy accounts for."""
    air = Air(GRID, Rayleigh(), 4, impairments=(PathLoss(),))
    report = play(
        Digital(Dithered(), budget="average", scheduled=0.5), air, tf.ones([4, 8]), 400, count=1000, snr_db=20.0
    )[1]
    spent = report.energy.numpy()
    error = spent.std(axis=0) / len(spent) ** 0.5
    assert np.all(spent.mean(axis=0) < 1 + 4 * error) and np.ptp((spent > 0).mean(axis=0)) > 0.2
    often = (spent > 0).mean(axis=0) > 0.1
    assert np.all(spent.mean(axis=0)[often] > 0.85 - 4 * error[often])
