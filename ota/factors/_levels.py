"""Factors whose entries are told by the cell they fall into: a level a cell, sent as float32."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import lloyd
from . import Message


@dataclass(frozen=True)
class _Levels:
    """Cells of Lloyd-Max quantisers."""

    levels_x: Annotated[int, Ge(2), Le(16)] = 2
    """Levels of X."""
    levels_delta: Annotated[int, Ge(2), Le(16)] = 2
    """Levels of Delta."""
    zero: bool = True
    """Whether exact zeros have a symbol of their own."""
    unbiased: ClassVar[bool] = False

    @property
    def alphabets(self) -> tuple[int, int]:
        return self.levels_x + self.zero, self.levels_delta + self.zero

    def decode(self, message: Message, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        levels = tf.split(message.numbers, [self.levels_x, self.levels_delta])
        return looked_up(message.x, levels[0]), looked_up(message.delta, levels[1])

    def _cells(self, values: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Symbols, the last of them of exact zeros, and levels."""
        levels = lloyd.levels_of(values, count, self.zero)
        return tf.where((values == 0) & self.zero, count, lloyd.cells_of(values, levels)), levels


def looked_up(symbols: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
    """The levels of symbols; one more symbol stands for zero, unless levels are NaN."""
    return tf.gather(tf.concat([levels, 0.0 * levels[:1]], 0), symbols)
