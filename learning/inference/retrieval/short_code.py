"""Arithmetic code for messages of a few bytes: exact, so that it ends within two bits of what the message tells.

Symbols s_1 .. s_n with probabilities p_i = c_i / 2^16, which may depend on the symbols before, make an interval of
length P = prod_i p_i. The code word is the shortest one all of whose continuations lie in it, so it has L bits,

    -log2 P <= L <= ceil(-log2 P) + 1

whatever follows it in a packet. Coders for long messages round the interval and end on whole bytes or words; of 27
bytes, all that 64 symbols carry at 10 dB, that would be a tenth. Cover and Thomas, "Elements of Information Theory",
section 5.9 (Shannon, Fano, Elias).
"""

from collections.abc import Callable, Sequence

import numpy as np

TOTAL_BITS = 16
TOTAL = 2**TOTAL_BITS  # of all counts that make a distribution
SymbolModel = Callable[[Sequence[int]], np.ndarray]  # from the symbols so far to counts [A] of sum TOTAL


def encode(symbols: Sequence[int], model: SymbolModel) -> str:
    """Symbols as a text of zeros and ones."""
    low, width = 0, 1  # in units of TOTAL^-n
    for place, symbol in enumerate(symbols):
        counts = model(symbols[:place])
        if not (0 <= symbol < len(counts) and counts[symbol] > 0):
            raise ValueError(f"short_code: expected a symbol that can occur, received {symbol} at place {place}")
        low = (low << TOTAL_BITS) + width * int(counts[:symbol].sum())
        width *= int(counts[symbol])
    shift = TOTAL_BITS * len(symbols)
    length = max(0, shift - width.bit_length())
    while True:
        word = -(-(low << length) >> shift)
        if (word + 1) << shift <= (low + width) << length:
            return format(word, "b").zfill(length) if length else ""
        length += 1


def decode(bits: str, count: int, model: SymbolModel) -> list[int]:
    """The first so many symbols; bits that follow the code word change nothing."""
    offset, width, symbols = int(bits or "0", 2), 1 << len(bits), list[int]()
    for _ in range(count):
        ends = np.cumsum(model(symbols))
        offset <<= TOTAL_BITS
        symbol = int(np.searchsorted(ends, offset // width, side="right"))
        start = int(ends[symbol - 1]) if symbol else 0
        offset -= width * start
        width *= int(ends[symbol]) - start
        symbols.append(symbol)
    return symbols


def longest(information: np.ndarray) -> np.ndarray:
    """Bits that are always enough for messages that tell so many, -log2 P."""
    return np.ceil(information) + 1.0


def normalised(counts: np.ndarray) -> np.ndarray:
    """Occurrences [..., A], none below one, as counts of sum TOTAL that are at least one."""
    size = counts.shape[-1]
    free = np.maximum(counts, 1e-9)
    share = free / free.sum(axis=-1, keepdims=True) * (TOTAL - size)
    whole = np.floor(share).astype(np.int64) + 1
    top = np.argmax(whole, axis=-1)[..., None]
    rest = TOTAL - whole.sum(axis=-1, keepdims=True)
    np.put_along_axis(whole, top, np.take_along_axis(whole, top, -1) + rest, -1)
    return whole


def told(counts: np.ndarray) -> np.ndarray:
    """What symbols tell that have so many of TOTAL, in bits."""
    return TOTAL_BITS - np.log2(counts)
