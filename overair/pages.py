"""Commands that make pages and pictures of results: `overair report`, `overair figure` and `overair cite`."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terminal import printable

PICTURES = (".png", ".pdf", ".svg")

if TYPE_CHECKING:
    import xarray as xr


def report(options: argparse.Namespace) -> int:
    """Everything about a result in one HTML file."""
    from . import durable, told
    from .scenarios.results import saved

    path = Path(options.results)
    file = options.out or (path / "report.html" if path.is_dir() else path.with_suffix(".html"))
    _check_out(file, (".html",))
    dataset = saved.load(path)
    channels, notes = _channels(dataset)

    from .figures import report

    durable.write(file, report.text(dataset, channels, notes).encode())
    print(f"report: {printable(str(file))}")
    return told.failures(dataset)


def figure(options: argparse.Namespace) -> int:
    """The published figure of a preset, or all of them."""
    from . import told
    from .figures import published, write

    if options.name != "all":
        published.check(options.name)
    curves = published.folder(options.curves)
    if options.name == "all":
        files = {name: (options.out or Path()) / f"{name}.png" for name in published.every(curves)}
    else:
        files = {options.name: options.out or Path(f"{options.name}.png")}
    for file in files.values():
        _check_out(file, PICTURES)
    for name, file in files.items():
        plotted = published.plot_published(name, curves)
        caption = told.taken(plotted) if options.no_caption else ""
        write(plotted, file)
        print(f"figure: {printable(str(file))}")
        told.caption(caption)
    return 0


def cite(options: argparse.Namespace) -> int:
    """BibTeX of the package and of the papers that the schemes of a result or a preset name."""
    from .scenarios.reading import files
    from .scenarios.reading.errors import closest
    from .scenarios.results import cited, saved

    preset = options.results in files.presets()
    if not preset and not Path(options.results).exists():
        if match := closest(options.results, files.presets()):
            raise ValueError(f"cite: expected results or a preset, received {options.results}; did you mean {match}?")
    scenario = files.read(options.results)[1] if preset else _scenario(saved.load(options.results))
    print(cited.bibtex(scenario), end="")
    return 0


def scenario(name: str) -> str:
    """A preset's file, with the lines by which editors find its schema; one of somebody else's as it is."""
    from .scenarios import studies
    from .scenarios.reading import files, schema

    text = files.text(name)
    if name not in files.presets():
        return text
    return schema.line(files.read(name)[1].get("study", studies.USUAL)) + "#\n" + text


def _check_out(file: Path, endings: tuple[str, ...]) -> None:
    """Raise ValueError, before any work, where a file cannot be written."""
    if file.suffix not in endings or not file.absolute().parent.is_dir() or file.is_dir():
        told = ", a folder" if file.is_dir() else ""
        raise ValueError(f"--out: expected a {', '.join(endings)} in a folder that exists, received {file}{told}")


def _scenario(dataset: "xr.Dataset") -> "dict[str, Any]":
    if "scenario" not in dataset.attrs:
        raise ValueError("cite: expected results with their scenario, received some without")
    return dict(json.loads(dataset.attrs["scenario"]))


def _channels(dataset: "xr.Dataset") -> "tuple[list[xr.Dataset], list[str]]":
    """Responses of the scenario's channels, or why there are none."""
    from .quiet import import_tensorflow

    try:
        import_tensorflow()
        from .scenarios.running.responses import responses

        return responses(json.loads(dataset.attrs.get("scenario", "{}"))), []
    except Exception as error:  # whatever a scenario of another version, or of files that are not here, does
        return [], [f"No channel is drawn: {' '.join(str(error).split())}"]
