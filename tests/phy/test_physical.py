"""Watts become P/N0 as in any link budget."""

import math

import pytest

from overair.phy import Grid, snr_db


@pytest.mark.parametrize(("power_dbm", "figure", "loss", "spacing"), [(23.0, 5.0, 100.0, 15e3), (0.0, 9.0, 70.0, 60e3)])
def test_power_over_noise_is_that_of_the_link_budget(
    power_dbm: float, figure: float, loss: float, spacing: float
) -> None:
    watts = 10 ** ((power_dbm - 30 - loss) / 10)
    noise = 1.380649e-23 * 290 * 64 * spacing * 10 ** (figure / 10)  # k T B F
    measured = snr_db(power_dbm, Grid(64, spacing=spacing), figure, loss)
    assert measured == pytest.approx(10 * math.log10(watts / noise), abs=1e-9)


def test_room_temperature_is_minus_174_dbm_in_a_hertz() -> None:
    assert snr_db(0.0, Grid(1, prefix=0, spacing=1.0), noise_figure_db=0.0) == pytest.approx(173.98, abs=0.01)
