"""Uplinks on both domains: the same inside the prefix, worse past it, and pilots are counted where they are spent."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Report, Round, Terms, Uplink, apply
from overair.phy import (
    Air,
    Amplifier,
    Awgn,
    Estimated,
    FrequencyOffset,
    FullInversion,
    Grid,
    IqImbalance,
    PhaseNoise,
    QuantizedFeedback,
    QuantizedReceiver,
    Rayleigh,
    SamplingOffset,
    Tdl,
    TimingOffset,
    keys,
)

GRID = Grid(subcarriers=32, symbols=4, prefix=12, advance=3)


def play(uplink: Uplink, air: Air, snr_db: float = 20.0, size: int = 400) -> tuple[tf.Tensor, Report]:
    terms = Terms(air, size, -(-size // 2))
    place, key = air.init(keys.key(0, "place")), keys.key(0, "round")
    link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, snr_db)
    round = Round(terms, key, tf.fill([air.devices], 1 / air.devices), link)
    estimate, _, report = apply(uplink, uplink.init(terms, place), round, keys.normal(keys.key(7), [air.devices, size]))
    return estimate, report


@pytest.mark.parametrize("uplink", [Analog(), Analog(rule=FullInversion()), Digital(margin_db=1.0)], ids=str)
@pytest.mark.parametrize("channel", [Awgn(), Tdl("A", 5e-7), Tdl("A", 5e-7, speed=3.0)], ids=str)
def test_uplinks_come_out_alike_on_both_domains_inside_the_prefix(uplink: Uplink, channel: Any) -> None:
    late, digital = (TimingOffset(0.0, 3.0, seen=True),), isinstance(uplink, Digital)
    (one, report), (other, again) = (
        play(uplink, Air(GRID, channel, 5, impairments=late, domain=domain), snr_db=30.0 if digital else 100.0)
        for domain in ("frequency", "time")
    )
    np.testing.assert_array_equal(report.decoded, again.decoded)
    np.testing.assert_allclose(report.energy, again.energy, rtol=1e-4)
    if digital:
        np.testing.assert_array_equal(one, other)  # what was decoded does not know which domain it came by
    else:
        assert tf.reduce_sum((one - other) ** 2) / tf.reduce_sum(one**2) < 1e-6  # 65 dB between the domains


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("A", 5e-7, speed=3.0)], ids=str)
def test_where_nothing_disturbs_a_digital_link_carries_as_much_on_either_domain(channel: Any) -> None:
    def information(domain: str) -> np.ndarray:
        air = Air(GRID, channel, 4, 2, domain=domain)  # type: ignore[arg-type]
        terms = Terms(air, 10, 400)
        link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, terms.slots, 10.0)
        round, uplink = Round(terms, keys.key(2), tf.ones([4]), link), Digital()
        begun = uplink.begin(uplink.init(terms, air.init(keys.key(0))), round)
        return uplink._shared(begun, round, tf.range(4))[0].information.numpy()

    np.testing.assert_allclose(information("time"), information("frequency"), rtol=1e-4)


def test_disturbance_past_the_prefix_is_noise_to_a_digital_link() -> None:
    """One device, D samples past it: every element carries log2(1 + (1 - d)^2 S / (1 + S (2 d - d^2))), d = D/N."""
    late, snr = 16, 100.0
    air = Air(Grid(32, 400, prefix=8), Awgn(), 1, impairments=(TimingOffset(late, late, seen=True),), oversampling=1)
    terms = Terms(air, 10, air.grid.elements)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1, 20.0)
    round, uplink = Round(terms, keys.key(2), tf.ones([1]), link), Digital()
    begun = uplink.begin(uplink.init(terms, air.init(keys.key(0))), round)
    carried = float(uplink._shared(begun, round, tf.range(1))[0].information[0]) / terms.elements
    share = (late - 8) / 32
    disturbance = 2 * share - share**2
    expected = np.log2(1 + (1 - share) ** 2 * snr / (1 + snr * disturbance))
    # the disturbance of 400 symbols is known to about sqrt(D/N / 400), as few lost samples make all of a symbol's
    error = expected * (1 / (400 * 8)) ** 0.5 * 8**0.5
    assert abs(carried - expected) < 4.5 * error


@pytest.mark.parametrize(
    "impairment",
    [
        PhaseNoise(10.0),
        PhaseNoise(10.0, common=True),
        FrequencyOffset(-0.01, 0.01),
        SamplingOffset(-5.0, 5.0),
        Amplifier(6.0),
        IqImbalance(0.5, 3.0),
        QuantizedReceiver(6),
        TimingOffset(0.0, 20.0),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("uplink", "channel"),
    [(Analog(), Rayleigh()), (Digital(margin_db=6.0), Tdl("A", 5e-7, speed=3.0))],
    ids=["analog, rayleigh", "digital, tdl"],
)
def test_every_impairment_passes_every_uplink_in_a_compiled_round(impairment: Any, uplink: Any, channel: Any) -> None:
    knows = Estimated("linear", comb=1)
    air = Air(GRID, channel, 6, 2, impairments=(impairment,), csit=knows, csir=knows)
    assert not air.orthogonal
    nmse = tf.function(lambda: play(uplink, air)[1].nmse, autograph=False)
    assert np.isfinite(nmse())


@pytest.mark.parametrize("margin_db", [0.0, 35.0])
def test_past_the_prefix_a_digital_device_needs_a_margin_for_what_it_does_not_foresee(margin_db: float) -> None:
    air = Air(GRID, Awgn(), 6, impairments=(TimingOffset(9.0, 20.0),))
    heard = play(Digital(margin_db=margin_db), air, size=4000)[1].decoded
    assert np.all(heard) if margin_db else not np.any(heard)


@pytest.mark.parametrize("uplink", [Analog(), Digital()], ids=str)
def test_pilots_are_charged_in_elements_airtime_and_energy(uplink: Uplink) -> None:
    free = play(uplink, Air(GRID, Rayleigh(), 9))[1]
    known = Estimated("linear", comb=4)
    paid = play(uplink, Air(GRID, Rayleigh(), 9, csit=known, csir=known))[1]
    assert free.pilots == 0 and paid.pilots == 128  # nine devices, four a symbol: three symbols of a slot
    assert float(paid.airtime) == pytest.approx(float(free.airtime) + GRID.slot_seconds)
    assert np.all(paid.energy <= 1 + 1e-5) and np.all(paid.energy >= 32 / (200 + 128) * (1 - 1e-5))


def test_feedback_is_charged_in_bits() -> None:
    free, paid = (
        play(Analog(), Air(GRID, Rayleigh(), 9, **knows))[1].bits  # type: ignore[arg-type]
        for knows in ({}, {"csit": QuantizedFeedback(2, 1)})
    )
    assert paid - free == 9 * 3 * 32
