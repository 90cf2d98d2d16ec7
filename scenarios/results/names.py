"""Short names of axes: results have ``snr_db`` for link.snr_db, so that ``results.snr_db`` reads them.

As few of the last parts of a dotted path as tell it from all others and from what was measured; the path is kept as an
attribute of the axis.
"""

from collections.abc import Collection, Iterator, Sequence

import xarray as xr


def shortened(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with short names, and the paths of those that are shorter now."""
    short = names([str(name) for name in dataset.dims], {str(name) for name in dataset.data_vars})
    renamed = dataset.rename({path: name for path, name in short.items() if path != name})
    for path, name in short.items():
        if path != name:
            renamed[name].attrs["path"] = path
    return renamed


def names(paths: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """Short names by path."""
    ends = {path: [*_ends(path)] for path in paths}
    return {
        path: next(end for end in ends[path] if end == path or end not in taken and _is_alone(end, path, ends))
        for path in paths
    }


def last(path: str) -> str:
    """The last part of a path."""
    return path.rpartition(".")[2]


def _ends(path: str) -> Iterator[str]:
    """From the last part to all of it; none begins with a number, as a place in a list."""
    parts = path.split(".")
    yield from (".".join(parts[at:]) for at in range(len(parts) - 1, 0, -1) if not parts[at].isdigit())
    yield path


def _is_alone(end: str, path: str, ends: dict[str, list[str]]) -> bool:
    return not any(end in others for other, others in ends.items() if other != path)
