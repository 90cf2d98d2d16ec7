"""Published figures: each preset's, from the curves that are kept beside the code, or from runs of your own.

A figure that several results make has a file of the preset's name with ``plot_folder``; others are drawn as their study
is, or as is told here.
"""

import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..scenarios.reading import files
from ..scenarios.reading.errors import ScenarioError, closest
from . import plot
from ._kept import kept

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ASKED: Mapping[str, Mapping[str, Any]] = {  # of ``plot``
    "abdi_ceo_batches": {"x": "batch_size", "y": "nmse"},
    "abdi_isgq_errors": {"y": "error"},
    "asynchronous": {"x": "seconds"},
    "byzantine": {"x": "count"},
    "deadline": {"x": "seconds"},
    "distillation": {"x": "elements"},
    "multi_task": {"y": "personal_accuracy", "panel": ["uplink", "partition"]},
    "personal": {"y": "personal_accuracy", "panel": ["uplink"]},
    "time_energy": {"x": "joules", "panel": ["variant"]},
}
PARTS: Mapping[str, str] = {  # presets that are drawn in the figure of another
    "abdi_cifar": "abdi_rlc",
    "bayes_errors": "bayes_recovery",
    "bayes_gradient": "bayes_recovery",
    "diversity_accuracy": "diversity",
    "qcs_regression": "qcs_variance",
}
CURVES = Path(__file__).resolve().parents[1] / "docs" / "curves"  # of a checkout; an installed package has none


HERE = Path("docs", "curves")  # of a checkout that is the current folder
OWN = "`overair run NAME --out runs/NAME` makes a run, which `--curves runs` draws"


def folder(told: Path | None) -> Path:
    """That of the curves, as told, or of the checkout."""
    if found := next((each for each in ([told] if told else [CURVES, HERE]) if each.is_dir()), None):
        return found
    how = f"name a folder that has them, such as docs/curves of the source, by --curves; {OWN}"
    received = told or CURVES
    raise ScenarioError(f"curves: expected a folder of curves or runs, received {received}, which is not there; {how}")


def check(name: str) -> None:
    """Raise ScenarioError for what is no preset."""
    if name not in files.presets():
        match = closest(name, files.presets())
        how = f"did you mean {match}?" if match else "overair list scenarios has them"
        raise ScenarioError(f"figure: expected a preset or all, received {name}; {how}")


def names(curves: Path) -> list[str]:
    """Presets that have figures of their own, and their curve or run in the folder."""
    there = [name for name in files.presets() if (curves / f"{name}.csv").is_file() or (curves / name).is_dir()]
    return [name for name in there if name not in PARTS]


def every(curves: Path) -> list[str]:
    """Presets that are drawn from a folder; ScenarioError where there are none."""
    if found := names(curves):
        return found
    raise ScenarioError(f"curves: expected curves or runs by the names of presets, no curves in {curves}; {OWN}")


def plot_published(name: str, curves: Path) -> "Figure":
    """The figure of a preset, or that which it is a part of, from a folder of curves, or of runs."""
    check(name)
    name = PARTS.get(name, name)
    own = importlib.util.find_spec(f"{__package__}.{name}")
    module = importlib.import_module(f".{name}", __package__) if own else None
    if module is not None and hasattr(module, "plot_folder"):
        figure: Figure = module.plot_folder(curves)
        return figure
    return plot(kept(curves, name), **ASKED.get(name, {}))
