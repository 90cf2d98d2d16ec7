"""Link level: blocks of random bits over an air of one device, coded or not, and how many of their bits are wrong.

A block of k bits is sent as it is or as a word of 5G's LDPC code for k and n bits (`rates/_codes.py`), interleaved and
mapped to BPSK or Gray QAM of energy 1 on its own resource elements. Its link (`phy/links.py`) is drawn for it alone.
The receiver combines its antennas and reads symbols plus noise with its belief and what it can know of the belief's
error. Uncoded bits are those of the nearest symbols; coded ones are what belief propagation makes of log-likelihood
ratios in twenty iterations.

SNR is Es/N0 of an element at unit mean channel gain, pilots and prefixes not counted: Eb/N0 is lower by 10 log10(m k/n)
dB for m bits a symbol. Blocks have the same link, bits and noise at every SNR, whichever others are asked for; how many
are sent follows from the errors at that SNR alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..phy import Air, keys, links
from ..phy.channels.awgn import Awgn
from ..phy.channels.block_rayleigh import BlockRayleigh
from ..phy.channels.rayleigh import Rayleigh
from ..phy.combiners.maximum_ratio import MaximumRatio
from ..phy.csi.perfect import Perfect
from ..phy.keys import Key
from . import confidence
from .closed_forms import ber_awgn, ber_rayleigh
from .rates import _codes, _qam

ORDERS = {"bpsk": 1, "qpsk": 2, "16-qam": 4, "64-qam": 6, "256-qam": 8}  # bits a symbol
LEAST, MOST, SMALL = 12, 8448, 3824  # information bits of 5G's codes, and of those down to a rate of 1/5
DENSEST = 0.95  # code rate
GROUP = 2**18  # bits sent at once


class Counted(NamedTuple):
    """Errors in blocks of so many bits."""

    bits: int
    blocks: int = 0
    wrong_blocks: int = 0
    wrong_bits: int = 0
    squares: int = 0  # sum over blocks of the square of their wrong bits

    def and_of(self, wrong: np.ndarray) -> "Counted":
        """With more blocks, whose wrong bits are given."""
        wrong = wrong.astype(np.int64)
        added = len(wrong), np.count_nonzero(wrong), wrong.sum(), (wrong**2).sum()
        return Counted(self.bits, *(there + int(new) for there, new in zip(self[1:], added, strict=True)))

    @property
    def ber(self) -> float:
        """Bit error rate."""
        return self.wrong_bits / (self.blocks * self.bits)

    @property
    def bler(self) -> float:
        """Block error rate."""
        return self.wrong_blocks / self.blocks

    @property
    def ber_interval(self) -> tuple[float, float]:
        """In which the bit error rate lies with 95 % confidence."""
        return confidence.of_bits(self.wrong_bits, self.squares, self.blocks, self.bits)

    @property
    def bler_interval(self) -> tuple[float, float]:
        """In which the block error rate lies with 95 % confidence."""
        return confidence.of_share(self.wrong_blocks, self.blocks)


@dataclass(frozen=True)
class Blocks:
    """What is sent: ``block`` bits on symbols of ``order`` bits, at the rate nearest to ``code_rate``; 1 is no code."""

    order: int
    block: int
    code_rate: float = 1.0

    def __post_init__(self) -> None:
        (self._check_code if self.coded else self._check_symbols)()

    @property
    def coded(self) -> bool:
        return self.code_rate < 1

    @property
    def symbols(self) -> int:
        """Complex symbols of a block."""
        return max(1, round(self.block / (self.code_rate * self.order)))

    @property
    def sent(self) -> int:
        """Bits of a block as sent."""
        return self.symbols * self.order

    @cached_property
    def code(self) -> _codes.LdpcCode:
        return _codes.own(self.block, self.sent)

    def symbols_of(self, bits: tf.Tensor) -> tf.Tensor:
        """Symbols [B, N] of bits [B, k]."""
        word = _codes.encode(self.code, bits, tf.constant(self.sent)) if self.coded else bits
        return tf.ensure_shape(_qam.symbols_of(self.order, word), [bits.shape[0], self.symbols])

    def bits_of(self, heard: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
        """Bits [B, k] decided for symbols heard in noise of this power, [B, N] each."""
        if not self.coded:
            return _qam.nearest_to(self.order, heard)
        ratios = _qam.ratios_of(self.order, heard, power)
        return _codes.decode(self.code, ratios, tf.constant(self.block))

    def _check_symbols(self) -> None:
        if over := self.block % self.order:
            near = f"{self.block - over or self.order} or {self.block - over + self.order}"
            raise ValueError(
                f"block: expected a multiple of the {self.order} bits of a symbol, received {self.block}; take {near}"
            )

    def _check_code(self) -> None:
        if not LEAST <= self.block <= MOST:
            raise ValueError(f"block: expected {LEAST} to {MOST} bits, as 5G's codes have, received {self.block}")
        least, rate = 1 / 5 if self.block <= SMALL else 1 / 3, self.block / self.sent
        if not least <= rate <= DENSEST:
            raise ValueError(
                f"code_rate: expected {least:.4g} to {DENSEST} for {self.block} bits, or 1 for no code, received "
                f"{self.code_rate:.6g}, which is {rate:.6g} with whole symbols; take one of these"
            )


class LinkLevel:
    """Blocks over an air, sent and counted in compiled batches."""

    def __init__(self, air: Air, blocks: Blocks, most: int) -> None:
        if air.devices != 1:
            raise ValueError(f"air.devices: expected 1, which sends alone, received {air.devices}; build an air of one")
        self.air, self.blocks, self.most = air, blocks, most
        drawn = links.block(blocks.symbols)
        self.batch = min(max(1, GROUP // blocks.sent // drawn) * drawn, most)
        given = tf.TensorSpec([]), tf.TensorSpec([2], tf.int64), tf.TensorSpec([], tf.int32)
        self._wrong = tf.function(self._send, input_signature=given, autograph=False)

    def count(
        self, snr_db: float, key: Key, errors: int, progress: Callable[[float], None] = lambda share: None
    ) -> Counted:
        """Errors at an SNR, in whole batches until so many blocks are wrong; ``progress``: of what is at most to do."""
        counted = Counted(self.blocks.block)
        while counted.wrong_blocks < errors and counted.blocks < self.most:
            wrong = self._wrong(snr_db, key, counted.blocks).numpy()  # [B]
            counted = counted.and_of(wrong[: self.most - counted.blocks])
            progress(min(1.0, max(counted.wrong_blocks / errors, counted.blocks / self.most)))
        return counted

    def theory(self, snr_db: float) -> float:
        """The bit error rate in closed form, NaN where there is none."""
        air, snr = self.air, 10 ** (snr_db / 10)
        matched = air.antennas == 1 or isinstance(air.combiner, MaximumRatio)
        still = air.orthogonal or air.channel.static
        if self.blocks.coded or air.impairments or not (matched and still and isinstance(air.csir, Perfect)):
            return np.nan
        if isinstance(air.channel, Awgn):
            return float(ber_awgn(self.blocks.order, air.antennas * snr))
        flat = isinstance(air.channel, Rayleigh | BlockRayleigh)
        return float(ber_rayleigh(self.blocks.order, snr, air.antennas)) if flat else np.nan

    def _send(self, snr_db: tf.Tensor, key: Key, first: tf.Tensor) -> tf.Tensor:
        """Wrong bits of a batch of blocks from a number on, [B]."""
        drawn = keys.uniform(keys.fold(key, "payload", first), [self.batch, self.blocks.block])
        bits = tf.cast(drawn < 0.5, tf.float32)  # [B, k]
        x = self.blocks.symbols_of(bits)  # [B, N]
        heard, power = links.send(self.air, x, tf.fill([self.batch], snr_db), key, 0, first)
        return tf.math.count_nonzero(self.blocks.bits_of(heard, power) != bits, axis=1)
