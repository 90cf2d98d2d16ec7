"""Margins of sendings: where a loop on acknowledgements settles whose every packet has a link of its own.

Who sends images or queries has done so for long when the first one that counts is sent. Its loop (`margins.py`) is
then at the margin at which, on average over links, packets are lost as often as the rate may lose them. That margin is
found on sendings with keys of their own, which no test ever sees: the boldest multiple of `GRID_DB` at which at most
that share of those that send is lost, of first transmissions alone. Between modes there may be no margin that loses
exactly so many; then it is the cautious side of the step, unless nobody would send there. Sendings are counted until
the share is 3 standard errors from what may be lost, `LOSSES` losses would be expected, or there are `SYMBOLS` symbols.
So of packets of up to 2,000 elements that may lose a tenth, a tenth is lost give or take 0.0095; of longer ones, whose
loss is counted less often, give or take sqrt(0.09 elements / `SYMBOLS`): 0.03 at 20,000 elements.

Acknowledgements are the other direction's, and not counted. Who is told what the receiver knows has no margin: rates
aim at what they may lose by themselves (over AWGN margins of 0.0 dB were found for `ldpc`, `mcs` and finite `capacity`
on 512 elements at 0, 7 and 18 dB). A margin is found once for an air, a rate, a number of elements and an SNR.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from ..phy import Air, keys
from ..phy.links import block
from .image_links import CountedOn, ImageLinks, shares
from .margins import LEAST_DB, allowed_loss
from .rates import Offering, Rate, Repeats, Subchannel

GRID_DB = 0.1
MOST_DB = 60.0
LOSSES = 100.0  # expected among the sendings that are looked at: their share is known to a tenth of itself
SYMBOLS = 2**21
LINKS = 512  # over which losses of modes are averaged, at most
BATCH = 64  # sendings at once, at least


def backoff(
    margin_db: Literal["adaptive"] | float, air: Air, rate: Rate, elements: int, snr_db: np.ndarray, belief: CountedOn
) -> np.ndarray:
    """What the SNRs that are counted on are multiplied with at mean SNRs [B], [B]."""
    if margin_db != "adaptive":
        return np.full(len(snr_db), 10 ** (-margin_db / 10), np.float32)
    found = _at_each(partial(settled, air, rate, elements, belief=belief), snr_db)  # type: ignore[arg-type]  # frozen
    return (10 ** (-found / 10)).astype(np.float32)


@lru_cache(maxsize=4096)
def settled(air: Air, rate: Rate, elements: int, snr_db: float, belief: CountedOn) -> float:
    """The margin in dB."""
    if air.orthogonal and (belief == "told" or (belief == "link" and air.csit == air.csir)):
        return 0.0
    stream = _Stream(air, rate, elements, snr_db, belief)
    low, high = _around(stream)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if stream.loses_too_much(middle) else (low, middle)
    found = low if high > 0 and stream.is_silent(high) else high
    return 0.0 if stream.are_alike(found, 0) else round(found * GRID_DB, 1)


def _around(stream: "_Stream") -> tuple[int, int]:
    """A margin that is too bold, and one that is not; bounds are taken to be."""
    least, most, far = round(LEAST_DB / GRID_DB), round(MOST_DB / GRID_DB), 4
    if stream.loses_too_much(0):
        while far < most and stream.loses_too_much(far):
            far *= 4
        return far // 4 if far > 4 else 0, min(far, most)
    while -far > least and not stream.loses_too_much(-far):
        far *= 4
    return max(-far, least), -(far // 4) if far > 4 else 0


class _Stream:
    """Sendings that are acknowledged, at one SNR; margins are in steps of the grid."""

    def __init__(self, air: Air, rate: Rate, elements: int, snr_db: float, belief: CountedOn) -> None:
        self._p, self._known = allowed_loss(rate), dict[bytes, bool]()
        size = max(block(elements), min(BATCH, SYMBOLS // 16 // elements))
        most = min(LOSSES / min(self._p, 1.0 - self._p), SYMBOLS / elements)
        self._firsts, self._snr_db = range(0, max(size, int(most)), size), tf.fill([size], snr_db)
        self._offered, self._sent = _sender(air, rate, elements, belief)  # type: ignore[arg-type]

    def loses_too_much(self, margin: int) -> bool:
        bits = self._bits(margin)
        if bits.tobytes() not in self._known:
            self._known[bits.tobytes()] = self._counted(bits, margin)
        return self._known[bits.tobytes()]

    def are_alike(self, one: int, other: int) -> bool:
        """Whether two margins send the same."""
        return np.array_equal(self._bits(one), self._bits(other))

    def is_silent(self, margin: int) -> bool:
        return not np.any(self._bits(margin))

    def _bits(self, margin: int) -> np.ndarray:
        """Of all sendings, a row a batch."""
        at = _factor(margin * GRID_DB)
        return np.stack([self._offered(self._snr_db, tf.constant(first), at).numpy() for first in self._firsts])

    def _counted(self, bits: np.ndarray, margin: int) -> bool:
        lost, sent, p = 0, 0, self._p
        for first, offered in zip(self._firsts, bits, strict=True):
            sends = offered > 0
            arrives = self._sent(self._snr_db, tf.constant(first), _factor(margin * GRID_DB))
            lost, sent = lost + int(np.sum(sends & ~np.asarray(arrives))), sent + int(np.sum(sends))
            if abs(lost - p * sent) > 3 * (sent * p * (1 - p)) ** 0.5 + 1:
                break
        return lost > p * sent


def expected(air: Air, rate: Offering, elements: int, snr_db: np.ndarray) -> np.ndarray:
    """Of every mode its bits, the share of sendings lost on links of mean SNRs [B], and transmissions, [3, M, B]."""
    return _at_each(partial(_expected, air, rate, elements), snr_db)  # type: ignore[arg-type]  # frozen


def _at_each(of_one: Callable[..., Any], snr_db: np.ndarray) -> np.ndarray:
    """What is found at each of the SNRs [B], once for equal ones, [..., B]."""
    values, places = np.unique(snr_db, return_inverse=True)
    return np.stack([of_one(snr_db=float(value)) for value in values], axis=-1)[..., places]


@lru_cache(maxsize=4096)
def _expected(air: Air, rate: Offering, elements: int, snr_db: float) -> np.ndarray:
    size = block(elements)
    count = -(-max(1, min(LINKS, SYMBOLS // elements)) // size) * size
    key = keys.key(0, "acknowledged sendings")

    def sent(attempt: int) -> Subchannel:
        return shares(air, tf.fill([count], snr_db), elements, key, "told", attempt=attempt)

    offered = rate.offers(sent(0), [sent(attempt).believed for attempt in range(1, 1 + rate.retransmissions)])
    return np.stack([offered.bits[:, 0], np.mean(offered.loss, axis=1), np.mean(offered.sends, axis=1)])


def _factor(margin_db: float) -> tf.Tensor:
    return tf.constant(10 ** (-margin_db / 10), tf.float32)


@lru_cache(maxsize=16)
def _sender(air: Air, rate: Rate, elements: int, belief: CountedOn) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """From SNRs, the first sending's number and a factor to bits, and to what arrives when sent once, [B] each."""
    key = keys.key(0, "acknowledged sendings")

    def share(snr_db: tf.Tensor, first: tf.Tensor, factor: tf.Tensor) -> Subchannel:
        found = shares(air, snr_db, elements, key, belief, first)
        return found._replace(believed=found.believed * factor)

    def offered(snr_db: tf.Tensor, first: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
        return rate.bits(share(snr_db, first, factor))

    def arrives(snr_db: tf.Tensor, first: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
        mine, names = share(snr_db, first, factor), first + tf.range(tf.size(snr_db))
        return rate.crc_ok(mine, rate.bits(mine), names, keys.fold(key, "packets"))

    def delivered(snr_db: tf.Tensor, first: tf.Tensor, factor: tf.Tensor) -> np.ndarray:
        links = ImageLinks(air, snr_db, elements, key, belief, int(first))
        assert isinstance(rate, Repeats)  # others are refused in the time domain
        found = rate.deliver(share(snr_db, first, factor), links.send, keys.fold(key, int(first)))
        return found.crc_ok & (found.sends == 1)

    compiled = tf.function(offered, autograph=False), tf.function(arrives, autograph=False)
    return compiled if air.orthogonal else (compiled[0], delivered)
