"""Elements dealt so that bits rise with norms: counts against the published rule, budgets, and what is told for it."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Digital, Round, Sign, Terms, apply
from overair.ota.uplinks._deals import Deal
from overair.phy import Air, Awgn, Grid, Rayleigh, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
OFFSETS = (12.0, 0.0, -9.0, 3.0)
WEIGHTS = np.array([0.1, 0.2, 0.4, 0.3], np.float32)


def of_norms(norms: np.ndarray) -> tf.Tensor:
    updates = keys.normal(keys.key(5), [len(norms), 200])
    return updates * tf.constant(norms[:, None], tf.float32) / tf.norm(updates, axis=1, keepdims=True)


def dealt(uplink: Digital, weights: np.ndarray, updates: tf.Tensor, snr_db: float, elements: int = 1000) -> Deal:
    air = Air(GRID, Awgn(), len(weights), power_offsets_db=OFFSETS[: len(weights)])
    terms, place = Terms(air, updates.shape[1], elements), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, snr_db)
    round = Round(terms, keys.key(2), tf.constant(weights), link)
    deal: Deal = uplink.begin(
        uplink.init(terms, place), round, lambda question: question(tf.range(len(weights)), updates)
    ).deal
    return deal


@pytest.mark.parametrize("snr_db", [-3.0, 10.0])
def test_elements_are_weighted_norms_over_the_bits_of_an_element_of_an_equal_share(snr_db: float) -> None:
    norms = np.array([1.0, 3.0, 2.0, 0.5])
    counts = np.bincount(dealt(Digital(deal="norms"), WEIGHTS, of_norms(norms), snr_db).owner, minlength=4)
    bits = np.log2(1 + 4 * 10 ** ((np.array(OFFSETS) + snr_db) / 10))  # four share, so each has four times the energy
    wanted = WEIGHTS * norms / bits
    assert counts.sum() == 1000
    assert np.all(np.abs(counts - 1000 * wanted / wanted.sum()) < 1)


def test_who_is_absent_gets_nothing_and_the_others_their_parts() -> None:
    weights, norms = np.array([0.5, 0.0, 0.5, 0.0], np.float32), np.array([2.0, 9.0, 1.0, 9.0])
    counts = np.bincount(dealt(Digital(deal="norms"), weights, of_norms(norms), 5.0).owner, minlength=4)
    bits = np.log2(1 + 2 * 10 ** ((np.array([12.0, -9.0]) + 5) / 10))
    wanted = np.array([2.0, 1.0]) / bits
    assert np.all(np.abs(counts[:2] - 1000 * wanted / wanted.sum()) < 1) and counts[2:].sum() == 0


def test_budgets_hold_and_norms_and_rates_are_told() -> None:
    air = Air(GRID, Rayleigh(), 4, power_offsets_db=OFFSETS)
    terms, place = Terms(air, 100, 300), air.init(keys.key(0))
    uplink = Digital(deal="norms")
    for seed in range(2):
        link = air.draw(place, keys.key(1, seed), 0.0, terms.slots, 0.0)
        round = Round(terms, keys.key(2, seed), tf.fill([4], 0.25), link)
        report = apply(uplink, uplink.init(terms, place), round, keys.normal(keys.key(5), [4, 100]))[2]
        heard = report.energy.numpy() > 0
        np.testing.assert_allclose(report.energy, 10 ** (np.array(OFFSETS) / 10) * heard, rtol=1e-5)
        assert float(report.free_bits) == 4 * 64


def test_updates_of_nothing_are_dealt_as_many_bits() -> None:
    weights = np.array([0.5, 0.5], np.float32)
    counts = np.bincount(dealt(Digital(Sign(), deal="norms"), weights, tf.zeros([2, 200]), 0.0).owner, minlength=2)
    bits = np.log2(1 + 2 * 10 ** (np.array([12.0, 0.0]) / 10))
    assert np.all(np.abs(counts - 1000 / bits / np.sum(1 / bits)) < 1)


def test_packets_of_fixed_bits_have_no_use_for_it() -> None:
    terms: Any = Terms(Air(GRID, Awgn(), 4), 100, 80, payload=700.0)
    with pytest.raises(ValueError, match=r"^uplink\.deal: expected equal, bits or worst .* received norms; "):
        Digital(deal="norms").check(terms)
