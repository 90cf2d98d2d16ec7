"""A round: what every uplink shares. One link for all, absent devices, participation, costs and refusals."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import (
    Analog,
    Digital,
    Ideal,
    Identity,
    RandomLinear,
    Report,
    Round,
    Terms,
    Uplink,
    apply,
    pack,
    unpack,
    weighted_sum,
)
from overair.ota.round import nmse
from overair.phy import Air, Awgn, ErrorVariance, FullInversion, Grid, PathLoss, Rayleigh, Tdl, TimingOffset, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
EXACT = [Ideal(), Analog(Identity(), FullInversion()), Digital()]
UPLINKS = [*EXACT, Analog(RandomLinear(compression=2.0)), Analog(budget="average")]


def terms(air: Air, size: int, elements: int) -> Terms:
    return Terms(air, size, elements)


def test_pairs_of_numbers_ride_on_a_symbol_and_come_back() -> None:
    for count in (1, 2, 5, 8):
        values = keys.normal(keys.key(count), [2, 3, count])
        symbols = pack(values)
        assert symbols.shape == (2, 3, -(-count // 2)) and symbols.dtype == tf.complex64
        assert np.array_equal(unpack(symbols, count), values)
        assert np.isclose(np.sum(np.abs(symbols) ** 2), np.sum(values**2))  # energy is kept


def test_the_weighted_sum_is_that_of_numpy() -> None:
    updates, weights = keys.normal(keys.key(0), [4, 7]), tf.constant([0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(weighted_sum(weights, updates), weights.numpy() @ updates.numpy(), rtol=1e-5)


def test_nmse_is_relative_to_the_target() -> None:
    target = tf.constant([3.0, 4.0])
    assert float(nmse(target, target)) == 0
    assert float(nmse(tf.zeros([2]), target)) == 1
    assert float(nmse(tf.constant([3.0, 9.0]), target)) == 1
    assert np.isnan(nmse(tf.zeros([2]), tf.zeros([2])))  # about nothing nothing can be said


def test_an_error_about_a_target_of_zero_is_not_reported_as_none() -> None:
    assert not float(nmse(tf.ones([2]), tf.zeros([2]))) == 0


@pytest.mark.parametrize(
    ("channel", "rival"),
    [(Tdl("C", 30e-9, speed=5.0), Analog(RandomLinear())), (Awgn(), Analog(RandomLinear(), budget="average"))],
    ids=["moving", "average budget"],
)
def test_all_uplinks_see_bitwise_equal_links(channel: Any, rival: Uplink) -> None:
    air = Air(
        GRID,
        channel,
        6,
        antennas=2,
        impairments=(PathLoss(), TimingOffset(0.0, 2.0)),
        csit=ErrorVariance(0.1),
        csir=ErrorVariance(0.1),
    )
    agreed, place, updates = terms(air, 20, 150), air.init(keys.key(0, "place")), keys.normal(keys.key(1), [6, 20])

    def links(uplink: Uplink) -> list[Any]:
        state = uplink.init(agreed, place)

        @tf.function(autograph=False)
        def one(state: Any, number: tf.Tensor) -> tuple[Any, Any]:
            key = keys.key(5, "round", number)
            link = air.draw(place, keys.fold(key, "link"), 0.0, agreed.slots, 10.0)
            _, state, _ = apply(uplink, state, Round(agreed, key, tf.ones([6]) / 6, link), updates)
            return state, link

        seen = []
        for number in range(2):
            state, link = one(state, tf.constant(number))
            seen += tf.nest.flatten(link)
        return seen

    reference = links(Ideal())
    for uplink in (rival, Digital()):
        for one, other in zip(reference, links(uplink), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("uplink", EXACT, ids=["ideal", "analog", "digital"])
@pytest.mark.parametrize("probability", [0.3, 0.8])
def test_random_participation_is_unbiased_with_the_variance_foretold(
    play: Any, uplink: Uplink, probability: float
) -> None:
    devices, size, rounds = 12, 10, 500
    updates = keys.normal(keys.key(1), [devices, size])
    shares = tf.linspace(1.0, 3.0, devices) / 24
    air = Air(GRID, Awgn(), devices)
    estimates, report = play(
        uplink, air, updates, 1000, count=rounds, snr_db=100.0, weights=shares, participation=probability
    )
    target = shares.numpy() @ updates.numpy()
    error = estimates.numpy() - target
    variance = (1 / probability - 1) * (shares.numpy() ** 2 * (updates.numpy() ** 2).sum(axis=1)).sum()
    squares = (error**2).sum(axis=1)
    assert abs(squares.mean() - variance) < 4 * squares.std() / rounds**0.5
    assert np.all(np.abs(error.mean(axis=0)) < 4 * error.std(axis=0) / rounds**0.5)
    present = report.decoded.numpy().mean(axis=0)
    assert np.all(np.abs(present - probability) < 4 * (probability * (1 - probability) / rounds) ** 0.5)


@pytest.mark.parametrize(
    ("uplink", "size", "needed"),
    [
        (Analog(Identity()), 101, 51),
        (Analog(RandomLinear(compression=2.0)), 101, 26),
        (Analog(RandomLinear(compression=1.0)), 100, 50),
    ],
)
def test_too_small_a_grant_is_refused_with_the_number_needed(uplink: Uplink, size: int, needed: int) -> None:
    air = Air(GRID, Awgn(), 2)
    with pytest.raises(ValueError, match=f"expected at least {needed} resource elements.*received {needed - 1}"):
        uplink.check(terms(air, size, needed - 1))
    with pytest.raises(ValueError, match=f"at least {needed}"):
        uplink.init(terms(air, size, needed - 1), air.init(keys.key(0)))
    uplink.check(terms(air, size, needed))


def test_impossible_terms_are_refused() -> None:
    for size, elements, name in ((0, 5, "size"), (5, 0, "grant.elements")):
        with pytest.raises(ValueError, match=f"{name}: expected"):
            terms(Air(GRID, Awgn(), 2), size, elements)


@pytest.mark.parametrize("participation", [0.0, -0.5, 1.5, float("nan")])
def test_an_impossible_probability_of_taking_part_is_refused(participation: float) -> None:
    with pytest.raises(ValueError, match="participation"):
        Terms(Air(GRID, Awgn(), 2), 5, 5, participation)


def test_an_uplink_that_needs_a_link_says_so() -> None:
    air = Air(GRID, Awgn(), 2)
    agreed, place = terms(air, 4, 50), air.init(keys.key(0))
    with pytest.raises(ValueError, match="round.link: expected a link"):
        apply(Digital(), Digital().init(agreed, place), Round(agreed, keys.key(2), tf.ones([2]) / 2), tf.ones([2, 4]))
    assert Digital().init(agreed, place).owed.shape == (0, 4)  # nothing is owed without feedback


@pytest.mark.parametrize("uplink", UPLINKS[1:], ids=str)
@pytest.mark.parametrize("elements", [6, 128, 129, 1000])
def test_airtime_is_that_of_whole_slots_with_their_prefixes(play: Any, uplink: Uplink, elements: int) -> None:
    report: Report = play(uplink, Air(GRID, Awgn(), 2), tf.ones([2, 12]), elements)[1]
    slots = -(-elements // 128)
    assert float(report.airtime[0]) == pytest.approx(slots * 4 * (32 + 8) / (32 * 15e3), rel=1e-6)
    assert report.payload[0] <= elements and report.pilots[0] == 0


def test_the_ideal_uplink_costs_nothing() -> None:
    air = Air(GRID, Rayleigh(), 3)
    agreed, updates = terms(air, 7, 5), keys.normal(keys.key(0), [3, 7])
    weights = tf.constant([0.2, 0.3, 0.5])
    estimate, _, report = apply(Ideal(), (), Round(agreed, keys.key(2), weights), updates)
    np.testing.assert_allclose(estimate, weights.numpy() @ updates.numpy(), rtol=1e-5)
    assert not any(np.any(value) for name, value in report._asdict().items() if name not in ("decoded", "papr_db"))
    assert np.all(report.decoded)
