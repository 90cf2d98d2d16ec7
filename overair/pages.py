"""Commands that make pages of results: `overair report`."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def report(options: argparse.Namespace) -> int:
    """Everything about a result in one HTML file."""
    from . import told
    from .scenarios import durable
    from .scenarios.reading.errors import printable
    from .scenarios.results import saved

    path = Path(options.results)
    file = options.out or (path / "report.html" if path.is_dir() else path.with_suffix(".html"))
    if file.suffix != ".html" or not file.absolute().parent.is_dir():
        raise ValueError(f"--out: expected an .html in a folder that exists, received {file}")
    dataset = saved.load(path)
    channels, notes = _channels(dataset)

    from .figures import report

    durable.write(file, report.text(dataset, channels, notes).encode())
    print(f"report: {printable(str(file))}")
    return told.failures(dataset)


def _channels(dataset: "xr.Dataset") -> "tuple[list[xr.Dataset], list[str]]":
    """Responses of the scenario's channels, or why there are none."""
    from .scenarios.quiet import import_tensorflow

    try:
        import_tensorflow()
        from .scenarios.running.responses import responses

        return responses(json.loads(dataset.attrs.get("scenario", "{}"))), []
    except Exception as error:  # whatever a scenario of another version, or of files that are not here, does
        return [], [f"No channel is drawn: {' '.join(str(error).split())}"]
