"""Packets of fixed bits: airtime, energy and elements are what rates say, by equal shares, others, and in turn."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Report, Round, Terms, apply
from overair.ota.compressors.eden import Eden
from overair.ota.uplinks._deals import scheduled
from overair.ota.uplinks._shares import owners
from overair.phy import Air, Awgn, Estimated, Grid, Tdl, TimingOffset, keys

GRID, SNR = Grid(subcarriers=16, symbols=5, spacing=30e3, prefix=4), 10**0.7
ELEMENT = 20 / (16 * 30e3) / 16  # seconds
BITS, SIZE, KEY = 700.0, 60, keys.key(5)


def sent(air: Air, shares: Any = None, uplink: Any = None, **terms: Any) -> tuple[tf.Tensor, Report]:
    told = Terms(air, SIZE, 80, **{"payload": BITS, **terms})
    uplink = uplink or Digital()
    place = air.init(KEY)
    link = air.draw(place, KEY, 0.0, told.slots, 7.0)
    weights = tf.fill([air.devices], 1.0 / air.devices)
    given = None if shares is None else tf.constant(shares, tf.float64)
    estimate, _, report = apply(uplink, uplink.init(told, place), Round(told, KEY, weights, link, given), updates(air))
    return estimate, report


def updates(air: Air) -> tf.Tensor:
    return keys.normal(keys.fold(KEY, "updates"), [air.devices, SIZE])


@pytest.mark.parametrize(
    ("access", "shares"), [("equal", None), ("shares", [0.25, 0.5, 0.1, 0.15]), ("turns", None)], ids=str
)
def test_packets_take_as_long_as_rates_say(access: Any, shares: list[float] | None) -> None:
    part = {"equal": np.full(4, 0.25), "shares": np.array(shares), "turns": np.ones(4)}[access]
    _, report = sent(Air(GRID, Awgn(), 4), shares, access=access)
    seconds = BITS * ELEMENT / (part * np.log2(1 + SNR / part))
    lasts = seconds.sum() if access == "turns" else seconds.max()
    np.testing.assert_allclose(report.sending, seconds, rtol=2e-5)
    np.testing.assert_allclose(report.airtime, lasts, rtol=2e-5)
    np.testing.assert_allclose(report.payload, lasts / ELEMENT, rtol=2e-5)
    np.testing.assert_allclose(report.energy, seconds / lasts, rtol=2e-5)  # full power, while they send
    assert np.all(report.decoded)


def test_bits_are_those_of_the_packet_whatever_the_link() -> None:
    uplink = Digital(Eden())
    for channel in (Awgn(), Tdl("A", 100e-9)):
        estimate, report = sent(Air(GRID, channel, 4), uplink=uplink)
        expected = np.mean([
            Eden().compress(update, tf.constant(BITS), keys.fold(keys.fold(KEY, "compressor"), device))[0]
            for device, update in enumerate(updates(Air(GRID, channel, 4)))
        ], axis=0)  # fmt: skip
        np.testing.assert_allclose(estimate, expected, atol=1e-5)
        assert report.bits <= 4 * BITS + float(report.free_bits)


def test_sounding_comes_besides() -> None:
    air = Air(GRID, Awgn(), 3, csir=Estimated())
    _, report = sent(air)
    assert air.pilots > 0
    np.testing.assert_allclose(report.airtime, float(report.payload) * ELEMENT + air.pilots * ELEMENT, rtol=1e-5)
    total = np.array(report.sending) / ELEMENT + float(air.pilot_energy)
    np.testing.assert_allclose(report.energy, total / (float(report.payload) + air.pilots), rtol=1e-5)


def test_equal_shares_are_the_deal_there_was() -> None:
    air = Air(GRID, Tdl("A", 100e-9), 3)
    fixed, shared = (sent(air, shares, payload=None) for shares in (None, [3.0] * 3))
    for one, other in zip(tf.nest.flatten(fixed), tf.nest.flatten(shared), strict=True):
        assert np.array_equal(one, other, equal_nan=True)
    assert tf.is_tensor(fixed[1].sending) is False


def test_unequal_shares_are_dealt_by_largest_remainders() -> None:
    terms = Terms(Air(GRID, Awgn(), 5), SIZE, 80, payload=BITS, access="shares")
    weights, shares = tf.constant([0.2, 0.0, 0.3, 0.4, 0.1]), np.array([0.2, 0.3, 0.113, 0.222, 0.465])
    deal = scheduled(Round(terms, KEY, weights, None, tf.constant(shares)))
    exact = shares * (weights.numpy() > 0) / shares[[0, 2, 3, 4]].sum() * 80
    counts = np.floor(exact).astype(int)
    for k in np.argsort(counts - exact)[: 80 - counts.sum()]:
        counts[k] += 1
    turn = {0: 0, 2: 1, 3: 2, 4: 3}
    assert [int((deal.owner.numpy() == turn[k]).sum()) for k in turn] == [counts[k] for k in turn]
    nothing = scheduled(Round(terms, KEY, weights, None, tf.zeros([5], tf.float64)))  # is equal parts
    np.testing.assert_array_equal(nothing.owner, owners(terms, tf.constant(4)))


@pytest.mark.parametrize(
    ("uplink", "terms", "line"),
    [
        (Analog(), {}, "grant.bits: expected none with an analog uplink, which sends no bits, received 700; "),
        (Digital(budget="average"), {}, "uplink.budget: expected round with grant.bits"),
        (Digital(deal="bits"), {"access": "shares"}, "uplink.deal: expected equal with a scheduler that deals"),
        (Digital(deal="error"), {}, "uplink.deal: expected equal, bits or worst with grant.bits"),
        (
            Digital(),
            {"access": "turns", "late": True},
            "scheduler: expected another where waveforms disturb each other",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(uplink: Any, terms: dict[str, Any], line: str) -> None:
    late = (TimingOffset(low=20, high=30),) if terms.pop("late", False) else ()
    with pytest.raises(ValueError, match=f"^{line}"):
        uplink.check(Terms(Air(GRID, Awgn(), 4, impairments=late), SIZE, 80, payload=BITS, **terms))
