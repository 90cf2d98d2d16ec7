"""What detection says of a link, and what the link then does, against the derivation by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import j0 as bessel

from overair.phy import Air, Csi, Grid, Link, Rayleigh, Tdl, keys
from overair.phy.csi.delayed import Delayed
from overair.phy.csi.estimated import Estimated
from overair.phy.csi.quantized_feedback import QuantizedFeedback
from overair.phy.detection import detect, error_power
from tests.phy import detection_by_hand as hand

LIGHT = 299792458.0
SNR = 25.0  # P/N0 of the symbols that are read


def draw(air: Air, snr_db: float, batch: int = 1) -> Link:
    return air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1, snr_db, batch)


def agrees(link: Link, snr: float, told: hand.Reading, expected: NDArray | float) -> None:
    """A link whose devices and realisations are independent; statistics are [B, K, T, F] or 1 in any axis."""
    found = detect(link, snr)
    lacks = error_power(link.receiver).numpy()
    np.testing.assert_allclose(lacks, np.broadcast_to(told.eps, lacks.shape), rtol=2e-4)
    best, raw = link.response(of=link.receiver.best).numpy(), link.response(of=link.receiver).numpy()
    np.testing.assert_allclose(best, told.c * raw, atol=1e-4)
    means = [
        (np.log2(1 + found.known.numpy()).mean(axis=(2, 3)), np.mean(expected)),
        ((np.abs(best) ** 2).mean(axis=(1, 3, 4)), np.mean(told.signal)),
        ((np.abs(link.response().numpy() - best) ** 2).mean(axis=(1, 3, 4)), np.mean(told.eps)),
    ]
    for measured, right in means:
        assert abs(measured.mean() - right) < 4 * measured.std() / measured.size**0.5 + 1e-5


def moving(spread: float, grid: Grid, turn: float, seconds: float) -> Tdl:
    """TDL-A at a speed that turns a wave from ahead by so much in so many seconds; delays in samples."""
    return Tdl("A", spread * grid.sample, turn / (2 * np.pi * seconds) * LIGHT / 3.5e9)


@pytest.mark.parametrize(("turn", "slots"), [(0.8, 1), (1.5, 2), (3.2, 1)])  # J0 = .85, .51, -.32
@pytest.mark.parametrize(("spread", "antennas"), [(0.0, 1), (0.4, 2)])
def test_delayed(turn: float, slots: int, spread: float, antennas: int) -> None:
    grid = Grid(subcarriers=24, symbols=3, prefix=8)
    channel = moving(spread, grid, turn, slots * grid.slot_seconds)
    link = draw(Air(grid, channel, 600, antennas, csir=Delayed(slots)), 14.0)
    told = hand.delayed(bessel(turn), hand.tdl_a(spread))
    agrees(link, SNR, told, hand.bits(SNR * told.signal / (1 + SNR * told.eps), antennas))


@pytest.mark.parametrize("antennas", [1, 2])
@pytest.mark.parametrize(("phase_bits", "amplitude_bits"), [(1, 1), (2, 0), (3, 1), (4, 3), (0, 0), (0, 2)])
def test_quantised(phase_bits: int, amplitude_bits: int, antennas: int) -> None:
    knows = QuantizedFeedback(phase_bits, amplitude_bits)
    link = draw(Air(Grid(4, 1, prefix=0), Rayleigh(), 4000, antennas, csir=knows), 14.0)
    told = hand.quantised(phase_bits, amplitude_bits)
    if phase_bits == 0:  # nothing is known, though numbers are told
        assert np.abs(detect(link, SNR).known).max() < 1e-6
    else:
        agrees(link, SNR, told, hand.quantised_bits(phase_bits, amplitude_bits, SNR, antennas))


@pytest.mark.parametrize("age", [0.0, 0.3])  # by how much a wave turns in a symbol
@pytest.mark.parametrize(
    ("estimator", "comb", "subcarriers", "spread", "snr_db", "antennas"),
    [("nearest", 3, 24, 0.3, 3.0, 1), ("linear", 2, 32, 0.5, 12.0, 2), ("linear", 4, 32, 0.3, -3.0, 1),
     ("lmmse", 3, 24, 0.4, 0.0, 2), ("lmmse", 6, 48, 0.3, 15.0, 1), ("lmmse", 4, 32, 0.2, -8.0, 1)],
)  # fmt: skip
def test_pilots(
    estimator: str, comb: int, subcarriers: int, spread: float, snr_db: float, antennas: int, age: float
) -> None:
    """Devices of two symbols, each on its own pilots of the comb; the channel has aged from these to the data."""
    grid = Grid(subcarriers=subcarriers, symbols=2, prefix=8)
    profile, noise = hand.tdl_a(spread), 10 ** (-snr_db / 10) / comb
    knows: Csi = Estimated(estimator, comb)  # type: ignore[arg-type]
    channel = moving(spread, grid, age, grid.symbol_seconds)
    link = draw(Air(grid, channel, 2 * comb, antennas, csir=knows), snr_db, batch=100)
    snr = comb * 10 ** (snr_db / 10)

    def of(device: int, symbol: int) -> hand.Reading:
        pilots = np.arange(device % comb, subcarriers, comb)
        weights = {
            "nearest": lambda: hand.nearest(subcarriers, pilots),
            "linear": lambda: hand.linear(subcarriers, pilots),
            "lmmse": lambda: hand.robust(subcarriers, pilots, noise, 0.0, profile[1].max()),
        }[estimator]()
        return hand.piloted(profile, weights, pilots, noise, bessel(age * (2 + symbol - device // comb)))

    symbols = 2 if age else 1
    each = [[of(device, symbol) for symbol in range(symbols)] for device in range(2 * comb)]
    told = hand.Reading(*np.moveaxis(np.array(each), 2, 0))  # [K, T, F]
    told = told._replace(eps=told.eps.real, signal=told.signal.real)
    agrees(link, snr, told, hand.bits(snr * told.signal / (1 + snr * told.eps), antennas))
