"""Compressors: how an update becomes so many bits, and back."""

from typing import Protocol, runtime_checkable

import tensorflow as tf

from ...phy.keys import Key


@runtime_checkable
class Compressor(Protocol):
    """One device's update at a time.

    One whose mean error is bounded for every update has also ``error_bound(size, bits)``, relative to |x|^2.
    """

    @property
    def unbiased(self) -> bool:
        """Whether, over keys, the mean of what is decoded is the update, wherever any bits are used."""
        ...

    def compress(self, update: tf.Tensor, bits: tf.Tensor, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        """What the receiver decodes of an update [d] from at most ``bits`` bits, and how many bits were used.

        The key and ``bits`` are known to both sides. Where nothing useful fits, zeros and 0 bits.
        """
        ...


FAMILY = Compressor  # what each file of this folder is one of

__all__ = ["Compressor"]
