"""Packets of fixed bits: how long they take, and what a round costs that lasts until the last is through.

R_k bits on the N_k of N elements that device k owns are R_k/N an element of the whole band; S bits take S N / R_k of
those, each 1/F of an OFDM symbol, prefix included. Whether a packet gets through is what it is for one of R_k bits on
the N_k elements. Parts of the band are used side by side, so a round lasts as long as its longest packet, in turns as
long as all together. The energy of an element of that time is P where a device sends all the time.
"""

import tensorflow as tf

from ..round import Nest, Report, Round
from ..terms import Terms
from ._deals import SEES
from ._sending import check_sharing


def check(terms: Terms, deal: str, sdma: int, budget: str) -> None:
    """Refuses sharing that cannot be, and what fixed bits or the shares of a schedule do not go with."""
    check_sharing(sdma, terms)
    if terms.payload is not None and budget == "average":
        raise ValueError("uplink.budget: expected round with grant.bits, whose airtime is an outcome, received average")
    if terms.payload is not None and deal in SEES:
        raise ValueError(
            "uplink.deal: expected equal, bits or worst with grant.bits, under which all packets are as long whatever "
            f"is dealt, received {deal}; set grant.elements for it"
        )
    if terms.access != "equal" and deal != "equal":
        raise ValueError(f"uplink.deal: expected equal with a scheduler that deals the band itself, received {deal}")
    if terms.access != "equal" and sdma > 1:
        raise ValueError(f"uplink.sdma: expected 1 with a scheduler that deals the band, received {sdma}")
    if terms.access == "turns" and not terms.air.orthogonal:
        raise ValueError(
            "scheduler: expected another where waveforms disturb each other, received one whose devices send in turn; "
            "leave out offsets past the prefix and distortion"
        )


def packets(terms: Terms, room: tf.Tensor) -> tf.Tensor:
    """Bits of packets [C] where so many could be sent; none where nothing could."""
    return room if terms.payload is None else tf.where(room > 0, terms.payload, 0.0)


def start(round: Round) -> Nest:
    """Seconds on the air of nobody, [K]; nothing where a grant is fixed."""
    return () if round.terms.payload is None else tf.zeros_like(round.weights)


def add(so_far: Nest, round: Round, places: tf.Tensor, room: tf.Tensor) -> Nest:
    """With those of devices at places [C, 1], whose elements carry so many bits, [C]; 0 where they carry none."""
    if round.terms.payload is None:
        return so_far
    grid = round.terms.air.grid
    symbols = round.terms.payload * round.terms.elements / grid.subcarriers
    return tf.tensor_scatter_nd_update(so_far, places, tf.math.divide_no_nan(symbols * grid.symbol_seconds, room))


def outcome(report: Report, round: Round, power: tf.Tensor, sending: Nest) -> Report:
    """The report of packets that take so long [K], sent with this energy an element [K] of their own time."""
    if round.terms.payload is None:
        return report
    terms, air = round.terms, round.terms.air
    sending = tf.where(power > 0, sending, 0.0)
    element = air.grid.symbol_seconds / air.grid.subcarriers  # seconds
    lasts = tf.reduce_sum(sending) if terms.access == "turns" else tf.reduce_max(sending)
    airtime = lasts + air.pilots * element
    energy = tf.math.divide_no_nan(power * sending + air.pilot_energy * terms.budgets * element, airtime)
    return report._replace(payload=lasts / element, airtime=airtime, energy=energy, sending=sending)
