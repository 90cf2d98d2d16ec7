"""Links of sendings: images, queries, features, each over a link of its own, whoever sends them and whatever they are.

Sending b of attempt n under a key has a channel, a clock and noise that depend on the key, b and n alone: they are the
same under every scheme and at every SNR, and however many are sent at once. Sendings are drawn in blocks whose size
follows from the elements of one; what a block holds beyond those asked for is drawn and dropped. Schemes that send as
many elements see the same links, and where nothing moves so do those that do not, unless their blocks differ.

``each`` makes of the links whatever is wanted; ``send`` has the symbols read without bias, for those who send packets.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import tensorflow as tf

from . import keys
from .air import Air, Place
from .arithmetic import squared
from .combiners import combine
from .detection import error_power
from .keys import Key
from .link import Link, superpose

MOST, ELEMENTS = 64, 2**14  # sendings and elements drawn at once


class Read(NamedTuple):
    """Symbols as a receiver has them: z = gain x + n, with the power of n as it knows it; T is 1 where nothing moves.

    The gain is the receiver's estimate behind its combiner. The noise is that of the air, what the estimate lacks, and
    what distortions leave beside the mean response: one power a sending, measured on its symbols where there are any
    distortions, so of a few symbols known too well.
    """

    z: tf.Tensor  # [B, T, F]
    gain: tf.Tensor  # [B, T, F]
    noise: tf.Tensor  # [B, T, F], where T and F may be 1

    @property
    def unbiased(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Symbols plus noise, and the power of that noise; a symbol without gain is as good as none."""
        power = tf.maximum(squared(self.gain), 1e-20)
        z = tf.math.conj(self.gain) * self.z / tf.cast(power, self.z.dtype)
        return z, tf.broadcast_to(self.noise / power, tf.shape(z))


