"""What files that schemes read hold, as far as it decides numbers: the same path with other content is another scheme.

A scheme that reads a file names the field with its path in ``reads: ClassVar[str]``.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import outside
from .catalogue import Scheme, Table


def digests(value: Any) -> dict[str, str]:
    """The content of the files that a table and all in it read, by path; one that is not there has none."""
    inside = [getattr(value, name) for name in type(value).model_fields] if isinstance(value, Table) else value
    found = {
        path: digest for each in (inside if isinstance(inside, list) else []) for path, digest in digests(each).items()
    }
    if isinstance(value, Scheme) and value.source.origin:
        found[f"package {value.source.origin}"] = outside.digest(value.source.origin)
    if isinstance(value, Scheme) and (field := value.source.traits.get("reads")):
        file = Path(getattr(value, field))
        if file.is_file():
            found[str(file)] = of_file(file)
    return found


def of_file(file: Path) -> str:
    """What names the content of a file."""
    about = file.stat()
    return _digest(file, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=64)
def _digest(file: Path, *_: int) -> str:
    """Of a file as it was at a time, with a size."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=12)).hexdigest()
