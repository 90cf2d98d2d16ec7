"""The figure of clock offsets: its theory is what its simulation does, and it draws the results of a run."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair.figures import clock_offset


@pytest.mark.parametrize(("high", "seen"), [(0, True), (7, True), (40, True), (3, False), (12, False), (25, False)])
def test_the_line_is_the_expectation_of_the_points(high: int, seen: bool) -> None:
    draws = clock_offset.simulate(high, seen, 60)
    strongest = (
        1 + 1.867 * (2 / 7850) ** 0.5
    )  # mean largest of 20 energies, normal and of that deviation: it sets the level
    expected = clock_offset.theory(high, seen) + 10**-2 / 20 * strongest
    assert abs(draws.mean() - expected) < 4.5 * draws.std() / 60**0.5


def dataset(axes: tuple[str, str] = (clock_offset.HIGH, clock_offset.SEEN)) -> xr.Dataset:
    values = np.random.default_rng(0).uniform(0.5, 0.9, [2, 2, 3, 4])
    coordinates = {axes[0]: [0.0, 20.0], axes[1]: ["true", "false"], "seed": [0, 1, 2], "round": [1, 2, 3, 4]}
    return xr.Dataset({"accuracy": ([*axes, "seed", "round"], values)}, coordinates)


def test_it_draws_both_panels_into_a_file(tmp_path: Path) -> None:
    clock_offset.draw(dataset(), tmp_path / "figure.png", rounds=2)
    assert (tmp_path / "figure.png").stat().st_size > 20_000


def test_results_without_offsets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="results: expected the axes link.impairments.0.high"):
        clock_offset.draw(dataset(("link.snr_db", "uplink")), tmp_path / "figure.png")
    assert not (tmp_path / "figure.png").exists()
