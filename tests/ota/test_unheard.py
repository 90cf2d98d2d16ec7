"""A report tells who of those that take part is silent, who is not heard, and which bits take no elements."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Ideal, Identity, Report, Uplink
from overair.phy import (
    Air,
    ErrorVariance,
    Grid,
    QuantizedFeedback,
    Rayleigh,
    TruncatedInversion,
    keys,
)
from overair.phy.power.individual import Individual

DEVICES, ELEMENTS = 12, 480
GRID = Grid(subcarriers=32, symbols=4, prefix=8)
UPDATES = keys.normal(keys.key(5), [DEVICES, 64])


def report(
    play: Any, uplink: Uplink, air: Air, snr_db: float = 0.0, participation: float = 1.0, rounds: int = 40
) -> Report:
    return play(uplink, air, UPDATES, ELEMENTS, count=rounds, snr_db=snr_db, participation=participation)[1]


def test_a_device_that_can_afford_too_few_bits_is_silent_and_one_that_loses_its_packet_is_not(play: Any) -> None:
    """Rates on a wrong belief: of those that send some are lost; at little power most send nothing."""
    air = Air(GRID, Rayleigh(), DEVICES, csit=ErrorVariance(0.1))
    for snr_db in (-20.0, -5.0):
        told = report(play, Digital(margin_db=0.0), air, snr_db)
        sent, decoded = (np.asarray(each) for each in (told.energy > 0, told.decoded))
        np.testing.assert_allclose(told.silent, 1 - sent.mean(axis=1), atol=1e-6)
        np.testing.assert_allclose(told.unheard, 1 - decoded.mean(axis=1), atol=1e-6)
        assert np.all(told.unheard >= told.silent - 1e-6)
        lost = np.mean(told.unheard) - np.mean(told.silent)
        assert (np.mean(told.silent) > 0.5 > lost) if snr_db < -10 else (lost > 0.1), (np.mean(told.silent), lost)


def test_those_that_do_not_take_part_are_neither(play: Any) -> None:
    told = report(play, Digital(), Air(GRID, Rayleigh(), DEVICES), 20.0, participation=0.2)
    nobody = ~np.asarray(told.energy > 0).any(axis=1)
    assert nobody.any() and np.isnan(np.asarray(told.silent)[nobody]).all()
    np.testing.assert_allclose(np.asarray(told.unheard)[~nobody], 0.0, atol=1e-6)


def test_a_rule_that_keeps_devices_off_makes_them_silent(play: Any) -> None:
    """In one fade for all elements a device sends with probability exp(-threshold)."""
    told = report(
        play, Analog(Identity(), TruncatedInversion(threshold=1.0)), Air(GRID, Rayleigh(), DEVICES), rounds=100
    )
    silent, expected = float(np.mean(told.silent)), 1 - np.exp(-1.0)
    assert abs(silent - expected) < 4.5 * (expected * (1 - expected) / (100 * DEVICES)) ** 0.5
    np.testing.assert_array_equal(told.silent, told.unheard)


@pytest.mark.parametrize(
    ("uplink", "each"),
    [(Analog(Identity(), TruncatedInversion()), 32.0), (Analog(Identity(), Individual()), 0.0), (Digital(), 0.0)],
)
def test_bits_without_elements_are_levels_and_the_feedback_of_channels(play: Any, uplink: Uplink, each: float) -> None:
    for csit in (ErrorVariance(0.0), QuantizedFeedback()):
        air = Air(GRID, Rayleigh(), DEVICES, csit=csit)
        fed_back = float(csit.bits(GRID, 1))
        told = report(play, uplink, air, 10.0, rounds=3)
        acknowledged = float(isinstance(uplink, Digital) and fed_back > 0)  # as not all is known
        np.testing.assert_allclose(told.free_bits, (each + fed_back + acknowledged) * DEVICES)
        assert np.all(told.bits >= told.free_bits)
        if isinstance(uplink, Analog):
            np.testing.assert_array_equal(told.bits, told.free_bits)


def test_the_ideal_uplink_hears_everybody_for_nothing(play: Any) -> None:
    told = report(play, Ideal(), Air(GRID, Rayleigh(), DEVICES), rounds=1)
    assert not np.any(tf.stack([told.silent, told.unheard, told.free_bits]))