class Links(NamedTuple):
    """The links of a block of sendings of N elements, with the receiver's combiner, [B, A, T, F]."""

    air: Air
    elements: int
    link: Link
    weights: tf.Tensor
    key: Key  # of the noise

    def hear(self, x: tf.Tensor) -> tf.Tensor:
        """What the receiver's antennas have of symbols [B, K, N], [B, A, T, F]."""
        return self.air.send(self.air.grid.fill(x), self.link, self.key)

    def read(self, x: tf.Tensor) -> Read:
        """What the receiver makes of the symbols of one device, [B, 1, N]."""
        y, link = self.hear(x), self.link
        gain = combine(self.weights, link.response(of=link.receiver.best))[:, 0]
        return Read(combine(self.weights, y), gain, self.noise(x, y) + error_power(link.receiver)[:, 0])

    def noise(self, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """The power of noise behind the combiner, N0, [B, 1, 1].

        Where subcarriers disturb each other it is what a receiver measures on symbols that it knows: the mean square of
        what is left once the mean response is taken away.
        """
        if self.air.orthogonal:
            return self.link.noise[:, None, None]
        x = self.air.grid.fill(x)
        left = y - superpose(tf.zeros_like(y), x, self.link.response(of=self.link.effective, symbols=x.shape[2]))
        power = tf.reduce_mean(squared(self.on_elements(combine(self.weights, left))), axis=-1)
        return tf.stop_gradient(power)[:, None, None]

    def on_elements(self, field: tf.Tensor) -> tf.Tensor:
        """A field [B, ..., T, F] on the elements sent, [B, ..., N]; B, T and F may be 1."""
        grid = self.air.grid
        used = [grid.rows(self.elements), grid.subcarriers]
        shape = tf.concat([tf.shape(self.link.noise), tf.shape(field)[1:-2], used], 0)
        return grid.collect(tf.broadcast_to(field, shape), self.elements)


class _Blocks(NamedTuple):
    """Rows in blocks of a size, of which the first row has a number: what stands beside them in blocks is filled up."""

    size: int
    first: int | tf.Tensor
    total: int | tf.Tensor

    @property
    def skip(self) -> Any:
        """Rows of the first block that nobody asked for."""
        return self.first % self.size

    @property
    def count(self) -> Any:
        """How many blocks."""
        return -(-(self.skip + self.total) // self.size)

    @property
    def numbers(self) -> tf.Tensor:
        return self.first // self.size + tf.range(self.count)

    def cut(self, rows: tf.Tensor) -> tf.Tensor:
        """Rows [B, ...] in their blocks, [blocks, size, ...]."""
        around = [[self.skip, self.count * self.size - self.skip - self.total]] + [[0, 0]] * (rows.shape.rank - 1)
        cut = tf.reshape(tf.pad(rows, around), tf.concat([[self.count, self.size], tf.shape(rows)[1:]], 0))
        return tf.ensure_shape(cut, [None, self.size, *rows.shape[1:]])

    def join(self, blocks: tf.Tensor) -> tf.Tensor:
        """The rows asked for of blocks [blocks, size, ...], [B, ...]."""
        rows = tf.reshape(blocks, tf.concat([[-1], tf.shape(blocks)[2:]], 0))[self.skip : self.skip + self.total]
        return tf.ensure_shape(rows, [self.total if isinstance(self.total, int) else None, *blocks.shape[2:]])


def each(
    air: Air,
    elements: int,
    snr_db: tf.Tensor,
    key: Key,
    work: Callable[..., Any],
    parts: Sequence[tf.Tensor],
    signature: Any,
    attempt: int | tf.Tensor = 0,
    first: int | tf.Tensor = 0,
) -> Any:
    """What ``work(links, *parts)`` makes of B sendings at SNRs [B], block by block, from the first number on.

    Parts are [B, ...]; so is what comes back, of which ``signature`` has the shapes and types of one sending.
    """
    size = block(elements)
    blocks = _Blocks(size, first, _length(snr_db))

    def one(item: tuple[tf.Tensor, ...]) -> Any:
        number, snr_db, *some = item
        return work(_draw(air, elements, size, snr_db, keys.fold(key, "block", number), attempt), *some)

    items = (blocks.numbers, *map(blocks.cut, (snr_db, *parts)))
    if isinstance(blocks.count, int) and blocks.count == 1:
        found = tf.nest.map_structure(lambda rows: rows[None], one(tuple(item[0] for item in items)))
    else:
        wanted = tf.nest.map_structure(lambda spec: tf.TensorSpec([size, *spec.shape], spec.dtype), signature)
        found = tf.map_fn(one, items, fn_output_signature=wanted, parallel_iterations=1)
    return tf.nest.map_structure(blocks.join, found)


def send(
    air: Air, x: tf.Tensor, snr_db: tf.Tensor, key: Key, attempt: int = 0, first: int = 0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Symbols [B, N] of one device as its receiver has them, plus noise, and the power of that noise, [B, N] each."""
    numbers = (tf.convert_to_tensor(number, tf.int32) for number in (attempt, first))
    return _sender(air, x.shape[-1])(x, snr_db, key, *numbers)


def block(elements: int) -> int:
    """How many sendings of so many elements are drawn at once: a power of two, so that groups of MOST are whole."""
    return 1 << (min(MOST, max(1, ELEMENTS // elements)).bit_length() - 1)


@lru_cache(maxsize=16)
def _sender(air: Air, elements: int) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    if air.devices != 1:
        raise ValueError(f"air.devices: expected 1, which sends alone, received {air.devices}; build an air of one")

    def read(links: Links, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(map(links.on_elements, links.read(x[:, None]).unbiased))

    def sent(x: tf.Tensor, snr_db: tf.Tensor, key: Key, attempt: tf.Tensor, first: tf.Tensor) -> Any:
        signature = tuple(tf.TensorSpec([elements], dtype) for dtype in (tf.complex64, tf.float32))
        return each(air, elements, snr_db, key, read, [x], signature, attempt, first)

    number = tf.TensorSpec([], tf.int32)
    given = tf.TensorSpec([None, elements], tf.complex64), tf.TensorSpec([None]), tf.TensorSpec([2], tf.int64)
    return tf.function(sent, input_signature=[*given, number, number], autograph=False)


def _draw(air: Air, elements: int, size: int, snr_db: tf.Tensor, key: Key, attempt: int | tf.Tensor) -> Links:
    grid, place = air.grid, Place(keys.fold(key, "place"))  # a sending keeps its place from attempt to attempt
    slots, rows = grid.slots(elements), grid.rows(elements)
    time = tf.cast(attempt, tf.float32) * (slots * grid.slot_seconds)
    link = air.draw(place, keys.fold(key, "link", attempt), time, slots, snr_db, size)
    mean = link.effective.at(0, rows)  # of the last slot's symbols only those that are used
    link = link._replace(transmitters=link.transmitters.at(0, rows), receiver=link.receiver.at(0, rows), mean=mean)
    weights = air.combiner.weights(link, tf.range(air.devices))
    return Links(air, elements, link, weights, keys.fold(key, "noise", attempt))


def _length(rows: tf.Tensor) -> Any:
    """How many, as a number where that is known."""
    return tf.shape(rows)[0] if rows.shape[0] is None else rows.shape[0]


__all__ = ["Links", "Read", "block", "each", "send"]
