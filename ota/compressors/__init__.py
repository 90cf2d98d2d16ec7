"""Compressors: how an update becomes so many bits, and back."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ...phy.documented import documented
from ...phy.keys import Key
from ..layers import Layers
from ..past import Past

Nest = Any  # a nest of tensors


@documented
class Together(NamedTuple):
    """Beside whom a device sends, which all of them and the server know."""

    key: Key  # the same for all
    turn: tf.Tensor  # its place among those that take part, int32
    devices: tf.Tensor  # how many take part, int32


@documented
class Known(NamedTuple):
    """What device and server know of an update before it is compressed, besides its length."""

    layers: Layers = ()  # the shapes of its layers; one of all entries unless given
    past: Past | None = None  # the round before; there was none unless given
    spread: tf.Tensor | None = None  # deviation of updates from the side information by layer, [L]; as the server told
    together: Together | None = None  # who else sends; nobody unless given

    def filled(self, size: int) -> "Known":
        """The same of an update of so many entries, with nothing left out."""
        layers = self.layers or ((size,),)
        return self._replace(layers=layers, past=self.past or Past.none(layers))

    def beside(self, key: Key) -> Together:
        """Who else sends; of one that sends alone its own key is that of all."""
        return self.together or Together(key, tf.constant(0), tf.constant(1))


ALONE = Known()


@documented
@runtime_checkable
class Compressor(Protocol):
    """How one device's update becomes so many bits, and what the receiver decodes of them.

        decoded, used = compress(update, bits, key),   used <= bits.

    What is used covers all that the receiver cannot know: scales, positions and side information included. One whose
    mean error is bounded for every update has also ``error_bound(size, bits)``, relative to ``|x|^2``. One that takes
    anything from ``known.past`` says ``remembers = True``: it is refused where devices hear the server through noise,
    as their pasts differ then.

    >>> import tensorflow as tf
    >>> from overair.ota import Compressor, Sign
    >>> from overair.phy import keys
    >>> decoded, used = Sign().compress(keys.normal(keys.key(0), [256]), tf.constant(500.0), keys.key(1))
    >>> isinstance(Sign(), Compressor), decoded.shape, float(used)
    (True, TensorShape([256]), 288.0)
    """

    @property
    def unbiased(self) -> bool:
        """Whether, over keys, the mean of what is decoded is the update, wherever any bits are used."""
        ...

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What the receiver decodes of an update [d] from at most ``bits`` bits, [d], and how many bits were used, [].

        All are float32. The key, int64 [2], ``bits`` and what is ``known`` are known to both sides. Where nothing
        useful fits, zeros and 0 bits. All of it runs in a graph.
        """
        ...


@runtime_checkable
class Sided(Compressor, Protocol):
    """One whose receiver decodes with side information [d] that devices do not see.

    The ``first`` of those that take part, a share of them by turn, are compressed as ever; the mean of what is decoded
    of them is the side information of the others, whose deviation from it is told as ``known.spread``. Where that is
    infinite there is none. With a share of 0 or 1 everybody is compressed as ever.
    """

    @property
    def first(self) -> float:
        """Share of those that take part whose updates are decoded first."""
        ...

    def encode(self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE) -> tuple[Nest, tf.Tensor]:
        """What is sent of an update [d] in at most so many bits, and how many are used."""
        ...

    def decode(self, sent: Nest, key: Key, known: Known, side: tf.Tensor) -> tf.Tensor:
        """What the receiver makes of it, [d], with side information [d]; zeros where nothing was sent."""
        ...

    def believed(self, sent: Nest, key: Key, known: Known, update: tf.Tensor) -> tf.Tensor:
        """What the device believes is decoded, [d], as if its update were the side information; 0 where nothing is."""
        ...

    def failures(
        self, sent: Nest, key: Key, known: Known, side: tf.Tensor, update: tf.Tensor, decoded: tf.Tensor
    ) -> tf.Tensor:
        """The share of what was sent that is lost, or taken for something else, because of the side information."""
        ...


FAMILY = Compressor  # what each file of this folder is one of

__all__ = ["ALONE", "Compressor", "Known", "Sided", "Together"]
