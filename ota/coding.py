"""Entropy coding: symbols of a small alphabet to bytes and back, and how many bits that takes, foretold in a graph.

The histogram goes first: all counts but the last (the receiver knows how many symbols there are) in Rice codes whose
parameter follows from length and alphabet, c >> r in unary and then the r low bits, r = floor(log2(n/A)). That is never
more than A (r + 3) bits. Then the symbols, at log2(n/c) bits each, by `constriction`: a range coder for short inputs,
which starts and ends within a byte, and ANS for long ones, which loses up to 32 bits once but none a symbol. Zero
bytes at the open end are dropped. Bamler, "Understanding entropy coding with asymmetric numeral systems (ANS)", 2022.
"""

from collections.abc import Callable
from typing import Any

import constriction
import numpy as np
import tensorflow as tf

LONG = 2**16  # symbols from where ANS is used
LOSS = 2.0**-11  # bits a symbol that the range coder's rounding may cost; 1.3e-4 is its average
START = 32.0  # bits that an ANS coder may hold when it has said nothing


def encode(symbols: Any, alphabet: int) -> bytes:
    """Symbols 0 .. alphabet-1 as bytes; length and alphabet are known to the receiver."""
    values = np.asarray(symbols)
    if values.ndim != 1 or (values.size and not (0 <= values.min() and values.max() < alphabet)):
        raise ValueError(f"coding.encode: expected a list of symbols from 0 to {alphabet - 1}, received {values}")
    counts = np.bincount(values.astype(np.int64), minlength=alphabet)
    names = np.cumsum(counts > 0) - 1  # only symbols that occur get a probability
    return _header(counts) + _payload(names[values].astype(np.int32), counts[counts > 0])


def decode(data: bytes, size: int, alphabet: int) -> np.ndarray:
    """The ``size`` symbols that were encoded."""
    counts, rest = _counts(data, size, alphabet)
    (present,) = np.nonzero(counts)
    if len(present) < 2:
        return np.repeat(present, size)
    return present[_open(rest, size, counts[present])]


