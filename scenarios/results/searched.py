"""What is said of a search: where its answer is doubtful, as the measure fell from a value to a larger one."""

from collections.abc import Iterator

import xarray as xr

from ..reading.searches import parts
from .cells import text
from .variables import told

DOUBTFUL = 0.02  # of the level that is asked for


def notes(dataset: xr.Dataset) -> Iterator[str]:
    """A warning where falls are not small beside the level: a larger value may miss what a smaller one reached."""
    if "find" not in dataset.attrs:
        return
    measure, _, level = parts(told(dataset.attrs, "find")["target"])
    fell = dataset["fell"].max("seed")
    if (many := int((fell > DOUBTFUL * abs(level)).sum())) > 0:
        worse, where = text(float(fell.max())), f"at {many} of {fell.size} points"
        yield (
            f"{measure} got worse by up to {worse} from a value to a larger one, {where}: it is not monotone, and what "
            "was found there is doubtful"
        )
