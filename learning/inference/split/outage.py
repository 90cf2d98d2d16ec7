"""What outage costs: sending over slow Rayleigh fading when the sender knows the mean SNR alone."""

from dataclasses import fields
from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Lt

from ....ota.image_links import shares
from ....ota.rates.outage import best_error, gain_below
from ....phy import Air, Awgn, Grid, Rayleigh
from ....phy.keys import Key
from ....phy.strict import dataclass

FADING = Air(Grid(), Rayleigh(), 1)


@dataclass(frozen=True)
class PacketOutage:
    """What outage costs: sending over slow Rayleigh fading when the sender knows the mean SNR alone.

    A packet is lost where |h|^2 < -ln(1 - p), and carries log2(1 + SNR (-ln(1 - p))) bits an element; the probability p
    of a loss is ``target_bler``, or that by which most gets through. A lost packet is sent again over a gain of its own
    until it arrives, 1 / (1 - p) times on average, or is given up. Analog symbols get the same right: the receiver, who
    knows |h|^2, asks for them again where it is below that, so those it reads have |h|^2 = -ln(1 - p) + Exp(1): fading
    has no memory, and the gain of the link as it was drawn is the second part. Asking costs nothing, and codes are
    long. Over a channel that does not fade nothing is lost.

    >>> from overair.learning.inference.split.outage import PacketOutage
    >>> packets = PacketOutage(target_bler=0.1)
    >>> packets.elements(bits=1000, snr_db=10.0), round(float(packets.tries(10.0)), 3)
    (964, 1.111)
    """

    target_bler: Annotated[float, Gt(0), Lt(1)] | None = None
    """Packets that fading may lose; as many as by which most gets through unless given."""
    retransmit: bool = True
    """Whether what is lost is sent again until it arrives."""

    def lost(self, snr_db: float | np.ndarray) -> np.ndarray:
        """The probability that a packet is lost."""
        if self.target_bler is None:
            return best_error(snr_db)
        return np.full_like(np.asarray(snr_db, float), self.target_bler)

    def threshold(self, snr_db: float | np.ndarray) -> np.ndarray:
        """The least |h|^2 at which a packet arrives."""
        return gain_below(self.lost(snr_db))

    def rate(self, snr_db: float | np.ndarray) -> np.ndarray:
        """Bits an element."""
        return np.log2(1 + 10 ** (np.asarray(snr_db, float) / 10) * self.threshold(snr_db))

    def tries(self, snr_db: float | np.ndarray) -> np.ndarray:
        """How often a packet is sent, on average."""
        return 1 / (1 - self.lost(snr_db)) if self.retransmit else np.ones_like(self.lost(snr_db))

    def arriving(self, snr_db: float | np.ndarray) -> np.ndarray:
        """The share of packets that arrive in the end."""
        return np.ones_like(self.lost(snr_db)) if self.retransmit else 1 - self.lost(snr_db)

    def elements(self, bits: float, snr_db: float) -> int:
        """Resource elements of a packet, sent once."""
        return int(np.ceil(bits / self.rate(snr_db)))

    def airtime(self, elements: int, snr_db: float, grid: Grid) -> float:
        """Seconds on the air on average, in whole OFDM symbols with their prefix."""
        return float(grid.rows(elements) * grid.symbol_seconds * self.tries(snr_db))

    def accuracy(self, when_arriving: float, classes: int, snr_db: float) -> float:
        """Of a server that guesses where nothing has arrived."""
        arriving = float(self.arriving(snr_db))
        return arriving * when_arriving + (1 - arriving) / classes

    def read_snr_db(self, snr_db: float | np.ndarray, batch: int, key: Key) -> tf.Tensor:
        """The SNRs at which a receiver reads analog symbols in the end [B], of a mean SNR or one an image [B].

        The key gives the links; they are the same at every SNR.
        """
        mean = np.broadcast_to(np.asarray(snr_db, np.float64), [batch])
        least = self.threshold(mean) if self.retransmit else np.zeros(batch)
        gain = least + shares(FADING, tf.zeros([batch]), 1, key).known[:, 0].numpy()
        return tf.constant(mean + 10 * np.log10(np.maximum(gain, 1e-12)), tf.float32)


@dataclass(frozen=True)
class NoOutage(PacketOutage):
    """Of a channel that does not fade."""

    def lost(self, snr_db: float | np.ndarray) -> np.ndarray:
        return np.zeros_like(np.asarray(snr_db, float))

    def threshold(self, snr_db: float | np.ndarray) -> np.ndarray:
        return np.ones_like(np.asarray(snr_db, float))

    def read_snr_db(self, snr_db: float | np.ndarray, batch: int, key: Key) -> tf.Tensor:
        return tf.constant(np.broadcast_to(np.asarray(snr_db, np.float64), [batch]), tf.float32)


def outage_over(air: Air, packets: PacketOutage) -> PacketOutage:
    """What an air loses of packets; refuses one whose outage is in no closed form."""
    for field in fields(air):
        plain = getattr(Air(air.grid, Awgn(), 1), field.name)
        if (given := getattr(air, field.name)) != plain and not (field.name == "channel" and given == Rayleigh()):
            wanted = "awgn or rayleigh" if field.name == "channel" else plain or "none"
            raise ValueError(
                f"air.{field.name}: expected {wanted}, as outage has a closed form there, received {given}; "
                "leave it out"
            )
    if air.channel == Awgn():
        return NoOutage(packets.target_bler, packets.retransmit)
    return packets


BEST = PacketOutage()  # most gets through, and what is lost is sent again
