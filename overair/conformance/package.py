"""The package that is tested: its families and schemes, read from its files, and what keeps them from being tested."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from ..quiet import import_tensorflow
from ..scenarios.reading import catalogue, outside, sources
from ..scenarios.reading.errors import ScenarioError
from ..terminal import printable
from . import plugin


def kinds(family: str) -> list[str]:
    """Those of a family."""
    return [kind for kind, source in sources.sources(family).items() if source.origin == plugin.origin]


def families() -> list[str]:
    """Those of which it has schemes."""
    return [family for family in sorted(sources.FAMILIES) if kinds(family)]


def summary() -> list[str]:
    """Its name, its folder and its schemes."""
    schemes = "; ".join(f"{family}: {', '.join(kinds(family))}" for family in families())
    return [printable(f"overair: schemes of {plugin.origin} ({_folder()}): {schemes}")]


def lines(reports: Iterable[Any]) -> Counter[str]:
    """What failed tests said of the package's files, or where in them an error was raised; how often each."""
    found: Counter[str] = Counter()
    for crash in (each.longrepr.reprcrash for each in reports if getattr(each.longrepr, "reprcrash", None)):
        said = crash.message.partition("\n")[0]
        place = said.find(str(_folder()))
        raised = f"{crash.path}:{crash.lineno}: {said}" if Path(crash.path).is_relative_to(_folder()) else ""
        if told := said[place:] if place >= 0 else raised:
            found[told] += 1
    return found


def complaints() -> list[str]:
    """One line for each file that cannot be read or imported, or whose schemes cannot be made."""
    return _of(families) or _each(_unloaded) or _each(_unmade)


def _folder() -> Path:
    return next(each.folder for each in outside.packages() if each.name == plugin.origin)


def _each(fails: Callable[[str], list[str]]) -> list[str]:
    return [line for family in families() for line in fails(family)]


def _unloaded(family: str) -> list[str]:
    import_tensorflow()
    return [line for kind in kinds(family) for line in _of(partial(catalogue.load, family, kind))]


def _unmade(family: str) -> list[str]:
    from .found import examples  # of interfaces, which import it too

    return _of(partial(examples, family))


def _of(attempt: Callable[[], Any]) -> list[str]:
    try:
        attempt()
    except ScenarioError as error:
        return list(error.lines)
    except (ValueError, TypeError, OSError) as error:
        return [str(error)]
    except SystemExit as error:
        return [f"{plugin.origin}: expected schemes that can be made, received sys.exit({error.code!r})"]
    return []
