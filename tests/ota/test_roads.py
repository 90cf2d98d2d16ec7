"""Uplinks on both roads: the same inside the prefix, worse past it, and pilots are counted where they are spent."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Report, Round, Terms, Uplink, apply
from overair.phy import Air, Awgn, FullInversion, Grid, Rayleigh, Tdl, TimingOffset, keys
from overair.phy.knowledge.estimated import Estimated
from overair.phy.knowledge.quantized_feedback import QuantizedFeedback

GRID = Grid(subcarriers=32, symbols=4, prefix=12, advance=3)


def play(uplink: Uplink, air: Air, snr_db: float = 20.0, size: int = 400) -> tuple[np.ndarray, Report]:
    terms = Terms(air, size, -(-size // 2))
    place, key = air.init(keys.key(0, "place")), keys.key(0, "round")
    link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db)
    round = Round(terms, key, tf.fill([air.devices], 1 / air.devices), link)
    estimate, _, report = apply(uplink, uplink.init(terms, place), round, keys.normal(keys.key(7), [air.devices, size]))
    return estimate.numpy(), report


@pytest.mark.parametrize("uplink", [Analog(), Analog(rule=FullInversion()), Digital(margin_db=1.0)], ids=str)
@pytest.mark.parametrize("channel", [Awgn(), Tdl("A", 5e-7), Tdl("A", 5e-7, speed=3.0)], ids=str)
def test_uplinks_come_out_alike_on_both_roads_inside_the_prefix(uplink: Uplink, channel: Any) -> None:
    late, digital = (TimingOffset(0.0, 3.0, seen=True),), isinstance(uplink, Digital)
    (one, report), (other, again) = (
        play(uplink, Air(GRID, channel, 5, impairments=late, road=road), snr_db=30.0 if digital else 100.0)
        for road in ("frequency", "time")
    )
    np.testing.assert_array_equal(report.heard, again.heard)
    np.testing.assert_allclose(report.energy, again.energy, rtol=1e-4)
    if digital:
        np.testing.assert_array_equal(one, other)  # what was decoded does not know which road it came by
    else:
        assert ((one - other) ** 2).sum() / (one**2).sum() < 1e-6  # 65 dB between the roads


def test_on_the_time_road_a_digital_link_measures_the_noise_it_has() -> None:
    """Information from test symbols is that of the closed form, to the error of a measured noise power."""
    from overair.ota.uplinks.digital import Digital as Uplink

    def information(road: str) -> np.ndarray:
        air = Air(GRID, Rayleigh(), 4, 2, road=road)  # type: ignore[arg-type]
        terms = Terms(air, 10, 4000)
        link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, terms.slots, 10.0)
        round = Round(terms, keys.key(2), tf.ones([4]), link)
        return Uplink()._rates(Uplink().begin((), round), round, tf.range(4))[1].numpy()

    exact, measured = information("frequency"), information("time")
    # noise of 2 x 1000 samples a device is known to 1/sqrt(2000), and a relative error r of it moves log2(1 + S/r) by
    # at most r/ln 2 bits an element
    assert np.all(np.abs(measured - exact) < 4.5 * 1000 / np.log(2) / 2000**0.5)


@pytest.mark.parametrize("margin_db", [0.0, 35.0])
def test_past_the_prefix_a_digital_device_needs_a_margin_for_what_it_does_not_foresee(margin_db: float) -> None:
    air = Air(GRID, Awgn(), 6, impairments=(TimingOffset(9.0, 20.0),))
    heard = play(Digital(margin_db=margin_db), air, size=4000)[1].heard
    assert np.all(heard) if margin_db else not np.any(heard)


@pytest.mark.parametrize("uplink", [Analog(), Digital()], ids=str)
def test_pilots_are_charged_in_elements_airtime_and_energy(uplink: Uplink) -> None:
    free = play(uplink, Air(GRID, Rayleigh(), 9))[1]
    known = Estimated("linear", comb=4)
    paid = play(uplink, Air(GRID, Rayleigh(), 9, transmitter_knowledge=known, receiver_knowledge=known))[1]
    assert free.pilots == 0 and paid.pilots == 128  # nine devices, four a symbol: three symbols of a slot
    assert float(paid.airtime) == pytest.approx(float(free.airtime) + GRID.slot_seconds)
    assert np.all(paid.energy <= 1 + 1e-5) and np.all(paid.energy >= 32 / (200 + 128) * (1 - 1e-5))


def test_feedback_is_charged_in_bits() -> None:
    free, paid = (
        play(Analog(), Air(GRID, Rayleigh(), 9, **knows))[1].bits  # type: ignore[arg-type]
        for knows in ({}, {"transmitter_knowledge": QuantizedFeedback(2, 1)})
    )
    assert paid - free == 9 * 3 * 32
