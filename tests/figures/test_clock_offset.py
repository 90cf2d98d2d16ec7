"""The theory that the figure of clock offsets draws is what the air does."""

import numpy as np
import pytest
import tensorflow as tf

from overair.figures.clock_offset import Setting, theory
from overair.ota import Analog, Round, Terms, apply
from overair.phy import Air, Awgn, FullInversion, Grid, TimingOffset, keys

GRID, DEVICES, SNR_DB, SIZE = Grid(subcarriers=64, prefix=16), 20, 20.0, 7850
SETTING = Setting(64, 16, 62, DEVICES, SNR_DB)


def simulate(high: int, seen: bool, rounds: int) -> np.ndarray:
    """NMSE of rounds in which everybody sends independent normal updates and inverts what it believes."""
    offset = TimingOffset(0.0, float(high), whole=True, seen=seen)
    terms = Terms(Air(GRID, Awgn(), DEVICES, impairments=(offset,), oversampling=1), SIZE, -(-SIZE // 2))
    uplink, weights = Analog(rule=FullInversion()), tf.fill([DEVICES], 1 / DEVICES)

    def one(index: tf.Tensor) -> tf.Tensor:
        key = keys.key(0, "clock offset", index)
        place = terms.air.init(key)
        link = terms.air.draw(place, key, 0.0, terms.slots, SNR_DB)
        updates = keys.normal(keys.fold(key, "updates"), [DEVICES, SIZE])
        return apply(uplink, uplink.init(terms, place), Round(terms, key, weights, link), updates)[2].nmse

    draws = tf.function(lambda: tf.map_fn(one, tf.range(rounds), fn_output_signature=tf.float32), autograph=False)
    return np.asarray(draws().numpy())


@pytest.mark.parametrize(("high", "seen"), [(0, True), (7, True), (40, True), (3, False), (12, False), (25, False)])
def test_the_line_is_the_expectation_of_the_points(high: int, seen: bool) -> None:
    """The deviation of a round's error is that of a mean over 20 devices' offsets, beside that of norms: of the sum, of
    its error, and of the strongest of 20, which sets the level."""
    draws = simulate(high, seen, 60)
    chi = (2 / 7850) ** 0.5  # relative deviation of the energy of 7,850 normal numbers
    strongest = 1 + 1.867 * chi  # mean largest of 20 energies
    expected = theory(high, seen, SETTING) + 10**-2 / 20 * strongest
    spread = np.hypot(errors(high, seen).std() / 20**0.5, expected * chi * (1 + 1 + 0.525**2) ** 0.5)
    assert abs(draws.mean() - expected) < 4.5 * spread / 60**0.5


def errors(high: int, seen: bool) -> np.ndarray:
    """Of one device at each offset: of its 64 gains, and what it loses to and hears of other symbols."""
    late, tones = np.arange(high + 1), np.arange(64)
    past = np.maximum(late - 16, 0) / 64
    turns = np.exp(-2j * np.pi * np.outer(late, (tones - 32) * (not seen)) / 64)
    return (np.abs((1 - past)[:, None] * turns - 1) ** 2).mean(axis=1) + 2 * past - past**2
