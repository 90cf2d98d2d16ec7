"""PAPR of what devices send in a round, where it is asked for; and the SNR that an amplifier's peak power leaves."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Ideal, Identity, Report, Round, Terms, apply
from overair.phy import Air, Amplifier, Awgn, FullInversion, Grid, Rayleigh, TruncatedInversion, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)


def played(uplink: Any, air: Air, updates: tf.Tensor, elements: int, papr: bool = True) -> tuple[np.ndarray, Report]:
    terms, place = Terms(air, updates.shape[1], elements, papr=papr), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 10.0) if uplink.uses_air else None
    round = Round(terms, keys.key(2), tf.ones([air.devices]) / air.devices, link)
    estimate, _, report = apply(uplink, uplink.init(terms, place), round, updates)
    return estimate.numpy(), report


def peak_db(symbols: np.ndarray, oversampling: int = 4) -> float:
    """Of OFDM symbols [T, F] with prefixes, by a plain inverse transform of a spectrum with empty carriers around."""
    wide = np.zeros([len(symbols), 32 * oversampling], complex)
    wide[:, np.arange(-16, 16)] = symbols
    body = np.fft.ifft(wide, axis=1)
    power = np.abs(np.concatenate([body[:, -8 * oversampling :], body], axis=1)) ** 2
    return float(10 * np.log10(power.max() / power.mean()))


def test_it_is_that_of_the_waveforms_that_devices_send() -> None:
    """With one tap of a gain known to all, a device's symbols are its update, two numbers each, times one number."""
    updates = keys.normal(keys.key(3), [3, 180])
    _, report = played(Analog(Identity(), FullInversion()), Air(GRID, Awgn(), 3), updates, 96)
    numbers = updates.numpy()
    symbols = numbers[:, 0::2] + 1j * numbers[:, 1::2], numbers[:, :90] + 1j * numbers[:, 90:]
    expected = [np.mean([peak_db(np.pad(x, (0, 6)).reshape(3, 32)) for x in each]) for each in symbols]
    assert min(abs(float(report.papr_db) - each) for each in expected) < 1e-3


def test_one_subcarrier_alone_has_no_peaks_and_many_have() -> None:
    """32 devices on 32 subcarriers have a tone each, of one amplitude throughout; 2 have sixteen tones."""
    updates = keys.normal(keys.key(3), [32, 40])
    _, report = played(Digital(), Air(GRID, Awgn(), 32), updates, 8 * 32)
    assert float(report.papr_db) == pytest.approx(0.0, abs=1e-4)
    assert 5 < float(played(Digital(), Air(GRID, Awgn(), 2), updates[:2], 4 * 32)[1].papr_db) < 11


def test_who_is_silent_has_none() -> None:
    """And the mean is over those that send: here half of them, and nobody."""
    air, updates = Air(GRID, Rayleigh(), 6), keys.normal(keys.key(3), [6, 40])
    half = played(Digital(scheduled=0.5), air, updates, 1000)[1]
    assert float(half.papr_db) > 0 and np.isclose(half.silent, 0.5)
    nobody = played(Analog(Identity(), TruncatedInversion(1e6)), air, updates, 20)[1]
    assert np.isnan(nobody.papr_db) and float(nobody.silent) == 1


@pytest.mark.parametrize("uplink", [Analog(), Digital(), Ideal()], ids=lambda each: type(each).__name__)
def test_nothing_else_changes_where_it_is_asked_for(uplink: Any) -> None:
    air, updates = Air(GRID, Rayleigh(), 4), keys.normal(keys.key(3), [4, 40])
    (one, asked), (other, not_asked) = (played(uplink, air, updates, 200, papr) for papr in (True, False))
    np.testing.assert_array_equal(one, other)
    for name in set(Report._fields) - {"papr_db"}:
        np.testing.assert_array_equal(getattr(asked, name), getattr(not_asked, name))
    assert np.isnan(not_asked.papr_db) and np.isnan(asked.papr_db) == isinstance(uplink, Ideal)


def test_water_filling_is_measured_with_its_energies() -> None:
    """All energy on one of two subcarriers is a tone again."""
    air = dataclasses.replace(Air(GRID, Rayleigh(), 16), impairments=(Amplifier(20.0),))
    _, report = played(Digital(allocation="water_filling"), air, keys.normal(keys.key(3), [16, 40]), 4 * 32)
    assert 0 <= float(report.papr_db) < 4.5  # two equal tones have 3 dB, and symbols differ in phase alone
