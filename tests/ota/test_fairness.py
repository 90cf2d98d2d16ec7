"""Analog and digital uplinks are held to the same budget, and each is given what theory allows it."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Round, Terms, apply
from overair.phy import (
    Air,
    ErrorVariance,
    FullInversion,
    Grid,
    PathLoss,
    Rayleigh,
    TimingOffset,
    TruncatedInversion,
    keys,
)


def _terms(devices: int = 20, size: int = 40, participation: float = 1.0, **air: object) -> Terms:
    return Terms(Air(Grid(), Rayleigh(), devices, **air), size, size // 2, participation)  # type: ignore[arg-type]


def _information(round: Round) -> tf.Tensor:
    """What each device's elements carry, in bits, [K]."""
    uplink, air = Digital(margin_db=0.0), round.terms.air
    begun = uplink.begin(uplink.init(round.terms, air.init(keys.key(0))), round)
    return uplink._shared(begun, round, tf.range(air.devices))[0].information


def _energies(uplink: Analog | Digital, terms: Terms, rounds: int, snr_db: float = 0.0) -> np.ndarray:
    """Energy of every device in every round, [R, K]."""
    devices, place = terms.air.devices, terms.air.init(keys.key(3, "place"))
    state = uplink.init(terms, place)

    @tf.function(autograph=False)
    def one(index: tf.Tensor) -> tf.Tensor:
        key = keys.key(3, "round", index)
        present = keys.uniform(keys.fold(key, "present"), [devices]) < terms.chance
        weights = tf.where(present, 1.0 / devices / terms.chance, 0.0)
        link = terms.air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db)
        updates = keys.normal(keys.fold(key, "updates"), [devices, terms.size])
        return apply(uplink, state, Round(terms, key, weights, link), updates)[2].energy

    return np.stack([one(tf.constant(index)) for index in range(rounds)])


@pytest.mark.parametrize("threshold", [0.5, 2.0])
def test_the_average_budget_holds_behind_a_combiner_of_those_that_take_part(threshold: float) -> None:
    terms = _terms(antennas=8, participation=0.1)
    energies = _energies(Analog(rule=TruncatedInversion(threshold=threshold), budget="average"), terms, 600)
    rounds = energies.mean(axis=1)
    error = rounds.std() / len(rounds) ** 0.5
    # the level follows the largest of the symbol energies present, so devices spend somewhat less than P
    assert rounds.mean() <= 1 + 4 * error + 4 / 4096**0.5
    assert rounds.mean() >= 0.6


def test_lasting_offsets_do_not_cost_power_and_lasting_distances_hold_every_device_to_its_budget() -> None:
    rule = TruncatedInversion(threshold=0.1)
    plain = Analog(rule=rule, budget="average").init(_terms(8), _terms(8).air.init(keys.key(3, "place")))
    offset = _terms(8, impairments=(TimingOffset(high=4, seen=True, lasting=True),))
    late = Analog(rule=rule, budget="average").init(offset, offset.air.init(keys.key(3, "place")))
    np.testing.assert_allclose(late.cost, plain.cost, rtol=1e-5)
    far = _terms(8, impairments=(PathLoss(exponent=2.0),))
    energies = _energies(Analog(rule=rule, budget="average"), far, 800)
    spread = energies.std(axis=0) / len(energies) ** 0.5
    assert np.all(energies.mean(axis=0) <= 1 + 4 * spread)


@pytest.mark.parametrize("rule", [FullInversion(), TruncatedInversion(threshold=0.0)])
def test_an_average_budget_that_fading_makes_infinite_is_refused(rule: FullInversion | TruncatedInversion) -> None:
    with pytest.raises(ValueError, match="uplink.budget: expected round"):
        Analog(rule=rule, budget="average").check(_terms())


def test_digital_devices_have_the_same_average_budget() -> None:
    terms = _terms(size=2000, participation=0.4)  # room for everybody to send, however faded
    assert _energies(Digital(), terms, 20, 20.0).max() == 1.0
    energies = _energies(Digital(budget="average"), terms, 200, 20.0)
    assert energies.max() == np.float32(1 / 0.4)
    error = (0.6 / 0.4 / energies.size) ** 0.5  # of a Bernoulli(0.4) over 0.4
    assert abs(energies.mean() - 1) <= 4 * error


def test_a_packet_is_lost_only_if_what_it_holds_does_not_fit() -> None:
    devices, size = 4, 650
    air = Air(Grid(), Rayleigh(), devices, csit=ErrorVariance(e=0.05))
    for elements, everybody in ((20_000, True), (325, False)):  # room to spare, and none
        terms, place = Terms(air, size, elements), air.init(keys.key(1))
        heard = []
        for index in range(20):
            key = keys.key(1, index)
            link = air.draw(place, key, 0.0, terms.slots, 20.0)
            round = Round(terms, key, tf.fill([devices], 0.25), link)
            uplink = Digital(margin_db=0.0)
            heard.append(apply(uplink, uplink.init(terms, place), round, keys.normal(key, [devices, size]))[2].decoded)
        assert np.all(heard) == everybody


@pytest.mark.parametrize("error", [0.01, 0.1, 0.5])
def test_a_receiver_that_does_not_know_the_channel_decodes_less(error: float) -> None:
    air = Air(Grid(), Rayleigh(), 1, csir=ErrorVariance(e=error))
    terms, snr = Terms(air, 10, 64), 1000.0

    @tf.function(autograph=False)
    def one(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        key = keys.key(9, index)
        link = air.draw(air.init(key), key, 0.0, 1, 30.0)
        information = _information(Round(terms, key, tf.ones([1]), link))[0] / 64
        return information, link.response(of=link.receiver)[0, 0, 0, 0, 0]

    measured, believed = zip(*(one(tf.constant(index)) for index in range(300)), strict=True)
    # the best estimate from h_believed is sqrt(1-e) h_believed, its error has variance e
    strength = (1 - error) * np.abs(np.array(believed)) ** 2
    np.testing.assert_allclose(np.array(measured), np.log2(1 + snr * strength / (1 + snr * error)), rtol=1e-4)
