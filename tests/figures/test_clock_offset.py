"""The figure of clock offsets: its theory is what its simulation does, and it draws the results of a run."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair.figures import clock_offset


@pytest.mark.parametrize(("high", "seen"), [(0, True), (7, True), (40, True), (3, False), (12, False), (25, False)])
def test_the_line_is_the_expectation_of_the_points(high: int, seen: bool) -> None:
    """The deviation of a round's error is that of a mean over 20 devices' offsets, beside that of norms: of the sum, of
    its error, and of the strongest of 20, which sets the level."""
    draws = clock_offset.simulate(high, seen, 60)
    chi = (2 / 7850) ** 0.5  # relative deviation of the energy of 7,850 normal numbers
    strongest = 1 + 1.867 * chi  # mean largest of 20 energies
    expected = clock_offset.theory(high, seen) + 10**-2 / 20 * strongest
    spread = np.hypot(errors(high, seen).std() / 20**0.5, expected * chi * (1 + 1 + 0.525**2) ** 0.5)
    assert abs(draws.mean() - expected) < 4.5 * spread / 60**0.5


def errors(high: int, seen: bool) -> np.ndarray:
    """Of one device at each offset: of its 64 gains, and what it loses to and hears of other symbols."""
    late, tones = np.arange(high + 1), np.arange(64)
    past = np.maximum(late - 16, 0) / 64
    turns = np.exp(-2j * np.pi * np.outer(late, (tones - 32) * (not seen)) / 64)
    return (np.abs((1 - past)[:, None] * turns - 1) ** 2).mean(axis=1) + 2 * past - past**2


def dataset(axes: tuple[str, str] = (clock_offset.HIGH, clock_offset.SEEN)) -> xr.Dataset:
    values = np.random.default_rng(0).uniform(0.5, 0.9, [2, 2, 3, 4])
    coordinates = {axes[0]: [0.0, 20.0], axes[1]: ["true", "false"], "seed": [0, 1, 2], "round": [1, 2, 3, 4]}
    return xr.Dataset({"accuracy": ([*axes, "seed", "round"], values)}, coordinates)


def test_it_is_simulated_and_drawn_into_a_file(tmp_path: Path) -> None:
    clock_offset.draw(dataset().isel({clock_offset.HIGH: [1]}), tmp_path / "figure.png", rounds=2)
    assert (tmp_path / "figure.png").stat().st_size > 20_000


def test_results_without_offsets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="results: expected the axes link.impairments.0.high"):
        clock_offset.draw(dataset(("link.snr_db", "uplink")), tmp_path / "figure.png")
    assert not (tmp_path / "figure.png").exists()
