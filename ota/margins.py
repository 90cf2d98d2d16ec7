"""Link adaptation (OLLA): how far below, or above, the SNR it counts on a device chooses its rate.

Who does not know what the receiver will read cannot know what gets through. So every device has a margin m in dB, and
an acknowledgement a packet moves it: up by s (1 - p) / max(p, 1 - p) where the packet was lost, down by s p /
max(p, 1 - p) where it arrived, with p the share of packets that may be lost. A device that does not send keeps its
margin. However the channel is, after N packets of which L were lost

    L - p N = (m_N - m_0) max(p, 1 - p) / s,

so the share that is lost goes to p, as fast as 1/N, wherever margins stay bounded. Sampath, Kumar and Holtzman, "On
setting reverse link target SIR in a CDMA system", VTC 1997; Pedersen et al., "Frequency domain scheduling for OFDMA
with limited and noisy channel feedback", VTC 2007.

The step s is `FIRST` until a first packet arrives, so that who is far off is heard after some packets; then `FIRST` /
n after n packets more, never below `LAST`. A device that is silent because of its margin alone steps down as if it had
been heard: nobody falls silent for good, and who is never heard sends one packet in 1/p rounds.

What may be lost is the rate's ``target_bler``, or `LOSS` where it has none. Infinitely long codes lose nothing where
the receiver knows no more than the device does: margins stay at 0 or above there, so that nothing is lost on purpose.
Where the receiver knows more, what the device counts on is a mean on either side of the truth, and margins may be
below 0; so they may for rates of finite length, down to `LEAST_DB`. Where both sides know the channel and every element
arrives apart, long codes are never lost: nothing is to be adapted, and nobody acknowledges.
"""

from typing import Literal, NamedTuple

import tensorflow as tf

from ..phy import Air, Link, Perfect
from .rates import Rate
from .rates.capacity import Capacity

FIRST, LAST = 3.0, 0.5  # dB of a step
LOSS = 0.1  # share of packets that may be lost where the rate has no target
LEAST_DB, MOST_DB = -30.0, 100.0  # of a margin


class Margins(NamedTuple):
    """Of every device, by its identity."""

    db: tf.Tensor  # [K]
    packets: tf.Tensor  # since the first that arrived, that one included, [K]


def start(devices: int) -> Margins:
    """Before anything was sent."""
    return Margins(tf.zeros([devices]), tf.zeros([devices]))


def step(margins: Margins, sent: tf.Tensor, arrived: tf.Tensor, held: tf.Tensor, p: float, least_db: float) -> Margins:
    """After a round in which devices sent, were heard, or were silent because of their margin, bool [K] each."""
    db, packets = margins
    size = tf.maximum(FIRST / tf.maximum(packets, 1.0), LAST)
    up, down = ((1.0 - p) / max(p, 1.0 - p) * size, p / max(p, 1.0 - p) * size)
    moved = tf.where(sent & ~arrived, db + up, tf.where(sent | held, db - down, db))
    counts = sent & (arrived | (packets > 0))
    return Margins(tf.clip_by_value(moved, least_db, MOST_DB), packets + tf.cast(counts, tf.float32))


def backoff(margin_db: Literal["adaptive"] | float, margins: Margins) -> tf.Tensor:
    """What the SNR that each device counts on is multiplied with, [K]."""
    if margin_db == "adaptive":
        return tf.pow(10.0, -margins.db / 10.0)
    return tf.fill(tf.shape(margins.db), float(10 ** (-margin_db / 10)))


def allowed_loss(rate: Rate) -> float:
    """The share of packets that a rate may lose."""
    target = getattr(rate, "target_bler", None)
    return LOSS if target is None else float(target)


def is_long(rate: Rate) -> bool:
    """Whether codes are infinitely long, so that nothing is lost below what the link carries."""
    return isinstance(rate, Capacity) and rate.target_bler is None


def are_needed(rate: Rate, link: Link, orthogonal: bool) -> bool:
    """Whether anything could be lost, or more risked."""
    return not (is_long(rate) and orthogonal and link.transmitters.error is link.receiver.error is None)


def stay(rate: Rate, air: Air) -> bool:
    """Whether margins that may adapt stay at 0, whatever the round."""
    return is_long(rate) and air.orthogonal and isinstance(air.csit, Perfect) and air.csit == air.csir


def check(margin_db: Literal["adaptive"] | float, rate: Rate, air: Air, cohort: bool) -> None:
    """Refuse margins that would have to adapt where devices are others in every round."""
    if not cohort or margin_db != "adaptive":
        return
    if not stay(rate, air):
        raise ValueError(
            "uplink.margin_db: expected decibels with a cohort unless codes are infinitely long and both sides know "
            "the channel, as devices that are others in every round adapt nothing, received adaptive; set margin_db = 0"
        )


def least_db(rate: Rate, air: Air, link: Link) -> float:
    """Below which no margin goes."""
    knows_as_much = air.csit == air.csir or link.transmitters.error is None
    return 0.0 if is_long(rate) and knows_as_much else LEAST_DB
