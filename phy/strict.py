"""How schemes are declared: checked, frozen, and a field that does not exist is an error instead of nothing."""

import dataclasses
from collections.abc import Callable
from typing import cast, dataclass_transform

import pydantic.dataclasses
from pydantic import ConfigDict

from .documented import Class, documented

STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(*, frozen: bool) -> Callable[[Class], Class]:
    """Pydantic's, strict, and with a docstring that says the fields."""

    def declare(cls: Class) -> Class:
        return documented(cast(Class, pydantic.dataclasses.dataclass(frozen=frozen, config=STRICT)(cls)))

    return declare
