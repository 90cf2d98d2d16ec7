"""Bounds that dataclasses and scenarios share: of decibels, and of a field by another field as an annotation."""

from typing import Any

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

DECIBELS = 300  # of an SNR, either way; powers end at 385 dB as float32


class AtMost:
    """``prefix: Annotated[int, AtMost("subcarriers")]``: no more than a field that is declared further up."""

    def __init__(self, field: str) -> None:
        self.field = field

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any, info: ValidationInfo) -> Any:
        bound = info.data.get(self.field)  # none where that field is at fault itself
        if bound is not None and value > bound:
            raise ValueError(f"expected at most {self.field} = {bound}, received {value}")
        return value


__all__ = ["DECIBELS", "AtMost"]
