"""The option ``--overair`` of pytest: whose schemes are tested. Pytest reads it in every run, so it stays light.

A package is named by its entry point of the group overair.schemes, by its folder, or by its name if it can be imported.
"""

import importlib.util
from importlib import metadata
from os.path import isdir  # which raises for no name, unlike Path.is_dir
from pathlib import Path

import pytest

from ..own import GROUP, use
from ..terminal import printable

origin = ""  # the package that is tested, ours where none is named


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "folder or installed package whose schemes the tests of overair.conformance take, in place of ours"
    parser.getgroup("overair").addoption("--overair", metavar="PACKAGE", help=about)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Folders are named before anything can import scenarios."""
    _take(early_config, early_config.known_args_namespace.overair)


def pytest_configure(config: pytest.Config) -> None:
    _take(config, config.option.overair)  # workers of xdist meet it here
    if origin and (told := _complaints()):
        raise pytest.UsageError("\n".join(map(printable, told)))


def pytest_report_header(config: pytest.Config) -> list[str]:
    if not origin:
        return []
    from .package import summary

    return summary()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Once more what failed tests said of the package's files, a line each, as tracebacks are long."""
    reports = [each for kind in ("failed", "error") for each in terminalreporter.getreports(kind)]
    if origin and reports:
        from .package import lines

        terminalreporter.section(f"what {origin} lacks")
        for line, count in lines(reports).items():
            terminalreporter.line(f"{line} ({count} test{'s' * (count > 1)})")


def _complaints() -> list[str]:
    try:
        from .package import complaints
    except ValueError as error:  # tables of scenarios are made when they are imported, of all schemes
        return str(error).splitlines()
    return complaints()


def _take(config: pytest.Config, named: str | None) -> None:
    global origin
    if named is not None:
        try:
            origin = _origin(named, [config.invocation_params.dir, config.rootpath])
        except ValueError as error:
            raise pytest.UsageError(printable(str(error))) from None


def _origin(named: str, places: list[Path]) -> str:
    """What lists call the package; its folder is named to overair if no entry point does."""
    points = {each.name: each.value for each in metadata.entry_points(group=GROUP)}
    if named in points:
        return named
    folder = next((place / named for place in places if named and isdir(place / named)), None) or _installed(named)
    if folder is None:
        raise ValueError(
            f'--overair: expected a folder or an installed package, received "{named[:80]}", which is neither'
        )
    for name, value in points.items():
        if (home := _installed(value)) and home.samefile(folder):
            return name
    use(folder.resolve())
    return folder.resolve().name


def _installed(name: str) -> Path | None:
    """The folder of a package that can be imported."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # no package, or no name of one
        return None
    except (Exception, SystemExit) as error:  # of a package whose part is named, which is imported for that
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ValueError(f"--overair: expected a package that can be imported, received {name}: {what}") from None
    homes = spec.submodule_search_locations if spec else None
    return Path(next(iter(homes))) if homes else None
