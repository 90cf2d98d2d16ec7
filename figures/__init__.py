"""Figures: from results to pictures, one file a figure."""

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


def draw(dataset: "xr.Dataset", path: str | Path) -> None:
    """Draw the figure that belongs to a result into a file; the ending (.png, .pdf, .svg) says which kind."""
    write(_own(dataset).plot(dataset), path)


def beside(dataset: "xr.Dataset") -> "Figure | None":
    """The pictures of a result that its figure has not, None where there are none."""
    from . import _strips, pictures

    drawn = getattr(_own(dataset), "SHOWS_PICTURES", False)
    return pictures.plot(dataset) if _strips.there(dataset) and not drawn else None


def _own(dataset: "xr.Dataset") -> Any:
    """The module that draws a result."""
    name = "found" if "find" in dataset.attrs else dataset.attrs.get("study", "federated")
    name = "curve" if name != "found" and "run" in dataset.dims else name  # which takes any axis
    own = importlib.util.find_spec(f"{__name__}.{name}")  # or else the general one
    return importlib.import_module(f".{name}" if own else ".curve", __name__)


def plot(
    dataset: "xr.Dataset | Sequence[xr.Dataset] | Mapping[str, xr.Dataset]",
    x: str | None = None,
    y: str | None = None,
    *,
    panel: str | Sequence[str] | None = None,
    lines: str | Sequence[str] | None = None,
    against: str | None = None,
    width: float | None = None,
    style: str | None = None,
) -> "Figure":
    """The figure of any result, which Matplotlib saves and changes like any other.

    Alone it is that of the study; what is asked for is drawn as a curve, of a search as that of the value that its
    target needs, unless y is another measure.

    Args:
        dataset: a result, as ``run`` returns it or ``load`` reads it; or several, which are joined as by ``join``.
        x: an axis or a dimension by name, or what was spent so far: elements, bits, airtime, energy, seconds, joules.
        y: a measure by name; the main one unless given. Of ``picture`` it is the pictures, where a result has some.
        panel: axes by name that make panels; with ``panel`` alone all others make lines.
        lines: axes by name that make lines; with ``lines`` alone all others make panels.
        against: of a search, to what differences are drawn; the first of what is compared unless given.
        width: of the figure, in inches.
        style: plain unless given, ieee (a column of 3.5 inches) or slides.

    >>> import overair
    >>> from overair.scenarios import run
    >>> dataset = run({"study": "diversity", "links": 50, "senders": [1, 5], "bandwidth": [1e6, 1e7], "seeds": [0]})
    >>> figure = overair.plot(dataset, x="bandwidth", style="ieee")
    >>> figure.get_size_inches()[0].item()
    3.5
    """
    import xarray as xr

    from ..scenarios.results.join import join
    from . import curve, found, pictures

    if not isinstance(dataset, xr.Dataset):
        dataset = join(dataset)
    asked = (x, y, panel, lines, against, width, style)
    if all(each is None for each in asked):
        figure: Figure = _own(dataset).plot(dataset)
        return figure
    style = style or "plain"
    if pictures.is_one(dataset, y):
        _none({"x": x, "panel": panel, "lines": lines, "against": against}, " with pictures")
        return pictures.plot(dataset, width=width, style=style)
    if "find" in dataset.attrs and y in (None, "required"):
        return found.plot(dataset, x, panel=panel, lines=lines, against=against, width=width, style=style)
    found_only = ", as only what a search needs has differences"
    _none({"against": against}, found_only, "; overair show --against prints others")
    return curve.plot(dataset, x, y, panel=panel, lines=lines, width=width, style=style)


def _none(asked: dict[str, str | Sequence[str] | None], why: str, remedy: str = "") -> None:
    """Refuses what a figure has no use for."""
    from ..scenarios.reading.errors import ScenarioError, shown

    for name, value in asked.items():
        if value is not None:
            raise ScenarioError(f"{name}: expected none{why}, received {shown(value)}{remedy}")


def uncaptioned(figure: "Figure") -> str:
    """What the caption of a figure says, which leaves it and gives back its height."""
    from ._look import uncaptioned

    return uncaptioned(figure)


def write(figure: "Figure", path: str | Path) -> None:
    """A figure as a file, there whole or not at all; the ending (.png, .pdf, .svg) says which kind."""
    from ._look import write

    write(figure, path)


__all__ = ["draw", "plot", "uncaptioned", "write"]
