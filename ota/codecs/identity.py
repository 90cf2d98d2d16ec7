"""Uncoded: every parameter is sent as it is, two to a complex symbol."""

from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ...phy.keys import Key
from ...phy.strict import STRICT
from . import Code, pack, unpack


@dataclass(frozen=True, config=STRICT)
class Identity:
    """ceil(d/2) resource elements, no compression."""

    linear: ClassVar[bool] = True

    def elements(self, size: int, granted: int) -> int:
        return -(-size // 2)

    def code(self, size: int, elements: int, key: Key) -> Code:
        return ()

    def encode(self, updates: tf.Tensor, code: Code) -> tf.Tensor:
        return pack(updates)

    def decode(self, symbols: tf.Tensor, size: int, code: Code) -> tf.Tensor:
        return unpack(symbols, size)
