"""Distributed source coding (DISCUS): LDPC syndromes of bit planes, from which side information finds the bits."""

import math
from statistics import NormalDist
from typing import Annotated, ClassVar, Literal, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Gt, Le, Lt

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from ..squares import mean_squares
from . import ALONE, Known, _planes, _syndromes
from ._beside_past import beside_past
from ._buckets import cut, largest
from ._coded_blocks import Blocks, check_bits, cut_into
from ._cosets import alone, drawn
from ._planes import Believed
from ._sided_law import expected
from .nested import FLOAT, Nested, Places

RUNG = 6.0  # bits that name a length
CRC = 16.0
FAINT = 1 / 16  # bits of information an entry that planes may lack of which the law foretells none, for the margin


class Syndromes(NamedTuple):
    """What is sent of an update."""

    plain: Places  # without side information; of the receiver's where that is sent
    is_plain: tf.Tensor
    words: tf.Tensor  # of every block's planes, as many bits as their rungs say and then zeros, int32 [B, P, n]
    rungs: tf.Tensor  # [B, P]
    checks: tf.Tensor  # CRC of each block, [B, 16]
    chosen: tf.Tensor  # blocks sent, bool [B]


@dataclass(frozen=True)
class SyndromeCoded:
    """Indices of a dithered quantiser, in as few bits as side information at the receiver allows.

    Buckets of entries share a scale, their largest magnitude, told as a float32, and a dithered quantiser has
    ``levels`` steps up to it. Entries are cut into blocks; of each bit plane of a block's indices a syndrome is sent,
    of a length from a ladder of 64 that six bits name (`_syndromes.py`), and of each block a CRC-16. The receiver finds
    the planes one after the other, the highest first, from the law of entries beside its side information and the
    planes it has (`_planes.py`, `_sided_law.py`), by Sionna's belief propagation. A block whose CRC is wrong is an
    erasure: its entries are what the side information alone makes of them, their linear estimate. Found ones err by
    D^2/12 whatever they are.

    The device does not see the side information. It knows how far updates are from it, by layer, and so draws what it
    may be: of the information that a plane then lacks it takes the mean and a ``margin``, as many deviations on top as
    ``target_failures`` asks for, and the shortest syndrome that finds as much half of the time. Where indices without
    side information, entropy coded, are no longer, these are sent: a bit says so. Bits for fewer than all blocks are
    spent on those from a random one on; the others are erasures.

    Gradients keep to no law: few things in a batch move all entries at once, so that squares of distances are as
    uncertain as means of a few squares, and planes lack 0.8 to 2 times what is foretold. Of softmax gradients of MNIST,
    4 to 16 devices, levels = 7, 12 % of blocks lacked more than their syndromes find half of the time with a margin of
    0.25, and none of 92 with 1, which was chosen on Fashion-MNIST. That takes 0.75 of the bits of plain indices instead
    of 0.45 at batches of 3,500, and at 1,000 two thirds of updates are sent plain; where updates keep to the law, 0.25
    is enough.

    The mean of what was decoded of the ``first`` of those that take part, which send plain, is the side information of
    the others. Where ``first`` is 0 it is the last estimate, and devices tell their deviations from it. Slepian, Wolf,
    "Noiseless coding of correlated information sources", 1973; Pradhan, Ramchandran, "Distributed source coding using
    syndromes (DISCUS)", 2003; Abdi, "Distributed learning and inference in deep models", 2020, section 2.3.2.

    >>> from overair.ota import SyndromeCoded
    >>> compressor = SyndromeCoded(first=0.5, levels=7)  # ``Digital(compressor)`` has half of the devices decoded first
    >>> compressor.unbiased, compressor.remembers
    (False, False)
    """

    first: Annotated[float, Ge(0), Le(1)] = 0.5
    """Share of those that take part that is sent plain and then known; of the round before if 0."""
    levels: Annotated[int, Ge(1), Le(127)] = 3
    """Steps up to the largest magnitude of a bucket."""
    block: Annotated[int, Ge(256), Le(8192)] = 4096
    """Entries of a block, at most."""
    target_failures: Annotated[float, Gt(0), Lt(1)] = 0.01
    """Chance that a block is lost where updates keep to the law."""
    margin: Annotated[float, Ge(0), Le(10)] = 1.0
    """Information kept beyond the law, as a share of the law and 1/16 bit."""
    law: Literal["laplace", "normal"] = "laplace"
    """Of the distance from the side information."""
    buckets: tuple[Annotated[int, Ge(1), Lt(2**31)], ...] = ()
    """Entries that share a scale, layer after layer and again from the first; layers unless given."""
    unbiased: ClassVar[bool] = False
    contractive: ClassVar[bool] = False  # as plain ones err by D^2/12 whatever they are

    @property
    def remembers(self) -> bool:
        return self.first == 0

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        known = known.filled(update.shape[-1])
        if not self.remembers:
            return self._plain.compress(update, bits, key, known)
        known, side = beside_past(update, known)
        sent, used = self.encode(update, bits, key, known)
        return self.decode(sent, key, known, side), used

    def encode(self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE) -> tuple[Syndromes, tf.Tensor]:
        known = known.filled(update.shape[-1])
        plain, whole = self._plain.encode(update, bits - 1.0, key, known._replace(spread=None))
        blocks, planes = self._planes(plain)
        rungs = self._rungs(update, planes, plain.scale, key, known)  # [B, P]
        lengths = tf.gather(tf.constant(_syndromes.sizes(blocks.width), tf.float32), rungs)
        costs = CRC + tf.reduce_sum(RUNG + lengths, axis=1)  # [B]
        scales = largest(update, cut(known.layers, self.buckets))
        told = 1.0 + FLOAT * (scales.shape[0] + self.remembers * len(known.layers))
        chosen = _that_fit(costs, bits - told, key)
        used = told + tf.reduce_sum(tf.where(chosen, costs, 0.0))
        helps = tf.reduce_any(chosen) & tf.reduce_any(scales > 0) & self._has_side(known)
        is_whole = tf.reduce_all(plain.chosen) & ((whole + 1.0 <= used) | ~tf.reduce_all(chosen))
        is_plain = is_whole | ~helps
        chosen &= ~is_plain
        rungs = tf.where(chosen[:, None], rungs, 0)
        planes = tf.transpose(planes, [1, 0, 2])
        words = tf.map_fn(
            lambda item: _syndromes.syndrome(*item),
            (tf.reshape(planes, [-1, blocks.width]), tf.reshape(rungs, [-1])),
            fn_output_signature=tf.int32,
        )
        sent = Syndromes(plain, is_plain, tf.reshape(words, planes.shape), rungs, check_bits(planes), chosen)
        return sent, tf.where(is_plain, tf.where(whole > 0, whole + 1.0, 0.0), used)

    def decode(self, sent: Syndromes, key: Key, known: Known, side: tf.Tensor) -> tf.Tensor:
        known = known.filled(side.shape[-1])
        return tf.cond(
            sent.is_plain,
            lambda: self._plain.decode(sent.plain, key, known, side),
            lambda: self._found(sent, key, known, side),
        )

    def believed(self, sent: Syndromes, key: Key, known: Known, update: tf.Tensor) -> tf.Tensor:
        blocks = self._blocks(update.shape[-1])
        fine = sent.plain.scale / self.levels * (self._index(sent.plain) - drawn(key, update.shape[-1]))
        right = tf.where(blocks.of_blocks(sent.chosen), fine, 0.0)
        return tf.where(sent.is_plain, self._plain.believed(sent.plain, key, known, update), right)

    def failures(
        self, sent: Syndromes, key: Key, known: Known, side: tf.Tensor, update: tf.Tensor, decoded: tf.Tensor
    ) -> tf.Tensor:
        """The share of blocks that are lost, or taken for others."""
        off = tf.abs(decoded - self.believed(sent, key, known, update))
        lost = tf.reduce_any(self._blocks(side.shape[-1]).cut(off > 1e-3 * sent.plain.scale / self.levels), axis=1)
        return tf.math.divide_no_nan(
            *(tf.reduce_sum(tf.cast(each, tf.float32)) for each in (lost & sent.chosen, sent.chosen))
        )

    @property
    def _plain(self) -> Nested:
        return Nested(first=1.0, levels=self.levels, buckets=self.buckets)

    def _blocks(self, size: int) -> Blocks:
        return cut_into(size, self.block)

    def _index(self, plain: Places) -> tf.Tensor:
        return alone(tf.cast(plain.places, tf.float32), tf.zeros([]), tf.constant(2.0 * self.levels + 1.0))

    def _planes(self, plain: Places) -> tuple[Blocks, tf.Tensor]:
        """Bits of indices, [P, B, n]."""
        blocks = self._blocks(plain.places.shape[0])
        return blocks, _planes.bits(blocks.cut(self._index(plain)), self.levels)

    def _has_side(self, known: Known) -> tf.Tensor:
        return tf.constant(False) if known.spread is None else tf.reduce_all(tf.math.is_finite(known.spread))

    def _expected(
        self, values: tf.Tensor, scale: tf.Tensor, key: Key, known: Known, at_device: bool = False
    ) -> Believed:
        """What is believed of blocks, [B, n] each, with side information or at a device."""
        count, spread = tf.constant(math.inf), tf.ones([len(known.layers)])
        if known.spread is not None:
            spread = tf.where(tf.math.is_finite(known.spread), known.spread, 1.0)
        if not self.remembers and known.together is not None:
            devices = tf.cast(known.together.devices, tf.float64)
            count = tf.cast(tf.math.ceil(self.first * devices - 1e-6), tf.float32)
        fine = tf.cast(tf.sqrt(mean_squares(scale / self.levels, known.layers)), scale.dtype)
        found = expected(values, spread, fine, count, known.layers, at_device)
        centre, deviation = (tf.math.divide_no_nan(each, scale) * float(self.levels) for each in found)
        dither = drawn(key, values.shape[0])
        return Believed(*(self._blocks(values.shape[0]).cut(each) for each in (centre, deviation, dither)))

    def _rungs(self, update: tf.Tensor, planes: tf.Tensor, scale: tf.Tensor, key: Key, known: Known) -> tf.Tensor:
        """The lengths with which planes [P, B, n] of blocks are found, as places on the ladder, int32 [B, P]."""
        blocks, believed = self._blocks(update.shape[0]), self._expected(update, scale, key, known, at_device=True)
        steps = blocks.cut(tf.math.divide_no_nan(update, scale) * float(self.levels))
        within = keys.uniform(keys.fold(key, "side"), steps.shape)
        chance = (tf.reshape(tf.range(_planes.DRAWS, dtype=tf.float32), [-1, 1, 1]) + within) / _planes.DRAWS
        off = _planes.quantile(self.law, tf.clip_by_value(chance, 1e-6, 1.0 - 1e-6))
        believed = believed._replace(centre=steps)
        mean, variance = _planes.information(self.law, self.levels, planes, believed, off)  # [P, B]
        above = NormalDist().inv_cdf(1.0 - self.target_failures / planes.shape[0])
        needed = mean + self.margin * (mean + FAINT * blocks.width) + above * tf.sqrt(variance)
        enough = tf.transpose(needed)[:, :, None] <= _syndromes.carried(blocks.width)
        return tf.argmax(enough, axis=-1, output_type=tf.int32)

    def _found(self, sent: Syndromes, key: Key, known: Known, side: tf.Tensor) -> tf.Tensor:
        """What is decoded with side information."""
        size, scale, blocks = side.shape[0], sent.plain.scale, self._blocks(side.shape[0])
        believed, levels = self._expected(side, scale, key, known), self.levels

        def found(item: tuple[tf.Tensor, ...]) -> tf.Tensor:
            return _syndromes.index(self.law, levels, Believed(*item[:3]), *item[3:])

        index = tf.map_fn(
            found, (*believed, sent.words, sent.rungs), fn_output_signature=tf.int32, parallel_iterations=1
        )  # [B, n]
        planes = tf.transpose(_planes.bits(index, levels), [1, 0, 2])
        whole = sent.chosen & tf.reduce_all(check_bits(planes) == sent.checks, axis=1)
        fine = scale / levels
        right = fine * (blocks.joined(tf.cast(index, tf.float32)) - drawn(key, size))
        near = tf.clip_by_value(fine * blocks.joined(believed.centre), -scale, scale)
        return tf.where(blocks.of_blocks(whole), right, near)


def _that_fit(costs: tf.Tensor, room: tf.Tensor, key: Key) -> tf.Tensor:
    """Which blocks [B] fit, from a random one on."""
    count = costs.shape[0]
    start = tf.cast(keys.uniform(keys.fold(key, "blocks"), [], 0.0, float(count)), tf.int32) % count
    fits = tf.cumsum(tf.roll(costs, -start, axis=0)) <= room
    return tf.roll(fits, start, axis=0)
