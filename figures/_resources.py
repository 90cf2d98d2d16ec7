"""What schemes that are compared spent, and the refusal to draw them where it was not the same."""

import xarray as xr

from ..scenarios.reading.errors import ScenarioError


def equal_resources(run: xr.Dataset) -> float:
    """The resource elements of a round, the same for all that send; ScenarioError where they or energies differ."""
    elements, spent = equal_elements(run), run.energy.where(run.energy > 0)  # who cannot afford a bit stays silent
    least, most = float(spent.min()), float(spent.max())
    if most > 1 + 1e-4 or least < 1 - 1e-4:
        raise ScenarioError(
            f"curves: expected the same energy for every scheme, the budget P, received {least:.4g} to {most:.4g} P"
        )
    return elements


def channel_uses(run: xr.Dataset) -> xr.DataArray:
    """The resource elements of a round, those of pilots among them."""
    return run.resource_elements + run.pilot_elements.fillna(0.0)  # which older curves do not tell


def equal_elements(run: xr.Dataset) -> float:
    """The elements of a round, pilots included, the same for all that send; ScenarioError where they differ."""
    used = channel_uses(run).where(run.resource_elements > 0)
    low, high = float(used.min()), float(used.max())
    if low != high:
        raise ScenarioError(f"curves: expected as many elements for every scheme, received {low:g} to {high:g}")
    return low
