"""Packages of one's own: folders like those of the families, such as channels/two_ray.py, whose schemes join ours.

``--with FOLDER`` or ``overair.use`` names one, and so does an entry point of the group overair.schemes, whose value is
a package that can be imported. They are read with ``ast`` as ours are, and imported when one of their schemes is used.
"""

import hashlib
import importlib
import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

from ... import plain_files
from ...own import GROUP, VARIABLE
from .errors import ScenarioError, one_of, shown

LARGEST = 2**24  # bytes of a file of Python
NAMED = "overair_with_"  # how the modules of named folders begin


class Package(NamedTuple):
    """One of somebody else's: what lists call it, the name of its module, and its folder."""

    name: str
    module: str
    folder: Path


@cache
def packages() -> tuple[Package, ...]:
    """All that are named, those of entry points first; none has ours as its folder."""
    named = filter(None, os.environ.get(VARIABLE, "").split(os.pathsep))
    found = (*_installed(), *(_folder(Path(folder), at) for at, folder in enumerate(named)))
    first: dict[str, Package] = {}
    for package in found:
        if first.setdefault(package.name, package) is not package:
            rivals = f"{first[package.name].folder} and {package.folder}"
            raise ScenarioError(f"--with: expected packages of different names, received {rivals}; rename one")
    return found


def again(names: Iterable[str]) -> list[str]:
    """The options that name the folders of packages again; those that are installed need none."""
    folders = [each.folder for each in packages() if each.name in set(names) and each.module.startswith(NAMED)]
    return [f"--with {shlex.quote(str(folder))}" for folder in folders]


def check(families: Iterable[str]) -> None:
    """Raise ScenarioError where a package has no folder of a family."""
    known = list(families)
    for package in packages():
        if not any(any((package.folder / family).glob("*.py")) for family in known):
            told = f"{package.folder}: expected a folder with schemes in {one_of(known)}, found none"
            below = [each for each in package.folder.iterdir() if any((each / family).is_dir() for family in known)]
            advice = f"name {below[0]}" if below else f"a channel is {package.folder / 'channels'}/NAME.py"
            raise ScenarioError(f"{told}; {advice}")


def imported(module: str) -> None:
    """Make the package of a module's folder known to Python, if it is one of a folder."""
    name = module.partition(".")[0]
    package = next((each for each in packages() if each.module == name), None)
    if package is None or name in sys.modules or importlib.util.find_spec(name):
        return
    init, within = package.folder / "__init__.py", [str(package.folder)]
    if init.is_file():
        spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=within)
    else:
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = within
    assert spec is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    if spec.loader:
        try:
            spec.loader.exec_module(sys.modules[name])
        except BaseException:  # half of it would pass for all of it the next time
            del sys.modules[name]
            raise


@cache
def digest(name: str) -> str:
    """Of all Python files of a package: helpers decide numbers, too."""
    (package,) = (each for each in packages() if each.name == name)
    every = hashlib.blake2b(digest_size=12)
    for file in sorted(each for each in package.folder.rglob("*.py") if not each.is_dir()):
        try:
            content = plain_files.content(file, LARGEST)
        except OSError as error:
            raise ScenarioError(f"{file}: expected Python in a plain file; {error.strerror}") from None
        every.update(f"{file.relative_to(package.folder).as_posix()}\0".encode() + content)
    return every.hexdigest()


def _installed() -> Iterator[Package]:
    for point in metadata.entry_points(group=GROUP):
        spec = importlib.util.find_spec(point.value.partition(".")[0])
        if spec is None or not spec.submodule_search_locations:
            raise ScenarioError(
                f"{GROUP} {point.name}: expected a package, received {shown(point.value)}, which is none"
            )
        folder = Path(next(iter(spec.submodule_search_locations))).joinpath(*point.value.split(".")[1:])
        yield Package(point.name, point.value, folder)


def _folder(folder: Path, at: int) -> Package:
    if not folder.is_dir():
        raise ScenarioError(f"--with: expected a folder, received {shown(str(folder))}, which is none")
    return Package(folder.name, f"{NAMED}{at}_{re.sub(r'[^A-Za-z0-9_]', '_', folder.name)}", folder)