def code_length(counts: tf.Tensor, alphabet: tf.Tensor | int | None = None) -> tf.Tensor:
    """Bits that ``encode`` takes at most, from histograms [..., A] of counts; the last of ``alphabet`` is implied.

    Never below the real size; above it by rounding to bytes and by what a coder may lose, under 64 bits together.
    """
    counts = tf.cast(counts, tf.int64)
    places = tf.range(tf.shape(counts, tf.int64)[-1])
    letters = tf.cast(tf.shape(counts)[-1] if alphabet is None else alphabet, tf.int64)  # [...]
    size = tf.reduce_sum(counts, axis=-1)  # [...]
    rice = _floor_log2(size // tf.maximum(letters, 1))
    told = tf.where(places < letters[..., None] - 1, counts, 0)
    header = tf.reduce_sum(tf.bitwise.right_shift(told, rice[..., None]), axis=-1) + (letters - 1) * (rice + 1)
    slack = tf.where(size < LONG, LOSS * tf.cast(size, tf.float64), START)
    payload = tf.where(tf.reduce_max(counts, axis=-1) < size, information(counts) + slack, 0.0)
    bits = 8.0 * (tf.math.ceil(tf.cast(header, tf.float64) / 8.0) + tf.math.ceil(payload / 8.0))
    return tf.where(size > 0, bits, 0.0)


def information(counts: tf.Tensor) -> tf.Tensor:
    """n times the entropy of a histogram [..., A], in bits: sum_a c_a log2(n/c_a), in double precision."""
    counts = tf.cast(counts, tf.float64)
    size = tf.reduce_sum(counts, axis=-1, keepdims=True)
    return tf.reduce_sum(tf.math.xlogy(counts, tf.math.divide_no_nan(size, counts)), axis=-1) / np.log(2.0)


def adaptive_length(counts: tf.Tensor) -> tf.Tensor:
    """Bits of an ideal coder that learns the histogram [..., A] from what it has sent, beginning with 1 a symbol.

    log2 C(n+A-1, A-1) + log2(n!/prod_a c_a!), whatever the order: (A-1)/2 log2 n more than ``information``, about.
    """
    counts = tf.cast(counts, tf.float64)
    size, letters = tf.reduce_sum(counts, axis=-1), tf.cast(tf.shape(counts)[-1], tf.float64)
    orders = tf.math.lgamma(size + letters) - tf.math.lgamma(letters)
    return (orders - tf.reduce_sum(tf.math.lgamma(counts + 1.0), axis=-1)) / np.log(2.0)


def _floor_log2(number: tf.Tensor) -> tf.Tensor:
    powers = tf.constant(2 ** np.arange(1, 62, dtype=np.int64))
    return tf.reduce_sum(tf.cast(powers <= number[..., None], tf.int64), axis=-1)


def _rice(size: int, alphabet: int) -> int:
    return max(size // alphabet, 1).bit_length() - 1


def _header(counts: np.ndarray) -> bytes:
    rice = _rice(int(counts.sum()), len(counts))
    words = counts[:-1].tolist() if counts.any() else []
    text = "".join("1" * (word >> rice) + "0" + _low_bits(word, rice) for word in words)
    return np.packbits(np.array(list(text), "S1") == b"1").tobytes()


def _low_bits(word: int, rice: int) -> str:
    return format(word % 2**rice, "b").zfill(rice) if rice else ""


def _counts(data: bytes, size: int, alphabet: int) -> tuple[np.ndarray, bytes]:
    """The histogram, and the bytes behind it."""
    counts = np.zeros(alphabet, np.int64)
    if size == 0:
        return counts, data
    rice, place = _rice(size, alphabet), 0
    text = "".join(format(byte, "08b") for byte in data)
    for symbol in range(alphabet - 1):
        stop = text.index("0", place)
        end = stop + 1 + rice
        counts[symbol] = ((stop - place) << rice) + int(text[stop + 1 : end] or "0", 2)
        place = end
    counts[-1] = size - counts.sum()
    return counts, data[-(-place // 8) :]


def _payload(values: np.ndarray, counts: np.ndarray) -> bytes:
    if len(counts) < 2:
        return b""
    if len(values) >= LONG:
        coder = constriction.stream.stack.AnsCoder()
        coder.encode_reverse(values, _model(counts))
        return coder.get_compressed().astype("<u4").tobytes().rstrip(b"\0")  # the state stands at the end
    encoder = constriction.stream.queue.RangeEncoder()
    encoder.encode(values, _model(counts))
    data = encoder.get_compressed().astype(">u4").tobytes()
    return shortest(data, values, lambda short: _open(short, len(values), counts))


def shortest(data: bytes, values: np.ndarray, opened: Callable[[bytes], np.ndarray]) -> bytes:
    """The fewest bytes that lie in the interval the range coder arrived at; those left out are read as zeros."""
    whole = int.from_bytes(data, "big")
    for kept in range(max(len(data) - 8, 0), len(data)):
        for number in (whole >> 8 * (len(data) - kept), (whole >> 8 * (len(data) - kept)) + 1):
            if number.bit_length() <= 8 * kept:
                short = number.to_bytes(kept, "big")
                try:
                    if np.array_equal(opened(short), values):
                        return short
                except AssertionError:  # outside of every interval
                    continue
    return data


def _open(data: bytes, size: int, counts: np.ndarray) -> np.ndarray:
    padded = data + bytes(-len(data) % 4)
    if size >= LONG:
        words = np.frombuffer(padded, "<u4").astype(np.uint32)
        return constriction.stream.stack.AnsCoder(words).decode(_model(counts), size)
    words = np.frombuffer(padded, ">u4").astype(np.uint32)
    return constriction.stream.queue.RangeDecoder(words).decode(_model(counts), size)


def _model(counts: np.ndarray) -> Any:
    return constriction.stream.model.Categorical(counts / counts.sum(), perfect=False)
