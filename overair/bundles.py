"""Results to hand on: `overair bundle` puts all about them into one zip file, `overair verify` computes some again."""

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .terminal import printable
from .typed import whole

if TYPE_CHECKING:
    import xarray as xr

RESULTS, CURVE, FIGURE, SCENARIO, VERSIONS, CITATION = FILES = (
    "results.nc", "curve.csv", "figure.png", "scenario.toml", "versions.json", "CITATION.bib",
)  # fmt: skip
MOST = 10_000  # units that are computed again
DIFFERS = 1
EXAMPLES = """examples:
  overair bundle runs/a                           all about a run in runs/a.zip: the same bytes for the same results
  overair verify runs/a.zip --units 5             five random points and seeds again, compared bit for bit
  sha256sum -c SHA256SUMS                         where it has been unpacked
"""


def add(commands: Any) -> None:
    """The commands and their arguments."""
    layout = argparse.RawDescriptionHelpFormatter
    told = commands.add_parser(
        "bundle", help="results, figure, scenario, versions and citation in one zip file",
        epilog=EXAMPLES, formatter_class=layout,
    )  # fmt: skip
    told.add_argument("results", metavar="DIR|FILE", help="the folder of a run, or its results.nc")
    told.add_argument("--out", type=Path, metavar="FILE", help="the zip file (beside the folder or file)")
    told.set_defaults(command=bundle)

    told = commands.add_parser(
        "verify", help="compute random units of a bundle again, and compare; exits 1 where they differ",
        epilog=EXAMPLES, formatter_class=layout,
    )  # fmt: skip
    told.add_argument("bundle", type=Path, metavar="FILE", help="a zip file of `overair bundle`")
    told.add_argument(
        "--units", type=whole, default=5, metavar="N", help="points with a seed that are computed again (5)"
    )
    told.set_defaults(command=verify)


def bundle(options: argparse.Namespace) -> int:
    """All about results in one file."""
    from . import durable
    from .scenarios.results import saved, sealed, zipped

    path = Path(options.results)
    results = path / RESULTS if path.is_dir() else path
    whole = path.absolute()
    file = options.out or whole.with_name(f"{whole.name if path.is_dir() else whole.stem}.zip")
    if file.suffix != ".zip" or not file.absolute().parent.is_dir() or file.is_dir():
        raise ValueError(f"--out: expected a .zip in a folder that exists, received {file}")
    content, dataset = sealed.content_of(results), saved.load(results)
    if results.suffix != ".nc" or not dataset.attrs.get("complete", 0) or "scenario" not in dataset.attrs:
        raise ValueError(f"{results}: expected results of a run that is finished, received others; run it to its end")
    files = {RESULTS: content, FIGURE: _figure(dataset), **_told(dataset)}
    durable.write(file, zipped.packed(files))
    print(f"bundle: {printable(str(file))}")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Some units of a bundle again."""
    from .quiet import import_tensorflow
    from .scenarios.running.units import versions

    if not 1 <= options.units <= MOST:
        raise ValueError(f"--units: expected 1 to {MOST}, received {options.units}")
    dataset = _opened(options.bundle)
    from .scenarios.running import again

    places = again.choice(dataset, options.units, random.SystemRandom())
    made, now = json.loads(dataset.attrs.get("versions", "{}")), versions()
    for name in sorted(name for name in now if made.get(name) != now[name]):
        print(printable(f"note: made with {name} {made.get(name)}, computed again with {now[name]}"))
    import_tensorflow()
    different = 0
    for unit in again.compared(dataset, places):
        told = ", ".join(f"{name} by {by:.3g}" for name, by in unit.differences.items())
        print(
            printable(f"{'differs' if told else 'same bits'}: {unit.words}" + (f": {told}" if told else "")), flush=True
        )
        different += bool(told)
    print(f"verified: {len(places) - different} of {len(places)} units are the same bit for bit")
    return DIFFERS if different else 0


def _figure(dataset: "xr.Dataset") -> bytes:
    from . import figures

    with tempfile.TemporaryDirectory() as folder:
        figures.draw(dataset, Path(folder, FIGURE))
        return Path(folder, FIGURE).read_bytes()


def _told(dataset: "xr.Dataset") -> dict[str, bytes]:
    """What follows from results at once."""
    from .scenarios.reading import skeleton
    from .scenarios.results import cited, curves

    scenario = json.loads(dataset.attrs["scenario"])
    lines = [
        f"{skeleton.key(name)} = {skeleton.toml(value)}\n" for name, value in scenario.items() if value is not None
    ]
    versions = json.dumps(json.loads(dataset.attrs.get("versions", "{}")), indent=2) + "\n"
    told = {SCENARIO: "".join(lines), VERSIONS: versions, CITATION: cited.bibtex(scenario)}
    with tempfile.TemporaryDirectory() as folder:
        curves.save(dataset, Path(folder, CURVE))
        return {name: text.encode() for name, text in told.items()} | {CURVE: Path(folder, CURVE).read_bytes()}


def _opened(file: Path) -> "xr.Dataset":
    """The results of a bundle, whose other files say the same; a picture of them may be another machine's."""
    from .scenarios.results import saved, zipped

    files = zipped.unpacked(file, FILES)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, RESULTS).write_bytes(files[RESULTS])
        dataset = saved.load(Path(folder, RESULTS))
    if "scenario" not in dataset.attrs:
        raise ValueError(f"{file}: expected results with their scenario, received some without")
    told = _told(dataset)
    if wrong := [name for name in (CURVE, SCENARIO, VERSIONS) if told[name] != files[name]]:
        raise ValueError(f"{file}: expected a {wrong[0]} that says what {RESULTS} does, received another")
    return dataset
