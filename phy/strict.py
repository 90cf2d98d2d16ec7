"""How schemes are declared: checked, frozen, and a field that does not exist is an error instead of nothing."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
