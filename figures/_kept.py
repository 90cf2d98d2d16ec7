"""Results as they are kept in a folder, each under the name of its preset."""

from pathlib import Path
from typing import TYPE_CHECKING

from ..scenarios.reading import files
from ..scenarios.reading.errors import ScenarioError

if TYPE_CHECKING:
    import xarray as xr


def kept(folder: Path, name: str) -> "xr.Dataset":
    """The results of a preset in a folder: its run in a folder of its name, or its curve as CSV."""
    from ..scenarios.results import saved

    run, curve = folder / name, folder / f"{name}.csv"
    if not run.is_dir() and not curve.is_file():
        made = f"`overair run {name} --out {run}` makes it"
        how = made if name in files.presets() else "docs/curves of the source has it"
        raise ScenarioError(f"curves: expected {name} in {folder}, as {curve.name} or the folder of a run; {how}")
    return saved.load(run if run.is_dir() else curve)
