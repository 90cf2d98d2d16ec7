"""The OFDM resource grid: numerology, and the way of symbols onto it."""

import math
from functools import cached_property
from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Gt, Le
from sionna.phy.channel import subcarrier_frequencies
from sionna.phy.ofdm import ResourceGrid

from ..bounds import AtMost
from .strict import dataclass


@dataclass(frozen=True)
class Grid:
    """An OFDM numerology.

    A slot has ``symbols`` OFDM symbols of ``subcarriers`` elements. A round is granted a number of elements; they fill
    slots in time order, all subcarriers of a symbol first, and what is left of the last slot stays silent. The receiver
    opens its window ``advance`` samples early, inside the prefix. With N subcarriers spaced by W / N,

        sample = 1 / W seconds,   symbol_seconds = (N + prefix) / W,   slot_seconds = symbols symbol_seconds.

    >>> from overair.phy import Grid
    >>> grid = Grid(subcarriers=64, symbols=14, spacing=15e3, prefix=16)
    >>> grid.elements, grid.slots(1000), round(1e3 * grid.slot_seconds, 3)  # in milliseconds
    (896, 2, 1.167)
    """

    subcarriers: Annotated[int, Gt(0), Le(2**16)] = 64
    """Of an OFDM symbol, all used."""
    symbols: Annotated[int, Gt(0), Le(2**12)] = 14
    """OFDM symbols of a slot."""
    spacing: Annotated[float, Ge(1), Le(1e9)] = 15e3
    """Subcarrier spacing, in Hz."""
    prefix: Annotated[int, Ge(0), AtMost("subcarriers")] = 16
    """Cyclic prefix (CP), in samples; one sample is 1/(subcarriers spacing) seconds."""
    advance: Annotated[int, Ge(0), AtMost("prefix")] = 0
    """How early the receiver's window opens, in samples."""

    @property
    def elements(self) -> int:
        """Resource elements in a slot."""
        return self.subcarriers * self.symbols

    @property
    def sample(self) -> float:
        """Seconds of one time-domain sample."""
        return 1.0 / (self.subcarriers * self.spacing)

    @property
    def symbol_samples(self) -> int:
        """Samples of one OFDM symbol with its prefix."""
        return self.subcarriers + self.prefix

    @property
    def symbol_seconds(self) -> float:
        """Seconds of one OFDM symbol with its prefix."""
        return self.symbol_samples * self.sample

    @property
    def slot_seconds(self) -> float:
        """Airtime of a slot, prefixes included."""
        return self.symbols * self.symbol_seconds

    @property
    def frequencies(self) -> tf.Tensor:
        """Baseband frequency of each subcarrier in Hz, [F]."""
        return subcarrier_frequencies(self.subcarriers, self.spacing)

    @cached_property
    def sionna(self) -> ResourceGrid:
        """One slot as Sionna's ResourceGrid, to use in a Sionna link beside this package."""
        return ResourceGrid(self.symbols, self.subcarriers, self.spacing, cyclic_prefix_length=self.prefix)

    def slots(self, elements: int) -> int:
        """How many slots hold so many elements."""
        return math.ceil(elements / self.elements)

    def rows(self, elements: int) -> int:
        """How many OFDM symbols hold so many elements."""
        return -(-elements // self.subcarriers)

    def fill(self, symbols: tf.Tensor) -> tf.Tensor:
        """Symbols, complex [..., N], onto the OFDM symbols that they need, [..., rows(N), F]; zeros after the last."""
        rows = self.rows(symbols.shape[-1])
        padding = [[0, 0]] * (symbols.shape.rank - 1) + [[0, rows * self.subcarriers - symbols.shape[-1]]]
        shape = tf.concat([tf.shape(symbols)[:-1], [rows, self.subcarriers]], 0)
        return tf.reshape(tf.pad(symbols, padding), shape)

    def place(self, symbols: tf.Tensor, slots: int) -> tf.Tensor:
        """Symbols, complex [..., N], onto slots, [..., T, F]; elements past N are silent, and T = slots * symbols."""
        count, room = symbols.shape[-1], slots * self.elements
        if count > room:
            raise ValueError(
                f"symbols: expected at most the {room} resource elements of {slots} slot(s), received {count}; "
                f"grant {self.slots(count)} slots"
            )
        padding = [[0, 0]] * (symbols.shape.rank - 1) + [[0, room - count]]
        shape = tf.concat([tf.shape(symbols)[:-1], [slots * self.symbols, self.subcarriers]], 0)
        return tf.reshape(tf.pad(symbols, padding), shape)  # [..., T, F]

    def collect(self, field: tf.Tensor, elements: int) -> tf.Tensor:
        """The first N elements [..., N] of a grid, [..., T, F]."""
        flat = tf.reshape(field, tf.concat([tf.shape(field)[:-2], [field.shape[-2] * field.shape[-1]]], 0))
        return flat if elements == flat.shape[-1] else flat[..., :elements]
